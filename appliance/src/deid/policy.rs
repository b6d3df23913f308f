//! Named policies: which options of PS3.15 annex E hold, and what happens to dates.
use super::Error;

/// What happens to dates and times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dates {
    /// Emptied, removed or set to 1 January of the year, as the attribute's type allows; the day number relative
    /// to the study is written instead.
    Removed,
    /// Shifted by a secret number of days per patient, intervals kept; times stay.
    Shifted,
}

/// Options of PS3.15 annex E as a set of bits, in the order of the columns of table E.1-1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptionSet(pub(super) u16);

#[allow(missing_docs)]
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

/// A de-identification policy. Two are built in; a site's own file becomes one of these later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub(super) name: &'static str,
    pub(super) options: OptionSet,
    pub(super) dates: Dates,
    /// Kept text must be of closed vocabularies.
    pub(super) closed_text: bool,
    /// References to other images stay, with replaced UIDs, also where the IOD could do without (X/Z/U*).
    pub(super) keep_references: bool,
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
        Policy {
            name: "strict",
            options: OptionSet::RETAIN_PATIENT_CHARACTERISTICS,
            dates: Dates::Removed,
            closed_text: true,
            keep_references: false,
        }
    }

    /// Basic Profile, Retain Patient Characteristics, Retain Longitudinal Temporal Information Modified Dates, Retain
    /// Safe Private (table E.3.10-1), Clean Descriptors, Clean Structured Content and Clean Graphics: of descriptions,
    /// reports and annotations stay the words of the closed vocabulary, of overlays nothing.
    pub fn shifted_dates() -> Self {
        Policy {
            name: "shifted-dates",
            options: OptionSet::RETAIN_PATIENT_CHARACTERISTICS
                .with(OptionSet::RETAIN_MODIFIED_DATES)
                .with(OptionSet::RETAIN_SAFE_PRIVATE)
                .with(OptionSet::CLEAN_DESCRIPTORS)
                .with(OptionSet::CLEAN_STRUCTURED_CONTENT)
                .with(OptionSet::CLEAN_GRAPHICS),
            dates: Dates::Shifted,
            closed_text: false,
            keep_references: true,
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
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What happens to dates.
    pub fn dates(&self) -> Dates {
        self.dates
    }

    /// The options that hold beside the Basic Profile.
    pub fn options(&self) -> OptionSet {
        self.options
    }

    /// The text of De-identification Method (0012,0063); at most 64 characters.
    pub(super) fn method(&self) -> String {
        format!("Scanside {}, PS3.15 E.1 2026c", self.name)
    }
}
