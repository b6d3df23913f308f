//! `appliance triage` and `try`: the workers on files, useful without the rest; and what `deid` shares with them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use clap::Args;
use futures::StreamExt as _;
use proto::case::Disposition;
use sandbox::{Pool, Terms};
use serde_json::{Value, json};
use std::time::Duration;

use super::output::{self, Failure};
use crate::app::workers;
use deid::Profile;
use dicom;
use domain::job::{
    Answer, DeidOrder, InstanceRef, Job, MAX_INSTANCES, Secret, TriageAnswer, TriageJob, check_answer,
    memory_of,
};
use domain::picture::Piece;
use domain::verdict::Timings;
use ledger::new_id;
use models::DetectorBundle;
use worker::TextDetector;

/// Bundles to triage with.
#[derive(Debug, Clone, Args)]
struct Bundles {
    /// Folder of a bundle; may be given several times. Default: every bundle under `models/`.
    #[arg(long = "bundle")]
    bundles: Vec<PathBuf>,
    /// ONNX Runtime's shared library.
    #[arg(long)]
    runtime: Option<PathBuf>,
    /// Folder of the text detector, as in deid.text_detector. Default: the one that comes with the product.
    #[arg(long, value_name = "DIR")]
    text_detector: Option<PathBuf>,
    /// One JSON object a line on stdout.
    #[arg(long)]
    json: bool,
}

impl Bundles {
    fn pool(&self, at_once: usize) -> Result<Pool, Failure> {
        pool(self.text_detector.as_deref(), &bundles(self)?, self.runtime.as_deref(), at_once)
    }
}

/// Triage files or folders.
#[derive(Debug, Args)]
pub(super) struct Triage {
    /// Files or folders.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    bundles: Bundles,
}

/// One file through everything, storing nothing.
#[derive(Debug, Args)]
pub(super) struct Try {
    /// A DICOM file.
    file: PathBuf,
    #[command(flatten)]
    bundles: Bundles,
}

/// Longest time of one job.
const JOB_TIME: Duration = Duration::from_secs(120);
/// And longer for each of its files.
const FILE_TIME: Duration = Duration::from_millis(500);
/// Most input bytes of a job whose output is in memory.
const OUTPUT_IN_MEMORY: u64 = 512 << 20;

/// Workers with these bundles and this text detector, or the one that comes with the product where none is named. That
/// there is none is told at once, not by each worker.
pub(super) fn pool(
    text_detector: Option<&Path>,
    bundles: &[PathBuf],
    runtime: Option<&Path>,
    at_once: usize,
) -> Result<Pool, Failure> {
    let found = DetectorBundle::folder_of(text_detector).and_then(|folder| TextDetector::open(&folder));
    found.map_err(|e| Failure::new(output::FAILED, e.to_string()))?;
    Ok(workers(text_detector, bundles, runtime, at_once)?)
}

/// Every file below a path, in order of names.
pub(super) fn gather(path: &Path, out: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let cannot = |e: std::io::Error| Failure::new(output::USAGE, format!("{}: {}", path.display(), e.kind()));
    if std::fs::metadata(path).map_err(cannot)?.is_dir() {
        let entries: Result<Vec<PathBuf>, _> =
            std::fs::read_dir(path).map_err(cannot)?.map(|e| e.map(|e| e.path())).collect();
        let mut entries = entries.map_err(cannot)?;
        entries.sort();
        return entries.iter().try_for_each(|e| gather(e, out));
    }
    out.push(path.to_owned());
    Ok(())
}

/// Why a job has no answer.
pub(super) struct Unanswered {
    /// In words.
    pub words: String,
    /// The file that the worker was touching when it ended.
    pub touching: Option<usize>,
}

impl From<String> for Unanswered {
    fn from(words: String) -> Self {
        Self { words, touching: None }
    }
}

/// An empty file for what a worker writes: in memory while so many input bytes can only become little output.
fn empty_output(input_bytes: u64) -> std::io::Result<File> {
    #[cfg(target_os = "linux")]
    if input_bytes <= OUTPUT_IN_MEMORY
        && let Ok(memory) = rustix::fs::memfd_create("output", rustix::fs::MemfdFlags::CLOEXEC)
    {
        return Ok(File::from(memory));
    }
    let _ = input_bytes;
    tempfile::tempfile()
}

