//! Keeps the steady clock: takes it up at start, remembers it for the next one, and writes it down when somebody or
//! something sets the machine's clock.

#[cfg(test)]
mod tests;

use std::time::Duration;

use proto::clock::{self, Beginning, EARLIEST_MS, Machine, Mark, STEP_MS, Watch};
use tokio_util::sync::CancellationToken;

use super::light::{Light, light};
use super::{Error, Opened, Settings};
use ledger::Start;
use proto::clock::now;

/// How often the clock is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Looks between two marks.
const MARK_EVERY: u32 = 60;
/// The ledger's fact that holds the last mark.
pub(super) const MARK: &str = "clock";
/// From this difference on the page says that its times are not the wall's, ms.
const TOLD_MS: i64 = 60_000;

/// Begins with the time of this start, and makes the deadlines of the last run again.
///
/// # Errors
/// The ledger's or the audit's refusal.
pub(super) async fn begin(s: &Settings, opened: &Opened) -> Result<(), Error> {
    let mark = opened.site.ledger.fact(MARK).await?.and_then(|text| text.parse::<Mark>().ok());
    let machine = Machine::here();
    let wall = clock::wall();
    let began = Beginning::of(mark.as_ref(), machine.as_ref(), wall);
    clock::begin(began.at);
    let countdown = i64::try_from(s.review.countdown.as_millis()).unwrap_or(i64::MAX);
    let start = Start { now: began.at, moved: began.moved, countdown };
    let mark = machine.map(|machine| (MARK, Mark::new(machine, began.at).to_string()));
    opened.site.ledger.start_time(&start, mark.as_slice()).await?;
    if let Some(by) = began.moved.filter(|by| by.abs() >= STEP_MS) {
        told(opened, &format!("{} since the last run", clock::words(by)))?;
    }
    if wall < EARLIEST_MS {
        told(opened, "it shows a time before this program was written: it is not believed")?;
    }
    Ok(())
}

/// Looks at the clock until `stop`.
pub(super) async fn keep(opened: Opened, stop: CancellationToken) {
    let mut watch = Watch::new();
    let mut looks = 0_u32;
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => return,
        }
        looks += 1;
        let step = watch.look();
        if let Some(by) = step
            && let Err(error) = told(&opened, &clock::words(by))
        {
            tracing::error!(%error, "that the clock was set could not be audited");
        }
        if step.is_some() || looks.is_multiple_of(MARK_EVERY) {
            remember(&opened).await;
        }
    }
}

/// Remembers the time for the next start; what cannot be remembered now is in a minute.
async fn remember(opened: &Opened) {
    let Some(machine) = Machine::here() else { return };
    let mark = Mark::new(machine, now()).to_string();
    if let Err(error) = opened.site.ledger.set_fact(MARK, Some(&mark)).await {
        tracing::warn!(%error, "the time could not be remembered; trying again");
    }
}

fn told(opened: &Opened, how: &str) -> Result<(), Error> {
    tracing::warn!(%how, "the machine's clock was set");
    Ok(opened.site.audit.write(now(), "appliance", "clock set", "", how)?)
}

/// The machine's clock, for `status` and the page.
pub(super) fn said() -> Light {
    if clock::wall() < EARLIEST_MS {
        return light(
            "bad",
            "the machine's clock shows a time before this program was written: set it, best by NTP. Until then TLS \
             finds no certificate valid, and arrivals are recorded with a time that is not true",
        );
    }
    let ahead = clock::ahead();
    if ahead.abs() < TOLD_MS {
        return light("ok", "as the machine's clock");
    }
    light(
        "warn",
        format!(
            "the machine's clock was set {}: no deadline moved, times recorded here follow it slowly; a restart takes \
             it at once",
            clock::words(ahead)
        ),
    )
}
