//! `appliance model add`: a bundle from somebody else's ONNX classifier, and a look at one that was filled in.

use std::env;
use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Args, ValueEnum};
use models::add::{Examination, Report, Run, Wish, examine, inspect, seal};
use models::manifest::{Activation, Layout};
use models::runtime::TELEMETRY_VARIABLE;
use models::{Error, Fault, Runtime};
use serde_json::json;

use super::output::{self, Failure};

/// Values of an answer that a person is shown.
const SHOWN: usize = 8;

/// Which model, and what is known of it.
#[derive(Debug, Args)]
pub(super) struct Add {
    /// An .onnx file, or the folder of a bundle that was filled in.
    path: PathBuf,
    /// New folder for the bundle.
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Name of the bundle; without it the folder's.
    #[arg(long)]
    name: Option<String>,
    /// Modalities it takes, such as CR,DX; without one it takes no study.
    #[arg(long, value_delimiter = ',')]
    modality: Vec<String>,
    /// Body parts it takes, such as CHEST; without one it takes no study.
    #[arg(long, value_delimiter = ',')]
    body_part: Vec<String>,
    /// Names of the findings, in the order of the output.
    #[arg(long, value_delimiter = ',')]
    labels: Vec<String>,
    /// `sigmoid` for logits, `none` for probabilities; without it that is guessed.
    #[arg(long, value_enum)]
    activation: Option<Holds>,
    /// For a model that leaves its rows and columns open.
    #[arg(long, value_name = "ROWS,COLUMNS", value_parser = size)]
    size: Option<[usize; 2]>,
    /// For a model with several outputs.
    #[arg(long, value_name = "NAME")]
    output: Option<String>,
    /// Subtracted from the 0..1 image; 0 without it.
    #[arg(long, allow_negative_numbers = true)]
    mean: Option<f32>,
    /// Divides the difference; 1 without it.
    #[arg(long)]
    std: Option<f32>,
    /// Of a folder: take over a model file or input rule that was changed on purpose.
    #[arg(long)]
    seal: bool,
    /// ONNX Runtime's shared library.
    #[arg(long)]
    runtime: Option<PathBuf>,
    /// One JSON object a line on stdout.
    #[arg(long)]
    json: bool,
}

/// What the output holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Holds {
    /// Logits.
    #[value(name = "sigmoid")]
    Logits,
    /// Probabilities.
    #[value(name = "none")]
    Probabilities,
}

fn size(text: &str) -> Result<[usize; 2], String> {
    let sides: Result<Vec<usize>, _> = text.split(',').map(|side| side.trim().parse()).collect();
    match sides.as_deref() {
        Ok([rows, columns]) => Ok([*rows, *columns]),
        _ => Err("write two numbers: ROWS,COLUMNS".to_owned()),
    }
}

pub(super) fn main(c: &Add) -> Result<(), Failure> {
    let folder = c.path.is_dir();
    let wish = wish(c);
    if folder && (c.to.is_some() || wish != Wish::default()) {
        let words =
            "these options are for an .onnx file; of a folder edit bundle.toml, then give the folder alone";
        return Err(Failure::new(output::USAGE, words));
    }
    if c.seal && !folder {
        return Err(Failure::new(output::USAGE, "--seal is for the folder of a bundle"));
    }
    if folder {
        return look(c, &runtime(c)?);
    }
    match &c.to {
        Some(to) => make(c, &runtime(c)?, &wish, to),
        None => Err(Failure::new(output::USAGE, "say where the bundle goes: --to DIR, a new folder")),
    }
}

fn wish(c: &Add) -> Wish {
    let tidy = |texts: &[String]| texts.iter().map(|text| text.trim().to_owned()).collect();
    Wish {
        name: c.name.clone(),
        modality: tidy(&c.modality),
        body_part: tidy(&c.body_part),
        labels: tidy(&c.labels),
        activation: c.activation.map(|holds| match holds {
            Holds::Logits => Activation::Sigmoid,
            Holds::Probabilities => Activation::None,
        }),
        size: c.size,
        output: c.output.clone(),
        mean: c.mean,
        std: c.std,
    }
}

/// ONNX Runtime in this process. It sends usage data unless a variable is there when the process starts, so without the
/// variable this command begins again with it.
fn runtime(c: &Add) -> Result<Runtime, Failure> {
    if env::var_os(TELEMETRY_VARIABLE).as_deref() != Some(OsStr::new("1")) {
        let me = env::current_exe().map_err(Failure::from)?;
        let error = Command::new(me).args(env::args_os().skip(1)).env(TELEMETRY_VARIABLE, "1").exec();
        let words =
            format!("this command cannot be started again ({}); start it by its full path", error.kind());
        return Err(Failure::new(output::FAILED, words));
    }
    Runtime::load(c.runtime.as_deref()).map_err(|e| failed(&e))
}

