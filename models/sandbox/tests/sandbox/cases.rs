//! What a parent sees of workers that behave and of workers that do not.

use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use scanside_sandbox::{Answer, Death, DeathKind, Note, Pool, Program, Terms};

use crate::jobs::{Misdeed, Setup, Task};

const MIB: u64 = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(60);

/// A case by name, for workers of either kind.
type Case = (&'static str, fn(Kind));

pub(crate) const CASES: &[Case] = &[
    ("a_job_is_answered_by_a_locked_down_worker", a_job_is_answered_by_a_locked_down_worker),
    ("each_misdeed_ends_with_its_reason_and_the_next_job_is_unharmed", each_misdeed),
    ("a_forbidden_call_can_be_named", a_forbidden_call_can_be_named),
    ("hundreds_of_files_arrive_in_order_and_can_be_read", hundreds_of_files_arrive),
    ("a_handed_over_file_can_be_written", a_handed_over_file_can_be_written),
    ("a_worker_sees_no_environment_of_its_parent", a_worker_sees_no_environment),
    ("processor_time_ends_a_job", processor_time_ends_a_job),
    ("a_job_may_be_given_more_memory_up_to_the_workers_limit", a_job_may_be_given_more_memory),
    ("an_answer_over_the_bound_is_refused", an_answer_over_the_bound_is_refused),
    ("a_program_that_is_no_worker_is_reported", a_program_that_is_no_worker_is_reported),
    ("a_spare_that_was_killed_is_replaced", a_spare_that_was_killed_is_replaced),
    ("jobs_run_at_once_up_to_the_limit", jobs_run_at_once_up_to_the_limit),
    ("a_worker_dies_with_its_parent", a_worker_dies_with_its_parent),
    ("a_model_runs_inside_the_sandbox", a_model_runs_inside_the_sandbox),
];

/// How workers come to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Each is started by itself.
    Started,
    /// Each is a fork of a zygote.
    Forked,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        if self == Self::Forked { "forked" } else { "started" }
    }

    pub(crate) fn pool(self, program: Program, spares: usize, at_once: usize) -> Pool {
        match self {
            Self::Started => Pool::new(program, spares, at_once),
            Self::Forked => Pool::forking(program, spares, at_once),
        }
    }
}

pub(crate) fn setup() -> Setup {
    Setup {
        data_bytes: 64 * MIB,
        data_bytes_most: 256 * MIB,
        cpu_seconds: 60,
        explain_calls: false,
        bundle: None,
    }
}

pub(crate) fn program(setup: &Setup) -> Program {
    let setup = serde_json::to_string(setup).unwrap();
    Program::new(std::env::current_exe().unwrap(), ["worker".to_owned(), setup])
}

pub(crate) fn tokio<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

pub(crate) async fn run(pool: &Pool, task: &Task) -> Result<Answer, Death> {
    pool.run(task, Vec::new(), Terms::within(PATIENCE)).await
}

pub(crate) async fn assert_echo(pool: &Pool) {
    let answer = run(pool, &Task::Echo("unharmed".into())).await.unwrap();
    assert_eq!(answer.parse::<String>().unwrap(), "unharmed");
}

fn a_job_is_answered_by_a_locked_down_worker(kind: Kind) {
    tokio(async {
        let mut worker = kind.pool(program(&setup()), 1, 1).take().await.unwrap();
        assert!(worker.is_alive());
        let status = std::fs::read_to_string(format!("/proc/{}/status", worker.id().unwrap())).unwrap();
        for line in ["NoNewPrivs:\t1", "Seccomp:\t2", "Threads:\t1"] {
            assert!(status.contains(line), "{line} is missing from\n{status}");
        }
        assert!(worker.lock_down().seccomp);
        assert_eq!(worker.lock_down().data_limit, worker.lock_down().data_base + 64 * MIB);
        let answer = worker
            .run(&Task::Echo("here".into()), Vec::new(), Terms::within(PATIENCE), |_| ())
            .await
            .unwrap();
        assert_eq!(answer.parse::<String>().unwrap(), "here");
        assert!(answer.parse::<u32>().is_err());
    });
}

fn each_misdeed(kind: Kind) {
    use DeathKind::{Exit, OutOfMemory, Protocol, Seccomp, StackOverflow, TimedOut};
    tokio(async {
        let pool = kind.pool(program(&setup()), 2, 2);
        for (misdeed, kind) in [
            (Misdeed::AllocateForEver, OutOfMemory),
            (Misdeed::AllocateAtOnce, OutOfMemory),
            (Misdeed::LoopForEver, TimedOut),
            (Misdeed::OverflowTheStack, StackOverflow),
            (Misdeed::OpenAFile, Seccomp),
            (Misdeed::CreateAFile, Seccomp),
            (Misdeed::OpenASocket, Seccomp),
            (Misdeed::StartAThread, Seccomp),
            (Misdeed::StartAProgram, Seccomp),
            (Misdeed::Fork, Seccomp),
            (Misdeed::ExecutableMemory, Seccomp),
            (Misdeed::KillTheParent, Seccomp),
            (Misdeed::RaiseTheLimit, Seccomp),
            (Misdeed::Panic, Exit(101)),
            (Misdeed::Leave, Exit(3)),
            (Misdeed::CloseTheChannel, Protocol),
            (Misdeed::SaySomethingElse, Protocol),
        ] {
            let time = if kind == TimedOut { Duration::from_secs(2) } else { PATIENCE };
            let task = Task::Misbehave(misdeed);
            let death = pool.run(&task, Vec::new(), Terms::within(time)).await.unwrap_err();
            assert_eq!((death.kind, death.touching), (kind, Some(7)), "{misdeed:?}: {death}");
            assert!(death.to_string().contains("at instance 7"));
            assert!(!format!("{death} {death:?}").contains("PLANTED"), "{death:?}");
            assert!(death.blames_data());
            assert_echo(&pool).await;
        }
    });
}

