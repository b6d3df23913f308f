//! Bring your own model, from the file somebody exported to the bundle a person fills in.

mod becomes;
mod made;
mod refused;

use std::fs;
use std::path::PathBuf;

use scanside_models::add::Wish;
use tempfile::TempDir;

/// What a person says who knows the model.
fn wish() -> Wish {
    Wish {
        modality: vec!["DX".into()],
        body_part: vec!["CHEST".into()],
        labels: vec!["Mean \"of\" all".into(), "First row".into()],
        mean: Some(0.5),
        std: Some(0.25),
        ..Wish::default()
    }
}

/// A folder with the model's file in it.
fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outside.onnx");
    fs::write(&file, bytes).unwrap();
    (folder, file)
}
