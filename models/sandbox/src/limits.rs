//! Locking a worker down: limits of the system, no new privileges, Landlock, seccomp; and what was applied.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

use super::calls::Calls;
use super::error::LockDownError;

/// What a worker may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory above what the process holds when it locks itself down (library and sessions).
    pub data_bytes: u64,
    /// The most that the parent may raise this to for one job ([`super::Terms::data_bytes`]).
    pub data_bytes_most: u64,
    /// Seconds of processor time, counted from the start of the process.
    pub cpu_seconds: u64,
    /// Open files.
    pub nofile: u64,
    /// Bytes of a file it may write to.
    pub file_bytes: u64,
    /// For development: name a forbidden system call before dying of it. A worker under attack could go on trying
    /// calls (none is ever carried out), so it is off otherwise.
    pub explain_calls: bool,
}

impl Default for Limits {
    /// 256 MiB (at most 4 GiB), 300 s, 8192 files, 4 GiB a file.
    fn default() -> Self {
        Self {
            data_bytes: 256 << 20,
            data_bytes_most: 4 << 30,
            cpu_seconds: 300,
            nofile: 8192,
            file_bytes: 4 << 30,
            explain_calls: false,
        }
    }
}

/// What of Landlock the kernel enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Landlock {
    /// All access to files by name and to the network is refused.
    Enforced,
    /// As much of it as this kernel knows.
    Partly,
    /// This kernel has none; seccomp alone refuses these calls.
    NotInThisKernel,
}

/// What was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockDown {
    /// RLIMIT_DATA now in force, in bytes.
    pub data_limit: u64,
    /// The most that the parent may raise it to, in bytes.
    pub data_most: u64,
    /// Bytes that the process held before its job, part of `data_limit`.
    pub data_base: u64,
    /// Landlock.
    pub landlock: Landlock,
    /// Whether the list of allowed system calls is in force. `false` outside Linux: limits only.
    pub seccomp: bool,
}

/// Lock this process down. To be called with everything loaded and one thread running; there is no way back.
///
/// # Errors
/// The step that failed. Landlock missing from the kernel is not a failure, it is reported.
pub fn lock_down(limits: &Limits) -> Result<LockDown, LockDownError> {
    set_cpu(limits)?;
    lock_down_with(limits, Calls::Worker)
}

/// [`lock_down`] without the limit of processor time, which would count from the start of a zygote.
pub(crate) fn lock_down_with(limits: &Limits, calls: Calls) -> Result<LockDown, LockDownError> {
    let data_base = data_held();
    let data_limit = data_base.saturating_add(limits.data_bytes);
    let data_most = data_base.saturating_add(limits.data_bytes_most.max(limits.data_bytes));
    set(Resource::Data, data_limit, data_most, "RLIMIT_DATA")?;
    set(Resource::Core, 0, 0, "RLIMIT_CORE")?;
    set(Resource::Nofile, limits.nofile, limits.nofile, "RLIMIT_NOFILE")?;
    set(Resource::Fsize, limits.file_bytes, limits.file_bytes, "RLIMIT_FSIZE")?;
    let (landlock, seccomp) = walls(limits, calls)?;
    Ok(LockDown { data_limit, data_most, data_base, landlock, seccomp })
}

/// Limits the processor time of this process from its start on.
pub(crate) fn set_cpu(limits: &Limits) -> Result<(), LockDownError> {
    // The soft limit ends it with SIGXCPU, which names the reason; the hard one a second later in any case.
    set(Resource::Cpu, limits.cpu_seconds, limits.cpu_seconds.saturating_add(1), "RLIMIT_CPU")
}

/// Set a limit, never above the hard limit that is already there.
fn set(resource: Resource, current: u64, maximum: u64, step: &'static str) -> Result<(), LockDownError> {
    let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let limit = Rlimit { current: Some(current.min(most)), maximum: Some(maximum.min(most)) };
    setrlimit(resource, limit).map_err(|_| LockDownError { step })
}

/// What counts against RLIMIT_DATA: `VmData` of proc(5).
fn data_held() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:"));
    let kilobytes = line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0).saturating_mul(1024)
}

#[cfg(target_os = "linux")]
fn walls(limits: &Limits, calls: Calls) -> Result<(Landlock, bool), LockDownError> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    rustix::thread::set_no_new_privs(true).map_err(|_| LockDownError { step: "PR_SET_NO_NEW_PRIVS" })?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|_| LockDownError { step: "PR_SET_DUMPABLE" })?;
    let landlock = landlock().map_err(|_| LockDownError { step: "Landlock" })?;
    super::seccomp::apply(calls, limits.explain_calls)?;
    Ok((landlock, true))
}

#[cfg(not(target_os = "linux"))]
fn walls(_limits: &Limits, _calls: Calls) -> Result<(Landlock, bool), LockDownError> {
    Ok((Landlock::NotInThisKernel, false))
}

/// Handle everything that the kernel knows and allow nothing of it.
#[cfg(target_os = "linux")]
fn landlock() -> Result<Landlock, landlock::RulesetError> {
    use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V6))?
        .handle_access(AccessNet::from_all(ABI::V6))?
        .scope(Scope::from_all(ABI::V6))?
        .create()?
        .restrict_self()?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Landlock::Enforced,
        RulesetStatus::PartiallyEnforced => Landlock::Partly,
        RulesetStatus::NotEnforced => Landlock::NotInThisKernel,
    })
}
