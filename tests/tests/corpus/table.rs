//! Tables of what was measured, on standard output whether the test passes or not.

use std::collections::BTreeMap;
use std::io::Write as _;

/// Writes one line past the test harness, which would keep it.
pub(crate) fn line(text: impl AsRef<str>) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text.as_ref());
}

/// A table with a title and a row of heads; the first column is left-aligned, the others right.
pub(crate) fn print(title: &str, heads: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([heads[column].chars().count()]).max().unwrap_or(0)
    };
    let shown = |cells: Vec<&str>| {
        let padded = cells.iter().enumerate().map(|(column, cell)| match column {
            0 => format!("{cell:<0$}", width(0)),
            _ => format!("{cell:>0$}", width(column)),
        });
        padded.collect::<Vec<_>>().join("  ")
    };
    line(format!("\n{title}"));
    line(shown(heads.to_vec()));
    for row in rows {
        line(shown(row.iter().map(String::as_str).collect()));
    }
}

/// How often each word came.
pub(crate) fn counts<K: Ord>(all: impl IntoIterator<Item = K>) -> BTreeMap<K, usize> {
    let mut counts = BTreeMap::new();
    for one in all {
        *counts.entry(one).or_default() += 1;
    }
    counts
}

/// A share in percent, `-` of nothing.
pub(crate) fn percent(part: usize, of: usize) -> String {
    if of == 0 { "-".to_owned() } else { format!("{:.2} %", 100.0 * part as f64 / of as f64) }
}

/// Bytes in MiB.
pub(crate) fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