fn failed(error: &Error) -> Failure {
    let code = if error.fault() == Fault::Peer { output::USAGE } else { output::FAILED };
    Failure::new(code, error.to_string())
}

fn make(c: &Add, runtime: &Runtime, wish: &Wish, to: &Path) -> Result<(), Failure> {
    let candidate = inspect(runtime, &c.path, wish).map_err(|e| failed(&e))?;
    let bundle = candidate.write(runtime, to).map_err(|e| failed(&e))?;
    let report = candidate.report();
    if c.json {
        output::json(&json!({
            "folder": to.to_string_lossy(), "name": bundle.name(), "digest": bundle.digest(), "report": report,
        }));
        return Ok(());
    }
    found(report);
    output::line(&format!("{} is written: {}", bundle.name(), to.display()));
    output::line("It flags nothing and never answers `no-flag`; nobody has measured it here.");
    if !report.takes_studies {
        output::line("It takes no study until modality and body_part are filled in.");
    }
    let next = "Fill in the lines marked TODO in bundle.toml and CARD.md, then: appliance model add";
    output::line(&format!("{next} {}", to.display()));
    Ok(())
}

fn found(report: &Report) {
    let input = &report.input;
    let layout = match input.layout {
        Layout::Nchw => "channels first",
        Layout::Nhwc => "channels last",
    };
    let [rows, columns] = input.size;
    let frames = if report.frames_open { "any number of frames" } else { "one frame" };
    output::line(&format!("input: {rows} x {columns}, channels: {}, {layout}, {frames}", input.channels));
    let holds = match report.activation {
        Activation::Sigmoid => "logits",
        Activation::None => "probabilities",
    };
    output::line(&format!("output: {} values, {holds}", report.findings));
    if let Some(why) = &report.guessed {
        output::line(&format!("  a guess: {why}; --activation settles it"));
    }
    report.runs.iter().for_each(ran);
    report.notices.iter().for_each(|notice| output::line(&format!("look at this: {notice}")));
}

fn ran(run: &Run) {
    let values: Vec<String> = run.outputs.iter().take(SHOWN).map(|v| format!("{v:.3}")).collect();
    let more = if run.outputs.len() > SHOWN { " ..." } else { "" };
    let check = match run.passed {
        Some(true) => ", passes the input check",
        Some(false) => ", kept out by the input check",
        None => "",
    };
    let (mean, std) = (run.grey_mean, run.grey_std);
    output::line(&format!(
        "  {:<8} grey {mean:.3} +- {std:.3}{check}: {}{more}",
        run.image,
        values.join(" ")
    ));
}

fn look(c: &Add, runtime: &Runtime) -> Result<(), Failure> {
    if c.seal {
        seal(runtime, &c.path).map_err(|e| failed(&e))?;
    }
    let seen = examine(runtime, &c.path).map_err(|e| match e {
        Error::Parity { .. } => {
            let words = format!("{e}\nif the model or [input] was changed on purpose: --seal");
            Failure::new(output::USAGE, words)
        }
        _ => failed(&e),
    })?;
    // A JSON string is a TOML string too.
    let quoted = json!(seen.folder).to_string();
    let line = format!("bundles = [{quoted}]");
    if c.json {
        output::json(&json!({ "sealed": c.seal, "examination": seen, "configuration": line }));
        return Ok(());
    }
    told(c, &seen);
    output::line("In the configuration, under [triage]:");
    output::line(&line);
    Ok(())
}

fn told(c: &Add, seen: &Examination) {
    if c.seal {
        output::line("sealed: the model's digest and parity.json are those of the files as they are now");
    }
    output::line(&format!("{} {} holds: {}", seen.name, seen.version, seen.digest));
    output::line(&format!("largest difference from parity.json: {:.1e}", seen.parity));
    seen.runs.iter().for_each(ran);
    for file in ["bundle.toml", "CARD.md"] {
        let open = seen.open.iter().filter(|open| open.file == file);
        let lines: Vec<String> = open.map(|open| open.line.to_string()).collect();
        if !lines.is_empty() {
            output::line(&format!("{file}: to be filled in: line {}", lines.join(", ")));
        }
    }
    seen.notices.iter().for_each(|notice| output::line(&format!("look at this: {notice}")));
}
