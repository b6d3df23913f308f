//! How both products read their configuration file: every fault at once, each with file, line, key,
//! what is wrong and what to write. Nothing is bound, opened or created here.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One fault of a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// The file.
    pub file: PathBuf,
    /// Line from 1; 0 when the fault belongs to no line.
    pub line: usize,
    /// Table and key, e.g. `intake.listen`.
    pub key: String,
    /// What is wrong.
    pub wrong: String,
    /// What to write instead.
    pub write: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if self.line > 0 {
            write!(f, "{}:", self.line)?;
        }
        write!(f, " {}: {}", self.key, self.wrong)?;
        if self.write.is_empty() { Ok(()) } else { write!(f, "; {}", self.write) }
    }
}

/// A configuration file while its rooms are taken out of it.
#[derive(Debug)]
pub struct Document {
    path: PathBuf,
    text: String,
    /// Faults found so far.
    pub faults: Vec<Fault>,
}

impl Document {
    /// Reads the file and checks that it is TOML.
    ///
    /// # Errors
    /// The one fault that keeps everything else from being read.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        let text = std::fs::read_to_string(path).map_err(|e| {
            whole(
                path,
                0,
                format!("cannot be read ({})", e.kind()),
                "give the path of a file that `init` wrote",
            )
        })?;
        Self::of(path, text)
    }

    /// The same from the text of the file.
    ///
    /// # Errors
    /// When it is not TOML.
    pub fn of(path: &Path, text: String) -> Result<Self, Fault> {
        if let Err(e) = DeTable::parse(&text) {
            let line = e.span().map_or(0, |s| line_at(&text, s.start));
            return Err(whole(
                path,
                line,
                format!("is not TOML: {}", first_line(e.message())),
                "see the line named",
            ));
        }
        Ok(Self { path: path.to_owned(), text, faults: Vec::new() })
    }

    /// BLAKE3 of the file's bytes as they were read, in hex.
    #[must_use]
    pub fn digest(&self) -> String {
        blake3::hash(self.text.as_bytes()).to_hex().to_string()
    }

    /// The folder that relative paths in the file start from.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// Whether the file has this table.
    #[must_use]
    pub fn has(&self, room: &str) -> bool {
        DeTable::parse(&self.text).is_ok_and(|t| t.get_ref().keys().any(|k| k.get_ref() == room))
    }

    /// Notes a fault at a key that was found by a room's own check.
    pub fn fault(&mut self, key: &str, wrong: impl Into<String>, write: impl Into<String>) {
        let line = self.line_of(key);
        self.faults.push(Fault {
            file: self.path.clone(),
            line,
            key: key.to_owned(),
            wrong: wrong.into(),
            write: write.into(),
        });
    }

    /// Faults for tables that no room owns.
    pub fn only(&mut self, rooms: &[&str]) {
        let unknown: Vec<String> = match DeTable::parse(&self.text) {
            Ok(table) => table
                .get_ref()
                .keys()
                .map(|k| k.get_ref().to_string())
                .filter(|k| !rooms.contains(&k.as_str()))
                .collect(),
            Err(_) => Vec::new(),
        };
        for key in unknown {
            let write = nearest(&key, rooms.iter().copied());
            self.fault(&key, "is not a table of this configuration", write);
        }
    }

    /// Takes one room's table. Every unknown, mistyped or missing key becomes a fault; what is left is read.
    /// `None` when the table cannot be understood even without its faulty keys.
    pub fn room<T: DeserializeOwned>(&mut self, room: &str) -> Option<T> {
        let mut dropped: Vec<Vec<String>> = Vec::new();
        // Each round takes out the one key that serde stopped at, so that all faults are told at once.
        for _ in 0..100 {
            let error = {
                let value = self.table(room, &dropped)?;
                match T::deserialize(toml::de::ValueDeserializer::from(value)) {
                    Ok(read) => return Some(read),
                    Err(e) => (e.span(), e.message().to_owned()),
                }
            };
            let path = error.0.as_ref().and_then(|span| self.key_at(room, span.start));
            let line = error.0.as_ref().map_or(0, |s| line_at(&self.text, s.start));
            let (wrong, write) = explain(&error.1);
            let key = path.as_ref().map_or_else(|| room.to_owned(), |p| format!("{room}.{}", p.join(".")));
            let line = if line == 0 { self.line_of(room) } else { line };
            self.faults.push(Fault { file: self.path.clone(), line, key, wrong, write });
            match path {
                Some(p) if !dropped.contains(&p) => dropped.push(p),
                _ => return None,
            }
        }
        None
    }

    fn table(&self, room: &str, dropped: &[Vec<String>]) -> Option<Spanned<DeValue<'_>>> {
        let mut table = DeTable::parse(&self.text).ok()?;
        let mut value = match table.get_mut().remove(room) {
            Some(v) => v,
            None => Spanned::new(0..0, DeValue::Table(DeTable::default())),
        };
        for path in dropped {
            drop_key(&mut value, path);
        }
        Some(value)
    }

    /// The innermost key of the room whose key or value covers the byte `at`.
    fn key_at(&self, room: &str, at: usize) -> Option<Vec<String>> {
        let value = self.table(room, &[])?;
        let mut path = Vec::new();
        find(&value, at, &mut path).then_some(path)
    }

    fn line_of(&self, key: &str) -> usize {
        let Ok(table) = DeTable::parse(&self.text) else { return 0 };
        let mut line = 0;
        let mut here = Some(table.get_ref());
        for name in key.split('.') {
            // `forward[1]`: the second of an array.
            let (name, index) = match name.strip_suffix(']').and_then(|n| n.split_once('[')) {
                Some((name, index)) => (name, index.parse::<usize>().ok()),
                None => (name, None),
            };
            let Some((k, v)) = here.and_then(|t| t.iter().find(|(k, _)| k.get_ref() == name)) else { break };
            line = line_at(&self.text, k.span().start);
            let item = match (v.get_ref(), index) {
                (DeValue::Array(items), Some(index)) => items.get(index),
                _ => None,
            };
            if let Some(item) = item {
                line = line_at(&self.text, item.span().start);
            }
            here = match item.unwrap_or(v).get_ref() {
                DeValue::Table(t) => Some(t),
                _ => None,
            };
        }
        line
    }
}

