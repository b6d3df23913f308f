//! What a named person orders about a bundle's standing: accept, take back, restore; and who is a physician. Audited
//! before it happens.

use serde::{Deserialize, Serialize};

use super::{Opened, Settings};
use crate::conveyor::now;
use domain::decision::check_named;
use domain::oversight::Level;
use ledger::{AcceptanceRow, Error};

/// What is ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum OversightUse {
    /// The bundle's `no-flag` may count, on the strength of a report about a local set.
    Accept {
        /// BLAKE3 of the report's file, hex.
        report: String,
    },
    /// It may not any more.
    Withdraw,
    /// What oversight lowered or withdrew is restored.
    Restore {
        /// Studies look different from now on: what was learned of them is forgotten.
        anew: bool,
    },
    /// Whether reads of a user count as a physician's.
    Physician {
        /// Login name.
        user: String,
        /// Whether they do.
        counts: bool,
    },
}

/// An order in somebody's name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OversightOrder {
    /// Who.
    pub who: String,
    /// Why, without identity.
    pub reason: String,
    /// Which bundle; empty when it is about a user.
    pub bundle: String,
    /// What.
    pub what: OversightUse,
}

/// Where names of bundles are seen.
const LOOK: &str = "see `appliance model standing`";
/// How old a sampled study may be and still wait for its read when a bundle is accepted, ms.
const WAITS: i64 = 7 * 86_400_000;

impl OversightOrder {
    /// Checks, audits and carries the order out; says what came of it.
    ///
    /// # Errors
    /// [`Error::Refused`] without name and reason, when the local set does not meet the bound, when there is nothing to
    /// take back or restore, or when the audit cannot be written; the ledger's own.
    pub async fn carry_out(&self, s: &Settings, opened: &Opened) -> Result<serde_json::Value, Error> {
        check_named(&self.who, &self.reason)?;
        match &self.what {
            OversightUse::Accept { report } => self.accept(s, opened, report).await,
            OversightUse::Withdraw => self.withdraw(opened).await,
            OversightUse::Restore { anew } => self.restore(opened, *anew).await,
            OversightUse::Physician { user, counts } => self.physician(opened, user, *counts).await,
        }
    }

    async fn withdraw(&self, opened: &Opened) -> Result<serde_json::Value, Error> {
        let all = opened.ledger.acceptances().await?;
        if !all.iter().any(|a| a.bundle == self.bundle && a.withdrawn_at.is_none()) {
            let bundle = &self.bundle;
            return Err(Error::Refused(format!("no acceptance of a bundle {bundle} is in force: {LOOK}")));
        }
        self.note(opened, "acceptance withdrawn", &self.bundle, &self.reason)?;
        opened.ledger.withdraw_acceptance(&self.bundle, &self.reason, now()).await?;
        Ok(serde_json::json!({ "withdrawn": self.bundle }))
    }

    async fn restore(&self, opened: &Opened, anew: bool) -> Result<serde_json::Value, Error> {
        let bundle = &self.bundle;
        match opened.ledger.lowered(bundle).await? {
            None => {
                return Err(Error::Refused(format!("no study was answered by a bundle {bundle}: {LOOK}")));
            }
            Some(false) if !anew => {
                return Err(Error::Refused(format!("nothing of {bundle} was lowered or withdrawn")));
            }
            Some(_) => {}
        }
        let what = if anew { "no-flag restored, learning anew" } else { "no-flag restored" };
        self.note(opened, what, bundle, &self.reason)?;
        opened.ledger.restore(bundle, anew, &self.who, now()).await?;
        Ok(serde_json::json!({ "restored": bundle, "anew": anew }))
    }

    async fn physician(&self, opened: &Opened, user: &str, counts: bool) -> Result<serde_json::Value, Error> {
        if opened.ledger.user(user).await?.is_none() {
            return Err(Error::Refused("there is no such user: `appliance user add NAME` first".into()));
        }
        let what = if counts { "reads count as a physician's" } else { "reads count no more" };
        self.note(opened, what, user, &self.reason)?;
        opened.ledger.set_physician(user, counts).await?;
        Ok(serde_json::json!({ "user": user, "physician": counts }))
    }

    async fn accept(&self, s: &Settings, opened: &Opened, report: &str) -> Result<serde_json::Value, Error> {
        let open = s.triage.bundles.iter().filter_map(|folder| models::Bundle::open(folder).ok());
        let Some(bundle) = open.into_iter().find(|b| b.name() == self.bundle) else {
            return Err(Error::Refused(
                "no bundle of that name is configured: see `appliance model list`".into(),
            ));
        };
        if report.len() != 64 || !report.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Error::Refused("the report's digest is missing".into()));
        }
        let local = opened.ledger.local_reads(bundle.digest(), s.oversight.alpha).await?;
        if !local.meets() {
            return Err(Error::Refused(format!(
                "the local set does not show it: {}. Let physicians read more studies: [oversight] trial draws them in shadow mode",
                local.words()
            )));
        }
        if opened.ledger.reliance(bundle.digest()).await?.level != Level::Steady {
            return Err(Error::Refused(format!(
                "its no-flag is lowered or withdrawn: restore it first; {LOOK}"
            )));
        }
        let unread = opened.ledger.unread_trial(bundle.digest(), now() - WAITS).await?;
        if unread > 0 {
            return Err(Error::Refused(format!(
                "{unread} drawn studies have waited more than a week for their read: a set without the ones nobody read is not a fair one"
            )));
        }
        let detail =
            format!("{}; digest {}, report blake3 {report}, {}", self.reason, bundle.digest(), local.words());
        self.note(opened, "bundle accepted", &format!("{} {}", bundle.name(), bundle.version()), &detail)?;
        let row = AcceptanceRow {
            bundle: bundle.name().to_owned(),
            version: bundle.version().to_owned(),
            digest: bundle.digest().to_owned(),
            who: self.who.clone(),
            accepted_at: now(),
            report: report.to_owned(),
            reads: local.reads,
            positives: local.positives,
            missed: local.missed,
            bound: local.bound,
            withdrawn_at: None,
            withdrawn_why: None,
        };
        opened.ledger.accept(&row).await?;
        serde_json::to_value(row).map_err(Into::into)
    }

    fn note(&self, opened: &Opened, what: &str, on: &str, detail: &str) -> Result<(), Error> {
        opened
            .audit
            .write(now(), &self.who, what, on, detail)
            .map_err(|_| Error::Refused("the audit cannot be written: nothing was done".into()))
    }
}
