//! `appliance deid`: files and folders de-identified by the same workers as the appliance's, useful without the rest.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;
use futures::StreamExt as _;
use sandbox::Pool;
use serde_json::{Value, json};

use super::files::{Unanswered, ask, bar, pool, some, studies, word, write_piece};
use super::output::{self, Failure};
use crate::app::read_profile;
use deid::{self, IdRules, Keys, ReidentificationMap, Statement, StudyContext};
use dicom;
use domain::job::{Answer, DeidJob, DeidOrder, Faces, InstanceRef, Job, MAX_INSTANCES, PixelText, Secret};
use ledger::new_id;

/// De-identify files or folders.
#[derive(Debug, Args)]
pub(super) struct Deid {
    /// File or folder to read.
    input: PathBuf,
    /// Folder to write to; names in it carry no identity.
    #[arg(required_unless_present = "explain")]
    output: Option<PathBuf>,
    /// `strict`, `shifted-dates`, or the file of a profile, which ends in `.toml`.
    #[arg(long, default_value = "strict")]
    policy: String,
    /// Write nothing; print every attribute of the one file with its action and the rule behind it.
    #[arg(long, conflicts_with = "output")]
    explain: bool,
    /// What becomes of text in pixels: `hold` or `black-out`.
    #[arg(long, default_value = "hold")]
    pixel_text: String,
    /// Folder of the text detector, as in deid.text_detector. Default: the one that comes with the product.
    #[arg(long, value_name = "DIR")]
    text_detector: Option<PathBuf>,
    /// What becomes of faces in thin head volumes: `hold` or `deface`.
    #[arg(long, default_value = "hold")]
    faces: String,
    /// File with the pseudonym keys, as `appliance init` makes it; without it a key of this run alone.
    #[arg(long)]
    key: Option<PathBuf>,
    /// A Patient ID that is written where none is known, as in deid.placeholder_ids; may be given again.
    #[arg(long = "placeholder-id", value_name = "ID")]
    placeholder_ids: Vec<String>,
    /// A Patient ID that looks like a placeholder and is a real one, as in deid.real_ids; may be given again.
    #[arg(long = "real-id", value_name = "ID")]
    real_ids: Vec<String>,
    /// The site's own Issuer of Patient ID, as in deid.own_issuers; may be given again.
    #[arg(long = "own-issuer", value_name = "ISSUER")]
    own_issuers: Vec<String>,
    /// Write a statement of what was done: to read, or as JSON where the name ends in `.json`.
    #[arg(long)]
    report: Option<PathBuf>,
    /// One JSON object a line on stdout.
    #[arg(long)]
    json: bool,
}

/// Policy and key of the command line.
fn order(c: &Deid) -> Result<DeidOrder, Failure> {
    let keys = Secret::new(match &c.key {
        Some(path) => std::fs::read_to_string(path)?,
        None => format!("{}{}", new_id()?, new_id()?),
    });
    Keys::from_text(keys.expose()).map_err(|e| Failure::new(output::USAGE, format!("--key: {e}")))?;
    let pixel_text = match c.pixel_text.as_str() {
        "hold" => PixelText::Hold,
        "black-out" => PixelText::BlackOut,
        _ => return Err(Failure::new(output::USAGE, "--pixel-text is \"hold\" or \"black-out\"")),
    };
    let faces = match c.faces.as_str() {
        "hold" => Faces::Hold,
        "deface" => Faces::Deface,
        _ => return Err(Failure::new(output::USAGE, "--faces is \"hold\" or \"deface\"")),
    };
    let policy = read_profile(&c.policy).map_err(|faults| output::faults_failure(&faults))?;
    let set = |ids: &[String]| ids.iter().cloned().collect();
    let ids = IdRules {
        placeholder_ids: set(&c.placeholder_ids),
        real_ids: set(&c.real_ids),
        own_issuers: set(&c.own_issuers),
    };
    if let Some((key, wrong, write)) = ids.faults().first() {
        let option = format!("--{}", key.trim_end_matches('s').replace('_', "-"));
        return Err(Failure::new(output::USAGE, format!("{option} {wrong}: {write}")));
    }
    Ok(DeidOrder { policy, keys, under: None, pixel_text, faces, ids })
}

