//! Archives of others, as real processes: Orthanc (package orthanc) and DCMTK's storescp (package dcmtk).

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use fixtures::scanner::{Outgoing, Scanner};
use serde_json::{Value, json};

use super::command::free_port;
use super::wait::{LIMIT, until};
use crate::{Error, Result};

/// SOP Instance UID to data set.
pub type DataSets = BTreeMap<String, Vec<u8>>;

/// An Orthanc of its own on two free loopback ports, its database in a folder.
#[derive(Debug)]
pub struct Orthanc {
    folder: PathBuf,
    http: u16,
    title: String,
    /// Where it takes DICOM.
    pub dicom: u16,
    child: Option<Child>,
}

/// Its AE title.
pub const ORTHANC: &str = "ORTHANC";

impl Orthanc {
    /// Writes its configuration; `modalities` are peers it may send to, by name. Not started.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn prepare(folder: &Path, modalities: &[(&str, &str, u16)]) -> Result<Self> {
        Self::prepare_as(ORTHANC, folder, modalities)
    }

    /// The same under another AE title.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn prepare_as(title: &str, folder: &Path, modalities: &[(&str, &str, u16)]) -> Result<Self> {
        fs::create_dir_all(folder).map_err(Error::io("Orthanc's folder"))?;
        let (http, dicom) = (free_port()?, free_port()?);
        let peers: serde_json::Map<String, Value> = modalities
            .iter()
            .map(|(name, title, port)| ((*name).to_owned(), json!([title, "127.0.0.1", port])))
            .collect();
        let database = folder.join("db").display().to_string();
        let configuration = json!({
            "Name": "test", "StorageDirectory": database, "IndexDirectory": database, "HttpPort": http,
            "RemoteAccessAllowed": false, "AuthenticationEnabled": false, "DicomAet": title, "DicomPort": dicom,
            "DicomCheckCalledAet": true, "DicomAlwaysAllowStore": true, "DicomAlwaysAllowEcho": true,
            "StorageCompression": false, "Plugins": [], "SaveJobs": false, "UnknownSopClassAccepted": true,
            "DicomModalities": peers,
        });
        fs::write(folder.join("orthanc.json"), configuration.to_string())
            .map_err(Error::io("Orthanc's configuration"))?;
        Ok(Self { folder: folder.to_owned(), http, title: title.to_owned(), dicom, child: None })
    }

    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// When it is not installed or does not get ready.
    pub fn start(&mut self) -> Result<()> {
        let mut command = Command::new("Orthanc");
        // Debian keeps it where only root looks.
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{path}:/usr/sbin")).arg(self.folder.join("orthanc.json"));
        self.child = Some(spawn(command, &self.folder.join("orthanc.log"))?);
        until("Orthanc answers", LIMIT, || Ok(self.get("/system").ok()))?;
        Ok(())
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        end(&mut self.child);
    }

    /// Every instance it holds, its data set as it keeps it.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn data_sets(&self) -> Result<DataSets> {
        let list: Vec<Value> = serde_json::from_slice(&self.get("/instances?expand")?)?;
        let mut found = DataSets::new();
        for instance in list {
            let id = text(&instance, "/ID");
            let uid = text(&instance, "/MainDicomTags/SOPInstanceUID");
            let file = self.get(&format!("/instances/{id}/file"))?;
            let path = self.folder.join("one.dcm");
            fs::write(&path, file).map_err(Error::io("an instance"))?;
            found.insert(uid.to_owned(), Outgoing::from_path(&path)?.data_set()?);
        }
        Ok(found)
    }

    /// How many instances it holds.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn count(&self) -> Result<u64> {
        let about: Value = serde_json::from_slice(&self.get("/statistics")?)?;
        about
            .get("CountInstances")
            .and_then(Value::as_u64)
            .ok_or_else(|| Error::other("Orthanc counts no instances"))
    }

    /// Sends everything it holds to a peer of its configuration, as a router does.
    ///
    /// # Errors
    /// When it does not answer, or the peer did not take everything.
    pub fn send_all(&self, peer: &str) -> Result<()> {
        let ids: Value = serde_json::from_slice(&self.get("/instances")?)?;
        let body = json!({ "Resources": ids, "Synchronous": true }).to_string();
        let answer = self.ask("POST", &format!("/modalities/{peer}/store"), &body)?;
        let said: Value = serde_json::from_slice(&answer)?;
        match said.get("FailedInstancesCount").and_then(Value::as_u64) {
            Some(0) => Ok(()),
            _ => Err(Error::other(format!("Orthanc could not send everything: {said}"))),
        }
    }

    /// A scanner that sends to it.
    #[must_use]
    pub fn scanner(&self) -> Scanner {
        Scanner::new(format!("127.0.0.1:{}", self.dicom), &self.title, "CT1")
    }

    /// Asks a peer of its configuration to commit to everything it holds (Storage Commitment, as a scanner does);
    /// gives the transaction.
    ///
    /// # Errors
    /// When the peer did not take the request.
    pub fn ask_commitment(&self, peer: &str) -> Result<String> {
        let ids: Value = serde_json::from_slice(&self.get("/instances")?)?;
        let body = json!({ "Resources": ids }).to_string();
        let said: Value = serde_json::from_slice(&self.ask(
            "POST",
            &format!("/modalities/{peer}/storage-commitment"),
            &body,
        )?)?;
        Ok(text(&said, "/ID").to_owned())
    }

    /// What it has heard of a transaction: `Pending`, `Success` or `Failure`, with the instances.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn commitment(&self, transaction: &str) -> Result<Value> {
        Ok(serde_json::from_slice(&self.get(&format!("/storage-commitment/{transaction}"))?)?)
    }

    fn get(&self, path: &str) -> Result<Vec<u8>> {
        self.ask("GET", path, "")
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Result<Vec<u8>> {
        let broken = || Error::io("Orthanc's HTTP");
        let mut stream = TcpStream::connect(("127.0.0.1", self.http)).map_err(broken())?;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .map_err(broken())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).map_err(broken())?;
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n");
        let end = end.ok_or_else(|| Error::other("Orthanc's answer has no end of its header"))?;
        if answer.get(9..12) != Some(b"200") {
            return Err(Error::other("Orthanc refuses a request"));
        }
        Ok(answer.split_off(end + 4))
    }
}

