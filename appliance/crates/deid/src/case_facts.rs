//! What may leave beside the pixels, and what the site's own list may show.
use dicom::{DataSet, tags};
use std::fmt;

/// Patient's Sex (0010,0040), closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    /// M
    Male,
    /// F
    Female,
    /// O
    Other,
}

impl Sex {
    /// The code of PS3.3.
    pub fn as_str(self) -> &'static str {
        match self {
            Sex::Male => "M",
            Sex::Female => "F",
            Sex::Other => "O",
        }
    }
}

/// Facts of an instance that may leave in `case.json`; only as [`super::Deidentified`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseFacts {
    /// Modality (0008,0060); empty when unknown.
    pub modality: String,
    /// Body Part Examined (0018,0015), or the anatomic region's meaning.
    pub body_part: Option<String>,
    /// View Position (0018,5101).
    pub view: Option<String>,
    /// Age in whole years, 90 for 90 and above.
    pub age_years: Option<u8>,
    /// Sex.
    pub sex: Option<Sex>,
}

impl CaseFacts {
    /// From a header; what may leave if the header is de-identified.
    pub(super) fn of(data: &DataSet) -> CaseFacts {
        let region = || {
            let item = data.items(tags::ANATOMIC_REGION_SEQUENCE).first()?;
            item.text(tags::CODE_MEANING).map(|m| m.to_uppercase())
        };
        CaseFacts {
            modality: data.text(tags::MODALITY).unwrap_or_default(),
            body_part: data.text(tags::BODY_PART_EXAMINED).or_else(region),
            view: data.text(tags::VIEW_POSITION),
            age_years: data.text(tags::PATIENT_AGE).and_then(|a| super::date::age_years(&a)),
            sex: match data.text(tags::PATIENT_SEX).as_deref() {
                Some("M") => Some(Sex::Male),
                Some("F") => Some(Sex::Female),
                Some("O") => Some(Sex::Other),
                _ => None,
            },
        }
    }
}

/// What the site's own worklist shows of a study. Identified: it stays at the site and never enters a log;
/// `Debug` shows a stub.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Modality.
    pub modality: String,
    /// Body part.
    pub body_part: Option<String>,
    /// View.
    pub view: Option<String>,
    /// Age in whole years, 90 for 90 and above.
    pub age_years: Option<u8>,
    /// Sex.
    pub sex: Option<Sex>,
    /// The last four characters of Accession Number.
    pub accession_tail: Option<String>,
    /// Station Name.
    pub station: Option<String>,
}

impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listing(..)")
    }
}

impl Listing {
    /// From the original header of one instance.
    pub fn of(data: &DataSet) -> Listing {
        let facts = CaseFacts::of(data);
        let tail = |text: String| {
            let count = text.chars().count();
            text.chars().skip(count.saturating_sub(4)).collect()
        };
        Listing {
            modality: facts.modality,
            body_part: facts.body_part,
            view: facts.view,
            age_years: facts.age_years,
            sex: facts.sex,
            accession_tail: data.text(tags::ACCESSION_NUMBER).map(tail),
            station: data.text(tags::STATION_NAME),
        }
    }
}
