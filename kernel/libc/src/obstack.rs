//! obstack.h (claimed by the text helper).
