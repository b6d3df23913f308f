//! Both sides, initialised under `.demo/`, enrolled with each other, running, watched.

use std::path::{Path, PathBuf};

use super::interrupt::Leave;
use super::screen::say;
use crate::support::{Appliance, Cloud, EnvelopeCopies, LIMIT, Ledger, Row, Settings, site_keys, until};
use crate::{Error, Result};

/// Both sides and what is kept of them.
pub(super) struct BothSides {
    /// `.demo/`.
    pub folder: PathBuf,
    /// The box beside the scanner.
    pub appliance: Appliance,
    /// The cloud.
    pub cloud: Cloud,
    /// Keeps the envelopes.
    pub watch: Option<EnvelopeCopies>,
    ledger: Option<Ledger>,
}

/// Who sees that this folder is ours to make anew.
const MARK: &str = ".made-by-make-demo";

impl BothSides {
    /// Makes `folder` anew, initialises, enrols and starts both sides; `drafts_leave` says whether drafts go home
    /// without a person.
    ///
    /// # Errors
    /// When the folder is somebody else's, or a side does not start.
    pub(super) fn set(folder: &Path, drafts_leave: bool) -> Result<Self> {
        renew(folder)?;
        let mut cloud = Cloud::init(&folder.join("cloud"), &folder.join("cloud.log"))?;
        if !drafts_leave {
            Settings::read(&cloud.config)?.with("diagnosis", "drafts_leave_unsigned", false).write()?;
        }
        cloud.start()?;
        let mut appliance = Appliance::init(&folder.join("appliance"), &folder.join("appliance.log"))?;
        let url = format!("https://{}", cloud.service);
        let without_model: Vec<toml::Value> = ["CT", "US", "OT"].map(toml::Value::from).to_vec();
        Settings::read(&appliance.config)?
            .with("study", "quiet", "6s")
            .with("study", "after_release", "1s")
            .with("triage", "embed", vec![toml::Value::from("CR")])
            .with("escalation", "cloud", url.clone())
            .with("escalation", "retry_max", "2s")
            .with("escalation", "without_model", without_model)
            .write()?;
        appliance.enrol(&url, &cloud.add_site("demo-site")?)?;
        let watch =
            EnvelopeCopies::begin(&appliance.store_path()?, &folder.join("left"), site_keys(&appliance)?)?;
        appliance.start()?;
        let mut sides =
            Self { folder: folder.to_owned(), appliance, cloud, watch: Some(watch), ledger: None };
        sides.until_link(true)?;
        Ok(sides)
    }

    /// Says where to look and what is different in a demonstration.
    pub(crate) fn introduce(&self) {
        say(&format!(
            "Both sides run on loopback, with keys, certificates and accounts of their own under {}:\n  \
             technician's page  {}\n  cloud queue page   {}\n  (each address signs in once)\n\
             This site counts `no-flag` (mode settle) without a named person's acceptance: a demonstration may, a hospital may not.\n\
             review.mode = \"veto\": a case leaves after a countdown unless somebody objects. What is held stays held.\n\
             The cloud lets drafts out as drafts: UNSIGNED MACHINE DRAFT, signed by nobody.\n",
            self.folder.display(),
            self.appliance.login,
            self.cloud.login,
        ));
    }

    /// Every study as the ledger has it.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(super) fn rows(&mut self) -> Result<Vec<Row>> {
        self.ledger()?.rows()
    }

    /// The ledger, opened once.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(super) fn ledger(&mut self) -> Result<&mut Ledger> {
        if self.ledger.is_none() {
            self.ledger = Some(self.appliance.ledger()?);
        }
        self.ledger.as_mut().ok_or_else(|| Error::other("no ledger"))
    }

    /// Waits until the appliance says that the cloud answers, or that it is away; the whole status then.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) fn until_link(&mut self, up: bool) -> Result<serde_json::Value> {
        until(
            if up { "the appliance hears the cloud" } else { "the appliance sees the cloud gone" },
            LIMIT,
            || {
                let status = self.appliance.status()?;
                let away = status.get("cloud_away_since").is_some_and(|since| !since.is_null());
                Ok((away != up).then_some(status))
            },
        )
    }

    /// Keeps both sides up until Ctrl-C.
    pub(crate) fn stay_up(&self, leave: &Leave) {
        say(&format!(
            "\nBoth sides stay up until Ctrl-C: technician's page {}, cloud queue page {}",
            self.appliance.login, self.cloud.login
        ));
        leave.wait();
    }

    /// Ends both sides in order.
    ///
    /// # Errors
    /// When one does not end.
    pub(super) fn end(mut self) -> Result<()> {
        self.appliance.stop()?;
        self.cloud.stop()
    }
}

fn renew(folder: &Path) -> Result<()> {
    if folder.exists() {
        if !folder.join(MARK).is_file() {
            return Err(Error::other(format!(
                "{} is not of the demonstration's making: move it away",
                folder.display()
            )));
        }
        std::fs::remove_dir_all(folder).map_err(Error::io("the last demonstration's folder"))?;
    }
    std::fs::create_dir_all(folder).map_err(Error::io("the demonstration's folder"))?;
    std::fs::write(folder.join(MARK), "").map_err(Error::io("the demonstration's folder"))
}