fn whole(path: &Path, line: usize, wrong: String, write: &str) -> Fault {
    Fault { file: path.to_owned(), line, key: "(file)".to_owned(), wrong, write: write.to_owned() }
}

fn find(value: &Spanned<DeValue<'_>>, at: usize, path: &mut Vec<String>) -> bool {
    match value.get_ref() {
        DeValue::Table(table) => table.iter().any(|(key, inner)| {
            path.push(key.get_ref().to_string());
            let deeper = find(inner, at, path);
            if deeper || key.span().contains(&at) || inner.span().contains(&at) {
                return true;
            }
            path.pop();
            false
        }),
        DeValue::Array(items) => items.iter().enumerate().any(|(i, inner)| {
            path.push(i.to_string());
            if find(inner, at, path) {
                return true;
            }
            path.pop();
            false
        }),
        _ => false,
    }
}

fn drop_key(value: &mut Spanned<DeValue<'_>>, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    match value.get_mut() {
        DeValue::Table(table) => {
            if rest.is_empty() {
                let kept = std::mem::take(table).into_iter().filter(|(k, _)| k.get_ref() != first.as_str());
                *table = kept.collect();
            } else if let Some((_, inner)) = table.iter_mut().find(|(k, _)| k.get_ref() == first.as_str()) {
                drop_key(inner, rest);
            }
        }
        DeValue::Array(items) => {
            if let Some(inner) = first.parse::<usize>().ok().and_then(|i| items.get_mut(i)) {
                drop_key(inner, rest);
            }
        }
        _ => {}
    }
}

