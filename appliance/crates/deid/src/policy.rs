//! Named policies: which options of PS3.15 annex E hold, and what happens to dates.
use super::Error;
use super::private::Addition;
use super::profile::OPTIONS;
use super::rule::{ActionCode, Row};
use dicom::Tag;
use std::collections::BTreeMap;

/// What happens to dates and times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dates {
    /// Emptied, removed or set to 1 January of the year, as the attribute's type allows; the day number relative
    /// to the study is written instead.
    Removed,
    /// Shifted by a secret number of days per patient, intervals kept; times stay.
    Shifted,
    /// As they are.
    Kept,
}

/// Options of PS3.15 annex E as a set of bits, in the order of the columns of table E.1-1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptionSet(pub(super) u16);

#[allow(missing_docs, reason = "the names are the columns of table E.1-1")]
impl OptionSet {
    pub const RETAIN_SAFE_PRIVATE: OptionSet = OptionSet(1);
    pub const RETAIN_UIDS: OptionSet = OptionSet(1 << 1);
    pub const RETAIN_DEVICE_IDENTITY: OptionSet = OptionSet(1 << 2);
    pub const RETAIN_INSTITUTION_IDENTITY: OptionSet = OptionSet(1 << 3);
    pub const RETAIN_PATIENT_CHARACTERISTICS: OptionSet = OptionSet(1 << 4);
    pub const RETAIN_FULL_DATES: OptionSet = OptionSet(1 << 5);
    pub const RETAIN_MODIFIED_DATES: OptionSet = OptionSet(1 << 6);
    pub const CLEAN_DESCRIPTORS: OptionSet = OptionSet(1 << 7);
    pub const CLEAN_STRUCTURED_CONTENT: OptionSet = OptionSet(1 << 8);
    pub const CLEAN_GRAPHICS: OptionSet = OptionSet(1 << 9);

    /// Both sets together.
    pub const fn with(self, other: OptionSet) -> OptionSet {
        OptionSet(self.0 | other.0)
    }

    /// Every option of `other` is in here.
    pub const fn has(self, other: OptionSet) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A de-identification policy: one of the two built in, or what a site's [`super::Profile`] describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub(super) name: String,
    pub(super) options: OptionSet,
    pub(super) dates: Dates,
    /// Kept text must be of closed vocabularies.
    pub(super) closed_text: bool,
    /// References to other images stay, with replaced UIDs, also where the IOD could do without (X/Z/U*).
    pub(super) keep_references: bool,
    /// Attributes that the site treats otherwise than table and options.
    pub(super) deviations: BTreeMap<Tag, ActionCode>,
    /// Private attributes that the site knows to be safe; they count with Retain Safe Private.
    pub(super) additions: Vec<Addition>,
    /// Options and deviations with the site's reasons.
    pub(super) reasons: Vec<(String, String)>,
}

impl Default for Policy {
    fn default() -> Self {
        Self::strict()
    }
}

impl Policy {
    /// The default for anything that leaves: Basic Profile and Retain Patient Characteristics limited to age in
    /// years (90 and above as 90), sex, size and weight; no dates; text only of closed vocabularies.
    pub fn strict() -> Self {
        let options = OptionSet::RETAIN_PATIENT_CHARACTERISTICS;
        Self::of_site("strict", options, false, BTreeMap::new(), Vec::new())
    }

    /// Basic Profile, Retain Patient Characteristics, Retain Longitudinal Temporal Information Modified Dates, Retain
    /// Safe Private (table E.3.10-1), Clean Descriptors, Clean Structured Content and Clean Graphics: of descriptions,
    /// reports and annotations stay the words of the closed vocabulary, of overlays nothing.
    pub fn shifted_dates() -> Self {
        let options = OptionSet::RETAIN_PATIENT_CHARACTERISTICS
            .with(OptionSet::RETAIN_MODIFIED_DATES)
            .with(OptionSet::RETAIN_SAFE_PRIVATE)
            .with(OptionSet::CLEAN_DESCRIPTORS)
            .with(OptionSet::CLEAN_STRUCTURED_CONTENT)
            .with(OptionSet::CLEAN_GRAPHICS);
        Self::of_site("shifted-dates", options, true, BTreeMap::new(), Vec::new())
    }

    /// From options and what a site adds. Without Clean Descriptors only text of closed vocabularies is kept.
    pub(super) fn of_site(
        name: &str,
        options: OptionSet,
        keep_references: bool,
        deviations: BTreeMap<Tag, ActionCode>,
        reasons: Vec<(String, String)>,
    ) -> Self {
        let dates = if options.has(OptionSet::RETAIN_FULL_DATES) {
            Dates::Kept
        } else if options.has(OptionSet::RETAIN_MODIFIED_DATES) {
            Dates::Shifted
        } else {
            Dates::Removed
        };
        let closed_text = !options.has(OptionSet::CLEAN_DESCRIPTORS);
        Policy {
            name: name.to_owned(),
            options,
            dates,
            closed_text,
            keep_references,
            deviations,
            additions: Vec::new(),
            reasons,
        }
    }

    /// A built-in policy by its name.
    ///
    /// # Errors
    /// [`Error::UnknownPolicy`].
    pub fn from_name(name: &str) -> Result<Self, Error> {
        match name {
            "strict" => Ok(Self::strict()),
            "shifted-dates" => Ok(Self::shifted_dates()),
            _ => Err(Error::UnknownPolicy),
        }
    }

    /// Its name, as in configuration and evidence.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What happens to dates.
    pub fn dates(&self) -> Dates {
        self.dates
    }

    /// The options that hold beside the Basic Profile.
    pub fn options(&self) -> OptionSet {
        self.options
    }

    /// The names of the options that hold, in the order of the table's columns.
    pub fn option_names(&self) -> Vec<&'static str> {
        OPTIONS.iter().filter(|(_, option)| self.options.has(*option)).map(|(name, _)| *name).collect()
    }

    /// Options and deviations with the site's reasons for them; empty for a built-in policy.
    pub fn reasons(&self) -> &[(String, String)] {
        &self.reasons
    }

    /// Whether a row of the table, or a site's deviation, keeps the values of this attribute.
    pub(super) fn retains(&self, tag: Tag, row: Option<&Row>) -> bool {
        match self.deviations.get(&tag) {
            Some(action) => *action == ActionCode::K,
            None => row.is_some_and(|row| {
                row.keep & self.options.0 & !OptionSet::RETAIN_PATIENT_CHARACTERISTICS.0 != 0
            }),
        }
    }

    /// Whether it keeps attributes that would otherwise count as identifiers of the study.
    pub(super) fn retains_identifiers(&self) -> bool {
        let retaining = OptionSet::RETAIN_DEVICE_IDENTITY.0
            | OptionSet::RETAIN_INSTITUTION_IDENTITY.0
            | OptionSet::RETAIN_UIDS.0;
        self.options.0 & retaining != 0 || self.deviations.values().any(|action| *action == ActionCode::K)
    }

    /// The text of De-identification Method (0012,0063); at most 64 characters.
    pub(super) fn method(&self) -> String {
        format!("Scanside {}, PS3.15 E.1 2026c", self.name)
    }
}
