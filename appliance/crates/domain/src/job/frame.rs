//! One frame at full size, for the page.

use serde::{Deserialize, Serialize};

use super::files::InstanceRef;

/// Decode one frame.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameJob {
    /// The instance.
    pub instance: InstanceRef,
    /// Frame number from 0.
    pub frame: u32,
    /// Most bytes of its 16-bit values; a larger frame is refused before it is decoded.
    pub most_bytes: u64,
    /// The preview that the frame must be of; `None`: whatever the file holds.
    pub preview: Option<PreviewMark>,
}

/// What tells a preview from those of other frames.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviewMark {
    /// How often its frame was halved.
    pub level: u8,
    /// BLAKE3 of its values, in hex.
    pub blake3: String,
}
