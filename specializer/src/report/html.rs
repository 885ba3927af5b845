//! The report as one self-contained page: no script, no font, no request.

use maud::{DOCTYPE, Markup, PreEscaped, html as markup};

use super::model::{Report, change, grouped, grouped_signed, percent};
use super::rows::{self, RowKind};

const STYLE: &str = "
:root{color-scheme:light dark;--line:#8884;--kept:#2a7de1;--rest:#8883;--good:#1a7f37;--bad:#c62828}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}
p.sub{margin:.2rem 0 1.5rem;opacity:.75}
table{border-collapse:collapse;width:100%}
th,td{padding:.2rem .6rem;text-align:right;border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums}
th:first-child,td:first-child,td.t,th.t{text-align:left}
th small{display:block;font-weight:normal;opacity:.7}
tr.total td{font-weight:600}
td.less{color:var(--good)}td.more{color:var(--bad)}
.bar{display:flex;width:14rem;height:.8rem}.bar i{background:var(--kept)}.bar b{background:var(--rest)}
code{font-size:.9em}
";

/// The whole report.
pub fn html(report: &Report) -> String {
    let title = format!("{} on {}", report.app, report.profile);
    let page = markup! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                p.sub {
                    "effort " (report.effort)
                    @if let Some(root) = &report.root { ", root " (root) }
                    ", written to " code { (report.output) }
                    @if report.objects.len() > 1 { ", with " (report.objects[1..].join(", ")) }
                }
                (comparison(report))
                (groups(report))
                (tables(report))
                (causes(report))
                (roots(report))
                (evidence(report))
                (missing(report))
                (list("Assumptions", &report.assumptions))
                (list("Notes", &report.notes))
                p.sub { "identity " code { (report.identity) } }
            }
        }
    };
    let mut text = page.into_string();
    text.push('\n');
    text
}

fn comparison(report: &Report) -> Markup {
    markup! {
        table {
            thead { tr {
                th {}
                @for column in &report.columns { th { (column.title) small { (column.how) } } }
                th { "change" }
            } }
            tbody { @for row in rows::rows(report) {
                @let change = row.last_two().and_then(|(before, after)| change(before, after));
                tr.total[row.kind == RowKind::Total] {
                    td { (row.label) }
                    @for column in 0..report.columns.len() { td { (row.figure(column)) } }
                    td.less[change.is_some_and(|c| c < 0)].more[change.is_some_and(|c| c > 0)] { (percent(change)) }
                }
            } }
        }
    }
}

fn groups(report: &Report) -> Markup {
    let largest = report.groups.iter().map(|group| group.full).max().unwrap_or(0).max(1);
    let share = |bytes: u64| format!("width:{:.2}%", bytes as f64 * 100.0 / largest as f64);
    markup! { @if !report.groups.is_empty() {
        h2 { "Dropped, by group" }
        table {
            thead { tr { th {} th { "full" } th { "kept" } th { "dropped" } th.t { "kept of full" } } }
            tbody { @for group in &report.groups { tr {
                td { (group.name) }
                td { (grouped(group.full)) }
                td { (grouped(group.kept)) }
                td { (grouped(group.full - group.kept.min(group.full))) }
                td.t { div.bar {
                    i style=(share(group.kept)) {}
                    b style=(share(group.full - group.kept.min(group.full))) {}
                } }
            } } }
        }
    } }
}

fn tables(report: &Report) -> Markup {
    markup! { @if !report.tables.is_empty() {
        h2 { "Table rows" }
        table {
            thead { tr { th {} th.t { "kept" } th.t { "dropped" } } }
            tbody { @for table in &report.tables { tr {
                td { (table.kind) }
                td.t { @if table.live { (table.kept.join(" ")) } @else { em { "nothing reads it" } } }
                td.t { (table.dropped.join(" ")) }
            } } }
        }
    } }
}

fn causes(report: &Report) -> Markup {
    markup! { @if !report.causes.is_empty() {
        h2 { "Where the saving comes from" }
        table { tbody { @for cause in &report.causes { tr {
            td { (cause.name) }
            td { (grouped_signed(-cause.bytes)) }
        } } } }
    } }
}

fn roots(report: &Report) -> Markup {
    markup! { @if !report.roots.is_empty() {
        h2 { "Roots" }
        table {
            thead { tr { th {} th { "roots" } th { "bytes first reached" } } }
            tbody { @for root in &report.roots { tr {
                td { (root.reason) }
                td { (grouped(root.count)) }
                td { (grouped(root.bytes)) }
            } } }
        }
    } }
}

fn evidence(report: &Report) -> Markup {
    markup! { @if !report.evidence.is_empty() {
        h2 { "Kept on evidence" }
        table {
            thead { tr { th {} th.t { "what" } th.t { "object" } th { "address" } } }
            tbody { @for line in &report.evidence { tr {
                td { (line.kind) }
                td.t { code { (line.what) } }
                td.t { (line.object) }
                td { (format!("{:#x}", line.address)) }
            } } }
        }
    } }
}

fn missing(report: &Report) -> Markup {
    markup! { @if !report.missing.is_empty() {
        h2 { "Missing" }
        table {
            thead { tr { th { "symbol" } th.t { "from" } th.t { "effect" } } }
            tbody { @for line in &report.missing { tr {
                td { code { (line.symbol) } }
                td.t { (line.by.join(", ")) }
                td.t { (line.effect) }
            } } }
        }
    } }
}

fn list(title: &str, items: &[String]) -> Markup {
    markup! { @if !items.is_empty() {
        h2 { (title) }
        ul { @for item in items { li { (item) } } }
    } }
}
