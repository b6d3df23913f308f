//! Output and exit codes: JSON or text on stdout, words on stderr.

use std::io::Write;
use std::path::Path;

use proto::settings::Fault;
use serde::Serialize;

use crate::app::Settings;

/// Wrong use or configuration.
pub(crate) const USAGE: u8 = 64;
/// A peer is not reachable.
pub(crate) const UNREACHABLE: u8 = 69;
/// Try again.
pub(super) const AGAIN: u8 = 75;
/// The rest.
pub(super) const FAILED: u8 = 1;

/// Why a command failed, with its exit code.
#[derive(Debug)]
pub struct Failure {
    /// Exit code.
    pub code: u8,
    /// In words, with what to do.
    pub words: String,
}

impl Failure {
    /// With a code.
    pub fn new(code: u8, words: impl Into<String>) -> Self {
        Self { code, words: words.into() }
    }
}

impl From<crate::app::Error> for Failure {
    fn from(error: crate::app::Error) -> Self {
        let code = match &error {
            crate::app::Error::Site(crate::site::Error::Store(store::Error::Locked)) => AGAIN,
            crate::app::Error::Site(crate::site::Error::Ledger(ledger)) if ledger.retry_later() => AGAIN,
            _ => FAILED,
        };
        Self::new(code, error.to_string())
    }
}

impl From<crate::cases::Error> for Failure {
    fn from(error: crate::cases::Error) -> Self {
        match error {
            crate::cases::Error::Ledger(error) => error.into(),
            refused => Failure::new(FAILED, refused.to_string()),
        }
    }
}

impl From<ledger::Error> for Failure {
    fn from(error: ledger::Error) -> Self {
        let code = if error.retry_later() { AGAIN } else { FAILED };
        Self::new(code, error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(FAILED, format!("a file cannot be read or written ({})", error.kind()))
    }
}

/// One line on stderr.
pub(super) fn say(words: &str) {
    let _ = writeln!(std::io::stderr(), "{words}");
}

/// One line on stdout. A closed pipe ends the output quietly.
pub(super) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A time in ms since 1970 UTC as people read it.
pub(super) fn time(ms: i64) -> String {
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    humantime::format_rfc3339_seconds(at).to_string()
}

/// One JSON object as a line on stdout.
pub(super) fn json(value: &impl Serialize) {
    if let Ok(text) = serde_json::to_string(value) {
        line(&text);
    }
}

/// Reads the configuration; faults are all told at once.
pub(super) fn settings(path: &Path) -> Result<Settings, Failure> {
    Settings::read(path).map_err(|faults| faults_failure(&faults))
}

/// All faults as one failure.
pub(crate) fn faults_failure(faults: &[Fault]) -> Failure {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Failure::new(USAGE, lines.join("\n"))
}

/// Runs a future on a small runtime.
pub(super) fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::from)?
        .block_on(future)
}
