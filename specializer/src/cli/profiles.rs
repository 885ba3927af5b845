//! `specialize profiles`: which there are, and which rows they list.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use super::arguments::Profiles;
use super::error::CliError;
use super::output;
use crate::profile::{Profile, RowSet};
use crate::report;

/// What `--json` shows of a profile.
#[derive(Serialize)]
struct Listed {
    name: String,
    description: String,
    root: Option<String>,
    /// Table kind → rows, or `all`; a kind that is not named keeps all of its rows.
    rows: BTreeMap<String, Vec<String>>,
}

impl From<Profile> for Listed {
    fn from(profile: Profile) -> Self {
        let rows = profile.rows.into_iter().map(|(kind, set)| match set {
            RowSet::All => (kind, vec!["all".to_owned()]),
            RowSet::Listed(rows) => (kind, rows.into_iter().collect()),
        });
        Self {
            name: profile.name,
            description: profile.description,
            root: profile.root,
            rows: rows.collect(),
        }
    }
}

/// `specialize profiles [PROFILE …]`.
pub(super) fn profiles(arguments: &Profiles) -> Result<ExitCode, CliError> {
    let one_line = arguments.names.is_empty();
    let profiles: Vec<Listed> = if one_line {
        Profile::built_in()?.into_iter().map(Listed::from).collect()
    } else {
        arguments.names.iter().map(|name| Ok(Profile::load(name)?.into())).collect::<Result<_, CliError>>()?
    };
    let text = match (arguments.show.json, one_line) {
        (true, _) => report::json(&profiles),
        (false, true) => {
            let mut table = report::table();
            for profile in &profiles {
                table.add_row(vec![profile.name.clone(), profile.description.clone()]);
            }
            report::lines(&table)
        }
        (false, false) => profiles.iter().map(text).collect::<Vec<_>>().join("\n"),
    };
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn text(profile: &Listed) -> String {
    let mut out = format!("{}: {}\n", profile.name, profile.description);
    if let Some(root) = &profile.root {
        let _ = writeln!(out, " root {root}, if none is asked for");
    }
    let mut table = report::table();
    for (kind, rows) in &profile.rows {
        table.add_row(vec![kind.clone(), rows.join(" ")]);
    }
    table.add_row(vec![if profile.rows.is_empty() { "every table" } else { "other tables" }, "all"]);
    out.push_str(&report::lines(&table));
    out
}
