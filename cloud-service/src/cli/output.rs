//! What commands write: tables for people or one JSON object per line on standard output, complaints on standard error.

use std::io::{IsTerminal as _, Write as _};

use serde_json::Value;

/// How answers are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// One object: as JSON, or the words for people.
    pub(super) fn say(&self, object: &Value, words: &str) {
        let line = if self.json { object.to_string() } else { words.to_owned() };
        // A reader that closed the pipe wants no more; there is nobody to tell.
        let _ = writeln!(std::io::stdout(), "{line}");
    }

    /// Rows under a head, columns as wide as their widest cell; as JSON one object per row.
    pub(super) fn table(&self, head: &[&str], rows: &[Vec<String>], objects: &[Value]) {
        if self.json {
            objects.iter().for_each(|o| self.say(o, ""));
            return;
        }
        let head: Vec<String> = head.iter().map(|h| (*h).to_owned()).collect();
        let widths: Vec<usize> = (0..head.len())
            .map(|i| {
                std::iter::once(&head)
                    .chain(rows)
                    .filter_map(|r| r.get(i))
                    .map(|c| c.chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        for row in std::iter::once(&head).chain(rows) {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(c, w)| format!("{c:<w$}")).collect();
            let _ = writeln!(std::io::stdout(), "{}", cells.join("  ").trim_end());
        }
    }
}

/// One line on standard error; in red on a terminal unless `NO_COLOR` is set.
pub(super) fn complain(text: &str) {
    let mut stderr = std::io::stderr();
    let colour = stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let _ = if colour { writeln!(stderr, "\x1b[31m{text}\x1b[0m") } else { writeln!(stderr, "{text}") };
}
