//! The built binaries beside the running executable, and one command run to its end.

use std::ffi::OsStr;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{Error, Result};

/// The project's folder.
pub fn project() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}

/// A built binary: beside the running executable, or above it when that is a test.
///
/// # Errors
/// When it is not there: `cargo build --workspace` makes it.
pub fn binary(name: &str) -> Result<PathBuf> {
    let exe = std::env::current_exe().map_err(Error::io("the running executable"))?;
    let beside = exe.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|path| path.is_file());
    beside.ok_or_else(|| Error::other(format!("{name} is not built: run `cargo build --workspace`")))
}

/// A loopback port that was free a moment ago.
///
/// # Errors
/// When the system gives none.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(Error::io("a free port"))?;
    Ok(listener.local_addr().map_err(Error::io("a free port"))?.port())
}

/// A command of ours with the environment every process gets.
pub(super) fn prepared(name: &str) -> Result<Command> {
    prepared_under(":", name)
}

/// The same, behind words of a shell that set limits for it.
pub(super) fn prepared_under(words: &str, name: &str) -> Result<Command> {
    let mut command = Command::new("sh");
    // Ended by the kernel with the process that started it, however that one ends (util-linux).
    let line = format!("{words} && exec setpriv --pdeathsig KILL \"$@\"");
    command.args(["-c", &line, "sh"]).arg(binary(name)?);
    command.env("ORT_DISABLE_TELEMETRY", "1").current_dir(project());
    if std::env::var_os("ORT_DYLIB_PATH").is_none() {
        command.env("ORT_DYLIB_PATH", project().join("target/onnxruntime/libonnxruntime.so"));
    }
    Ok(command)
}

/// What a command that ended came to.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Exit code; -1 for a signal.
    pub code: i32,
    /// All of stdout.
    pub stdout: String,
    /// All of stderr.
    pub stderr: String,
}

impl Answer {
    /// The JSON objects of stdout, one a line.
    ///
    /// # Errors
    /// When a line is no JSON.
    pub fn lines(&self) -> Result<Vec<Value>> {
        self.stdout
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| Ok(serde_json::from_str(line)?))
            .collect()
    }

    /// The first JSON object of stdout.
    ///
    /// # Errors
    /// When there is none.
    pub fn first(&self) -> Result<Value> {
        self.lines()?.into_iter().next().ok_or_else(|| Error::other("a command printed no JSON"))
    }
}

/// Runs a binary of ours to its end.
///
/// # Errors
/// When it cannot be started; a code other than 0 is an answer.
pub fn run<S: AsRef<OsStr>>(name: &str, args: &[S]) -> Result<Answer> {
    run_with(name, args, &[])
}

/// As [`run`], behind words of a shell that set limits for it.
///
/// # Errors
/// As [`run`].
pub fn run_under<S: AsRef<OsStr>>(words: &str, name: &str, args: &[S]) -> Result<Answer> {
    ended(prepared_under(words, name)?, name, args, &[])
}

/// As [`run`], with `input` on standard input.
///
/// # Errors
/// As [`run`].
pub fn run_with<S: AsRef<OsStr>>(name: &str, args: &[S], input: &[u8]) -> Result<Answer> {
    ended(prepared(name)?, name, args, input)
}

fn ended<S: AsRef<OsStr>>(mut command: Command, name: &str, args: &[S], input: &[u8]) -> Result<Answer> {
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(Error::io(name))?;
    if let Some(mut pipe) = child.stdin.take() {
        // One that does not read what it is told has ended already; its code says why.
        let _ = pipe.write_all(input);
    }
    let output = child.wait_with_output().map_err(Error::io(name))?;
    Ok(Answer {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// As [`run`], but only exit code 0 is an answer.
///
/// # Errors
/// [`Error::Command`] with what it said.
pub fn run_ok<S: AsRef<OsStr>>(name: &str, args: &[S]) -> Result<Answer> {
    let answer = run(name, args)?;
    if answer.code == 0 {
        return Ok(answer);
    }
    let words: Vec<String> = args.iter().map(|a| a.as_ref().to_string_lossy().into_owned()).collect();
    Err(Error::Command {
        command: format!("{name} {}", words.join(" ")),
        code: answer.code,
        stderr: answer.stderr,
    })
}
