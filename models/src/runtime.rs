//! ONNX Runtime: where its library is, and loading it once per process.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ort::environment::Environment;

use crate::error::Error;
use crate::shipped;

/// The variable without which the library is not loaded; its value must be `1`.
pub const TELEMETRY_VARIABLE: &str = "ORT_DISABLE_TELEMETRY";
/// The variable that names the library.
pub const LIBRARY_VARIABLE: &str = "ORT_DYLIB_PATH";

/// ONNX Runtime, loaded. One per process; cloning is cheap.
#[derive(Clone)]
pub struct Runtime {
    environment: Environment,
    library: PathBuf,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").field("library", &self.library).finish_non_exhaustive()
    }
}

// The library cannot be unloaded and allows one environment, so it lives as long as the process.
static LOADED: Mutex<Option<Runtime>> = Mutex::new(None);

impl Runtime {
    /// Load the library found by [`find`]. A second call returns the first one's runtime, whatever `configured` says.
    ///
    /// # Errors
    /// [`Error::Telemetry`] when the process was not started with `ORT_DISABLE_TELEMETRY=1` (the library reads it
    /// when it is loaded, so setting it later is too late), [`Error::NoLibrary`], [`Error::Library`].
    pub fn load(configured: Option<&Path>) -> Result<Self, Error> {
        let mut loaded = LOADED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(runtime) = loaded.as_ref() {
            return Ok(runtime.clone());
        }
        if env::var_os(TELEMETRY_VARIABLE).as_deref() != Some(OsStr::new("1")) {
            return Err(Error::Telemetry);
        }
        let library = find(configured)?;
        let unusable = |problem: String| Error::Library { library: library.clone(), problem };
        let environment = ort::init_from(&library)
            .map_err(|e| unusable(e.to_string()))?
            .with_name("models")
            .with_telemetry(false)
            .build()
            .map_err(|e| unusable(e.to_string()))?;
        // Its log would go to standard error in its own words.
        environment.set_log_level(ort::logging::LogLevel::Fatal);
        let runtime = Self { environment, library };
        *loaded = Some(runtime.clone());
        Ok(runtime)
    }

    /// The library that was loaded.
    #[must_use]
    pub fn library(&self) -> &Path {
        &self.library
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }
}

/// Find the library without loading it: `configured`, then `ORT_DYLIB_PATH` (either may name the library or a folder
/// that holds it), then `lib/` beside the executable, then `target/onnxruntime/` of the tree that the executable or the
/// current folder lies in. A path that was configured and is wrong is an error, not a reason to look further.
///
/// # Errors
/// [`Error::NoLibrary`] with every place looked at.
pub fn find(configured: Option<&Path>) -> Result<PathBuf, Error> {
    let named = configured
        .map(Path::to_path_buf)
        .or_else(|| env::var_os(LIBRARY_VARIABLE).filter(|v| !v.is_empty()).map(PathBuf::from));
    if let Some(path) = named {
        return library_at(&path).ok_or(Error::NoLibrary { looked: vec![path] });
    }
    let mut looked = Vec::new();
    looked.extend(shipped::executable().as_deref().and_then(Path::parent).map(|folder| folder.join("lib")));
    looked.extend(shipped::build_folders().iter().map(|build| build.join("onnxruntime")));
    looked.extend(shipped::source_trees().iter().map(|tree| tree.join("target/onnxruntime")));
    looked.iter().find_map(|folder| library_at(folder)).ok_or(Error::NoLibrary { looked })
}

/// The library for a configuration that `init` writes: the one named, or the one that only this process's environment
/// names, which another process will not have. `None` when it is found without either.
///
/// # Errors
/// As [`find`].
pub fn to_write_down(named: Option<&Path>) -> Result<Option<PathBuf>, Error> {
    let found = find(named)?;
    let by_environment = env::var_os(LIBRARY_VARIABLE).is_some_and(|v| !v.is_empty());
    Ok((named.is_some() || by_environment).then_some(found))
}

/// The library at a path: the file itself, or the newest one in the folder or where the wheel keeps it.
fn library_at(path: &Path) -> Option<PathBuf> {
    if path.is_file() {
        return path.canonicalize().ok();
    }
    [path.to_path_buf(), path.join("onnxruntime/capi"), path.join("lib")]
        .iter()
        .find_map(|folder| newest_in(folder))
        .and_then(|found| found.canonicalize().ok())
}

fn newest_in(folder: &Path) -> Option<PathBuf> {
    let names = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    names.filter(|path| path.is_file() && is_library(path)).max_by_key(|path| version_of(path))
}

fn is_library(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let linux = name == "libonnxruntime.so" || name.starts_with("libonnxruntime.so.");
    linux || (name.starts_with("libonnxruntime.") && name.ends_with(".dylib"))
}

/// The numbers in the name, so that 1.31 comes after 1.9.
fn version_of(path: &Path) -> Vec<u32> {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    name.split('.').filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_newest_library_of_an_unpacked_wheel_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("onnxruntime/capi");
        fs::create_dir_all(&inner).unwrap();
        for name in
            ["libonnxruntime.so.1.9.0", "libonnxruntime.so.1.31.1", "libonnxruntime_providers_shared.so"]
        {
            fs::write(inner.join(name), "").unwrap();
        }
        let found = find(Some(folder.path())).unwrap();
        assert_eq!(found.file_name().unwrap(), "libonnxruntime.so.1.31.1");
    }

    #[test]
    fn a_configured_path_without_a_library_is_refused_with_the_place() {
        let folder = tempfile::tempdir().unwrap();
        let error = find(Some(folder.path())).unwrap_err();
        assert!(error.to_string().contains(&folder.path().display().to_string()));
        assert_eq!(error.fault(), crate::Fault::Us);
    }
}
