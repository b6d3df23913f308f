//! Faults of a bundle's files, made in one place, with the line of the TOML file that a key stands on.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::ManifestFault;

/// A fault without a line.
pub(crate) fn fault(
    file: &str,
    key: &str,
    problem: impl Into<String>,
    remedy: impl Into<String>,
) -> ManifestFault {
    ManifestFault {
        file: file.to_owned(),
        line: None,
        key: key.to_owned(),
        problem: problem.into(),
        remedy: remedy.into(),
    }
}

/// TOML that cannot be read, with its line.
pub(crate) fn syntax(file: &str, text: &str, error: &toml::de::Error, remedy: &str) -> ManifestFault {
    let line = error.span().map_or(1, |span| line_at(text, span.start));
    ManifestFault { line: Some(line), ..fault(file, "", error.message().trim(), remedy) }
}

/// What every file beside the model must say first: format 1, and that it was made for this model.
pub(crate) fn made_for(
    file: &str,
    (format, model_sha256): (u32, &str),
    model: &str,
    remedy: &str,
) -> Vec<ManifestFault> {
    let mut faults = Vec::new();
    if format != 1 {
        faults.push(fault(file, "format", "is not 1", "write format 1"));
    }
    if model_sha256 != model {
        faults.push(fault(file, "model_sha256", "is another model's", remedy));
    }
    faults
}

/// Give the faults of `file` the lines of their keys in its TOML text; a key that is missing gets its table's line.
pub(crate) fn place(file: &str, text: &str, faults: &mut [ManifestFault]) {
    let Ok(table) = DeTable::parse(text) else { return };
    for fault in faults.iter_mut().filter(|f| f.file == file && f.line.is_none() && !f.key.is_empty()) {
        fault.line = start_of(table.get_ref(), &fault.key).map(|start| line_at(text, start));
    }
}

/// Lines count from 1.
fn line_at(text: &str, start: usize) -> usize {
    text.get(..start).map_or(1, |head| head.matches('\n').count() + 1)
}

/// Where the deepest part of `finding[0].flag_at` begins that the file has, in bytes.
fn start_of(table: &DeTable<'_>, key: &str) -> Option<usize> {
    let mut found = None;
    let mut here = table;
    for part in key.split('.') {
        let (name, index) = match part.trim_end_matches(']').split_once('[') {
            Some((name, index)) => (name, index.parse::<usize>().ok()),
            None => (part, None),
        };
        let Some((name, value)) = here.iter().find(|(k, _)| k.get_ref() == name) else { break };
        found = Some(name.span().start);
        let entry = match (index, value.get_ref()) {
            (Some(index), DeValue::Array(list)) => list.get(index),
            _ => Some(value),
        };
        let Some(entry) = entry else { break };
        if index.is_some() {
            found = Some(entry.span().start);
        }
        match Spanned::get_ref(entry) {
            DeValue::Table(inner) => here = inner,
            _ => break,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_gets_the_line_of_its_key_or_of_the_table_that_lacks_it() {
        let text = "format = 1\n\n[input]\nsize = [1, 2]\n\n[[finding]]\nindex = 0\n\n[[finding]]\n# a remark\nindex = 1\ncode = { value = \"1\" }\n";
        let line = |key: &str| {
            let mut faults = [fault("a.toml", key, "p", "r"), fault("other", key, "p", "r")];
            place("a.toml", text, &mut faults);
            assert_eq!(faults[1].line, None, "another file");
            faults[0].line
        };
        for (key, expected) in [
            ("format", Some(1)),
            ("input.size", Some(4)),
            ("input.window", Some(3)),
            ("finding[0].index", Some(7)),
            ("finding[1].index", Some(11)),
            ("finding[1].code.value", Some(12)),
            ("finding[1].flag_at", Some(9)),
            ("finding", Some(6)),
            ("finding[7].index", Some(6)),
            ("gate", None),
            ("", None),
        ] {
            assert_eq!(line(key), expected, "{key}");
        }
        let shown = ManifestFault { line: Some(4), ..fault("a.toml", "input.size", "is odd", "write 2") };
        assert_eq!(shown.to_string(), "a.toml: line 4: input.size: is odd; write 2");
    }
}
