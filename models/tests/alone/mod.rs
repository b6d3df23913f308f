//! A test in a process of its own: ONNX Runtime is loaded only by one that was started without its telemetry.

use std::process::Command;

use scanside_models::Runtime;
use scanside_models::runtime::TELEMETRY_VARIABLE;

/// Run the body of the test of this name in a process of its own with the variable set.
pub(crate) fn alone(test: &str, body: impl FnOnce(&Runtime)) {
    if std::env::var(TELEMETRY_VARIABLE).as_deref() == Ok("1") {
        return body(&Runtime::load(None).unwrap());
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(TELEMETRY_VARIABLE, "1")
        .output()
        .unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
