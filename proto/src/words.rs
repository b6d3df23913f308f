//! The words both ends use for triage, and the checks every text of a document passes.

use serde::{Deserialize, Serialize};

use crate::limits;

/// What is wrong with a manifest or a report. No variant carries a value: values may be a person's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not JSON of this format, or an unknown field; the sender's fault, never worth a retry.
    #[error("not a document of this format")]
    Malformed,
    /// Too large to read.
    #[error("document larger than its limit")]
    TooLarge,
    /// The named field is out of bounds.
    #[error("field {0} is out of bounds")]
    Field(&'static str),
    /// An unsigned draft tried to lower a priority or close a flag.
    #[error("an unsigned draft can lower no priority and close no flag")]
    UnsignedOverreach,
}

/// What triage answers for a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// No flag raised by the bundle. Not a normal result; ordinary reading still applies.
    NoFlag,
    /// At least one finding over its threshold.
    Flag,
    /// For the cloud: too complex, or the bundle abstains.
    Escalate,
    /// No bundle takes this study.
    NotAnalysed,
    /// The pixels could not be read.
    Unreadable,
}

impl Disposition {
    /// The word used in JSON, ledger and pages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoFlag => "no-flag",
            Self::Flag => "flag",
            Self::Escalate => "escalate",
            Self::NotAnalysed => "not-analysed",
            Self::Unreadable => "unreadable",
        }
    }
}

impl std::str::FromStr for Disposition {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        [Self::NoFlag, Self::Flag, Self::Escalate, Self::NotAnalysed, Self::Unreadable]
            .into_iter()
            .find(|d| d.as_str() == text)
            .ok_or(Error::Malformed)
    }
}

impl std::fmt::Display for Disposition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much triage may change at a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TriageMode {
    /// Counted, changes nothing.
    #[default]
    Shadow,
    /// Flags raise priority, nothing lowers it.
    Assist,
    /// `no-flag` counts, after a named person accepted the bundle.
    Settle,
}

impl TriageMode {
    /// The word used in configuration, JSON and pages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::Assist => "assist",
            Self::Settle => "settle",
        }
    }
}

/// Reading priority; the order is urgency: `Stat` is greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Priority {
    /// In its turn.
    #[default]
    Routine,
    /// Before routine.
    Urgent,
    /// Before all.
    Stat,
}

impl Priority {
    /// The word used in JSON and pages (PS3.4 and HL7 spelling).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stat => "STAT",
            Self::Urgent => "URGENT",
            Self::Routine => "ROUTINE",
        }
    }
}

impl std::str::FromStr for Priority {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        [Self::Stat, Self::Urgent, Self::Routine]
            .into_iter()
            .find(|p| p.as_str() == text)
            .ok_or(Error::Malformed)
    }
}

/// One thing a model reports, as a coded concept (PS3.16) with its score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Coding scheme designator, for example `RADLEX` or `SCT`.
    pub scheme: String,
    /// Code value in that scheme.
    pub code: String,
    /// Code meaning, for people.
    pub name: String,
    /// Calibrated score, 0 to 1.
    pub score: f32,
    /// Threshold the score was compared with, 0 to 1.
    pub threshold: f32,
    /// Whether the score reached the threshold.
    pub positive: bool,
}

/// Patient sex as in (0010,0040), PS3.3 C.7.1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sex {
    /// Male.
    M,
    /// Female.
    F,
    /// Other.
    O,
}

/// Patient age as kept by the de-identifier: an age string (PS3.5 6.2, AS) up to `089Y`, or `90+`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Age(String);

impl Age {
    /// The text as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Age {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        let fits = match text.as_bytes() {
            b"90+" => true,
            [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', unit @ (b'D' | b'W' | b'M' | b'Y')] => {
                // HIPAA 164.514(b)(2)(i)(C): ages over 89 are one category; so are their months, weeks and days.
                let n = u32::from(a - b'0') * 100 + u32::from(b - b'0') * 10 + u32::from(c - b'0');
                !(*unit == b'Y' && n > 89)
            }
            _ => false,
        };
        if fits { Ok(Self(text)) } else { Err(Error::Field("age")) }
    }
}

impl From<Age> for String {
    fn from(age: Age) -> Self {
        age.0
    }
}

impl std::str::FromStr for Age {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::try_from(text.to_owned())
    }
}

pub(crate) fn word(field: &'static str, text: &str) -> Result<(), Error> {
    let fits = !text.is_empty()
        && text.chars().count() <= limits::WORD_CHARS_MAX
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b" _-.".contains(&b));
    if fits { Ok(()) } else { Err(Error::Field(field)) }
}

pub(crate) fn line(field: &'static str, text: &str) -> Result<(), Error> {
    let count = text.chars().count();
    let fits = count > 0 && count <= limits::LINE_CHARS_MAX && !text.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(Error::Field(field)) }
}

pub(crate) fn prose(field: &'static str, text: &str, chars_max: usize) -> Result<(), Error> {
    let fits =
        text.chars().count() <= chars_max && !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
    if fits { Ok(()) } else { Err(Error::Field(field)) }
}

fn share(field: &'static str, value: f32) -> Result<(), Error> {
    if (0.0..=1.0).contains(&value) { Ok(()) } else { Err(Error::Field(field)) }
}

impl Finding {
    pub(crate) fn validate(&self) -> Result<(), Error> {
        word("finding scheme", &self.scheme)?;
        word("finding code", &self.code)?;
        line("finding name", &self.name)?;
        share("finding score", self.score)?;
        share("finding threshold", self.threshold)
    }
}
