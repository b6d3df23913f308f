//! What the page asks of the appliance it stands in: decisions, lights, frames.

use serde::Serialize;

use super::{Config, Error};
use domain::decision::Decision;
use domain::job::Explained;
use domain::picture::Preview;
use ledger::{Ledger, Outcomes, WatchRow};

/// One light of the top bar.
#[derive(Debug, Clone, Serialize)]
pub struct LightRow {
    /// `scanner`, `models`, `cloud` or `disk`.
    pub name: &'static str,
    /// `ok`, `warn`, `bad` or `unknown`.
    pub state: String,
    /// In words.
    pub words: String,
}

/// The lights and what stands beside them.
#[derive(Debug, Clone, Serialize)]
pub struct Lights {
    /// The site's name.
    pub site: String,
    /// Triage mode in force.
    pub mode: String,
    /// The lights.
    pub lights: Vec<LightRow>,
    /// Since when the cloud is away, ms.
    pub cloud_away_since: Option<i64>,
    /// Sealed cases that wait here.
    pub waiting_sealed: i64,
    /// Whether this is a demonstration.
    pub demo: bool,
}

/// One destination of originals.
#[derive(Debug, Clone, Serialize)]
pub struct DestinationRow {
    /// The rule's name.
    pub name: String,
    /// `ok`, `warn`, `bad` or `unknown`.
    pub state: &'static str,
    /// In words.
    pub words: String,
    /// Instances that wait.
    pub waiting: i64,
    /// When the oldest of them was queued, ms.
    pub oldest: Option<i64>,
    /// Dead letters.
    pub dead: i64,
}

/// Stored values of a frame at one level: `u16` little-endian, row by row.
#[derive(Debug, Clone)]
pub struct Frame {
    /// What describes it.
    pub about: Preview,
    /// The values.
    pub values: Vec<u8>,
}

/// The appliance as the page sees it.
pub trait Backend: Send + Sync + 'static {
    /// The ledger.
    fn ledger(&self) -> &Ledger;
    /// The page's configuration.
    fn config(&self) -> &Config;
    /// The present, ms since 1970 UTC.
    fn now(&self) -> i64;
    /// Carries out what a named person decided.
    fn decide(&self, who: &str, decision: &Decision) -> impl Future<Output = Result<(), Error>> + Send;
    /// Treats an arriving study as complete.
    fn process_now(&self, who: &str, study: &str) -> impl Future<Output = Result<(), Error>> + Send;
    /// When an arriving study will count as stable, ms, and why.
    fn expected(&self, study: &str) -> Option<(i64, &'static str)>;
    /// Instances that performed steps of an arriving study list and that have not come, and how many they list.
    fn missing(&self, _study: &str) -> Option<(usize, usize)> {
        None
    }
    /// The lights.
    fn lights(&self) -> impl Future<Output = Result<Lights, Error>> + Send;
    /// Where originals go on to, for the panel under the list.
    fn destinations(&self) -> impl Future<Output = Result<Vec<DestinationRow>, Error>> + Send {
        async { Ok(Vec::new()) }
    }
    /// Values of preview `index` of a study's newest decided revision, verified against its digest.
    fn preview(&self, study: &str, index: usize) -> impl Future<Output = Result<Frame, Error>> + Send;
    /// The frame that preview `index` was made of, at full size, decoded when it is asked for.
    ///
    /// # Errors
    /// [`Error::Refused`] with the reason in words for who asked, [`Error::Unknown`] for a preview that is not there.
    fn full_frame(&self, study: &str, index: usize) -> impl Future<Output = Result<Frame, Error>> + Send;
    /// What came of triage, as `/metrics` says it.
    fn metrics(&self) -> impl Future<Output = Result<String, Error>> + Send {
        async { Ok(String::new()) }
    }
    /// What came of triage; it may be a few seconds old.
    fn outcomes(&self) -> impl Future<Output = Result<Outcomes, Error>> + Send {
        async { Ok(self.ledger().outcomes().await?) }
    }
    /// What is watched of each bundle.
    fn watches(&self) -> impl Future<Output = Result<Vec<WatchRow>, Error>> + Send {
        async { Ok(Vec::new()) }
    }
    /// Records that somebody looked at a name.
    fn looked(&self, who: &str, study: &str) -> Result<(), Error>;
    /// What de-identification does to every attribute of one instance of a study's newest decided revision. With the
    /// name of who looks, the values before are told too, and that is audited first.
    fn attributes(
        &self,
        by: Option<&str>,
        study: &str,
        instance: u32,
    ) -> impl Future<Output = Result<Vec<Explained>, Error>> + Send;
    /// Records a login, a failed one, a logout: `what` is one of those words.
    fn account(&self, who: &str, what: &'static str) -> Result<(), Error>;
    /// What to type into a scanner: AE title and port.
    fn destination(&self) -> Option<(String, u16)> {
        None
    }
}
