//! A worker: one job about one study, then the process ends (`appliance worker`).
//!
//! It loads ONNX Runtime and the sessions of all bundles, locks itself down, says ready, takes one job with its
//! descriptors, names each instance before touching it, answers and exits. It opens nothing by itself.

mod error;
mod instances;
mod jobs;
mod output;
mod packed;
mod pixel_text;
mod prepared;
mod previews;
mod redact;
mod start;
mod survey;
mod text_detector;
mod tools;
mod triage;
mod work;

#[cfg(test)]
mod encrypted_tests;
#[cfg(test)]
mod frame_tests;
#[cfg(test)]
mod once_tests;
#[cfg(test)]
mod redacted_tests;
#[cfg(test)]
mod tests;

pub use start::main;
pub use text_detector::TextDetector;
pub use tools::Tools;
pub use work::work;

#[cfg(test)]
use error::Error;
