//! Bring your own model: from an ONNX classifier of somebody else's to a bundle that a person can fill in.
//!
//! [`inspect`] loads the file, finds out what its tensors are, runs it on rendered images and says what it guessed;
//! [`Candidate::write`] writes the folder. [`examine`] looks at a folder once it is filled in, [`seal`] takes over a
//! model file or input rule that was changed on purpose. `models/ADDING.md` says what a person does in between.
//!
//! The model is loaded and run in this process, not in a locked worker.

mod candidate;
mod folder;
mod guess;
mod images;
mod report;
mod runner;
mod seal;
mod tensors;
mod text;

pub use candidate::{Candidate, inspect};
pub use folder::{Examination, Open, examine};
pub use report::{Report, Run, Wish};
pub use seal::seal;
