//! The warden: calls contacts about open flags, draws the one silent study of a day, and writes into the audit what
//! oversight did by itself. Everything it does can be repeated after a crash; a call may then be made twice, never not.

use std::time::Duration;

use futures::StreamExt;
use proto::case::{Priority, TriageMode};
use tokio_util::sync::CancellationToken;

use super::{Error, Opened, Settings};
use crate::alarm::{Caller, Message};
use crate::conveyor::now;
use crate::ledger::OpenFlag;
use crate::oversight::due;

/// Longest wait without looking.
const LOOK: Duration = Duration::from_secs(10);
/// Calls at the same time.
const AT_ONCE: usize = 4;
/// Days back for which the one of a day is drawn.
const DAYS: u32 = 7;

/// The warden's state.
pub(super) struct Warden {
    opened: Opened,
    settings: Settings,
    caller: Caller,
    /// Day, since 1970, whose predecessors have been drawn for.
    drawn_until: i64,
}

impl Warden {
    pub(super) fn new(settings: &Settings, opened: Opened) -> Result<Self, Error> {
        let caller = Caller::new(&settings.alarm).map_err(|e| Error::Models(format!("[alarm]: {e}")))?;
        Ok(Self { opened, settings: settings.clone(), caller, drawn_until: i64::MIN })
    }

    /// Ends acceptances of bundles that are not what the configuration names any more: a changed bundle is another one.
    ///
    /// # Errors
    /// The ledger's or the audit's refusal.
    pub(super) async fn begin(&self, digests: &[String]) -> Result<(), Error> {
        for bundle in self.opened.ledger.end_foreign_acceptances(digests, now()).await? {
            let why = "the bundle was changed or removed";
            self.opened.audit.write(now(), "appliance", "acceptance withdrawn", &bundle, why)?;
            tracing::warn!(%bundle, "its acceptance has ended: the bundle was changed or removed");
        }
        Ok(())
    }

    /// Looks until `stop`.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        loop {
            let wait = match self.look().await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::warn!(%error, "oversight could not look; trying again");
                    LOOK
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn look(&mut self) -> Result<Duration, Error> {
        let ledger = &self.opened.ledger;
        for level in ledger.new_levels().await? {
            let what = format!("no-flag {}", level.level);
            self.opened.audit.write(now(), "appliance", &what, &level.bundle, &level.why)?;
            tracing::warn!(bundle = %level.bundle, level = %level.level, "how far no-flag may be relied upon has changed");
            ledger.level_audited(&level).await?;
        }
        let today = now().div_euclid(24 * 3_600_000);
        if today > self.drawn_until {
            ledger.draw_of_days(DAYS, now()).await?;
            self.drawn_until = today;
        }
        self.call().await
    }

    /// Makes the calls that are due; returns how long none will be.
    async fn call(&self) -> Result<Duration, Error> {
        // Shadow changes nothing; a flag that was raised under another mode is not called about either.
        if self.settings.triage.mode == TriageMode::Shadow {
            return Ok(LOOK);
        }
        let contacts = &self.settings.alarm.contact;
        let (mut calls, mut next) = (Vec::new(), None::<i64>);
        for flag in self.opened.ledger.open_flags().await? {
            let Some(target) = self.target(&flag) else { continue };
            match due(&flag.ladder(target), contacts.len(), now()) {
                Ok(call) => calls.push((flag, call)),
                Err(at) => next = [next, at].into_iter().flatten().min(),
            }
        }
        let made = futures::stream::iter(calls)
            .map(|(flag, call)| async move {
                let Some(contact) = contacts.get(call.contact) else { return Ok(()) };
                self.one(&flag, call.number, contact).await
            })
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        made.into_iter().collect::<Result<Vec<()>, Error>>()?;
        let wait =
            next.map_or(LOOK, |at| Duration::from_millis(u64::try_from(at - now()).unwrap_or(0).max(100)));
        Ok(wait.min(LOOK))
    }

    fn target(&self, flag: &OpenFlag) -> Option<i64> {
        let target = self.settings.alarm.target(priority(&flag.priority))?;
        i64::try_from(target.as_millis()).ok()
    }

    async fn one(&self, flag: &OpenFlag, number: u32, contact: &crate::alarm::Contact) -> Result<(), Error> {
        let open = now().saturating_sub(flag.since);
        let site = &self.settings.site.name;
        let message =
            Message::new(site, &flag.study, priority(&flag.priority), open, number.saturating_add(1));
        let fault = self.caller.call(contact, &message).await.err().map(|e| e.to_string());
        let ledger = &self.opened.ledger;
        let key = (flag.study.as_str(), flag.revision);
        ledger.record_call(key, (number, &contact.name), fault.as_deref(), now()).await?;
        let what = if fault.is_none() { "contact called" } else { "contact not reached" };
        let words = fault.map_or_else(|| contact.name.clone(), |f| format!("{}: {f}", contact.name));
        self.opened.audit.write(now(), "appliance", what, &flag.study, &words)?;
        Ok(())
    }
}

fn priority(word: &str) -> Priority {
    [Priority::Stat, Priority::Urgent].into_iter().find(|p| p.as_str() == word).unwrap_or(Priority::Routine)
}

/// Starts the warden beside the others.
pub(super) async fn start(
    settings: &Settings,
    opened: &Opened,
    digests: Vec<String>,
    stop: CancellationToken,
) -> Result<tokio::task::JoinHandle<()>, Error> {
    let warden = Warden::new(settings, opened.clone())?;
    warden.begin(&digests).await?;
    Ok(tokio::spawn(warden.run(stop)))
}
