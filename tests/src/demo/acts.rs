//! The four acts: link up, cloud stopped, kill -9 in the middle of a send, everything home.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use fixtures::scanner::{Outcome, Outgoing, Record, read_record};

use super::both_sides::BothSides;
use super::schedule::Schedule;
use super::screen::say;
use super::table::Table;
use crate::support::{Row, until};
use crate::{Error, Result};

/// Longest time until an act has settled.
const ACT: Duration = Duration::from_secs(240);

/// Plays them; what the scanner recorded as acknowledged.
///
/// # Errors
/// When a side fails, or an act does not settle.
pub(super) fn play(sides: &mut BothSides, schedule: &Schedule, table: &mut Table) -> Result<Vec<Outcome>> {
    let record = sides.folder.join("scanner.record");
    link_up(sides, schedule, table, &record, Row::at_rest)?;
    cloud_stopped(sides, schedule, table, &record)?;
    tell_away(sides)?;

    say("\nAct 3: kill -9 of the appliance in the middle of a send");
    table.begin();
    kill_inside_a_send(sides, schedule, &record)?;
    settle(sides, schedule, table, &[3], "act 3 is answered, its cases are sealed", waits)?;
    tell_away(sides)?;

    say("\nAct 4: the cloud is back");
    sides.cloud.start()?;
    table.begin();
    settle(sides, schedule, table, &[1, 2, 3], "everything is home", Row::at_rest)?;
    Ok(read_record(&record)?)
}

/// Act 1; it ends when every study of it is `done`.
///
/// # Errors
/// When a side fails.
pub(crate) fn link_up(
    sides: &mut BothSides,
    schedule: &Schedule,
    table: &mut Table,
    record: &Path,
    done: fn(&Row) -> bool,
) -> Result<()> {
    say("Act 1: link up");
    table.begin();
    send(sides, schedule, 1, record)?;
    settle(sides, schedule, table, &[1], "act 1 is answered and its reports are home", done)
}

/// Act 2.
///
/// # Errors
/// When a side fails.
pub(crate) fn cloud_stopped(
    sides: &mut BothSides,
    schedule: &Schedule,
    table: &mut Table,
    record: &Path,
) -> Result<()> {
    say("\nAct 2: the cloud is stopped");
    sides.cloud.stop()?;
    sides.until_link(false)?;
    table.begin();
    send(sides, schedule, 2, record)?;
    settle(sides, schedule, table, &[2], "act 2 is answered, its cases are sealed", waits)
}

/// Answered here, and its case, if it has one, is at rest or waits sealed for the link.
fn waits(row: &Row) -> bool {
    row.at_rest() || row.answered() && matches!(row.state.as_deref(), Some("sealed" | "sending"))
}

fn send(sides: &BothSides, schedule: &Schedule, act: u8, record: &Path) -> Result<()> {
    let scanner = sides.appliance.scanner();
    for study in schedule.act(act) {
        if let Some(error) = scanner.send_recorded(&study.outgoing, record).ended {
            // A user's own file may be refused; ours may not, and the summary will say so.
            say(&format!("  study {}: {error}", study.number));
        }
    }
    Ok(())
}

fn settle(
    sides: &mut BothSides,
    schedule: &Schedule,
    table: &mut Table,
    acts: &[u8],
    what: &str,
    done: fn(&Row) -> bool,
) -> Result<()> {
    let settled = until(what, ACT, || {
        let rows = sides.rows()?;
        table.show(schedule, &rows, acts);
        let wanted: Vec<_> = schedule.studies.iter().filter(|study| acts.contains(&study.act)).collect();
        let is_done = |uid: &str| rows.iter().any(|row| row.uid == uid && done(row));
        let missing = |uid: &str| schedule.own && !rows.iter().any(|row| row.uid == uid);
        Ok(wanted.iter().all(|study| is_done(&study.uid) || missing(&study.uid)).then_some(()))
    });
    match settled {
        // What is stuck is told by the summary, study by study.
        Err(Error::Late { what, seconds }) => {
            say(&format!("  not within {seconds} s: {what}"));
            Ok(())
        }
        other => other,
    }
}

fn tell_away(sides: &BothSides) -> Result<()> {
    let status = sides.appliance.status()?;
    let since = status.get("cloud_away_since").and_then(serde_json::Value::as_i64);
    let now = status.get("now").and_then(serde_json::Value::as_i64);
    let waiting = status.get("waiting_sealed").and_then(serde_json::Value::as_u64).unwrap_or(0);
    match since.zip(now) {
        Some((since, now)) => {
            let clock = since.rem_euclid(86_400_000) / 1_000;
            let (h, m, s) = (clock / 3_600, clock / 60 % 60, clock % 60);
            let ago = (now - since) / 1_000;
            say(&format!(
                "The cloud is away since {h:02}:{m:02}:{s:02} UTC ({ago} s); {waiting} cases wait here, sealed."
            ));
        }
        None => say("The appliance says that the cloud answers."),
    }
    Ok(())
}

/// Sends act 3 over one association, kills the appliance in the middle of it, restarts it, and sends again what was
/// not acknowledged.
fn kill_inside_a_send(sides: &mut BothSides, schedule: &Schedule, record: &Path) -> Result<()> {
    let all: Vec<Outgoing> = schedule.act(3).flat_map(|study| study.outgoing.iter().cloned()).collect();
    if all.is_empty() {
        return Ok(());
    }
    let before_kill = all.len() / 2;
    let scanner = sides.appliance.scanner();
    let mut log = Record::open(record)?;
    let (tell, hear) = mpsc::channel();
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            scanner.send_watched(&all, move |outcome| {
                log.append(outcome)?;
                let _ = tell.send(());
                Ok(())
            })
        });
        // Ends early when the association does: then the kill comes between two sends.
        let heard = hear.iter().take(before_kill).count();
        sides.appliance.kill();
        say(&format!("  killed after {heard} of {} objects were acknowledged", all.len()));
        let _ = sending.join();
    });
    sides.appliance.start()?;
    let acknowledged = read_record(record)?;
    let known = |uid: &str| {
        acknowledged.iter().any(|outcome| outcome.acknowledged() && outcome.sop_instance_uid == uid)
    };
    let again: Vec<Outgoing> = all.into_iter().filter(|item| !known(&item.sop_instance_uid)).collect();
    say(&format!(
        "  restarted; the scanner sends again the {} objects that nobody acknowledged",
        again.len()
    ));
    if !again.is_empty() {
        sides.appliance.scanner().send_recorded(&again, record).complete()?;
    }
    Ok(())
}
