//! The appliance as a process: initialised in a folder, started, killed, restarted, asked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use appliance::app::{Request, Response, ask};
use domain::decision::Decision;
use fixtures::scanner::Scanner;
use serde_json::Value;

use super::command::{free_port, prepared_under, project, run_ok};
use super::{Clock, Ledger, Process, Settings};
use crate::{Error, Result};

/// An appliance in a folder of its own.
#[derive(Debug)]
pub struct Appliance {
    /// Its folder.
    pub folder: PathBuf,
    /// Its configuration file.
    pub config: PathBuf,
    /// Where its log goes.
    pub log: PathBuf,
    /// Where DICOM arrives.
    pub intake: SocketAddr,
    /// Where the page is.
    pub page: SocketAddr,
    /// Where the first person, `technician`, chooses a password, once.
    pub login: String,
    /// Its clock, where that is not the machine's.
    pub clock: Option<Clock>,
    process: Option<Process>,
}

impl Appliance {
    /// `appliance init --demo` with the project's bundles on two free loopback ports; not started.
    ///
    /// # Errors
    /// What `init` said.
    pub fn init(folder: &Path, log: &Path) -> Result<Self> {
        let intake = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let page = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let name = folder.display().to_string();
        let (listen, page_text) = (intake.to_string(), page.to_string());
        let args = ["init", &name, "--demo", "--json", "--listen", &listen, "--page", &page_text];
        let said = run_ok("appliance", &args)?.first()?;
        let config = folder.join("appliance.toml");
        let bundles: Vec<toml::Value> =
            bundles().iter().map(|path| path.display().to_string().into()).collect();
        Settings::read(&config)?.with("triage", "bundles", bundles).write()?;
        let login = link(&said)?;
        Ok(Self {
            folder: folder.to_owned(),
            config,
            log: log.to_owned(),
            intake,
            page,
            login,
            clock: None,
            process: None,
        })
    }

    /// One that somebody else initialised and runs.
    ///
    /// # Errors
    /// When there is no configuration that names its addresses.
    pub fn of(folder: &Path, log: &Path) -> Result<Self> {
        let (config, nowhere) = (folder.join("appliance.toml"), SocketAddr::from(([127, 0, 0, 1], 0)));
        let mut found = Self {
            folder: folder.to_owned(),
            config,
            log: log.to_owned(),
            intake: nowhere,
            page: nowhere,
            login: String::new(),
            clock: None,
            process: None,
        };
        found.intake = found.address_of("intake")?;
        found.page = found.address_of("review")?;
        Ok(found)
    }

    /// Starts it and waits until it listens.
    ///
    /// # Errors
    /// When it runs already or does not get ready.
    pub fn start(&mut self) -> Result<()> {
        self.start_under(":")
    }

