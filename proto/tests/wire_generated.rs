//! The checked-in gRPC code is what the generators make of `scanside.proto` today.
//!
//! After a change of the definition: `UPDATE_WIRE=1 cargo test -p scanside-proto --test wire_generated`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

#[test]
fn generated_code_equals_the_definition() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let definition = protox::compile([root.join("scanside.proto")], [root]).unwrap();
    tonic_prost_build::configure().out_dir(folder.path()).compile_fds(definition).unwrap();
    let made = std::fs::read_to_string(folder.path().join("scanside.v1.rs")).unwrap();
    let checked_in = root.join("src/wire/generated.rs");
    if std::env::var_os("UPDATE_WIRE").is_some() {
        std::fs::write(&checked_in, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&checked_in).unwrap();
    assert!(
        made == kept,
        "scanside.proto changed: run this test once with UPDATE_WIRE=1 and commit the result"
    );
}
