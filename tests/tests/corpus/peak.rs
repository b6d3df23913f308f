//! A command of ours run to its end, with the processor time and the memory that it and its workers took.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use scanside_tests::support::{binary, project};
use serde_json::Value;

/// Runs the rest of its arguments and writes to the file named first: exit code, seconds of processor time, KiB of
/// resident memory at the peak of the largest process among the command and the workers it waited for.
const MEASURE: &str = "import resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
open(sys.argv[1], 'w').write(f'{code} {used.ru_utime + used.ru_stime} {used.ru_maxrss}')";

/// A command that ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Exit code; negative for a signal.
    pub code: i32,
    /// Processor time of the command and its workers.
    pub processor: Duration,
    /// On the wall clock.
    pub wall: Duration,
    /// Resident bytes of the largest process.
    pub peak: u64,
    /// All of stdout and stderr.
    pub said: String,
    /// The JSON objects of stdout.
    pub lines: Vec<Value>,
}

/// Runs `appliance` with these words; `folder` takes the measurement.
pub(crate) fn appliance(folder: &Path, words: &[&str]) -> Ran {
    let measured = folder.join("measured");
    let mut command = Command::new("python3");
    command.args(["-c", MEASURE]).arg(&measured).arg(binary("appliance").unwrap()).args(words);
    command.env("ORT_DISABLE_TELEMETRY", "1").current_dir(project()).stdin(Stdio::null());
    let begun = Instant::now();
    let output = command.output().expect("python3 is needed to measure");
    let wall = begun.elapsed();
    let text = std::fs::read_to_string(&measured)
        .unwrap_or_else(|_| panic!("not measured: {}", String::from_utf8_lossy(&output.stderr)));
    let numbers: Vec<f64> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    Ran {
        code: numbers[0] as i32,
        processor: Duration::from_secs_f64(numbers[1]),
        wall,
        peak: numbers[2] as u64 * 1024,
        lines: stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect(),
        said: stdout + &String::from_utf8_lossy(&output.stderr),
    }
}
