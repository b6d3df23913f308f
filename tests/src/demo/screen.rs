//! The demonstration's screen.

#[allow(clippy::print_stdout, reason = "the demonstration's screen")]
pub(super) fn say(text: &str) {
    use std::io::Write as _;
    println!("{text}");
    // A pipe that nobody reads any more is no fault of the demonstration.
    let _ = std::io::stdout().flush();
}
