//! What holds for workers that a zygote forks, beyond what holds for all workers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use scanside_sandbox::{DeathKind, Pool, Terms, WorkerHandle};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

use crate::cases::{Kind, assert_echo, program, run, setup, tokio};
use crate::jobs::{Misdeed, Task};

pub(crate) const CASES: &[(&str, fn())] = &[
    ("forks::workers_of_a_zygote_share_it_until_one_ends_abnormally", workers_of_a_zygote),
    ("forks::a_spare_of_a_zygote_whose_worker_ended_abnormally_gets_no_job", a_spare_of_a_zygote),
    ("forks::a_zygote_is_given_up_after_so_many_forks", given_up_after_so_many_forks),
    ("forks::a_zygote_that_was_killed_is_replaced_and_blames_nobody", a_killed_zygote_is_replaced),
    ("forks::a_job_that_asks_for_a_process_of_its_own_gets_one", a_process_of_its_own),
    ("forks::siblings_draw_different_random_bytes", siblings_draw_different_random_bytes),
    (
        "forks::without_handles_of_processes_each_worker_is_started_by_itself",
        each_is_started_where_nothing_can_be_forked,
    ),
    ("forks::a_zygote_is_locked_down_and_collects_what_it_forked", locked_down_and_tidy),
];

/// A process for which the system has no handles of processes; it exits with 101 where something is not as it must be.
pub(crate) fn without_handles() {
    let rules = BTreeMap::from([(libc::SYS_pidfd_open, Vec::new())]);
    let arch = TargetArch::try_from(std::env::consts::ARCH).unwrap();
    let refuse = SeccompAction::Errno(libc::ENOSYS.cast_unsigned());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch).unwrap();
    let program: BpfProgram = filter.try_into().unwrap();
    seccompiler::apply_filter_all_threads(&program).unwrap();
    tokio(async {
        let pool = forks();
        assert_echo(&pool).await;
        let worker = pool.take().await.unwrap();
        assert_eq!(zygote_of(&worker), std::process::id(), "it was started by us");
    });
}

fn each_is_started_where_nothing_can_be_forked() {
    let own = std::env::current_exe().unwrap();
    let ended = std::process::Command::new(own).arg("without-handles").output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

const PATIENCE: Duration = Duration::from_secs(60);

fn field(pid: u32, name: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("{name} is missing")).trim().to_owned()
}

fn zygote_of(worker: &WorkerHandle) -> u32 {
    field(worker.id().unwrap(), "PPid:").parse().unwrap()
}

fn forks() -> Pool {
    Kind::Forked.pool(program(&setup()), 1, 1)
}

async fn finish(worker: WorkerHandle, task: &Task) -> Result<String, DeathKind> {
    let answer = worker.run(task, Vec::new(), Terms::within(PATIENCE), |_| ()).await;
    answer.map(|answer| answer.parse().unwrap()).map_err(|death| death.kind)
}

fn workers_of_a_zygote() {
    tokio(async {
        let pool = forks();
        let first = pool.take().await.unwrap();
        let zygote = zygote_of(&first);
        finish(first, &Task::Echo("fine".into())).await.unwrap();
        let second = pool.take().await.unwrap();
        assert_eq!(zygote_of(&second), zygote, "after an answer the next comes from the same");
        let ended = finish(second, &Task::Misbehave(Misdeed::OpenAFile)).await;
        assert_eq!(ended, Err(DeathKind::Seccomp));
        let third = pool.take().await.unwrap();
        assert_ne!(zygote_of(&third), zygote, "after an abnormal end it comes from another");
    });
}

fn a_spare_of_a_zygote() {
    tokio(async {
        let pool = Kind::Forked.pool(program(&setup()), 2, 2);
        let first = pool.take().await.unwrap();
        let mut sibling = pool.take().await.unwrap();
        assert_eq!(zygote_of(&first), zygote_of(&sibling));
        assert!(sibling.is_alive());
        assert!(finish(first, &Task::Misbehave(Misdeed::Panic)).await.is_err());
        assert!(!sibling.is_alive(), "it may not be given a job");
    });
}

fn given_up_after_so_many_forks() {
    tokio(async {
        let pool = forks();
        let mut zygotes = BTreeSet::new();
        for _ in 0..210 {
            let worker = pool.take().await.unwrap();
            zygotes.insert(zygote_of(&worker));
            finish(worker, &Task::Echo(String::new())).await.unwrap();
        }
        assert_eq!(zygotes.len(), 2);
    });
}

fn a_killed_zygote_is_replaced() {
    tokio(async {
        let pool = forks();
        let worker = pool.take().await.unwrap();
        let zygote = zygote_of(&worker);
        let mut told = false;
        let task = Task::Misbehave(Misdeed::LoopForEver);
        let ended = worker.run(&task, Vec::new(), Terms::within(PATIENCE), |_| {
            // The job is running: end the zygote under it.
            let pid = rustix::process::Pid::from_raw(zygote.cast_signed()).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
            told = true;
        });
        let death = ended.await.unwrap_err();
        assert_eq!(death.kind, DeathKind::Killed(9), "{death}");
        assert!(told && !death.blames_data());
        assert_echo(&pool).await;
    });
}

fn a_process_of_its_own() {
    tokio(async {
        let pool = forks();
        pool.ready().await.unwrap();
        let own = std::process::id();
        let task = Task::Misbehave(Misdeed::LoopForEver);
        let terms = Terms { apart: true, ..Terms::within(Duration::from_secs(2)) };
        let mut parents = Vec::new();
        let ended = pool.run_with(&task, Vec::new(), terms, |_| {
            parents = children_of(own).into_iter().filter(|pid| zygotes_children(*pid) == 0).collect();
        });
        assert_eq!(ended.await.unwrap_err().kind, DeathKind::TimedOut);
        assert_eq!(parents.len(), 1, "beside the zygote, which has a spare, one process was started");
    });
}

pub(crate) fn children_of(pid: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let lists =
        tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("children")).unwrap_or_default());
    lists
        .flat_map(|list| list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>())
        .collect()
}

fn zygotes_children(pid: u32) -> usize {
    children_of(pid).len()
}

fn siblings_draw_different_random_bytes() {
    tokio(async {
        let pool = forks();
        let mut drawn = BTreeSet::new();
        for _ in 0..20 {
            drawn.insert(run(&pool, &Task::Random).await.unwrap().message);
        }
        assert_eq!(drawn.len(), 20);
    });
}

fn locked_down_and_tidy() {
    tokio(async {
        let pool = forks();
        for _ in 0..5 {
            assert_echo(&pool).await;
        }
        let worker = pool.take().await.unwrap();
        let zygote = zygote_of(&worker);
        for (name, value) in [("NoNewPrivs:", "1"), ("Seccomp:", "2"), ("Threads:", "1")] {
            assert_eq!(field(zygote, name), value, "{name}");
        }
        assert_eq!(
            field(worker.id().unwrap(), "Seccomp_filters:"),
            "2",
            "its own list on top of the zygote's"
        );
        drop(worker);
        // What ended is collected when the zygote is asked to; the next fork is asked for after that.
        assert_echo(&pool).await;
        let states = children_of(zygote).into_iter().filter_map(|pid| {
            std::fs::read_to_string(format!("/proc/{pid}/stat"))
                .ok()?
                .rsplit_once(')')?
                .1
                .trim()
                .chars()
                .next()
        });
        assert!(states.filter(|state| *state == 'Z').count() <= 1, "nothing that ended is left lying");
    });
}