pub(super) async fn main(c: &Deid) -> Result<(), Failure> {
    let order = order(c)?;
    let Some(output) = c.output.as_ref().filter(|_| !c.explain) else { return explain(c, &order) };
    let files = some(std::slice::from_ref(&c.input))?;
    std::fs::create_dir_all(output)?;
    let at_once = std::thread::available_parallelism().map_or(2, usize::from);
    let workers = pool(c.text_detector.as_deref(), &[], None, at_once)?;
    let bar = bar(files.len());
    let mut total = Total {
        output,
        json: c.json,
        number: 0,
        counts: BTreeMap::new(),
        statement: None,
        patients: ReidentificationMap::default(),
    };
    let studies = studies(&files);
    let jobs = studies
        .values()
        .flat_map(|study| study.chunks(MAX_INSTANCES))
        .map(|paths| one_study(&workers, &order, paths));
    let mut answers = futures::stream::iter(jobs).buffered(at_once);
    while let Some(study) = answers.next().await {
        total.take(&study)?;
        bar.inc(study.paths.len() as u64);
    }
    bar.finish_and_clear();
    let said: Vec<String> = total.counts.iter().map(|(k, v)| format!("{v} {k}")).collect();
    output::say(&said.join(", "));
    if let (Some(path), Some(statement)) = (&c.report, &total.statement) {
        let json = path.extension().is_some_and(|e| e == "json");
        std::fs::write(path, if json { statement.to_json() } else { statement.report() })?;
    }
    match total.counts.get("refused") {
        None => Ok(()),
        Some(n) => Err(Failure::new(output::FAILED, format!("{n} of {} files were refused", files.len()))),
    }
}

/// The files of a study with what became of them.
struct Study<'p> {
    paths: Vec<&'p PathBuf>,
    /// Files that no worker survived, by their place in `paths`, with the reason.
    set_aside: BTreeMap<usize, String>,
    /// About the others, in their order.
    answered: Result<(Answer, File), String>,
}

/// De-identifies a study in a worker. A file that ends its worker is set aside, and the others are done without it.
async fn one_study<'p>(pool: &Pool, order: &DeidOrder, paths: &[&'p PathBuf]) -> Study<'p> {
    let mut set_aside = BTreeMap::new();
    loop {
        let left: Vec<usize> = (0..paths.len()).filter(|at| !set_aside.contains_key(at)).collect();
        let chosen: Vec<&PathBuf> = left.iter().filter_map(|at| paths.get(*at).copied()).collect();
        let job =
            Job::Deid(DeidJob { instances: vec![InstanceRef::p10(); chosen.len()], deid: order.clone() });
        let answered = match ask(pool, &job, &chosen).await {
            Ok(answered) => Ok(answered),
            Err(Unanswered { words, touching: Some(culprit) }) if chosen.len() > 1 => {
                set_aside.insert(left.get(culprit).copied().unwrap_or(0), words);
                continue;
            }
            Err(unanswered) => Err(unanswered.words),
        };
        return Study { paths: paths.to_vec(), set_aside, answered };
    }
}

/// What is known of all files so far.
struct Total<'o> {
    output: &'o Path,
    json: bool,
    number: usize,
    counts: BTreeMap<String, usize>,
    statement: Option<Statement>,
    /// Whose the studies so far are.
    patients: ReidentificationMap,
}

/// Why a study waits that an earlier one of the same run contradicts.
const OTHER_PATIENT: &str = "An earlier study of this run has the same Patient ID and is about somebody else: give both \
     their issuer, or take the id for a placeholder (--placeholder-id).";

