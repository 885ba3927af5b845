//! What a specialization kept and dropped, as text, JSON, Markdown or HTML.
//!
//! `model` holds the figures, `build` takes them from a finished specialization, and each form has a
//! file that only lays them out. Used by `cli`; uses the results of the pipeline and nothing of LLVM.

mod build;
pub mod compare;
pub mod diff;
mod html;
mod markdown;
mod model;
mod rows;
pub mod size;
mod text;

pub use build::{Inputs, build, column, evidence_lines, note_text, reason_text};

pub use html::html;
pub use markdown::markdown;
pub use model::{
    Cause, Column, EvidenceLine, FORMAT, GroupBytes, MissingLine, Report, RootCount, TableRows, change,
    counted, grouped, grouped_signed, percent,
};
pub use text::text;
pub(crate) use text::{lines, right, table};

/// A form in which a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Tables for a terminal.
    Text,
    /// The model, for programs.
    Json,
    /// Tables for a page of documentation.
    Markdown,
    /// One self-contained page.
    Html,
}

impl Form {
    /// The form that a file's extension asks for.
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension {
            "txt" => Some(Self::Text),
            "json" => Some(Self::Json),
            "md" => Some(Self::Markdown),
            "html" | "htm" => Some(Self::Html),
            _ => None,
        }
    }

    /// A report in this form, with a line end at its end.
    pub fn render(self, report: &Report) -> String {
        match self {
            Self::Text => text(report),
            Self::Json => json(report),
            Self::Markdown => markdown(report),
            Self::Html => html(report),
        }
    }
}

/// Any value as JSON, with a line end at its end.
pub fn json<T: serde::Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("a report's maps have text for keys");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
