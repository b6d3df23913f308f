//! What a worker has loaded before it locked itself down.

use crate::text_detector::TextDetector;
use models::{Classifier, Encoder};

/// What a worker has loaded before it locked itself down.
pub struct Tools {
    /// What finds text in pixels.
    pub text_detector: TextDetector,
    /// One per classifier bundle, in the order configured.
    pub classifiers: Vec<Classifier>,
    /// One per report bundle, in the order configured.
    pub encoders: Vec<Encoder>,
}

impl std::fmt::Debug for Tools {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tools({} classifiers, {} encoders)", self.classifiers.len(), self.encoders.len())
    }
}
