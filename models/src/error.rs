//! Errors of this crate: each says whose fault it is and whether to try again.

use std::fmt;
use std::path::PathBuf;

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// What was handed over (a bundle, an image) is not as agreed.
    Peer,
    /// This installation: a missing library, a wrong environment, a bug.
    Us,
}

/// Whether the same call can succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same input fails the same way.
    Never,
    /// After a person has put the installation right.
    Later,
}

/// One fault of a bundle: where it is, what is wrong and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestFault {
    /// File inside the bundle's folder, such as `bundle.toml`; empty when the error names it.
    pub file: String,
    /// Line of that file, from 1; `None` where the file has no such line or is not TOML.
    pub line: Option<usize>,
    /// Key, such as `finding[0].flag_at`; empty when the whole file is meant.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What to write or do.
    pub remedy: String,
}

impl fmt::Display for ManifestFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.map(|line| format!("line {line}")).unwrap_or_default();
        for part in [&self.file, &line, &self.key].into_iter().filter(|part| !part.is_empty()) {
            write!(f, "{part}: ")?;
        }
        write!(f, "{}; {}", self.problem, self.remedy)
    }
}

/// What can go wrong between a bundle's folder and its answer. No text here comes from an image or a study.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bundle's folder is not a bundle; every fault that was found.
    #[error("bundle {}: {}", folder.display(), list(faults))]
    Bundle {
        /// The bundle's folder.
        folder: PathBuf,
        /// All faults, in the order of the file.
        faults: Vec<ManifestFault>,
    },
    /// A file of the bundle cannot be read.
    #[error("{}: cannot be read ({kind}); check the path and its permissions", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        kind: std::io::ErrorKind,
    },
    /// The bundle is of the other kind than the call needs.
    #[error("bundle {name} is of kind \"{kind}\"; this call needs {wanted}")]
    Kind {
        /// The bundle's name.
        name: String,
        /// Its kind.
        kind: String,
        /// The kind needed.
        wanted: &'static str,
    },
    /// `libonnxruntime.so` was found nowhere.
    #[error("ONNX Runtime was not found; name libonnxruntime.so in the configuration or in ORT_DYLIB_PATH (in a checkout, `make setup-demo` fetches it; looked at: {})", looked.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", "))]
    NoLibrary {
        /// Where it was looked for.
        looked: Vec<PathBuf>,
    },
    /// There is no bundle of this name or path.
    #[error("{}: there is no such bundle; name its folder with --bundle (looked at: {})", wanted.display(), looked.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", "))]
    NoBundle {
        /// What was asked for.
        wanted: PathBuf,
        /// Where it was looked for.
        looked: Vec<PathBuf>,
    },
    /// The text detector that comes with the product is not there.
    #[error("the text detector {name} was found nowhere, and without one nothing with pixels may leave; put its folder into models/ beside the program, or name it in [deid] text_detector (looked at: {})", looked.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", "))]
    NoDetector {
        /// Its name.
        name: &'static str,
        /// Where it was looked for.
        looked: Vec<PathBuf>,
    },
    /// The library was found and could not be used.
    #[error("{}: not a usable ONNX Runtime ({problem}); version 1.31 or later is needed", library.display())]
    Library {
        /// The library.
        library: PathBuf,
        /// What the loader said.
        problem: String,
    },
    /// The process was started without `ORT_DISABLE_TELEMETRY=1`.
    #[error(
        "ONNX Runtime sends usage data to its maker unless ORT_DISABLE_TELEMETRY=1 is set before the process starts; start this process with it"
    )]
    Telemetry,
    /// ONNX Runtime refused a call.
    #[error("ONNX Runtime failed to {doing}: {problem}")]
    Session {
        /// What was being done.
        doing: &'static str,
        /// What the runtime said about the model.
        problem: String,
    },
    /// A model file that ONNX Runtime cannot load, or that is not handed to it.
    #[error("the model {problem}; {remedy}")]
    Model {
        /// What is wrong with it.
        problem: String,
        /// What to do.
        remedy: String,
    },
    /// A model from outside that cannot be made a bundle; every reason that was found.
    #[error("{}: cannot be made a bundle: {}", file.display(), list(faults))]
    Refused {
        /// The model's file.
        file: PathBuf,
        /// All reasons.
        faults: Vec<ManifestFault>,
    },
    /// A file of a new bundle cannot be written.
    #[error("{}: cannot be written ({kind}); name a folder that you may write in", file.display())]
    Write {
        /// The file or folder.
        file: PathBuf,
        /// What the system said.
        kind: std::io::ErrorKind,
    },
    /// An image that is not as [`crate::GreyImage`] promises, or a count of frames that cannot be.
    #[error("the image cannot be used: {0}")]
    Image(&'static str),
    /// The model answered something that is not a number.
    #[error("the model answered with a value that is not a finite number")]
    NotFinite,
    /// An embedding of another width than the bundle's, or bytes that are none.
    #[error("the embedding cannot be used: {0}")]
    Embedding(&'static str),
    /// `parity.json` and the model disagree.
    #[error("parity with the recipe is lost at input \"{formula}\": {problem}")]
    Parity {
        /// Formula of the input.
        formula: String,
        /// What differs.
        problem: String,
    },
}

impl Error {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::NoLibrary { .. }
            | Self::NoBundle { .. }
            | Self::NoDetector { .. }
            | Self::Library { .. }
            | Self::Telemetry
            | Self::Session { .. }
            | Self::Write { .. } => Fault::Us,
            Self::Bundle { .. }
            | Self::Model { .. }
            | Self::Refused { .. }
            | Self::Read { .. }
            | Self::Kind { .. }
            | Self::Image(_)
            | Self::NotFinite
            | Self::Embedding(_)
            | Self::Parity { .. } => Fault::Peer,
        }
    }

    /// Whether to try again.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::NoLibrary { .. }
            | Self::NoBundle { .. }
            | Self::NoDetector { .. }
            | Self::Library { .. }
            | Self::Telemetry
            | Self::Read { .. }
            | Self::Write { .. } => Retry::Later,
            _ => Retry::Never,
        }
    }
}

fn list(faults: &[ManifestFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ")
}
