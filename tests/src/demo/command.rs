//! The play from beginning to end.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use super::screen::say;
use super::{acts, both_sides, came_home, interrupt, schedule, summary, table};
use crate::Result;
use crate::support::project;

/// Plays the whole on this machine: a scanner, the appliance, the cloud, and a link that goes away.
#[derive(Debug, Clone, Parser)]
#[command(name = "demo", about, max_term_width = 100)]
pub struct Args {
    /// Leave when every study is answered, not analysed or held, instead of staying up for you to look.
    #[arg(long)]
    exit: bool,
    /// Send a folder of your own DICOM files instead of phantoms and the files of the pydicom package.
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// The four acts were announced already, before the build.
    #[arg(long, hide = true)]
    told: bool,
}

const ACTS: &str = include_str!("acts.txt");

/// Plays the demonstration; the exit code says whether it came out as it must.
pub fn main() -> ExitCode {
    match play(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn play(args: &Args) -> Result<bool> {
    let begun = Instant::now();
    let leave = interrupt::Leave::watch()?;
    if !args.told {
        say(ACTS);
    }
    let folder = project().join(".demo");
    let schedule = match &args.from {
        Some(own) => schedule::of_folder(own)?,
        None => schedule::ours(&project().join("target/pydicom"))?,
    };
    let mut sides = both_sides::BothSides::set(&folder, true)?;
    sides.introduce();
    let mut table = table::Table::default();
    let record = acts::play(&mut sides, &schedule, &mut table)?;
    let home = came_home::bring(&mut sides, &schedule)?;
    let summary = summary::Summary::of(&mut sides, &schedule, &record, &home, begun.elapsed())?;
    let faults = summary.faults(&mut sides, &schedule, &home)?;
    summary.write(&folder.join("summary.json"))?;
    summary.last_lines(&home, &faults);
    if !args.exit {
        sides.stay_up(&leave);
    }
    sides.end()?;
    Ok(faults.is_empty())
}