    /// The same, behind words of a shell that set limits for it, such as `ulimit -n 1024`.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_under(&mut self, words: &str) -> Result<()> {
        if self.process.as_mut().is_some_and(Process::running) {
            return Err(Error::other("the appliance runs already"));
        }
        let mut command = prepared_under(words, "appliance")?;
        command.args(["run", "--json", "--config"]).arg(&self.config);
        if let Some(clock) = &self.clock {
            clock.give(&mut command);
        }
        let process = Process::start("appliance", command, &self.log)?;
        self.intake = address(&process.ready, "intake")?;
        self.page = address(&process.ready, "page")?;
        self.process = Some(process);
        Ok(())
    }

    /// `kill -9` of the control process alone.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Ends it in order.
    ///
    /// # Errors
    /// When it does not end, or not with code 0.
    pub fn stop(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), Process::stop)
    }

    /// The running process.
    ///
    /// # Errors
    /// When it does not run.
    pub fn process(&self) -> Result<&Process> {
        self.process.as_ref().ok_or_else(|| Error::other("the appliance does not run"))
    }

    /// Whether it runs.
    pub fn running(&mut self) -> bool {
        self.process.as_mut().is_some_and(Process::running)
    }

    /// A scanner that knows it.
    pub fn scanner(&self) -> Scanner {
        Scanner::new(self.intake.to_string(), "SCANSIDE", "CT1")
    }

    fn asked(&self, words: &[&str]) -> Result<Vec<Value>> {
        let config = self.config.display().to_string();
        let mut args = words.to_vec();
        args.extend(["--json", "--config", &config]);
        run_ok("appliance", &args)?.lines()
    }

    /// `appliance status --json`.
    ///
    /// # Errors
    /// When it does not run.
    pub fn status(&self) -> Result<Value> {
        self.asked(&["status"])?.into_iter().next().ok_or_else(|| Error::other("no status"))
    }

    /// `appliance case list --json`.
    ///
    /// # Errors
    /// What the command said.
    pub fn cases(&self) -> Result<Vec<Value>> {
        self.asked(&["case", "list"])
    }

    /// A destination in `appliance status --json`.
    ///
    /// # Errors
    /// When it does not run, or has no such destination.
    pub fn destination(&self, name: &str) -> Result<Value> {
        let status = self.status()?;
        let rows = status.get("destinations").and_then(Value::as_array);
        let row = rows.into_iter().flatten().find(|row| row.get("name").is_some_and(|n| n == name));
        row.cloned().ok_or_else(|| Error::other(format!("status shows no destination {name}")))
    }

    /// `appliance forward WORDS --json`.
    ///
    /// # Errors
    /// What the command said.
    pub fn forward(&self, words: &[&str]) -> Result<Vec<Value>> {
        self.asked(&[&["forward"], words].concat())
    }

    /// `appliance enrol`, before it is started.
    ///
    /// # Errors
    /// What the command said.
    pub fn enrol(&self, url: &str, token: &str) -> Result<Value> {
        self.asked(&["enrol", url, token])?
            .into_iter()
            .next()
            .ok_or_else(|| Error::other("enrol said nothing"))
    }

    /// Adds a user; the one-time address.
    ///
    /// # Errors
    /// What the command said.
    pub fn add_user(&self, name: &str) -> Result<String> {
        let said = self.asked(&["user", "add", name])?.into_iter().next().unwrap_or_default();
        link(&said)
    }

    /// What a person decides, over the control socket of the running appliance.
    ///
    /// # Errors
    /// The refusal in words.
    pub fn decide(&self, who: &str, decision: Decision) -> Result<()> {
        self.told(&Request::Decide { who: who.to_owned(), decision })
    }

    /// Has a study that is still arriving processed.
    ///
    /// # Errors
    /// The refusal in words.
    pub fn process_now(&self, study: &str) -> Result<()> {
        self.told(&Request::ProcessNow { study: study.to_owned() })
    }

    fn told(&self, request: &Request) -> Result<()> {
        let socket = self.ledger_path()?.with_extension("sock");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::io("a runtime"))?;
        match runtime.block_on(ask(&socket, request)).map_err(Error::io("the control socket"))? {
            Some(Response::Done(_)) => Ok(()),
            Some(Response::Refused(words)) => Err(Error::other(words)),
            None => Err(Error::other("the appliance does not run")),
        }
    }

    fn text_of(&self, room: &str, key: &str) -> Result<String> {
        let text = std::fs::read_to_string(&self.config).map_err(Error::io("the configuration"))?;
        let table: toml::Table = text.parse().map_err(|_| Error::other("the configuration is no TOML"))?;
        let value = table.get(room).and_then(|room| room.get(key)).and_then(toml::Value::as_str);
        value.map(str::to_owned).ok_or_else(|| Error::other(format!("no {room}.{key}")))
    }

    fn path_of(&self, room: &str, key: &str) -> Result<PathBuf> {
        Ok(self.folder.join(self.text_of(room, key)?))
    }

    fn address_of(&self, room: &str) -> Result<SocketAddr> {
        let text = self.text_of(room, "listen")?;
        text.parse().map_err(|_| Error::other(format!("{room}.listen is no address")))
    }

    /// Where its ledger is.
    ///
    /// # Errors
    /// When the configuration does not say.
    pub fn ledger_path(&self) -> Result<PathBuf> {
        self.path_of("site", "ledger")
    }

    /// Where its store is.
    ///
    /// # Errors
    /// When the configuration does not say.
    pub fn store_path(&self) -> Result<PathBuf> {
        self.path_of("store", "path")
    }

    /// BLAKE3 of every stored entry as its own command reads and verifies it, by the entry's name.
    ///
    /// # Errors
    /// When the command fails or an entry is damaged.
    pub fn stored(&self) -> Result<BTreeMap<String, String>> {
        let config = self.config.to_string_lossy();
        let answer = run_ok("appliance", &["store", "verify", "--json", "--config", &config])?;
        let text = |line: &Value, key: &str| Some(line.get(key)?.as_str()?.to_owned());
        Ok(answer.lines()?.iter().filter_map(|l| Some((text(l, "id")?, text(l, "blake3")?))).collect())
    }

    /// Where its identity is after enrolment.
    ///
    /// # Errors
    /// When the configuration does not say.
    pub(crate) fn identity_path(&self) -> Result<PathBuf> {
        self.path_of("escalation", "identity")
    }

    /// Its ledger, read beside it.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn ledger(&self) -> Result<Ledger> {
        Ledger::open(&self.ledger_path()?, &self.path_of("store", "key")?)
    }
}

/// The committed bundles that an appliance runs.
pub(super) fn bundles() -> Vec<PathBuf> {
    let models = project().join("models");
    let names = ["chest-xray", "head-ct-haemorrhage", "reference"];
    names.iter().map(|name| models.join(name)).filter(|path| path.join("bundle.toml").is_file()).collect()
}

/// The one-time address that a command printed.
pub(super) fn link(said: &Value) -> Result<String> {
    let link = said.get("link").and_then(Value::as_str).ok_or_else(|| Error::other("no one-time address"))?;
    Ok(link.to_owned())
}

pub(super) fn address(ready: &Value, key: &str) -> Result<SocketAddr> {
    let text = ready.get(key).and_then(Value::as_str).unwrap_or_default();
    text.parse().map_err(|_| Error::other(format!("the ready line names no {key}")))
}