impl Drop for Orthanc {
    fn drop(&mut self) {
        self.kill();
    }
}

/// DCMTK's storescp, one process for each association, data sets written exactly as read.
#[derive(Debug)]
pub struct Storescp {
    folder: PathBuf,
    /// Where it takes DICOM.
    pub port: u16,
    child: Option<Child>,
}

/// Its AE title.
pub const STORESCP: &str = "ARCHIVE";

impl Storescp {
    /// Makes its folder and chooses its port; not started.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn prepare(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder.join("files")).map_err(Error::io("storescp's folder"))?;
        Ok(Self { folder: folder.to_owned(), port: free_port()?, child: None })
    }

    /// Starts it and waits until it answers a C-ECHO.
    ///
    /// # Errors
    /// When it is not installed or does not get ready.
    pub fn start(&mut self) -> Result<()> {
        let mut command = Command::new("storescp");
        command.args(["--fork", "--accept-all", "--bit-preserving", "--aetitle", STORESCP]);
        command.arg("--output-directory").arg(self.folder.join("files")).arg(self.port.to_string());
        self.child = Some(spawn(command, &self.folder.join("storescp.log"))?);
        let scanner = Scanner::new(format!("127.0.0.1:{}", self.port), STORESCP, "TEST");
        until("storescp answers", LIMIT, || Ok(scanner.echo().ok()))?;
        Ok(())
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        end(&mut self.child);
    }

    /// Everything it has written.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn data_sets(&self) -> Result<DataSets> {
        let mut found = DataSets::new();
        for file in fs::read_dir(self.folder.join("files")).map_err(Error::io("storescp's files"))?.flatten()
        {
            let object = Outgoing::from_path(&file.path())?;
            found.insert(object.sop_instance_uid.clone(), object.data_set()?);
        }
        Ok(found)
    }
}

impl Drop for Storescp {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn text<'a>(value: &'a Value, at: &str) -> &'a str {
    value.pointer(at).and_then(Value::as_str).unwrap_or_default()
}

fn spawn(mut command: Command, log: &Path) -> Result<Child> {
    let name = command.get_program().to_string_lossy().into_owned();
    let file = OpenOptions::new().create(true).append(true).open(log).map_err(Error::io("a log"))?;
    let again = file.try_clone().map_err(Error::io("a log"))?;
    command.stdin(Stdio::null()).stdout(Stdio::from(file)).stderr(Stdio::from(again));
    command.spawn().map_err(Error::io(format!("{name} (see tests/setup)")))
}

fn end(child: &mut Option<Child>) {
    if let Some(mut child) = child.take() {
        let _ = child.kill();
        let _ = child.wait();
    }
}
