//! An appliance and a cloud service that know each other, with a link between them that can be cut.

use std::path::Path;

use domain::decision::Decision;
use fixtures::study::Instance;

use super::ledger::Row;
use super::{Appliance, Cloud, LIMIT, Link, Settings, until};
use crate::{Error, Result};

/// What differs between the sites that tests need.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Quiet time and time after release, as written in the configuration.
    pub quiet: [&'static str; 2],
    /// Countdown of a case that may leave.
    pub countdown: &'static str,
    /// Modalities that go to the cloud although no bundle takes them.
    pub without_model: Vec<&'static str>,
    /// Modalities that travel as an encoder's output.
    pub embed: Vec<&'static str>,
    /// Whether the cloud lets drafts out unsigned.
    pub drafts_leave: bool,
    /// Level of both logs.
    pub log: &'static str,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            quiet: ["3s", "300ms"],
            countdown: "200ms",
            without_model: vec!["CT", "US", "OT"],
            embed: Vec::new(),
            drafts_leave: true,
            log: "info",
        }
    }
}

/// Both sides.
#[derive(Debug)]
pub struct Pair {
    /// The box beside the scanner.
    pub appliance: Appliance,
    /// The queue and its readers.
    pub cloud: Cloud,
    /// What the appliance takes for the cloud.
    pub link: Link,
}

impl Pair {
    /// Initialises both under `folder`, starts them and enrols the one with the other; returns when the link is up.
    ///
    /// # Errors
    /// What either side said.
    pub fn start(folder: &Path, terms: &Terms) -> Result<Self> {
        let mut cloud = Cloud::init(&folder.join("cloud"), &folder.join("cloud.log"))?;
        Settings::read(&cloud.config)?
            .with("diagnosis", "drafts_leave_unsigned", terms.drafts_leave)
            .with("log", "level", terms.log)
            .write()?;
        cloud.start()?;
        let link = Link::to(cloud.service)?;
        let mut appliance = Appliance::init(&folder.join("appliance"), &folder.join("appliance.log"))?;
        terms.shape(&appliance)?;
        let url = format!("https://{}", link.address);
        let settings = Settings::read(&appliance.config)?.with("escalation", "cloud", url.clone());
        settings.with("escalation", "retry_max", "1s").with("escalation", "retry_first", "100ms").write()?;
        appliance.enrol(&url, &cloud.add_site("north-1")?)?;
        appliance.start()?;
        let pair = Self { appliance, cloud, link };
        pair.until_up()?;
        Ok(pair)
    }

    /// Waits until the appliance says that the cloud answers.
    ///
    /// # Errors
    /// When it does not.
    pub fn until_up(&self) -> Result<()> {
        until("the appliance hears the cloud", LIMIT, || {
            let status = self.appliance.status()?;
            Ok(status.get("cloud_away_since").is_some_and(serde_json::Value::is_null).then_some(()))
        })
    }
}

impl Pair {
    /// Sends these instances and waits until a study is answered.
    ///
    /// # Errors
    /// When that does not come.
    pub fn answered(&self, instances: &[Instance]) -> Result<Row> {
        self.appliance.scanner().send(instances).map_err(|e| Error::other(e.to_string()))?;
        until("the study is answered", LIMIT, || {
            Ok(self.appliance.ledger()?.rows()?.into_iter().find(|row| row.answered()))
        })
    }

    /// Lets the case of an answered study leave; one that triage did not escalate is raised by the technician.
    ///
    /// # Errors
    /// The refusal in words.
    pub fn let_go(&self, row: &Row) -> Result<()> {
        let decision = match row.case.clone() {
            Some(case) => Decision::Send { case },
            None => Decision::Escalate { study: row.id.clone(), reason: "a second look".into() },
        };
        self.appliance.decide("technician", decision)
    }

    /// Waits until a case is in this state; `answered` is home.
    ///
    /// # Errors
    /// When that does not come.
    pub fn until_state(&self, state: &'static str) -> Result<Row> {
        until(state, LIMIT, || {
            let rows = self.appliance.ledger()?.rows()?;
            Ok(rows.into_iter().find(|row| row.state.as_deref() == Some(state)))
        })
    }

    /// A study on its whole way: answered, sent, home.
    ///
    /// # Errors
    /// As [`Self::answered`].
    pub fn travelled(&self, instances: &[Instance]) -> Result<Row> {
        let row = self.answered(instances)?;
        if row.case.is_none() {
            self.let_go(&row)?;
        }
        self.until_state("answered")
    }
}

impl Terms {
    /// Writes what the terms say into an appliance's configuration.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn shape(&self, appliance: &Appliance) -> Result<()> {
        let words = |all: &[&'static str]| all.iter().map(|w| toml::Value::from(*w)).collect::<Vec<_>>();
        let [quiet, after_release] = self.quiet;
        Settings::read(&appliance.config)?
            .with("study", "quiet", quiet)
            .with("study", "after_release", after_release)
            .with("store", "warn_free", "2GiB")
            .with("store", "refuse_free", "1GiB")
            .with("triage", "mode", "settle")
            .with("triage", "embed", words(&self.embed))
            .with("escalation", "without_model", words(&self.without_model))
            .with("escalation", "identity", "identity")
            .with("review", "mode", "veto")
            .with("review", "countdown", self.countdown)
            .with("log", "level", self.log)
            .write()
    }
}