impl Total<'_> {
    /// Whether a pseudonym of the study is another patient's of this run; else its patients are remembered.
    fn is_strange(&mut self, study: &Study<'_>) -> bool {
        let Ok((Answer::Deid(answer), _)) = &study.answered else { return false };
        let known = |pseudonym: &String| self.patients.0.get(pseudonym);
        let other =
            answer.patients.0.iter().any(|(p, back)| known(p).is_some_and(|k| k.is_other(&back.attributes)));
        if !other {
            self.patients.add(answer.patients.clone());
        }
        other
    }

    /// Writes and reports the files of one study.
    fn take(&mut self, study: &Study<'_>) -> Result<(), Failure> {
        let mut index = 0;
        let stranger = self.is_strange(study);
        for (at, path) in study.paths.iter().enumerate() {
            let line = match study.set_aside.get(&at) {
                Some(words) => refused(words),
                None if stranger => unwritten("held", OTHER_PATIENT),
                None => {
                    index += 1;
                    line_of(&study.answered, index - 1, self.output, self.number)?
                }
            };
            self.number += 1;
            *self.counts.entry(word(&line, "status").unwrap_or("refused").to_owned()).or_insert(0) += 1;
            report(self.json, path, &line);
        }
        if let Ok((Answer::Deid(answer), _)) = &study.answered
            && !stranger
        {
            match &mut self.statement {
                Some(statement) => statement.add(answer.statement.clone()),
                None => self.statement = Some(answer.statement.clone()),
            }
        }
        Ok(())
    }
}

fn refused(reason: &str) -> Value {
    unwritten("refused", reason)
}

fn unwritten(status: &str, reason: &str) -> Value {
    json!({ "output": null, "status": status, "reason": reason, "actions": {}, "boxes": 0 })
}

fn line_of(
    answered: &Result<(Answer, File), String>,
    index: usize,
    folder: &Path,
    number: usize,
) -> Result<Value, Failure> {
    let (lines, written) = match answered {
        Ok((Answer::Deid(answer), written)) => (&answer.lines, written),
        Ok((Answer::Failed(f), _)) => return Ok(refused(&f.reason)),
        Ok(_) => return Ok(refused("the answer did not fit")),
        Err(words) => return Ok(refused(words)),
    };
    let Some(line) = lines.get(index).filter(|l| l.instance as usize == index) else {
        return Ok(refused("no answer about this file"));
    };
    let mut output = Value::Null;
    if let Some(piece) = &line.piece {
        let name = folder.join(format!("{number:06}.dcm"));
        if !write_piece(written, piece, &name)? {
            return Ok(refused("the worker's output ends early"));
        }
        output = json!(name);
    }
    Ok(json!({
        "output": output, "status": line.status, "reason": line.reason,
        "actions": line.actions, "boxes": line.boxes,
    }))
}

fn report(as_json: bool, path: &Path, line: &Value) {
    if as_json {
        let mut line = line.clone();
        if let Some(fields) = line.as_object_mut() {
            fields.insert("input".to_owned(), json!(path));
        }
        output::json(&line);
    } else if word(line, "status") != Some("done") {
        output::say(&format!(
            "{}: {}",
            word(line, "status").unwrap_or_default(),
            word(line, "reason").unwrap_or_default()
        ));
    }
}

/// Every action on one file in the order of its attributes. Values are not printed: only names, actions, rules.
fn explain(c: &Deid, order: &DeidOrder) -> Result<(), Failure> {
    let cannot = |words: String| Failure::new(output::FAILED, format!("the file cannot be read: {words}"));
    let parsed =
        dicom::read(File::open(&c.input)?, &dicom::Limits::default()).map_err(|e| cannot(e.to_string()))?;
    let keys = order.pseudonym_keys().map_err(|e| Failure::new(output::USAGE, e.to_string()))?;
    let policy = order.policy.policy().map_err(|_| Failure::new(output::USAGE, "--policy is no policy"))?;
    let mut context = StudyContext::with_rules(order.ids.clone());
    context.add(&parsed.meta, &parsed.data);
    for step in deid::explain(&parsed.meta, &parsed.data, &context, &policy, &keys) {
        let path: Vec<String> = step.path.iter().map(|tag| deid::attribute_name(*tag)).collect();
        let attribute = deid::attribute_name(step.tag);
        if c.json {
            let (action, rule) = (step.action.as_str(), step.rule.as_str());
            output::json(&json!({ "path": path, "attribute": attribute, "action": action, "rule": rule }));
        } else {
            let indent = "  ".repeat(path.len());
            output::line(&format!("{} {indent}{attribute}  [{}]", step.action.as_str(), step.rule.as_str()));
        }
    }
    Ok(())
}