/// Runs one job over files; returns the checked answer and the worker's output.
pub(super) async fn ask(pool: &Pool, job: &Job, paths: &[&PathBuf]) -> Result<(Answer, File), Unanswered> {
    let words = |e: std::io::Error| e.kind().to_string();
    let opened: Result<Vec<File>, _> = paths.iter().map(File::open).collect();
    let opened = opened.map_err(words)?;
    let sizes: Vec<u64> = opened.iter().map(|file| file.metadata().map_or(0, |m| m.len())).collect();
    let output = empty_output(sizes.iter().sum()).map_err(words)?;
    let mut files = vec![OwnedFd::from(output.try_clone().map_err(words)?)];
    files.extend(opened.into_iter().map(OwnedFd::from));
    let largest = sizes.iter().max().copied().unwrap_or(0);
    let terms = Terms {
        timeout: JOB_TIME + FILE_TIME * u32::try_from(paths.len()).unwrap_or(u32::MAX),
        data_bytes: Some(memory_of(largest)),
        apart: job.runs_apart(),
    };
    let answer = pool.run(job, files, terms).await.map_err(|death| Unanswered {
        words: format!("the worker ended: {:?}", death.kind),
        touching: death.touching.map(|index| index as usize),
    })?;
    let answer: Answer = answer.parse().map_err(|_| "the worker's answer cannot be understood".to_owned())?;
    let length = output.metadata().map_err(words)?.len();
    check_answer(&answer, paths.len(), length).map_err(|f| f.to_string())?;
    Ok((answer, output))
}

/// The files below some paths; none at all is a mistake that would otherwise look like success.
pub(super) fn some(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    paths.iter().try_for_each(|p| gather(p, &mut files))?;
    if files.is_empty() {
        Err(Failure::new(output::USAGE, "there is no file in what was named"))
    } else {
        Ok(files)
    }
}

/// The text under `key`, where there is one.
pub(super) fn word<'a>(line: &'a Value, key: &str) -> Option<&'a str> {
    line.get(key).and_then(Value::as_str)
}

/// Files by study, for those that can be read as far as that; the rest each as a study of its own.
pub(super) fn studies(files: &[PathBuf]) -> BTreeMap<String, Vec<&PathBuf>> {
    let mut studies: BTreeMap<String, Vec<&PathBuf>> = BTreeMap::new();
    for (number, path) in files.iter().enumerate() {
        let uid = study_uid(path).unwrap_or_else(|| format!("~{number:08}"));
        studies.entry(uid).or_default().push(path);
    }
    studies
}

fn study_uid(path: &Path) -> Option<String> {
    let parsed = dicom::read(File::open(path).ok()?, &dicom::Limits::default()).ok()?;
    parsed.data.uid(dicom::tags::STUDY_INSTANCE_UID).filter(|u| !u.is_empty())
}

pub(super) fn bar(count: usize) -> indicatif::ProgressBar {
    // Drawn on standard error, and only when that is a terminal.
    indicatif::ProgressBar::new(count as u64)
}

fn bundles(b: &Bundles) -> Result<Vec<PathBuf>, Failure> {
    for named in &b.bundles {
        models::Bundle::open(named)
            .map_err(|e| Failure::new(output::USAGE, format!("{}: {e}", named.display())))?;
    }
    if !b.bundles.is_empty() {
        return Ok(b.bundles.clone());
    }
    let found: Vec<PathBuf> = std::fs::read_dir("models")
        .map(|entries| {
            let is_model = |p: &PathBuf| p.join("bundle.toml").is_file() && !DetectorBundle::is_in(p);
            entries.filter_map(|e| Some(e.ok()?.path())).filter(is_model).collect()
        })
        .unwrap_or_default();
    if found.is_empty() {
        return Err(Failure::new(
            output::USAGE,
            "no bundle: name one with --bundle DIR, or run in the folder that holds models/",
        ));
    }
    Ok(found)
}

async fn triage_study(pool: &Pool, paths: &[&PathBuf], try_only: bool) -> Result<Box<TriageAnswer>, String> {
    let key = [new_id(), new_id()].into_iter().collect::<Result<Vec<_>, _>>().map_err(|e| e.to_string())?;
    let deid = DeidOrder::new(Profile::named("strict"), Secret::new(key.concat()));
    let order =
        TriageJob { instances: vec![InstanceRef::p10(); paths.len()], deid, previews: false, output: None };
    let job = if try_only { Job::Try(order) } else { Job::Triage(order) };
    match ask(pool, &job, paths).await.map_err(|e| e.words)?.0 {
        Answer::Triage(answer) => Ok(answer),
        Answer::Failed(f) => Err(f.reason),
        _ => Err("the answer did not fit".into()),
    }
}

