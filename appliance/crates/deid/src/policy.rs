//! Named policies: which options of PS3.15 annex E hold, what happens to dates, and what a site adds.
use super::error::Error;
use super::terms::{ActionCode, Dates, OPTIONS, OptionSet, Row};
use dicom::{Tag, Vr};
use std::collections::BTreeMap;

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

/// VRs in which a site may name a private attribute: those whose values can be checked.
const CHECKED: [Vr; 11] =
    [Vr::IS, Vr::DS, Vr::CS, Vr::SH, Vr::LO, Vr::US, Vr::SS, Vr::UL, Vr::SL, Vr::FL, Vr::FD];

/// A private attribute that a site knows to be safe, beside the table's. Its values are checked like theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Addition {
    pub creator: String,
    pub group: u16,
    /// The lowest eight bits of the tag.
    pub element: u8,
    pub vr: Vr,
}

impl Addition {
    /// From a profile: the creator, `0019,0C` or `0019,xx0C`, and the VR; or the key that is wrong.
    pub(super) fn read(creator: &str, tag: &str, vr: &str) -> Result<Self, &'static str> {
        let hex = |text: &str| u16::from_str_radix(text, 16).ok();
        let (group, element) = tag.split_once(',').ok_or("tag")?;
        let element = element.strip_prefix("xx").unwrap_or(element);
        let group = hex(group).filter(|g| group.len() == 4 && g % 2 == 1).ok_or("tag")?;
        let number = hex(element).filter(|_| element.len() == 2).and_then(|n| u8::try_from(n).ok());
        let vr = <[u8; 2]>::try_from(vr.as_bytes()).ok().and_then(Vr::from_bytes);
        let vr = vr.filter(|vr| CHECKED.contains(vr)).ok_or("vr")?;
        let creator = creator.trim();
        if creator.is_empty() || creator.len() > 64 {
            return Err("creator");
        }
        Ok(Addition { creator: creator.to_owned(), group, element: number.ok_or("tag")?, vr })
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
    pub(super) fn dates(&self) -> Dates {
        self.dates
    }

    /// The options that hold beside the Basic Profile.
    pub(super) fn options(&self) -> OptionSet {
        self.options
    }

    /// The names of the options that hold, in the order of the table's columns.
    pub(super) fn option_names(&self) -> Vec<&'static str> {
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
