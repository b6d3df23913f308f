//! What a worker is asked and what it answers: one bounded message each way, checked as the wire is checked.

use std::fmt;

use proto::case::CaseManifest;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The job. Files handed over: the sealed parts in order, then for [`Task::Images`] an empty memory file to write to.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Job {
    /// The envelope's header, in hexadecimal.
    pub header: String,
    /// Its seal, in hexadecimal.
    pub seal: String,
    /// The sending site's public keys, as text.
    pub sender: String,
    /// The reader's opening key, in hexadecimal.
    pub opener: Secret,
    /// What to do with the content.
    pub task: Task,
}

/// A secret that is wiped when dropped and never shown.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Secret(#[serde(with = "wiped")] pub Zeroizing<String>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

mod wiped {
    use serde::{Deserialize as _, Deserializer, Serializer};
    use zeroize::Zeroizing;

    pub(super) fn serialize<S: Serializer>(text: &Zeroizing<String>, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Zeroizing<String>, D::Error> {
        String::deserialize(d).map(Zeroizing::new)
    }
}

/// What a worker does with an opened case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Task {
    /// Run the reference model it has loaded.
    Draft,
    /// Write the PNG frames to the memory file, at most so many, evenly chosen.
    Images {
        /// At most so many frames.
        most: u32,
    },
}

/// The answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// The reference model's text.
    Draft {
        /// `case.json`.
        manifest: Box<CaseManifest>,
        /// What it wrote.
        text: String,
        /// Name of the bundle.
        model: String,
        /// Its version.
        version: String,
    },
    /// Where the frames lie in the memory file.
    Images {
        /// `case.json`.
        manifest: Box<CaseManifest>,
        /// Index of the frame, offset and length in bytes.
        images: Vec<(u32, u64, u64)>,
    },
    /// It cannot be done.
    Failed(Why),
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Why {
    /// The job and its descriptors do not fit each other: ours.
    #[error("the worker's job was not as agreed")]
    Job,
    /// Signature, digest or cipher.
    #[error("the envelope does not open: it is not as the site signed it, or not sealed to this reader")]
    Envelope,
    /// The manifest and the entries do not fit each other.
    #[error("the case's content does not match its manifest")]
    Content,
    /// No frame at all.
    #[error("the case carries no frame")]
    NoFrame,
    /// The case was encoded by the site for another decoder.
    #[error("the case was encoded for another model than this reader has")]
    Encoder,
    /// A frame does not decode.
    #[error("a frame of the case does not decode")]
    Image,
    /// The model failed: ours.
    #[error("the reference model failed")]
    Model,
    /// The answer could not be written: ours.
    #[error("the worker could not hand over its answer")]
    Output,
}

impl Why {
    /// Whether another attempt may succeed.
    pub fn retry(self) -> bool {
        matches!(self, Self::Job | Self::Model | Self::Output)
    }
}
