//! Where what comes with the product lies: the bundles, and ONNX Runtime in a source tree.

use std::env;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Find a bundle's folder: `wanted` itself as seen from the current folder, or `wanted` among what comes with the
/// product, by its path (`models/chest-xray`) or its name (`chest-xray`). That lies in `models/` beside the executable,
/// in `../share/scanside/models/` of it, or in the `models/` of the source tree that the executable was built in or the
/// current folder lies in. The answer is absolute.
///
/// # Errors
/// [`Error::NoBundle`] with every place looked at.
pub fn find(wanted: &Path) -> Result<PathBuf, Error> {
    let mut looked = vec![wanted.to_path_buf()];
    if wanted.is_relative() {
        looked.extend(roots().iter().flat_map(|root| [root.join(wanted), root.join("models").join(wanted)]));
    }
    let is_bundle = |folder: &&PathBuf| folder.join("bundle.toml").is_file();
    let found = looked.iter().find(is_bundle).and_then(|folder| folder.canonicalize().ok());
    found.ok_or_else(|| Error::NoBundle { wanted: wanted.to_path_buf(), looked })
}

/// Folders whose `models/` holds what comes with the product.
fn roots() -> Vec<PathBuf> {
    let mut roots = Vec::new();
    if let Some(folder) = executable().as_deref().and_then(Path::parent) {
        roots.push(folder.to_path_buf());
        roots.extend(folder.parent().map(|prefix| prefix.join("share/scanside")));
    }
    roots.extend(build_folders().iter().filter_map(|build| build.parent().map(Path::to_path_buf)));
    roots.extend(source_trees());
    roots
}

pub(crate) fn executable() -> Option<PathBuf> {
    env::current_exe().ok()
}

/// The folders of a build that the executable lies in: they carry CACHEDIR.TAG, whatever their name is.
pub(crate) fn build_folders() -> Vec<PathBuf> {
    let executable = executable().unwrap_or_default();
    let above = executable.ancestors().filter(|folder| folder.join("CACHEDIR.TAG").is_file());
    above.map(Path::to_path_buf).collect()
}

/// The source trees that the current folder lies in. Only those: loading from any folder one happens to stand in would
/// be an open way in.
pub(crate) fn source_trees() -> Vec<PathBuf> {
    let here = env::current_dir().unwrap_or_default();
    let above = here.ancestors().filter(|folder| folder.join("Cargo.lock").is_file());
    above.map(Path::to_path_buf).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_shipped_bundle_is_found_by_path_and_by_name_and_a_missing_one_is_told_with_the_places() {
        // The test runs in the source tree.
        let by_path = find(Path::new("models/reference")).unwrap();
        assert!(by_path.is_absolute() && by_path.join("bundle.toml").is_file());
        assert_eq!(find(Path::new("reference")).unwrap(), by_path);
        let folder = tempfile::tempdir().unwrap();
        let error = find(&folder.path().join("reference")).unwrap_err();
        assert!(
            error.to_string().contains(&folder.path().display().to_string()),
            "an absolute path is that path"
        );
        let error = find(Path::new("no-such-bundle")).unwrap_err().to_string();
        assert!(
            error.contains("share/scanside/models/no-such-bundle") && error.contains("--bundle"),
            "{error}"
        );
    }
}
