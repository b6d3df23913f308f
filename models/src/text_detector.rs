//! The bundle of the text detector: not a triage model, but what finds text in pixels before an image may leave.
//!
//! Its folder is checked as every bundle's is; what its numbers say is for the one who searches pixels to read
//! (`appliance/crates/pixels`), so that no codec needs ONNX Runtime.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::bundle::{self, MANIFEST_LIMIT};
use crate::check;
use crate::detector_manifest::{DetectorManifest, KIND};
use crate::error::{Error, ManifestFault};
use crate::faults::{fault, place, syntax};
use crate::manifest::{FORMAT, MANIFEST};
use crate::shipped;

/// Name of the detector that comes with the product.
const SHIPPED: &str = "burned-in-text";
const TREES_LIMIT: u64 = 1024 * 1024;
const REMEDY: &str = "restore the file, or write the bundle again by its recipe";

/// A text detector's folder, checked against its own digests.
#[derive(Debug, Clone)]
pub struct DetectorBundle {
    folder: PathBuf,
    manifest: DetectorManifest,
    digest: String,
    trees: Vec<u8>,
}

impl DetectorBundle {
    /// Read and check the bundle in `folder`: syntax, unknown keys, the SHA-256 of its numbers, and that `CARD.md` is
    /// there.
    ///
    /// # Errors
    /// [`Error::Bundle`] with every fault found, [`Error::Kind`] for a bundle of another kind, [`Error::Read`] when the
    /// manifest cannot be read.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = folder.as_ref().to_path_buf();
        let bytes = bundle::read(&folder.join(MANIFEST), MANIFEST_LIMIT)?;
        let digest = hex::encode(Sha256::digest(&bytes));
        let refuse = |faults| Error::Bundle { folder: folder.clone(), faults };
        let text = String::from_utf8(bytes)
            .map_err(|_| refuse(vec![fault(MANIFEST, "", "is not UTF-8 text", "write it as UTF-8")]))?;
        match bundle::head(&text) {
            Some(head) if head.kind != KIND => {
                return Err(Error::Kind { name: head.name, kind: head.kind, wanted: KIND });
            }
            _ => {}
        }
        let manifest: DetectorManifest =
            toml::from_str(&text).map_err(|e| refuse(vec![syntax(MANIFEST, &text, &e, FORMAT)]))?;
        let mut faults = check::detector(&manifest);
        let named = &manifest.trees;
        let trees = bundle::checked(&folder, &text, (&named.file, &named.sha256), TREES_LIMIT, &mut faults);
        faults.extend(bundle::card_missing(&folder));
        match trees {
            Some(trees) if faults.is_empty() => Ok(Self { folder, manifest, digest, trees }),
            _ => {
                place(MANIFEST, &text, &mut faults);
                Err(refuse(faults))
            }
        }
    }

    /// The folder that somebody named, or that of the detector that comes with the product.
    ///
    /// # Errors
    /// [`Error::NoDetector`] with every place looked at, when none is named and none came with the product.
    pub fn folder_of(named: Option<&Path>) -> Result<PathBuf, Error> {
        let Some(folder) = named else {
            return shipped::find(Path::new(SHIPPED)).map_err(|error| match error {
                Error::NoBundle { looked, .. } => Error::NoDetector { name: SHIPPED, looked },
                other => other,
            });
        };
        Ok(folder.to_path_buf())
    }

    /// Whether `folder` holds a text detector, as far as its manifest says so.
    #[must_use]
    pub fn is_in(folder: &Path) -> bool {
        let text = bundle::read(&folder.join(MANIFEST), MANIFEST_LIMIT).map(String::from_utf8);
        matches!(text, Ok(Ok(text)) if bundle::head(&text).is_some_and(|head| head.kind == KIND))
    }

    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> &DetectorManifest {
        &self.manifest
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.manifest.name
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.manifest.version
    }

    /// SHA-256 of `bundle.toml` in hexadecimal; it covers the numbers through theirs.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The numbers as they stood in the file when its digest was checked.
    #[must_use]
    pub fn trees(&self) -> &[u8] {
        &self.trees
    }

    /// That the numbers cannot be used although their digest holds: `problem` says what they do, as "are cut short".
    #[must_use]
    pub fn refuse(&self, problem: &str) -> Error {
        let fault: ManifestFault =
            fault(&self.manifest.trees.file, "", format!("its numbers {problem}"), REMEDY);
        Error::Bundle { folder: self.folder.clone(), faults: vec![fault] }
    }
}
