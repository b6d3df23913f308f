//! Paging: calls contacts about open flags, samples the one study given `no-flag` of a day, and writes into the audit what
//! oversight did by itself. Everything it does can be repeated after a crash; a call may then be made twice, never not.

use std::time::Duration;

use proto::case::TriageMode;
use tokio_util::sync::CancellationToken;

use crate::alarm::{Caller, Config, Message};
use crate::site::{Error, Site};
use domain::oversight::due;
use ledger::OpenFlag;
use proto::clock::now;

/// Longest wait without looking.
const LOOK: Duration = Duration::from_secs(10);
/// Calls at the same time.
const AT_ONCE: usize = 4;
/// The ledger's fact that says from when on calls are made, ms: nobody is called about what lay here before.
const SINCE: &str = "alarm_since";
/// Days back for which the one of a day is sampled.
const DAYS: u32 = 7;

/// Whom to call about what.
pub(crate) struct Terms {
    /// `[alarm]`.
    pub(crate) config: Config,
    /// The site's name, which messages give.
    pub(crate) name: String,
    /// The triage mode in force.
    pub(crate) mode: TriageMode,
    /// Name and digest of each bundle that could be opened.
    pub(crate) bundles: Vec<(String, String)>,
}

/// What paging knows.
pub(crate) struct Paging {
    site: Site,
    config: Config,
    /// The name that messages give.
    name: String,
    /// Whether answers change nothing: then only what a person flagged is called about.
    shadow: bool,
    caller: Caller,
    /// Day, since 1970, whose predecessors have been sampled for.
    sampled_until: i64,
    /// From when on calls are made, ms; never while there is no contact.
    since: i64,
}

impl Paging {
    fn new(terms: Terms, site: Site) -> Result<Self, Error> {
        let caller = Caller::new(&terms.config)?;
        let Terms { config, name, mode, .. } = terms;
        let shadow = mode == TriageMode::Shadow;
        Ok(Self { site, config, name, shadow, caller, sampled_until: i64::MIN, since: i64::MAX })
    }

    /// Remembers from when on calls are made, and ends acceptances of bundles that are not what they were: a changed
    /// bundle is another one. A bundle that cannot be opened now keeps its acceptance: it answers nothing either.
    async fn begin(&mut self, bundles: &[(String, String)]) -> Result<(), Error> {
        let ledger = &self.site.ledger;
        if self.config.contact.is_empty() {
            ledger.set_fact(SINCE, None).await?;
        } else {
            // In a time to come when the clock was set back since: flags of now would count as of before.
            let known: Option<i64> = ledger.fact(SINCE).await?.and_then(|t| t.parse().ok());
            self.since = known.unwrap_or(i64::MAX).min(now());
            ledger.set_fact(SINCE, Some(&self.since.to_string())).await?;
        }
        for bundle in ledger.foreign_acceptances(bundles).await? {
            let why = "the bundle was changed";
            self.site.audit.write(now(), "appliance", "acceptance withdrawn", &bundle, why)?;
            ledger.withdraw_acceptance(&bundle, why, now()).await?;
            tracing::warn!(%bundle, "its acceptance has ended: the bundle was changed");
        }
        Ok(())
    }

    /// Looks until `stop`.
    async fn run(mut self, bundles: Vec<(String, String)>, stop: CancellationToken) {
        let mut begun = false;
        loop {
            let look = async {
                if !begun {
                    begun = note("begin", self.begin(&bundles).await);
                }
                self.look().await
            };
            let wait = tokio::select! {
                wait = look => wait,
                () = stop.cancelled() => return,
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Each step by itself: a fault of one must not keep contacts from being called.
    async fn look(&mut self) -> Duration {
        note("write levels into the audit", self.levels().await);
        let today = now().div_euclid(24 * 3_600_000);
        if today > self.sampled_until {
            let sampled = self.site.ledger.sample_of_days(DAYS, now()).await.map(|_| ()).map_err(Error::from);
            if note("sample the study of a day", sampled) {
                self.sampled_until = today;
            }
        }
        self.call().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "open flags could not be looked up; trying again");
            LOOK
        })
    }

    async fn levels(&self) -> Result<(), Error> {
        for level in self.site.ledger.new_levels().await? {
            let what = format!("no-flag {}", level.level.as_str());
            self.site.audit.write(level.at, "appliance", &what, &level.bundle, &level.why)?;
            tracing::warn!(bundle = %level.bundle, level = level.level.as_str(), "how far no-flag may be relied upon has changed");
            self.site.ledger.level_audited(level.seq).await?;
        }
        Ok(())
    }

    /// Makes the calls that are due; returns how long none will be.
    async fn call(&self) -> Result<Duration, Error> {
        let contacts = &self.config.contact;
        if contacts.is_empty() {
            return Ok(LOOK);
        }
        let (mut calls, mut next) = (Vec::new(), None::<i64>);
        for flag in self.site.ledger.open_flags(self.since, self.shadow).await? {
            let Some(target) = self.target(&flag) else { continue };
            match due(&flag.ladder(target), contacts.len(), now()) {
                Ok(call) => calls.push((flag, call)),
                Err(at) => next = [next, at].into_iter().flatten().min(),
            }
        }
        // A few at a time, so that a STAT study that comes now does not wait behind old ones.
        let more = calls.len() > AT_ONCE;
        calls.truncate(AT_ONCE);
        let made = calls.iter().map(|(flag, call)| async move {
            let Some(contact) = contacts.get(call.contact) else { return };
            note("record a call", self.one(flag, call.number, contact).await);
        });
        futures::future::join_all(made).await;
        if more {
            return Ok(Duration::from_millis(100));
        }
        let wait =
            next.map_or(LOOK, |at| Duration::from_millis(u64::try_from(at - now()).unwrap_or(0).max(100)));
        Ok(wait.min(LOOK))
    }

    fn target(&self, flag: &OpenFlag) -> Option<i64> {
        let target = self.config.target(flag.priority)?;
        i64::try_from(target.as_millis()).ok()
    }

    async fn one(&self, flag: &OpenFlag, number: u32, contact: &crate::alarm::Contact) -> Result<(), Error> {
        let open = now().saturating_sub(flag.since);
        let message = Message::new(&self.name, &flag.study, flag.priority, open, number.saturating_add(1));
        let fault = self.caller.call(contact, &message).await.err().map(|e| e.to_string());
        let ledger = &self.site.ledger;
        let key = (flag.study.as_str(), flag.revision);
        ledger.record_call(key, (number, &contact.name), fault.as_deref(), now()).await?;
        let what = if fault.is_none() { "contact called" } else { "contact not reached" };
        let words = fault.map_or_else(|| contact.name.clone(), |f| format!("{}: {f}", contact.name));
        self.site.audit.write(now(), "appliance", what, &flag.study, &words)?;
        Ok(())
    }
}

/// Whether a step went well; what went wrong is logged and tried again at the next look.
fn note(what: &'static str, done: Result<(), Error>) -> bool {
    if let Err(error) = &done {
        tracing::warn!(%error, what, "oversight could not do this; trying again");
    }
    done.is_ok()
}

/// Paging at work until `stop`.
///
/// # Errors
/// When TLS for calls cannot be set up.
pub(crate) fn start(
    mut terms: Terms,
    site: &Site,
    stop: CancellationToken,
) -> Result<impl Future<Output = ()> + Send + use<>, Error> {
    let bundles = std::mem::take(&mut terms.bundles);
    Ok(Paging::new(terms, site.clone())?.run(bundles, stop))
}
