//! The worker of these tests: jobs that behave, and jobs that try everything a worker must not.

use std::fs::File;
use std::hint::black_box;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

use models::{Bundle, Classifier, GreyImage, Runtime};
use scanside_sandbox::{self, Job, Limits, Notes};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Task {
    /// Answer with the text.
    Echo(String),
    /// Answer with the sum of the first bytes of all files, after naming each.
    Sum,
    /// Write the text to the first file.
    Write(String),
    /// Answer with the names of the variables of the environment.
    Environment,
    /// Run the model on an image of one grey and answer with the disposition.
    Classify(f32),
    /// Name instance 7, then misbehave.
    Misbehave(Misdeed),
    /// Hold so many bytes, all touched, and answer.
    Hold(usize),
    /// Answer with a text of so many bytes.
    Long(usize),
    /// Answer with random bytes.
    Random,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Misdeed {
    AllocateForEver,
    AllocateAtOnce,
    LoopForEver,
    OverflowTheStack,
    OpenAFile,
    CreateAFile,
    OpenASocket,
    StartAThread,
    StartAProgram,
    Fork,
    ExecutableMemory,
    KillTheParent,
    RaiseTheLimit,
    Panic,
    Leave,
    CloseTheChannel,
    SaySomethingElse,
}

/// What the worker is started with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Setup {
    pub data_bytes: u64,
    pub data_bytes_most: u64,
    pub cpu_seconds: u64,
    pub explain_calls: bool,
    pub bundle: Option<String>,
}

pub(crate) fn worker(args: &[String]) {
    let setup: Setup = serde_json::from_str(&args[0]).unwrap();
    let mut classifier = setup.bundle.map(|folder| {
        let runtime = Runtime::load(None).unwrap();
        Classifier::load(&runtime, Bundle::open(folder).unwrap()).unwrap()
    });
    let limits = Limits {
        data_bytes: setup.data_bytes,
        data_bytes_most: setup.data_bytes_most,
        cpu_seconds: setup.cpu_seconds,
        explain_calls: setup.explain_calls,
        ..Limits::default()
    };
    let work = |job: Job, notes: &Notes<'_>| work(job, notes, classifier.as_mut());
    if args.iter().any(|arg| arg == scanside_sandbox::ZYGOTE_ARGUMENT) {
        scanside_sandbox::serve_forks(&limits, work)
    }
    scanside_sandbox::serve(&limits, work)
}

fn work(mut job: Job, notes: &Notes<'_>, classifier: Option<&mut Classifier>) -> String {
    match job.parse::<Task>().unwrap() {
        Task::Echo(text) => text,
        Task::Sum => {
            let total = job.files.len() as u32;
            let sum = job.files.iter_mut().enumerate().map(|(index, file)| {
                notes.touching(index as u32);
                notes.progress(index as u32 + 1, total);
                let mut byte = [0];
                file.seek(SeekFrom::Start(0)).unwrap();
                file.read_exact(&mut byte).unwrap();
                u64::from(byte[0]) + file.metadata().unwrap().len()
            });
            sum.sum::<u64>().to_string()
        }
        Task::Write(text) => {
            job.files[0].write_all(text.as_bytes()).unwrap();
            job.files[0].sync_all().unwrap();
            String::new()
        }
        Task::Environment => {
            let mut names: Vec<_> =
                std::env::vars_os().map(|(name, _)| name.into_string().unwrap()).collect();
            names.sort();
            names.join(" ")
        }
        Task::Classify(grey) => {
            let image = GreyImage::new(64, 64, vec![grey; 64 * 64]).unwrap();
            let verdict = classifier.unwrap().run(&[image]).unwrap();
            verdict.triage.disposition.as_str().to_owned()
        }
        Task::Misbehave(misdeed) => {
            notes.touching(7);
            misbehave(misdeed)
        }
        Task::Hold(bytes) => {
            black_box(vec![1_u8; bytes]).iter().map(|b| u64::from(*b)).sum::<u64>().to_string()
        }
        Task::Long(bytes) => "x".repeat(bytes),
        Task::Random => {
            let mut bytes = [0_u8; 16];
            getrandom::fill(&mut bytes).unwrap();
            format!("{bytes:?}")
        }
    }
}

fn misbehave(misdeed: Misdeed) -> String {
    match misdeed {
        Misdeed::AllocateForEver => {
            let mut all = Vec::new();
            loop {
                all.push(black_box(vec![1_u8; 1 << 20]));
            }
        }
        Misdeed::AllocateAtOnce => black_box(vec![1_u8; 4_000_000_000]).len().to_string(),
        Misdeed::LoopForEver => loop {
            black_box(0);
        },
        Misdeed::OverflowTheStack => recurse(black_box(1)).to_string(),
        Misdeed::OpenAFile => File::open("/etc/hostname").is_ok().to_string(),
        Misdeed::CreateAFile => File::create("left-behind").is_ok().to_string(),
        Misdeed::OpenASocket => std::net::UdpSocket::bind("127.0.0.1:0").is_ok().to_string(),
        Misdeed::StartAThread => std::thread::spawn(|| 1).join().unwrap().to_string(),
        Misdeed::StartAProgram => std::process::Command::new("true").status().is_ok().to_string(),
        Misdeed::Fork | Misdeed::ExecutableMemory | Misdeed::KillTheParent | Misdeed::RaiseTheLimit => {
            call(misdeed)
        }
        Misdeed::Panic => panic!("PLANTED^NAME"),
        Misdeed::Leave => std::process::exit(3),
        Misdeed::CloseTheChannel => {
            close_all();
            loop {
                black_box(0);
            }
        }
        Misdeed::SaySomethingElse => {
            rustix::io::write(std::io::stdin(), &[0xFF; 64]).unwrap();
            loop {
                black_box(0);
            }
        }
    }
}

fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if depth == 0 { 0 } else { recurse(frame[3] + 1) + frame[5] }
}

#[expect(unsafe_code, reason = "these calls have no safe form, and that is the point")]
fn call(misdeed: Misdeed) -> String {
    // SAFETY: none of these calls is carried out; if one were, the child, the page and the signal would do no harm.
    let result = unsafe {
        match misdeed {
            Misdeed::Fork => i64::from(libc::fork()),
            Misdeed::KillTheParent => i64::from(libc::kill(libc::getppid(), 0)),
            Misdeed::RaiseTheLimit => {
                let limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
                i64::from(libc::setrlimit(libc::RLIMIT_DATA, &raw const limit))
            }
            _ => {
                let protection = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
                let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
                libc::mmap(std::ptr::null_mut(), 4096, protection, flags, -1, 0) as i64
            }
        }
    };
    result.to_string()
}

/// Standard input and the duplicate that the channel uses.
#[expect(unsafe_code, reason = "the channel's own descriptor is not to be had otherwise")]
fn close_all() {
    for number in [0, 1, 3, 4, 5, 6, 7, 8] {
        // SAFETY: nothing in this process uses them afterwards.
        unsafe { libc::close(number) };
    }
}
