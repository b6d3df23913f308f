//! What dicom3tools' `dciodvfy` has against a DICOM file.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::Error;

/// Its errors, each once, without the values and UIDs in them, so that those of two files can be compared.
///
/// # Errors
/// When `dciodvfy` cannot be started.
pub fn conformity_errors(file: &Path) -> Result<BTreeSet<String>, Error> {
    let cannot = |source| Error::Io { what: "dciodvfy (Debian's dicom3tools)".to_owned(), source };
    let said = Command::new("dciodvfy").arg(file).output().map_err(cannot)?;
    let text = [said.stdout, said.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(text.lines().filter(|line| line.starts_with("Error")).map(plain).collect())
}

/// Element and module names stay; values in angle brackets and numbers with points go.
fn plain(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let number = word.contains(|c: char| c.is_ascii_digit())
            && word.chars().all(|c| c.is_ascii_digit() || c == '.');
        let value = word.starts_with('<') && !word.contains("Element") && !word.contains("Module");
        if number || value { "*" } else { word }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_and_uids_are_taken_out_and_names_stay() {
        let line = "Error - value <1.2.3> of 2.25.77 Element=<TextValue> Module=<SR>";
        assert_eq!(super::plain(line), "Error - value * of * Element=<TextValue> Module=<SR>");
    }
}
