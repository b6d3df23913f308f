//! Loading ONNX Runtime and running a bundle opens no socket and writes nothing under HOME.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output};

use models::runtime::{LIBRARY_VARIABLE, TELEMETRY_VARIABLE};
use models::{Bundle, Classifier, GreyImage, Runtime};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

pub(crate) const CASES: &[(&str, fn())] = &[
    ("loading_and_running_opens_no_socket_and_writes_nothing_at_home", loading_and_running_is_quiet),
    ("a_process_that_opens_a_socket_would_be_seen", a_socket_would_be_seen),
];

fn start(what: &str, home: &Path) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["quiet", what])
        // `CI` keeps the library quiet by itself; here only our own guard may.
        .env_remove("CI")
        .env(TELEMETRY_VARIABLE, "1")
        .env(LIBRARY_VARIABLE, models::runtime::find(None).unwrap())
        .env("HOME", home)
        .env("XDG_CACHE_HOME", home)
        .env("TMPDIR", home)
        .output()
        .unwrap()
}

fn loading_and_running_is_quiet() {
    let home = tempfile::tempdir().unwrap();
    let output = start("run", home.path());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{:?}\n{text}", output.status);
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

fn a_socket_would_be_seen() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(start("socket", home.path()).status.signal(), Some(libc::SIGSYS));
}

/// The filter comes before the library, and reaches every thread that the library may start.
pub(crate) fn child(args: &[String]) {
    let calls = [libc::SYS_socket, libc::SYS_connect, libc::SYS_sendmmsg, libc::SYS_execve];
    let rules: BTreeMap<_, _> = calls.into_iter().map(|call| (call, Vec::new())).collect();
    let arch = TargetArch::try_from(std::env::consts::ARCH).unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::KillProcess, arch).unwrap();
    let program: BpfProgram = filter.try_into().unwrap();
    seccompiler::apply_filter_all_threads(&program).unwrap();
    if args[0] == "socket" {
        std::thread::spawn(|| std::net::UdpSocket::bind("127.0.0.1:0").is_ok()).join().unwrap();
        return;
    }
    let runtime = Runtime::load(None).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/bundles/first-channel");
    let mut classifier = Classifier::load(&runtime, Bundle::open(folder).unwrap()).unwrap();
    let image = GreyImage::new(64, 64, vec![0.4; 64 * 64]).unwrap();
    for _ in 0..20 {
        classifier.run(std::slice::from_ref(&image)).unwrap();
    }
    // A thread of the library could still send after this process has looked.
    let threads = std::fs::read_dir("/proc/self/task").unwrap().count();
    assert_eq!(threads, 1, "the library started a thread");
}
