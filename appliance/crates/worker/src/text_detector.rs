//! The text detector of a worker: the bundle's folder checked, its numbers read once. No worker runs without one.

use std::path::Path;

use deid::DetectorUsed;
use models::DetectorBundle;
use pixels::Error;

/// What searches pixels for text, and what it is called.
#[derive(Debug)]
pub struct TextDetector {
    /// Its numbers.
    pub(crate) numbers: pixels::TextDetector,
    /// Name, version and digest, for the statement.
    pub(crate) used: DetectorUsed,
}

impl TextDetector {
    /// Opens the bundle in `folder`.
    ///
    /// # Errors
    /// Every fault of the folder, and numbers that cannot be used although their digest holds.
    pub fn open(folder: &Path) -> Result<Self, models::Error> {
        let bundle = DetectorBundle::open(folder)?;
        let numbers = pixels::TextDetector::from_bytes(bundle.trees()).map_err(|error| match error {
            Error::Detector(problem) => bundle.refuse(problem),
            _ => bundle.refuse("cannot be read"),
        })?;
        let used = DetectorUsed {
            name: bundle.name().to_owned(),
            version: bundle.version().to_owned(),
            digest: bundle.digest().to_owned(),
        };
        Ok(Self { numbers, used })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use std::path::PathBuf;

    use super::*;
    use crate::Tools;
    use sha2::{Digest, Sha256};

    fn shipped() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../models/burned-in-text")
    }

    /// As a worker without bundles has it.
    impl Default for Tools {
        fn default() -> Self {
            let text_detector = TextDetector::open(&shipped()).unwrap();
            Self { text_detector, classifiers: Vec::new(), encoders: Vec::new() }
        }
    }

    /// A copy of the shipped bundle.
    fn copy() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(shipped()).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
        folder
    }

    #[test]
    fn an_altered_or_missing_detector_is_refused_with_what_is_wrong() {
        let folder = copy();
        let refused = |folder: &Path| TextDetector::open(folder).unwrap_err().to_string();
        assert_eq!(TextDetector::open(folder.path()).unwrap().used.name, "burned-in-text");
        let (trees, manifest) = (folder.path().join("trees.bin"), folder.path().join("bundle.toml"));
        let (whole, text) = (std::fs::read(&trees).unwrap(), std::fs::read_to_string(&manifest).unwrap());
        let digest = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));

        let mut altered = whole.clone();
        altered[5000] ^= 1;
        std::fs::write(&trees, &altered).unwrap();
        let said = refused(folder.path());
        assert!(
            said.contains("trees.bin: its SHA-256 is") && said.contains("line 14 of bundle.toml"),
            "{said}"
        );

        // Cut short, by somebody who wrote the digest that belongs to it.
        let short = &whole[..whole.len() - 1];
        std::fs::write(&trees, short).unwrap();
        std::fs::write(&manifest, text.replace(&digest(&whole), &digest(short))).unwrap();
        let said = refused(folder.path());
        assert!(said.contains("trees.bin: its numbers are cut short or too long"), "{said}");

        std::fs::write(&manifest, &text).unwrap();
        std::fs::remove_file(&trees).unwrap();
        assert!(refused(folder.path()).contains("trees.bin: cannot be read"));
        std::fs::write(&manifest, text.replace("text-detector", "classifier")).unwrap();
        assert!(refused(folder.path()).contains("is of kind \"classifier\"; this call needs text-detector"));
        std::fs::remove_file(&manifest).unwrap();
        assert!(refused(folder.path()).contains("bundle.toml: cannot be read"));
    }
}