pub(super) async fn triage(c: &Triage) -> Result<(), Failure> {
    let files = some(&c.paths)?;
    let at_once = std::thread::available_parallelism().map_or(2, usize::from);
    let pool = c.bundles.pool(at_once)?;
    let bar = bar(files.len());
    let studies = studies(&files);
    let workers = &pool;
    let jobs = studies.values().map(|paths| async move {
        let answered = if paths.len() > MAX_INSTANCES {
            Err(format!("{} instances; at most {MAX_INSTANCES} are analysed", paths.len()))
        } else {
            triage_study(workers, paths, false).await
        };
        (paths, answered)
    });
    // So many at once, and their lines in order.
    let mut answers = futures::stream::iter(jobs).buffered(at_once).enumerate();
    while let Some((number, (paths, answered))) = answers.next().await {
        bar.inc(paths.len() as u64);
        print_triage(c.bundles.json, number, paths, &answered);
    }
    bar.finish_and_clear();
    Ok(())
}

fn print_triage(
    as_json: bool,
    number: usize,
    paths: &[&PathBuf],
    answered: &Result<Box<TriageAnswer>, String>,
) {
    let value = match answered.as_ref().map(|answer| &answer.verdict) {
        Ok(v) => json!({
            "study": number, "paths": paths, "bundle": v.bundle, "version": v.version, "findings": v.findings,
            "disposition": v.disposition, "reason": v.reason, "input_check": v.input_check, "ms": v.ms,
        }),
        Err(reason) => json!({
            "study": number, "paths": paths, "bundle": "", "version": "", "findings": [],
            "disposition": "unreadable", "reason": reason, "input_check": null, "ms": Timings::default(),
        }),
    };
    if as_json {
        output::json(&value);
    } else {
        let word = |key| word(&value, key).unwrap_or_default();
        output::line(&format!("study {number:<4} {:<13} {}", word("disposition"), word("reason")));
    }
}

pub(super) async fn try_one(c: &Try) -> Result<(), Failure> {
    let pool = c.bundles.pool(1)?;
    let answer =
        triage_study(&pool, &[&c.file], true).await.map_err(|words| Failure::new(output::FAILED, words))?;
    let v = answer.verdict;
    let value = json!({
        "modality": answer.facts.modality, "bundle": v.bundle, "version": v.version,
        "disposition": v.disposition, "reason": v.reason, "findings": v.findings,
        "input_check": v.input_check, "holds": v.holds, "actions": v.actions, "ms": v.ms,
    });
    if c.bundles.json {
        output::json(&value);
    } else {
        output::line(&serde_json::to_string_pretty(&value).unwrap_or_default());
    }
    if v.disposition == Disposition::Unreadable {
        return Err(Failure::new(output::FAILED, "the file cannot be read"));
    }
    Ok(())
}

/// Writes a piece of a worker's output into a file of its own. Half a file is never left under its name: on a full disk
/// it would look done. `false`: the worker's output ends early.
pub(super) fn write_piece(output: &File, piece: &Piece, name: &Path) -> std::io::Result<bool> {
    // Within the kernel where it can. The worker's own digest would say nothing about a worker.
    let copy = || {
        let mut from = output.try_clone()?;
        from.seek(SeekFrom::Start(piece.offset))?;
        std::io::copy(&mut from.take(piece.length), &mut File::create(name)?)
    };
    let whole = copy().map(|copied| copied == piece.length);
    if !matches!(whole, Ok(true)) {
        let _ = std::fs::remove_file(name);
    }
    whole
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Write as _;

    use super::*;

    #[test]
    fn half_a_file_is_never_left_under_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (mut output, name) = (tempfile::tempfile().unwrap(), folder.path().join("000001.dcm"));
        output.write_all(b"0123456789").unwrap();
        let piece = |offset, length| Piece { offset, length, blake3: String::new() };
        assert!(write_piece(&output, &piece(2, 5), &name).unwrap());
        assert_eq!(std::fs::read(&name).unwrap(), b"23456");
        assert!(!write_piece(&output, &piece(2, 50), &name).unwrap());
        assert!(!name.exists());
    }
}
