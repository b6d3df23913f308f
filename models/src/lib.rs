//! The bundle format, ONNX Runtime sessions, and the sandbox that workers run in.
//!
//! A worker opens a bundle, loads its session, locks itself down and then answers one job:
//! [`Runtime::load`], [`Bundle::open`], [`Classifier::load`] (or [`Encoder::load`], [`Decoder::load`]),
//! [`sandbox::serve`]. A parent keeps workers warm with [`sandbox::Pool`].
//! The format is `models/README.md`; nothing here knows DICOM beyond the plain values of [`StudyFacts`].

pub mod accepts;
pub mod add;
pub mod bundle;
mod check;
pub mod classifier;
pub mod detector_manifest;
pub mod embedding;
pub mod error;
mod faults;
pub mod finding_place;
pub mod guarantee;
pub mod input;
pub mod manifest;
pub mod novelty;
mod onnx;
pub mod parity;
pub mod recalibrate;
pub mod report;
pub mod rule;
pub mod runtime;
mod session;
pub mod shipped;
pub mod text_detector;

pub use accepts::StudyFacts;
pub use bundle::Bundle;
pub use classifier::{Classifier, Verdict};
pub use error::{Error, Fault, ManifestFault, Retry};
pub use finding_place::Place;
pub use input::{GreyImage, GreyRows};
pub use report::{Decoder, Encoder};
pub use rule::{Disposition, FindingScore, InputCheck, Subject, Triage};
pub use runtime::Runtime;
pub use text_detector::DetectorBundle;
