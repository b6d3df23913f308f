//! `appliance worker --bundles DIR,DIR --limit-bytes N [--zygote]`: load, lock down, serve one job, or fork who does.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use models::manifest::Kind;
use models::{Bundle, Classifier, DetectorBundle, Encoder, Runtime};
use sandbox::{Limits, Notes, serve};

use crate::text_detector::TextDetector;
use crate::tools::Tools;
use crate::work::work;
use domain::job::{Answer, Failure, Job};

/// Wrong use (sysexits).
const EXIT_USAGE: u8 = 64;

/// The worker's own arguments.
#[derive(Debug, clap::Parser)]
#[command(name = "worker", about = "Do one job in a sandbox; started by the appliance, not by hand.")]
struct Arguments {
    /// Folders of the bundles, in the order in which they are asked.
    #[arg(long, value_delimiter = ',')]
    bundles: Vec<PathBuf>,
    /// Folder of the text detector; the one that comes with the product where none is named.
    #[arg(long)]
    text_detector: Option<PathBuf>,
    /// Bytes of memory for a job above what the loaded bundles hold.
    #[arg(long, default_value_t = Limits::default().data_bytes)]
    limit_bytes: u64,
    /// Stay, and fork a worker for each job that is asked for.
    #[arg(long)]
    zygote: bool,
    /// Name a forbidden system call before dying of it; for development.
    #[arg(long)]
    explain_calls: bool,
}

/// Runs a worker; `args` are those after the word `worker`. Returns only when it could not start.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let named = std::iter::once(OsString::from("worker")).chain(args);
    let arguments = match <Arguments as clap::Parser>::try_parse_from(named) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(EXIT_USAGE);
        }
    };
    let mut tools = match load(arguments.text_detector.as_deref(), &arguments.bundles) {
        Ok(tools) => tools,
        Err(error) => return refuse(&error.to_string()),
    };
    // Two of the codecs use rayon. Its pool is this one thread, made now: later none can be started.
    if rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global().is_err() {
        return refuse("the codecs' thread pool could not be made");
    }
    let limits = Limits {
        data_bytes: arguments.limit_bytes,
        explain_calls: arguments.explain_calls,
        ..Limits::default()
    };
    let work = move |handed: sandbox::Job, notes: &Notes<'_>| match handed.parse::<Job>() {
        Ok(job) => work(&job, &handed.files, &mut tools, &|index| notes.touching(index)),
        Err(_) => Answer::Failed(Failure {
            reason: "the job could not be read".to_owned(),
            instance: None,
            retry: false,
            replanned: None,
        }),
    };
    #[cfg(target_os = "linux")]
    if arguments.zygote {
        sandbox::serve_forks(&limits, work)
    }
    serve(&limits, work)
}

/// Says on standard error, which the parent keeps until a worker is ready, why none came up.
fn refuse(why: &str) -> ExitCode {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{why}");
    ExitCode::FAILURE
}

fn load(text_detector: Option<&Path>, folders: &[PathBuf]) -> Result<Tools, models::Error> {
    let text_detector = TextDetector::open(&DetectorBundle::folder_of(text_detector)?)?;
    let mut tools = Tools { text_detector, classifiers: Vec::new(), encoders: Vec::new() };
    if folders.is_empty() {
        return Ok(tools);
    }
    let runtime = Runtime::load(None)?;
    for folder in folders {
        let bundle = Bundle::open(folder)?;
        match bundle.manifest().kind {
            Kind::Classifier => tools.classifiers.push(Classifier::load(&runtime, bundle)?),
            Kind::Report => tools.encoders.push(Encoder::load(&runtime, bundle)?),
        }
    }
    Ok(tools)
}
