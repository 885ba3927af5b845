//! Markdown tables with aligned columns.

/// Prints a title and a table; the first column is text, the others are figures.
pub fn print(title: &str, note: &str, heads: &[&str], rows: &[Vec<String>]) {
    println!("\n### {title}\n");
    if !note.is_empty() {
        println!("{note}\n");
    }
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).chain([heads[column].chars().count(), 4]).max().unwrap_or(4)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: &[&str]| {
        let cell = |(at, cell): (usize, &&str)| match at {
            0 => format!(" {cell:<width$} |", width = widths[at]),
            _ => format!(" {cell:>width$} |", width = widths[at]),
        };
        format!("|{}", cells.iter().enumerate().map(cell).collect::<String>())
    };
    println!("{}", line(heads));
    let rule = |(at, width): (usize, &usize)| match at {
        0 => format!("{}|", "-".repeat(width + 2)),
        _ => format!("{}:|", "-".repeat(width + 1)),
    };
    println!("|{}", widths.iter().enumerate().map(rule).collect::<String>());
    for row in rows {
        println!("{}", line(&row.iter().map(String::as_str).collect::<Vec<_>>()));
    }
}

/// `1,234,567`.
pub fn number(value: u64) -> String {
    specialize::report::grouped(value)
}

/// `−12.3 %` from `before` to `after`.
pub fn change(before: u64, after: u64) -> String {
    specialize::report::percent(specialize::report::change(before, after))
}

/// The median of some figures, and their lowest and highest.
pub fn median(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    match values.as_slice() {
        [] => (0.0, 0.0, 0.0),
        all => (all[all.len() / 2], all[0], all[all.len() - 1]),
    }
}
