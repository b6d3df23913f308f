//! Reading TOML so that every fault is found at once, each with file, line, key, what is wrong and what to write.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One fault of a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: PathBuf,
    /// Its line, from 1.
    pub line: usize,
    /// The key with its table, such as `queue.database`; empty when the whole file is meant.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What to write.
    pub remedy: String,
}

impl Fault {
    /// A fault of the whole file.
    pub fn whole(file: &Path, problem: &str, remedy: &str) -> Self {
        Self {
            file: file.into(),
            line: 1,
            key: String::new(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file.display(), self.line)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}; {}", self.problem, self.remedy)
    }
}

type Known = &'static [(&'static str, &'static [&'static str])];

/// A parsed file with the faults found so far.
pub(super) struct Reader<'t> {
    file: PathBuf,
    text: &'t str,
    root: DeTable<'t>,
    faults: Vec<Fault>,
}

impl<'t> Reader<'t> {
    /// Parses and refuses whatever is not in `known`.
    pub fn parse(file: &Path, text: &'t str, known: Known) -> Result<Self, Vec<Fault>> {
        let (root, broken) = DeTable::parse_recoverable(text);
        let mut reader = Self { file: file.into(), text, root: root.into_inner(), faults: Vec::new() };
        for e in broken {
            let line = line_of(text, e.span().map_or(0, |s| s.start));
            reader.push(
                line,
                String::new(),
                format!("this is not TOML: {}", e.message()),
                "correct it".into(),
            );
        }
        if !reader.faults.is_empty() {
            return Err(reader.faults);
        }
        reader.refuse_unknown(known);
        Ok(reader)
    }

    fn refuse_unknown(&mut self, known: Known) {
        let mut found = Vec::new();
        for (name, value) in self.root.iter() {
            let line = line_of(self.text, name.span().start);
            let Some((_, keys)) = known.iter().find(|(table, _)| *table == name.get_ref().as_ref()) else {
                let near = nearest(name.get_ref(), known.iter().map(|(t, _)| *t));
                found.push((
                    line,
                    name.get_ref().to_string(),
                    "there is no such table",
                    format!("write [{near}]"),
                ));
                continue;
            };
            let Some(table) = value.get_ref().as_table() else {
                let text = format!("write [{}] on a line of its own", name.get_ref());
                found.push((line, name.get_ref().to_string(), "this must be a table", text));
                continue;
            };
            for key in table.keys().filter(|k| !keys.contains(&k.get_ref().as_ref())) {
                let near = nearest(key.get_ref(), keys.iter().copied());
                let full = format!("{}.{}", name.get_ref(), key.get_ref());
                found.push((
                    line_of(self.text, key.span().start),
                    full,
                    "there is no such key",
                    format!("did you mean {near}?"),
                ));
            }
        }
        for (line, key, problem, remedy) in found {
            self.push(line, key, problem.into(), remedy);
        }
    }

    fn push(&mut self, line: usize, key: String, problem: String, remedy: String) {
        self.faults.push(Fault { file: self.file.clone(), line, key, problem, remedy });
    }

    /// A table by name; a missing one reads as empty.
    pub fn table<'r>(&'r mut self, name: &'static str) -> Table<'r, 't> {
        Table { name, reader: self }
    }

    /// The value if nothing was wrong.
    pub fn finish<T>(mut self, value: T) -> Result<T, Vec<Fault>> {
        self.faults.sort_by_key(|f| f.line);
        if self.faults.is_empty() { Ok(value) } else { Err(self.faults) }
    }
}

/// One table; every getter notes a fault and goes on with the default.
pub(super) struct Table<'r, 't> {
    name: &'static str,
    reader: &'r mut Reader<'t>,
}

