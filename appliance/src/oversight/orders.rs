//! What a named person orders about a bundle's standing: accept, take back, restore; and who is a physician. Audited
//! before it happens.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::site::Site;
use domain::decision::check_named;
use domain::oversight::Level;
use ledger::{AcceptanceRow, Error};
use proto::clock::now;

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

/// What an acceptance is measured by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms<'a> {
    /// The folders of the configured bundles.
    pub bundles: &'a [PathBuf],
    /// Most that the bound of a local set may err, 0..1.
    pub alpha: f64,
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
    pub(crate) async fn carry_out(&self, terms: &Terms<'_>, site: &Site) -> Result<serde_json::Value, Error> {
        check_named(&self.who, &self.reason)?;
        match &self.what {
            OversightUse::Accept { report } => self.accept(terms, site, report).await,
            OversightUse::Withdraw => self.withdraw(site).await,
            OversightUse::Restore { anew } => self.restore(site, *anew).await,
            OversightUse::Physician { user, counts } => self.physician(site, user, *counts).await,
        }
    }

    async fn withdraw(&self, site: &Site) -> Result<serde_json::Value, Error> {
        let all = site.ledger.acceptances().await?;
        if !all.iter().any(|a| a.bundle == self.bundle && a.withdrawn_at.is_none()) {
            let bundle = &self.bundle;
            return Err(Error::Refused(format!("no acceptance of a bundle {bundle} is in force: {LOOK}")));
        }
        self.note(site, "acceptance withdrawn", &self.bundle, &self.reason)?;
        site.ledger.withdraw_acceptance(&self.bundle, &self.reason, now()).await?;
        Ok(serde_json::json!({ "withdrawn": self.bundle }))
    }

    async fn restore(&self, site: &Site, anew: bool) -> Result<serde_json::Value, Error> {
        let bundle = &self.bundle;
        match site.ledger.lowered(bundle).await? {
            None => {
                return Err(Error::Refused(format!("no study was answered by a bundle {bundle}: {LOOK}")));
            }
            Some(false) if !anew => {
                return Err(Error::Refused(format!("nothing of {bundle} was lowered or withdrawn")));
            }
            Some(_) => {}
        }
        let what = if anew { "no-flag restored, learning anew" } else { "no-flag restored" };
        self.note(site, what, bundle, &self.reason)?;
        site.ledger.restore(bundle, anew, &self.who, now()).await?;
        Ok(serde_json::json!({ "restored": bundle, "anew": anew }))
    }

    async fn physician(&self, site: &Site, user: &str, counts: bool) -> Result<serde_json::Value, Error> {
        if site.ledger.user(user).await?.is_none() {
            return Err(Error::Refused("there is no such user: `appliance user add NAME` first".into()));
        }
        let what = if counts { "reads count as a physician's" } else { "reads count no more" };
        self.note(site, what, user, &self.reason)?;
        site.ledger.set_physician(user, counts).await?;
        Ok(serde_json::json!({ "user": user, "physician": counts }))
    }

    async fn accept(&self, terms: &Terms<'_>, site: &Site, report: &str) -> Result<serde_json::Value, Error> {
        let open = terms.bundles.iter().filter_map(|folder| models::Bundle::open(folder).ok());
        let Some(bundle) = open.into_iter().find(|b| b.name() == self.bundle) else {
            return Err(Error::Refused(
                "no bundle of that name is configured: see `appliance model list`".into(),
            ));
        };
        if report.len() != 64 || !report.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Error::Refused("the report's digest is missing".into()));
        }
        let local = site.ledger.local_reads(bundle.digest(), terms.alpha).await?;
        if !local.meets() {
            return Err(Error::Refused(format!(
                "the local set does not show it: {}. Let physicians read more studies: [oversight] trial draws them in shadow mode",
                local.words()
            )));
        }
        if site.ledger.reliance(bundle.digest()).await?.level != Level::Steady {
            return Err(Error::Refused(format!(
                "its no-flag is lowered or withdrawn: restore it first; {LOOK}"
            )));
        }
        let unread = site.ledger.unread_trial(bundle.digest(), now() - WAITS).await?;
        if unread > 0 {
            return Err(Error::Refused(format!(
                "{unread} sampled studies have waited more than a week for their read: a set without the ones nobody read is not a fair one"
            )));
        }
        let detail =
            format!("{}; digest {}, report blake3 {report}, {}", self.reason, bundle.digest(), local.words());
        self.note(site, "bundle accepted", &format!("{} {}", bundle.name(), bundle.version()), &detail)?;
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
        site.ledger.accept(&row).await?;
        serde_json::to_value(row).map_err(Into::into)
    }

    fn note(&self, site: &Site, what: &str, on: &str, detail: &str) -> Result<(), Error> {
        site.audit
            .write(now(), &self.who, what, on, detail)
            .map_err(|_| Error::Refused("the audit cannot be written: nothing was done".into()))
    }
}