/// Turns serde's words into what is wrong and what to write.
fn explain(message: &str) -> (String, String) {
    let message = first_line(message);
    if let Some(rest) = message.strip_prefix("unknown field `") {
        let (field, rest) = rest.split_once('`').unwrap_or((rest, ""));
        let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
        return ("is not a key of this table".to_owned(), nearest(field, known.into_iter()));
    }
    if let Some(rest) = message.strip_prefix("missing field `") {
        let field = rest.trim_end_matches('`');
        return (format!("`{field}` is missing"), format!("write `{field} = ...` here"));
    }
    if let Some(rest) = message.strip_prefix("unknown variant `") {
        let (word, rest) = rest.split_once('`').unwrap_or((rest, ""));
        let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
        return (format!("is none of {}", known.join(", ")), nearest(word, known.into_iter()));
    }
    if message.contains("socket address") {
        return ("is not an address with a port".to_owned(), "write one like \"127.0.0.1:8443\"".to_owned());
    }
    if let Some((is, expected)) = message.strip_prefix("invalid ").and_then(|m| m.split_once(", expected ")) {
        let expected = match expected {
            "usize" | "u64" | "u32" | "u16" | "u8" => "a whole number, not negative",
            "a boolean" => "true or false",
            "a string" => "a text in quotes",
            other => other,
        };
        return (format!("has the wrong {is}"), format!("write {expected}"));
    }
    // Our own types say both halves.
    let (wrong, write) =
        message.split_once("; ").unwrap_or((message, "see the commented file that `init` writes"));
    (wrong.to_owned(), write.to_owned())
}

fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    known
        .map(|k| (strsim::damerau_levenshtein(word, k), k))
        .min()
        .map_or_else(|| "take it out".to_owned(), |(_, k)| format!("the nearest known one is `{k}`"))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("")
}

fn line_at(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|b| *b == b'\n').count()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Room {
        listen: Option<String>,
        #[serde(default)]
        limit: u32,
    }

    fn document(text: &str) -> Document {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.toml");
        std::fs::write(&path, text).unwrap();
        Document::read(&path).unwrap()
    }

    #[test]
    fn all_faults_are_told_at_once_with_their_lines() {
        let mut d = document("[intake]\nlisten = \"x\"\nlisen = \"y\"\nlimit = \"many\"\n\n[intakke]\n");
        let room: Room = d.room("intake").unwrap();
        d.only(&["intake", "store"]);
        assert_eq!(room.listen.as_deref(), Some("x"));
        assert_eq!(room.limit, 0);
        let lines: Vec<(usize, &str)> = d.faults.iter().map(|f| (f.line, f.key.as_str())).collect();
        assert!(lines.contains(&(3, "intake.lisen")), "{lines:?}");
        assert!(lines.contains(&(4, "intake.limit")), "{lines:?}");
        assert!(lines.contains(&(6, "intakke")), "{lines:?}");
        assert!(d.faults.iter().any(|f| f.write.contains("`listen`")), "{:?}", d.faults);
    }

    #[test]
    fn a_fault_inside_an_array_has_its_own_line() {
        let mut d = document("[[to]]\nname = \"a\"\n\n[[to]]\nname = \"b\"\n[room]\nlist = [\n1,\n2]\n");
        d.fault("to[1].name", "x", "");
        d.fault("to[1].other", "x", "");
        d.fault("room.list[1]", "x", "");
        let lines: Vec<usize> = d.faults.iter().map(|f| f.line).collect();
        assert_eq!(lines, [5, 4, 9]);
    }

    #[test]
    fn what_is_not_toml_names_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.toml");
        std::fs::write(&path, "[a]\nb = = 1\n").unwrap();
        assert_eq!(Document::read(&path).unwrap_err().line, 2);
    }
}