impl<'t> Table<'_, 't> {
    fn value(&self, key: &str) -> Option<&Spanned<DeValue<'t>>> {
        self.reader.root.get(self.name)?.get_ref().as_table()?.get(key)
    }

    /// Whether the key is written.
    pub fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// Notes a fault at this key, or at the table's head when the key is not written.
    pub fn fault(&mut self, key: &str, problem: &str, remedy: &str) {
        let text = self.reader.text;
        let at = self.value(key).map(|v| v.span().start);
        let head = || {
            let entry = self.reader.root.iter().find(|(k, _)| k.get_ref() == self.name);
            entry.map_or(0, |(k, _)| k.span().start)
        };
        let line = line_of(text, at.unwrap_or_else(head));
        let full = format!("{}.{key}", self.name);
        self.reader.push(line, full, problem.into(), remedy.into());
    }

    /// A string.
    pub fn text(&mut self, key: &str, default: &str) -> String {
        match self.value(key).map(|v| v.get_ref().as_str().map(str::to_owned)) {
            None => default.to_owned(),
            Some(Some(text)) => text,
            Some(None) => {
                self.fault(key, "this must be a text", &format!("write {key} = \"{default}\""));
                default.to_owned()
            }
        }
    }

    /// A string without a default.
    pub fn needed(&mut self, key: &str, what: &str) -> String {
        let text = self.text(key, "");
        if text.is_empty() {
            self.fault(key, "this is missing", &format!("write {what}"));
        }
        text
    }

    /// A list of strings.
    pub fn strings(&mut self, key: &str, default: &[&str]) -> Vec<String> {
        let owned = || default.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let Some(value) = self.value(key) else { return owned() };
        let list = value
            .get_ref()
            .as_array()
            .map(|a| a.iter().map(|v| v.get_ref().as_str().map(str::to_owned)).collect::<Option<Vec<_>>>());
        match list.flatten() {
            Some(list) if !list.is_empty() => list,
            _ => {
                self.fault(key, "this must be a list of texts", &format!("write {key} = {default:?}"));
                owned()
            }
        }
    }

    /// One of a few words.
    pub fn one_of(&mut self, key: &str, default: &str, words: &[&str]) -> String {
        let text = self.text(key, default);
        if words.contains(&text.as_str()) {
            return text;
        }
        let near = nearest(&text, words.iter().copied());
        let problem = format!("this is none of {}", words.join(", "));
        self.fault(key, &problem, &format!("did you mean \"{near}\"?"));
        default.to_owned()
    }

    /// True or false.
    pub fn flag(&mut self, key: &str, default: bool) -> bool {
        match self.value(key).map(|v| v.get_ref().as_bool()) {
            None => default,
            Some(Some(flag)) => flag,
            Some(None) => {
                self.fault(key, "this must be true or false", &format!("write {key} = {default}"));
                default
            }
        }
    }

    /// A whole number from `min` to `max`.
    pub fn count(&mut self, key: &str, default: u32, min: u32, max: u32) -> u32 {
        let read =
            self.value(key).map(|v| v.get_ref().as_integer().and_then(|i| i.as_str().parse::<u32>().ok()));
        match read {
            None => default,
            Some(Some(n)) if (min..=max).contains(&n) => n,
            Some(_) => {
                let problem = format!("this must be a whole number from {min} to {max}");
                self.fault(key, &problem, &format!("write {key} = {default}"));
                default
            }
        }
    }

    /// A length of time with its unit, in milliseconds from `min` to `max`.
    pub fn duration_ms(&mut self, key: &str, default: &str, min: i64, max: i64) -> i64 {
        let parse =
            |text: &str| humantime::parse_duration(text).ok().and_then(|d| i64::try_from(d.as_millis()).ok());
        let text = self.text(key, default);
        match parse(&text) {
            Some(ms) if (min..=max).contains(&ms) => ms,
            _ => {
                let range = format!("{} to {}", seconds(min), seconds(max));
                let problem = format!("this must be a length of time with its unit, {range}");
                self.fault(key, &problem, &format!("write {key} = \"{default}\""));
                parse(default).unwrap_or(min)
            }
        }
    }

    /// An address with a port.
    pub fn address(&mut self, key: &str, default: &str) -> SocketAddr {
        let fallback = SocketAddr::from(([127, 0, 0, 1], 0));
        let text = self.text(key, default);
        text.parse().unwrap_or_else(|_| {
            self.fault(key, "this is not an address and a port", &format!("write {key} = \"{default}\""));
            fallback
        })
    }

    /// A path; a relative one starts at the file's folder.
    pub fn path(&mut self, key: &str, default: &str) -> PathBuf {
        let text = self.text(key, default);
        self.beside(&text)
    }

    /// A path without a default.
    pub fn file(&mut self, key: &str) -> Option<PathBuf> {
        self.has(key).then(|| self.path(key, ""))
    }

    /// `path`, from the configuration file's folder when it is relative.
    pub fn beside(&self, path: &str) -> PathBuf {
        self.reader.file.parent().unwrap_or(Path::new("")).join(path)
    }
}

fn seconds(ms: i64) -> String {
    humantime::format_duration(std::time::Duration::from_millis(u64::try_from(ms).unwrap_or(0))).to_string()
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|b| *b == b'\n').count() + 1
}

fn nearest<'a>(word: &str, among: impl Iterator<Item = &'a str>) -> &'a str {
    let score = |a: &str| (strsim::jaro_winkler(word, a) * 1000.0) as u32;
    among.max_by_key(|a| score(a)).unwrap_or("")
}

/// The line of a key in a file that parsed before; of its table's head, or 1, when the key is not written.
pub(super) fn line_of_key(text: &str, table: &str, key: &str) -> usize {
    let Ok(root) = DeTable::parse(text) else { return 1 };
    let Some((head, value)) = root.get_ref().iter().find(|(k, _)| k.get_ref() == table) else { return 1 };
    let written = value.get_ref().as_table().and_then(|t| t.get(key));
    line_of(text, written.map_or(head.span().start, |v| v.span().start))
}