fn a_forbidden_call_can_be_named(kind: Kind) {
    tokio(async {
        let pool = kind.pool(program(&Setup { explain_calls: true, ..setup() }), 1, 1);
        let death = run(&pool, &Task::Misbehave(Misdeed::OpenAFile)).await.unwrap_err();
        assert_eq!((death.kind, death.call), (DeathKind::Seccomp, Some(libc::SYS_openat as u32)), "{death}");
    });
}

fn hundreds_of_files_arrive(kind: Kind) {
    tokio(async {
        let pool = kind.pool(program(&setup()), 1, 1);
        let count = 300_u32;
        let files: Vec<OwnedFd> = (0..count)
            .map(|index| {
                let mut file = tempfile::tempfile().unwrap();
                file.write_all(&vec![(index % 251) as u8; index as usize + 1]).unwrap();
                file.into()
            })
            .collect();
        let mut notes = Vec::new();
        let terms = Terms::within(PATIENCE);
        let answer = pool.run_with(&Task::Sum, files, terms, |note| notes.push(note.clone())).await.unwrap();
        let sum: u32 = (0..count).map(|index| index % 251 + index + 1).sum();
        assert_eq!(answer.parse::<String>().unwrap(), sum.to_string());
        assert_eq!(notes.len(), 2 * count as usize);
        assert_eq!(notes[0], Note::Touching(0));
        assert_eq!(notes[notes.len() - 1], Note::Progress { done: count, total: count });
    });
}

fn a_handed_over_file_can_be_written(kind: Kind) {
    tokio(async {
        let pool = kind.pool(program(&setup()), 1, 1);
        let mut kept = tempfile::tempfile().unwrap();
        let handed = OwnedFd::from(kept.try_clone().unwrap());
        pool.run(&Task::Write("made".into()), vec![handed], Terms::within(PATIENCE)).await.unwrap();
        let mut text = String::new();
        std::io::Seek::rewind(&mut kept).unwrap();
        kept.read_to_string(&mut text).unwrap();
        assert_eq!(text, "made");
    });
}

fn a_worker_sees_no_environment(kind: Kind) {
    tokio(async {
        let pool = kind.pool(program(&setup()), 1, 1);
        let answer = run(&pool, &Task::Environment).await.unwrap();
        assert_eq!(answer.parse::<String>().unwrap(), "LANG ORT_DISABLE_TELEMETRY");
    });
}

fn processor_time_ends_a_job(kind: Kind) {
    tokio(async {
        let pool = kind.pool(program(&Setup { cpu_seconds: 1, ..setup() }), 1, 1);
        let began = Instant::now();
        let death = run(&pool, &Task::Misbehave(Misdeed::LoopForEver)).await.unwrap_err();
        assert_eq!(death.kind, DeathKind::TimedOut, "{death}");
        assert!(began.elapsed() < PATIENCE, "the wall clock ended it");
    });
}

fn a_job_may_be_given_more_memory(kind: Kind) {
    tokio(async {
        let pool = kind.pool(program(&setup()), 1, 1);
        let hold = Task::Hold(100 << 20);
        assert_eq!(run(&pool, &hold).await.unwrap_err().kind, DeathKind::OutOfMemory);
        let terms = |mib: u64| Terms { data_bytes: Some(mib * MIB), ..Terms::within(PATIENCE) };
        let answer = pool.run(&hold, Vec::new(), terms(128)).await.unwrap();
        assert_eq!(answer.parse::<String>().unwrap(), (100_u64 << 20).to_string());
        let death = pool.run(&hold, Vec::new(), terms(1024)).await.unwrap_err();
        assert_eq!(death.kind, DeathKind::Protocol, "{death}");
        assert_echo(&pool).await;
    });
}

fn an_answer_over_the_bound_is_refused(kind: Kind) {
    tokio(async {
        let mut program = program(&setup());
        program.bounds.bytes = 10_000;
        let pool = kind.pool(program, 1, 1);
        let death = run(&pool, &Task::Long(20_000)).await.unwrap_err();
        assert_eq!(death.kind, DeathKind::Protocol, "{death}");
        assert_eq!(run(&pool, &Task::Long(9_000)).await.unwrap().message.len(), 9_002);
        let death = run(&pool, &Task::Echo("x".repeat(20_000))).await.unwrap_err();
        assert_eq!(death.kind, DeathKind::Protocol, "{death}");
        assert_echo(&pool).await;
    });
}

