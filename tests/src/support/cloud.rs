//! The cloud service as a process: initialised in a folder, started, killed, restarted, asked.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::appliance::{address, link};
use super::command::{free_port, prepared_under, project, run_ok};
use super::{Clock, Process};
use crate::{Error, Result};

/// A cloud service in a folder of its own.
#[derive(Debug)]
pub struct Cloud {
    /// Its folder.
    pub folder: PathBuf,
    /// Its configuration file.
    pub config: PathBuf,
    /// Where its log goes.
    pub log: PathBuf,
    /// Where sites call.
    pub service: SocketAddr,
    /// Where the page is.
    pub page: SocketAddr,
    /// Where the first person signs in, once.
    pub login: String,
    /// Its clock, where that is not the machine's.
    pub clock: Option<Clock>,
    process: Option<Process>,
}

impl Cloud {
    /// `cloud-service init --demo` on two free loopback ports, with the project's reference model; not started.
    ///
    /// # Errors
    /// What `init` said.
    pub fn init(folder: &Path, log: &Path) -> Result<Self> {
        let service = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let page = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let name = folder.display().to_string();
        let bundle = project().join("models/reference").display().to_string();
        let (listen, page_text) = (service.to_string(), page.to_string());
        let args = [
            "init", &name, "--demo", "--json", "--listen", &listen, "--page", &page_text, "--bundle", &bundle,
        ];
        let said = run_ok("cloud-service", &args)?.first()?;
        let config = folder.join("cloud.toml");
        Ok(Self {
            folder: folder.to_owned(),
            config,
            log: log.to_owned(),
            service,
            page,
            login: link(&said)?,
            clock: None,
            process: None,
        })
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
            return Err(Error::other("the cloud service runs already"));
        }
        let mut command = prepared_under(words, "cloud-service")?;
        command.args(["run", "--json", "--config"]).arg(&self.config);
        if let Some(clock) = &self.clock {
            clock.give(&mut command);
        }
        let process = Process::start("cloud-service", command, &self.log)?;
        self.service = address(&process.ready, "service")?;
        self.page = address(&process.ready, "page")?;
        self.process = Some(process);
        Ok(())
    }

    /// `kill -9`.
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
        self.process.as_ref().ok_or_else(|| Error::other("the cloud service does not run"))
    }

    fn asked(&self, words: &[&str]) -> Result<Vec<Value>> {
        let config = self.config.display().to_string();
        let mut args = words.to_vec();
        args.extend(["--json", "--config", &config]);
        run_ok("cloud-service", &args)?.lines()
    }

    /// Invites a site; its one-time token.
    ///
    /// # Errors
    /// What the command said.
    pub(crate) fn add_site(&self, name: &str) -> Result<String> {
        let said = self.asked(&["site", "add", name])?.into_iter().next().unwrap_or_default();
        let token =
            said.get("token").and_then(Value::as_str).ok_or_else(|| Error::other("no enrolment token"))?;
        Ok(token.to_owned())
    }

    /// Adds a user; the one-time address.
    ///
    /// # Errors
    /// What the command said.
    pub fn add_user(&self, name: &str) -> Result<String> {
        let said = self.asked(&["user", "add", name])?.into_iter().next().unwrap_or_default();
        link(&said)
    }

    /// `cloud-service status --json`.
    ///
    /// # Errors
    /// What the command said.
    pub fn status(&self) -> Result<Value> {
        self.asked(&["status"])?.into_iter().next().ok_or_else(|| Error::other("no status"))
    }

    /// `cloud-service case list --finished --json`.
    ///
    /// # Errors
    /// What the command said.
    pub fn cases(&self) -> Result<Vec<Value>> {
        self.asked(&["case", "list", "--finished"])
    }

    /// Where the reader's private keys are.
    pub fn reader_keys(&self) -> PathBuf {
        self.folder.join("keys/reader.keys")
    }
}
