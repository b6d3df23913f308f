//! What de-identification needs beside the instances, and what comes back of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::files::InstanceRef;
use super::secret::Secret;
use crate::picture::Piece;
use deid::{Error, IdRules, Keys, Profile, ReidentificationMap, Statement};

/// Policy and keys that de-identification needs.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeidOrder {
    /// A built-in policy by its name, or the site's own profile.
    pub policy: Profile,
    /// The site's pseudonym keys, as [`Keys::from_text`] reads them.
    pub keys: Secret,
    /// The name of the key to work under where it is not the present one: what was planned under it is repeated.
    #[serde(default)]
    pub under: Option<String>,
    /// What becomes of text in pixels.
    #[serde(default)]
    pub pixel_text: PixelText,
    /// What becomes of faces in head volumes.
    #[serde(default)]
    pub faces: Faces,
    /// Which Patient IDs tell persons apart.
    #[serde(default)]
    pub ids: IdRules,
}

impl DeidOrder {
    /// Under the present key; text in pixels and faces wait for a person.
    pub fn new(policy: Profile, keys: Secret) -> Self {
        let ids = IdRules::default();
        Self { policy, keys, under: None, pixel_text: PixelText::Hold, faces: Faces::Hold, ids }
    }

    /// The keys, with the one to work under as the present one.
    ///
    /// # Errors
    /// [`Error::KeyLength`], [`Error::KeyGone`].
    pub fn pseudonym_keys(&self) -> Result<Keys, Error> {
        let keys = Keys::from_text(self.keys.expose())?;
        match &self.under {
            Some(name) => keys.under(name).ok_or(Error::KeyGone),
            None => Ok(keys),
        }
    }
}

impl std::fmt::Debug for DeidOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeidOrder")
            .field("policy", &self.policy.profile.name)
            .field("keys", &self.keys)
            .finish()
    }
}

/// What becomes of an instance with text in its pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PixelText {
    /// It waits for a person, and so does every instance of a kind that usually has some.
    #[default]
    Hold,
    /// What looks like text is made black in every frame.
    BlackOut,
}

impl PixelText {
    /// As in configuration and evidence.
    pub fn as_str(self) -> &'static str {
        match self {
            PixelText::Hold => "hold",
            PixelText::BlackOut => "black-out",
        }
    }
}

/// What becomes of a head volume thin enough to render a face.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Faces {
    /// It waits for a person.
    #[default]
    Hold,
    /// Of CT the soft tissue in front of the skull is made black; what cannot be treated so waits.
    Deface,
}

impl Faces {
    /// As in configuration and evidence.
    pub fn as_str(self) -> &'static str {
        match self {
            Faces::Hold => "hold",
            Faces::Deface => "deface",
        }
    }
}

/// An area that a person has blacked out, in pixels of the full image: columns `x0..x1`, rows `y0..y1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedactedArea {
    /// The instance it was drawn on, by its place in the job.
    pub instance: u32,
    /// On every image of the same size, too.
    pub everywhere: bool,
    /// First column.
    pub x0: u32,
    /// First row.
    pub y0: u32,
    /// First column after it.
    pub x1: u32,
    /// First row after it.
    pub y1: u32,
}

/// De-identify every instance to the output.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeidJob {
    /// Instances in order.
    pub instances: Vec<InstanceRef>,
    /// Policy and key.
    pub deid: DeidOrder,
}

/// What came of a [`DeidJob`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeidAnswer {
    /// One per instance.
    pub lines: Vec<DeidLine>,
    /// What was done to all of them together.
    pub statement: Statement,
    /// Whose they are, by pseudonym. Identified: it stays with who asked.
    pub patients: ReidentificationMap,
}

/// One line of `appliance deid --json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeidLine {
    /// Index of the instance in the job.
    pub instance: u32,
    /// `done`, `held` or `refused`.
    pub status: String,
    /// In words.
    pub reason: String,
    /// Counts of actions by code.
    pub actions: BTreeMap<String, u64>,
    /// Areas blacked out.
    pub boxes: u32,
    /// The de-identified P10 file, when done.
    pub piece: Option<Piece>,
}