fn a_program_that_is_no_worker_is_reported(kind: Kind) {
    tokio(async {
        for (path, args) in
            [("/nowhere/worker", vec![]), ("/bin/sh", vec!["-c", "echo no model >&2; exit 1"])]
        {
            let pool = kind.pool(Program::new(path, args.clone()), 1, 1);
            let death = run(&pool, &Task::Environment).await.unwrap_err();
            assert_eq!(death.kind, DeathKind::NotStarted);
            assert!(!death.blames_data());
            let words = if args.is_empty() { "cannot be started" } else { "no model" };
            assert!(death.to_string().contains(words), "{death}");
            assert_eq!(pool.ready().await.unwrap_err().kind, DeathKind::NotStarted);
        }
    });
}

fn a_spare_that_was_killed_is_replaced(kind: Kind) {
    tokio(async {
        let pool = kind.pool(program(&setup()), 1, 1);
        pool.ready().await.unwrap();
        let started = crate::forks::children_of(std::process::id());
        assert!(!started.is_empty(), "there is a warm worker, or the zygote of one");
        let forked = started.iter().flat_map(|pid| crate::forks::children_of(*pid));
        let open = |pid: u32| {
            let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
            rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap()
        };
        let handles: Vec<OwnedFd> = started.iter().copied().chain(forked).map(open).collect();
        for handle in handles.iter().take(started.len()) {
            rustix::process::pidfd_send_signal(handle, rustix::process::Signal::KILL).unwrap();
        }
        handles.iter().for_each(wait_for_end);
        assert_echo(&pool).await;
    });
}

fn jobs_run_at_once_up_to_the_limit(kind: Kind) {
    tokio(async {
        let pool = kind.pool(program(&setup()), 2, 3);
        let tasks: Vec<_> = (0..6).map(|n| Task::Echo(n.to_string())).collect();
        let running = tasks.iter().map(|task| run(&pool, task));
        for (n, answer) in futures_in_order(running).await.into_iter().enumerate() {
            assert_eq!(answer.unwrap().parse::<String>().unwrap(), n.to_string());
        }
    });
}

/// All at once, answers in order.
async fn futures_in_order<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.map(|f| (Box::pin(f), None)).collect();
    std::future::poll_fn(|context| {
        for (future, output) in waiting.iter_mut().filter(|(_, output)| output.is_none()) {
            if let std::task::Poll::Ready(done) = future.as_mut().poll(context) {
                *output = Some(done);
            }
        }
        if waiting.iter().all(|(_, output)| output.is_some()) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    waiting.into_iter().map(|(_, output)| output.unwrap()).collect()
}

fn wait_for_end(handle: &OwnedFd) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut events = [PollFd::new(handle, PollFlags::IN)];
    let patience = Timespec { tv_sec: 30, tv_nsec: 0 };
    assert_eq!(poll(&mut events, Some(&patience)).unwrap(), 1, "the process lives on");
}

/// A parent that says the number of its worker once the worker is in an endless job.
pub(crate) fn parent_of_an_endless_job(kind: &str) {
    let kind = if kind == "forked" { Kind::Forked } else { Kind::Started };
    tokio(async {
        let worker = kind.pool(program(&setup()), 1, 1).take().await.unwrap();
        let id = worker.id().unwrap();
        let task = Task::Misbehave(Misdeed::LoopForEver);
        let _ = worker.run(&task, Vec::new(), Terms::within(PATIENCE), |_| crate::say(&id.to_string())).await;
    });
}

fn a_worker_dies_with_its_parent(kind: Kind) {
    let own = std::env::current_exe().unwrap();
    let mut parent = Command::new(own).args(["parent", kind.word()]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(parent.stdout.take().unwrap()), &mut line)
        .unwrap();
    let pid = rustix::process::Pid::from_raw(line.trim().parse().unwrap()).unwrap();
    let worker = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap();
    parent.kill().unwrap();
    parent.wait().unwrap();
    wait_for_end(&worker);
}

fn a_model_runs_inside_the_sandbox(kind: Kind) {
    tokio(async {
        let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/bundles/first-channel");
        let mut program = program(&Setup { bundle: Some(bundle.display().to_string()), ..setup() });
        program.library = Some(models::runtime::find(None).unwrap());
        let pool = kind.pool(program, 1, 1);
        for (grey, disposition) in [(0.9, "flag"), (0.4, "no-flag"), (0.6, "escalate"), (0.99, "escalate")] {
            let answer = run(&pool, &Task::Classify(grey)).await.unwrap();
            assert_eq!(answer.parse::<String>().unwrap(), disposition, "{grey}");
        }
        assert_eq!(
            run(&pool, &Task::Misbehave(Misdeed::OpenASocket)).await.unwrap_err().kind,
            DeathKind::Seccomp
        );
    });
}
