//! `report.json`: what comes home for a case, and what it is allowed to do there.

use serde::{Deserialize, Serialize};

use crate::ids::CaseId;
use crate::limits;
pub use crate::words::{Error, Priority};
use crate::words::{line, prose};

/// Name of the report document: the first entry of a report's plain content.
pub const REPORT_JSON: &str = "report.json";

/// What stands before every line of a draft that no person signed.
pub const UNSIGNED_LINE: &str = "UNSIGNED MACHINE DRAFT";

/// The one format of `report.json` this build reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ReportFormat {
    /// First format.
    #[default]
    #[serde(rename = "scanside-report/1")]
    V1,
}

/// Who stands behind the report.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Authority {
    /// Nobody: a machine's draft, let out because the site allows it.
    Unsigned {},
    /// A named person.
    Signed {
        /// The person's name as the cloud's account list has it.
        by: String,
        /// When, RFC 3339 UTC.
        at: String,
    },
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The signer's name belongs in the report, not in a log.
        f.write_str(match self {
            Self::Unsigned {} => "Unsigned",
            Self::Signed { .. } => "Signed(..)",
        })
    }
}

/// What wrote the draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Backend: `reference`, `openai`, or `person` when no machine took part.
    pub backend: String,
    /// Model name.
    pub model: String,
    /// Model version.
    pub version: String,
}

/// The text of a report. `Debug` shows lengths only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sections {
    /// What is seen.
    pub findings: String,
    /// What it amounts to.
    pub impression: String,
}

impl std::fmt::Debug for Sections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sections({} + {} bytes)", self.findings.len(), self.impression.len())
    }
}

/// `report.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportContent {
    /// Format name and version.
    pub format: ReportFormat,
    /// The case answered; equal to the envelope header's.
    pub case: CaseId,
    /// The edition answered; equal to the envelope header's.
    pub revision: u32,
    /// What wrote the draft.
    pub origin: Origin,
    /// Who stands behind it.
    pub authority: Authority,
    /// The text.
    pub sections: Sections,
    /// Suggested priority; an unsigned draft's suggestion can only raise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Whether the flag that triage raised may be closed; never true for an unsigned draft.
    #[serde(default)]
    pub closes_flag: bool,
    /// When the text was written, RFC 3339 UTC.
    pub created: String,
}

/// What a report does to the study it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    /// The priority from now on.
    pub priority: Priority,
    /// Whether triage's flag is closed.
    pub closes_flag: bool,
}

impl ReportContent {
    /// Whether no person signed.
    #[must_use]
    pub fn is_unsigned(&self) -> bool {
        matches!(self.authority, Authority::Unsigned {})
    }

    /// The signer's name, if a person signed.
    #[must_use]
    pub fn signed_by(&self) -> Option<&str> {
        match &self.authority {
            Authority::Unsigned {} => None,
            Authority::Signed { by, .. } => Some(by),
        }
    }

    /// What the report may do to a study whose priority is `current`: the only way to apply it.
    /// Without a signature nothing is lowered and no flag is closed, whatever the document says.
    #[must_use]
    pub fn effect(&self, current: Priority) -> Effect {
        let wanted = self.priority.unwrap_or(current);
        if self.is_unsigned() {
            Effect { priority: wanted.max(current), closes_flag: false }
        } else {
            Effect { priority: wanted, closes_flag: self.closes_flag }
        }
    }

    /// The text line by line as it must be shown: every line of an unsigned draft says so.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mark = |text: &str| {
            if self.is_unsigned() { format!("{UNSIGNED_LINE}: {text}") } else { text.to_owned() }
        };
        [("Findings", &self.sections.findings), ("Impression", &self.sections.impression)]
            .into_iter()
            .flat_map(|(head, text)| {
                std::iter::once(head).chain(text.lines().filter(|l| !l.trim().is_empty()))
            })
            .map(mark)
            .collect()
    }

    /// Checks every bound, and that an unsigned draft closes nothing.
    ///
    /// # Errors
    /// [`Error::Field`] naming the field, [`Error::UnsignedOverreach`].
    pub fn validate(&self) -> Result<(), Error> {
        if self.revision == 0 {
            return Err(Error::Field("revision"));
        }
        line("backend", &self.origin.backend)?;
        line("model", &self.origin.model)?;
        line("version", &self.origin.version)?;
        instant("created", &self.created)?;
        if let Authority::Signed { by, at } = &self.authority {
            line("signed by", by)?;
            instant("signed at", at)?;
        }
        prose("findings", &self.sections.findings, limits::SECTION_CHARS_MAX)?;
        prose("impression", &self.sections.impression, limits::SECTION_CHARS_MAX)?;
        if self.sections.findings.trim().is_empty() && self.sections.impression.trim().is_empty() {
            return Err(Error::Field("sections"));
        }
        if self.is_unsigned() && self.closes_flag {
            return Err(Error::UnsignedOverreach);
        }
        Ok(())
    }

    /// As [`Self::validate`], and that an unsigned draft suggests nothing lower than the case's priority.
    ///
    /// # Errors
    /// As [`Self::validate`].
    pub fn validate_for(&self, current: Priority) -> Result<(), Error> {
        self.validate()?;
        match self.priority {
            Some(wanted) if self.is_unsigned() && wanted < current => Err(Error::UnsignedOverreach),
            _ => Ok(()),
        }
    }

    /// Validates and writes the JSON.
    ///
    /// # Errors
    /// As [`Self::validate`]; [`Error::TooLarge`] over the limit.
    pub fn to_json(&self) -> Result<Vec<u8>, Error> {
        self.validate()?;
        let json = serde_json::to_vec(self).map_err(|_| Error::Malformed)?;
        if json.len() > limits::REPORT_BYTES_MAX { Err(Error::TooLarge) } else { Ok(json) }
    }

    /// Reads and validates the JSON; unknown fields are refused.
    ///
    /// # Errors
    /// [`Error`]; never carries what was read.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        if json.len() > limits::REPORT_BYTES_MAX {
            return Err(Error::TooLarge);
        }
        let report: Self = serde_json::from_slice(json).map_err(|_| Error::Malformed)?;
        report.validate()?;
        Ok(report)
    }
}

