//! The system calls that a worker may make once it is locked down. Everything else ends the process.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

use super::calls::Calls;
use super::death::FORBIDDEN_CALL;
use super::error::LockDownError;

/// Calls allowed with any arguments. All files are descriptors that the parent handed over; none can be opened by name.
const ALLOWED: &[i64] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_fadvise64,
    libc::SYS_close,
    libc::SYS_recvmsg,
    libc::SYS_recvfrom,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_sysinfo, // qsort of glibc asks how much memory there is
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

type Built<T> = Result<T, seccompiler::BackendError>;

/// What a zygote may call as well: it forks, collects, and its child sets itself apart before it locks itself down further.
const ZYGOTE: &[i64] = &[
    libc::SYS_wait4,
    libc::SYS_dup3,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_dup2,
    libc::SYS_getppid,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
];

/// A new process, never a thread, shared memory or a namespace.
const NOT_OF_A_FORK: libc::c_int = libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SIGHAND
    | libc::CLONE_PTRACE
    | libc::CLONE_VFORK
    | libc::CLONE_PARENT
    | libc::CLONE_THREAD
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWCGROUP;

/// Put a list in force for all threads of the process.
pub(super) fn apply(calls: Calls, explain: bool) -> Result<(), LockDownError> {
    let wrong = LockDownError { step: "seccomp" };
    let otherwise = if explain {
        explain_calls().map_err(|_| wrong)?;
        SeccompAction::Trap
    } else {
        SeccompAction::KillProcess
    };
    let program = program(calls, otherwise).map_err(|_| wrong)?;
    seccompiler::apply_filter_all_threads(&program).map_err(|_| wrong)
}

fn program(calls: Calls, otherwise: SeccompAction) -> Built<BpfProgram> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    // No memory becomes executable any more.
    let no_exec = || condition(2, SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64), 0);
    rules.insert(libc::SYS_mmap, vec![SeccompRule::new(vec![no_exec()?])?]);
    rules.insert(libc::SYS_mprotect, vec![SeccompRule::new(vec![no_exec()?])?]);
    // The socket is connected: no other address.
    rules.insert(
        libc::SYS_sendto,
        vec![SeccompRule::new(vec![SeccompCondition::new(
            4,
            SeccompCmpArgLen::Qword,
            SeccompCmpOp::Eq,
            0,
        )?])?],
    );
    // Length and times of an open file; a name given as well would show no more than that a file exists.
    let empty_path = libc::AT_EMPTY_PATH as u64;
    rules.insert(
        libc::SYS_newfstatat,
        vec![SeccompRule::new(vec![condition(3, SeccompCmpOp::MaskedEq(empty_path), empty_path)?])?],
    );
    rules.insert(
        libc::SYS_statx,
        vec![SeccompRule::new(vec![condition(2, SeccompCmpOp::MaskedEq(empty_path), empty_path)?])?],
    );
    let fcntl = [libc::F_DUPFD_CLOEXEC, libc::F_GETFD, libc::F_SETFD, libc::F_GETFL];
    let fcntl = fcntl
        .into_iter()
        .map(|command| SeccompRule::new(vec![condition(1, SeccompCmpOp::Eq, command as u64)?]));
    rules.insert(libc::SYS_fcntl, fcntl.collect::<Built<_>>()?);
    // abort() signals its own process; no worker signals another.
    let own = u64::from(std::process::id());
    rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![condition(0, SeccompCmpOp::Eq, own)?])?]);
    if calls == Calls::Zygote {
        add_forking(&mut rules)?;
    }
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    SeccompFilter::new(rules, otherwise, SeccompAction::Allow, arch)?.try_into()
}

/// Adds what a zygote may call. Its children inherit this list and put the worker's on top: a call must be in both.
fn add_forking(rules: &mut BTreeMap<i64, Vec<SeccompRule>>) -> Built<()> {
    rules.extend(ZYGOTE.iter().map(|call| (*call, Vec::new())));
    let one_of = |argument: u8, values: &[u64]| {
        let rule = |value: &u64| SeccompRule::new(vec![condition(argument, SeccompCmpOp::Eq, *value)?]);
        values.iter().map(rule).collect::<Built<Vec<_>>>()
    };
    let fork = condition(0, SeccompCmpOp::MaskedEq(u64::from(NOT_OF_A_FORK.cast_unsigned())), 0)?;
    rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![fork])?]);
    // A child's own number is known only to its own list.
    rules.insert(libc::SYS_tgkill, Vec::new());
    let prctl = [libc::PR_SET_PDEATHSIG, libc::PR_SET_NO_NEW_PRIVS].map(|option| option as u64);
    rules.insert(libc::SYS_prctl, one_of(0, &prctl)?);
    rules.insert(libc::SYS_prlimit64, one_of(0, &[0])?);
    rules.insert(libc::SYS_seccomp, one_of(0, &[u64::from(libc::SECCOMP_SET_MODE_FILTER)])?);
    Ok(())
}

fn condition(argument: u8, op: SeccompCmpOp, value: u64) -> Built<SeccompCondition> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, op, value)
}

/// Let SIGSYS write the number of the call before it ends the process.
#[expect(unsafe_code, reason = "a signal handler cannot be installed otherwise")]
fn explain_calls() -> Result<(), std::io::Error> {
    let handler: extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) = on_forbidden_call;
    // SAFETY: the structure is plain data, fully set before use; the handler makes async-signal-safe calls only.
    let result = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigaction(libc::SIGSYS, &raw const action, std::ptr::null_mut())
    };
    if result == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

#[expect(unsafe_code, reason = "a signal handler reads what the kernel put on the stack")]
extern "C" fn on_forbidden_call(_: i32, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: for SIGSYS of seccomp the kernel fills si_call_addr (at byte 16), then si_syscall (at 24) as an int;
    // `info` is at least 128 bytes. write, sigaction and raise are async-signal-safe.
    unsafe {
        let call = info.cast::<u8>().add(24).cast::<i32>().read_unaligned();
        let digit = |divisor: i32| b'0' + (call / divisor % 10).unsigned_abs() as u8;
        let text = FORBIDDEN_CALL.bytes().chain([digit(1000), digit(100), digit(10), digit(1), b'\n']);
        let mut line = [0_u8; 64];
        let length = line.iter_mut().zip(text).map(|(place, byte)| *place = byte).count();
        libc::write(2, line.as_ptr().cast(), length);
        libc::signal(libc::SIGSYS, libc::SIG_DFL);
        libc::raise(libc::SIGSYS);
    }
}
