//! What a specialization kept and dropped, as text, JSON, Markdown or HTML.
