//! One running process: its first line on stdout says that it is ready; killed with its children on drop.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;

use super::wait::until;
use crate::{Error, Result};

/// How long a process may take until it says that it is ready.
const START: Duration = Duration::from_secs(60);
/// How long it may take to end in order.
const STOP: Duration = Duration::from_secs(60);

/// Process groups that run, for whoever must leave without dropping anything.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// Ends every process group at once, as Ctrl-C in the middle of something must.
pub(crate) fn end_all() {
    for group in RUNNING.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// A running process of ours.
#[derive(Debug)]
pub struct Process {
    child: Child,
    name: String,
    /// The line that said it is ready.
    pub ready: Value,
}

impl Process {
    /// Starts it in a process group of its own and waits for its first line on stdout; everything it says goes to `log`.
    ///
    /// # Errors
    /// When it ends or is silent instead, with the end of its log.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(log).map_err(Error::io("a log"))?;
        let mut rest = file.try_clone().map_err(Error::io("a log"))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::from(file)).process_group(0);
        let mut child = command.spawn().map_err(Error::io(name))?;
        let stdout = child.stdout.take().ok_or_else(|| Error::other("no stdout"))?;
        let (said, heard) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(std::result::Result::ok) {
                let _ = writeln!(rest, "{line}");
                let _ = said.send(line);
            }
        });
        let mut process = Self { child, name: name.to_owned(), ready: Value::Null };
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).extend(process.pid());
        match heard.recv_timeout(START) {
            Ok(line) => process.ready = serde_json::from_str(&line)?,
            Err(_) => {
                process.kill();
                let text = std::fs::read_to_string(log).unwrap_or_default();
                let tail: Vec<&str> = text.lines().rev().take(12).collect();
                let tail: Vec<&str> = tail.into_iter().rev().collect();
                return Err(Error::other(format!("{name} did not get ready:\n{}", tail.join("\n"))));
            }
        }
        Ok(process)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn pid(&self) -> Option<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
    }

    /// `kill -9` of this process alone; its workers are left to find out by themselves.
    pub fn kill(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            if let Some(pid) = self.pid() {
                let _ = kill_process(pid, Signal::KILL);
            }
            let _ = self.child.wait();
        }
    }

    /// Asks it to end and waits until it has.
    ///
    /// # Errors
    /// When it does not end in time, or not with exit code 0.
    pub fn stop(mut self) -> Result<()> {
        if let Some(pid) = self.pid() {
            let _ = kill_process(pid, Signal::TERM);
        }
        let name = self.name.clone();
        let status = until(&format!("{name} ends when asked"), STOP, || {
            self.child.try_wait().map_err(Error::io("waiting for a process"))
        })?;
        if status.success() {
            Ok(())
        } else {
            Err(Error::other(format!("{name} ended with {status} when asked to stop")))
        }
    }

    /// Whether it still runs.
    pub fn running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Its resident memory in bytes (Linux).
    pub fn resident(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib * 1024)
    }

    /// Process ids of its direct children (Linux).
    pub fn children(&self) -> Vec<u32> {
        let id = self.id();
        let tasks = std::fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
        let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
        lists
            .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
            .collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if let Some(group) = self.pid() {
            let _ = kill_process_group(group, Signal::KILL);
            RUNNING.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| *known != group);
        }
    }
}