fn instant(field: &'static str, text: &str) -> Result<(), Error> {
    if text.len() > 40 {
        return Err(Error::Field(field));
    }
    let read = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339);
    read.map(|_| ()).map_err(|_| Error::Field(field))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn report(authority: Authority, priority: Option<Priority>, closes_flag: bool) -> ReportContent {
        ReportContent {
            format: ReportFormat::V1,
            case: CaseId::from_bytes([3; 16]),
            revision: 2,
            origin: Origin { backend: "openai".into(), model: "m".into(), version: "1".into() },
            authority,
            sections: Sections { findings: "One.\n\nTwo.".into(), impression: "Three.".into() },
            priority,
            closes_flag,
            created: "2026-01-02T03:04:05Z".into(),
        }
    }

    fn signed() -> Authority {
        Authority::Signed { by: "A. Reader".into(), at: "2026-01-02T04:00:00Z".into() }
    }

    const ALL: [Priority; 3] = [Priority::Routine, Priority::Urgent, Priority::Stat];

    #[test]
    fn an_unsigned_draft_lowers_nothing_and_closes_nothing() {
        for current in ALL {
            for wanted in ALL {
                let draft = report(Authority::Unsigned {}, Some(wanted), true);
                assert!(draft.effect(current).priority >= current);
                assert!(!draft.effect(current).closes_flag);
                assert_eq!(draft.validate(), Err(Error::UnsignedOverreach));
                let modest = report(Authority::Unsigned {}, Some(wanted), false);
                assert_eq!(modest.validate_for(current).is_ok(), wanted >= current);
                let by_person = report(signed(), Some(wanted), true);
                assert!(by_person.validate_for(current).is_ok());
                assert_eq!(by_person.effect(current), Effect { priority: wanted, closes_flag: true });
            }
            assert_eq!(report(signed(), None, false).effect(current).priority, current);
        }
    }

    #[test]
    fn every_line_of_an_unsigned_draft_says_so() {
        let lines = report(Authority::Unsigned {}, None, false).lines();
        assert_eq!(lines.len(), 5);
        assert!(lines.iter().all(|line| line.starts_with(UNSIGNED_LINE)));
        assert_eq!(
            report(signed(), None, false).lines(),
            ["Findings", "One.", "Two.", "Impression", "Three."]
        );
    }

    #[test]
    fn the_json_round_trips_and_refuses_what_it_does_not_know() {
        for authority in [signed(), Authority::Unsigned {}] {
            let report = report(authority, Some(Priority::Urgent), false);
            let json = report.to_json().unwrap();
            assert_eq!(ReportContent::from_json(&json).unwrap(), report);
            let mut changed: serde_json::Value = serde_json::from_slice(&json).unwrap();
            changed["authority"]["stamp"] = true.into();
            assert!(ReportContent::from_json(&serde_json::to_vec(&changed).unwrap()).is_err());
        }
        // A document without its authority is refused.
        let mut json: serde_json::Value =
            serde_json::from_slice(&report(signed(), None, false).to_json().unwrap()).unwrap();
        json.as_object_mut().unwrap().remove("authority");
        assert!(ReportContent::from_json(&serde_json::to_vec(&json).unwrap()).is_err());
    }

    #[test]
    fn texts_and_names_stay_out_of_debug() {
        let shown = format!("{:?}", report(signed(), None, false));
        assert!(!shown.contains("Reader") && !shown.contains("Three"));
    }
}
