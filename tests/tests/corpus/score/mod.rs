//! Scores de-identified files against a key of required actions. It shares no code with the de-identifier but the
//! decoders of pixels: values are read with `dicom-object`.

mod answers;
mod judge;
mod pixels;
mod values;

pub(crate) use answers::{Answer, answers};
pub(crate) use judge::{Judge, Output, Verdict};
pub(crate) use values::{File, left_in_bytes};
