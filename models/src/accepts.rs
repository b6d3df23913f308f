//! Whether a bundle takes a study, decided from plain values.

use std::fmt;

use crate::bundle::Bundle;

/// What a bundle needs to know about a study. The values come from the wire, so `Debug` shows none of them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StudyFacts {
    /// Modality (0008,0060).
    pub modality: String,
    /// Body Part Examined (0018,0015); `None` or blank when the attribute is absent or empty.
    pub body_part: Option<String>,
    /// View Position (0018,5101); `None` or blank when the attribute is absent or empty.
    pub view: Option<String>,
    /// Photometric Interpretation (0028,0004).
    pub photometric: String,
    /// Rows (0028,0010) of a frame.
    pub rows: u32,
    /// Columns (0028,0011) of a frame.
    pub columns: u32,
    /// Frames of the whole study that would be run.
    pub frames: u32,
    /// Bits Stored (0028,0101) of a sample.
    pub bits_stored: u32,
}

impl fmt::Debug for StudyFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StudyFacts(..)")
    }
}

impl Bundle {
    /// Whether this bundle takes the study.
    ///
    /// # Errors
    /// The first line of `[accepts]` that the study fails, in words. The study's own texts are not repeated.
    pub fn accepts(&self, facts: &StudyFacts) -> Result<(), String> {
        let accepts = &self.manifest().accepts;
        if !accepts.modality.contains(&tidy(&facts.modality)) {
            return Err(format!("the modality is not {}", one_of(&accepts.modality)));
        }
        text(&accepts.body_part, accepts.body_part_absent, facts.body_part.as_deref(), "the body part")?;
        if !accepts.view.is_empty() {
            text(&accepts.view, accepts.view_absent, facts.view.as_deref(), "the view position")?;
        }
        if !accepts.photometric.contains(&tidy(&facts.photometric)) {
            return Err(format!("the photometric interpretation is not {}", one_of(&accepts.photometric)));
        }
        number(accepts.rows, facts.rows, "rows")?;
        number(accepts.columns, facts.columns, "columns")?;
        number(accepts.frames, facts.frames, "frames")?;
        accepts.bits_stored.map_or(Ok(()), |range| number(range, facts.bits_stored, "bits stored"))
    }
}

/// CS values carry padding, and some modalities write them in lower case (PS3.5 section 6.2).
#[must_use]
pub fn tidy(value: &str) -> String {
    value.trim_matches([' ', '\0']).to_uppercase()
}

fn text(allowed: &[String], absent: bool, value: Option<&str>, what: &str) -> Result<(), String> {
    let value = value.map(tidy).unwrap_or_default();
    if value.is_empty() {
        return if absent {
            Ok(())
        } else {
            Err(format!("{what} is not given; it must be {}", one_of(allowed)))
        };
    }
    if allowed.contains(&value) { Ok(()) } else { Err(format!("{what} is not {}", one_of(allowed))) }
}

fn number([low, high]: [u32; 2], value: u32, what: &str) -> Result<(), String> {
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(format!("{value} {what}; the model takes {low} to {high}"))
    }
}

fn one_of(allowed: &[String]) -> String {
    allowed.join(" or ")
}
