//! `appliance echo` and `appliance send`: talk to a peer as a scanner would.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::output::{self, Failure};
use dimse::{Error, Object, Peer, echo as c_echo, store};

/// A peer.
#[derive(Debug, Clone, Args)]
struct To {
    /// Host and port, e.g. `127.0.0.1:11112`, or the name of a `[[forward]]` of this site.
    to: String,
    /// Its AE title (default: SCANSIDE, or the rule's).
    #[arg(long)]
    called: Option<String>,
    /// Ours (default: SCANSIDE-SCU, or the rule's).
    #[arg(long)]
    calling: Option<String>,
    /// The configuration file that a name is looked up in.
    #[arg(long, value_name = "FILE", default_value = "appliance.toml", env = "SCANSIDE_CONFIG")]
    config: PathBuf,
    /// One JSON object a line on stdout.
    #[arg(long)]
    json: bool,
}

/// C-ECHO.
#[derive(Debug, Args)]
pub(super) struct Echo {
    #[command(flatten)]
    to: To,
}

/// C-STORE.
#[derive(Debug, Args)]
pub(super) struct Send {
    #[command(flatten)]
    to: To,
    /// Files or folders.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

/// How long a peer may take for one answer.
const PATIENCE: Duration = Duration::from_secs(30);

fn peer(to: &To) -> Result<Peer, Failure> {
    let mut peer = match to.to.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Peer {
            address: to.to.clone(),
            called: "SCANSIDE".into(),
            calling: "SCANSIDE-SCU".into(),
            patience: PATIENCE,
            tls: None,
        },
        Some(_) => {
            return Err(Failure::new(output::USAGE, "write the peer as host:port, e.g. 127.0.0.1:11112"));
        }
        None => named(to)?,
    };
    if let Some(called) = &to.called {
        peer.called.clone_from(called);
    }
    if let Some(calling) = &to.calling {
        peer.calling.clone_from(calling);
    }
    Ok(peer)
}

/// The peer of the `[[forward]]` with this name.
fn named(to: &To) -> Result<Peer, Failure> {
    let rules = output::settings(&to.config)?.forward;
    if let Some(rule) = rules.iter().find(|rule| rule.name == to.to) {
        return Ok(rule.peer());
    }
    let names: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    let known = if names.is_empty() { "there is none yet".to_owned() } else { names.join(", ") };
    let words = format!("no [[forward]] has this name ({known}); or write host:port, e.g. 127.0.0.1:11112");
    Err(Failure::new(output::USAGE, words))
}

fn failure(error: Error) -> Failure {
    let code = match error {
        Error::NotResolved | Error::Unreachable(_) | Error::Tls(_) | Error::Rejected(_) => {
            output::UNREACHABLE
        }
        _ => output::FAILED,
    };
    Failure::new(code, error.to_string())
}

pub(super) async fn echo(c: &Echo) -> Result<(), Failure> {
    c_echo(&peer(&c.to)?).await.map_err(failure)?;
    if c.to.json {
        output::json(&serde_json::json!({ "echo": "success" }));
    } else {
        output::line("the peer answers");
    }
    Ok(())
}

pub(super) async fn send(c: &Send) -> Result<(), Failure> {
    let peer = peer(&c.to)?;
    let mut files = Vec::new();
    for path in &c.paths {
        super::files::gather(path, &mut files)?;
    }
    let mut refused = 0_usize;
    for (number, file) in files.iter().enumerate() {
        let result = match object(file) {
            Ok(object) => store(&peer, object).await.map_err(failure),
            Err(failure) => Err(failure),
        };
        refused += usize::from(result.is_err());
        let words = result.as_ref().err().map_or("stored", |f| f.words.as_str());
        if c.to.json {
            output::json(&serde_json::json!({ "file": number, "stored": result.is_ok(), "reason": words }));
        } else if result.is_err() {
            output::say(&format!("file {number}: {words}"));
        }
        if result.as_ref().is_err_and(|f| f.code == output::UNREACHABLE) {
            return result.map(|_| ());
        }
    }
    output::say(&format!("{} of {} files stored", files.len() - refused, files.len()));
    if refused == 0 { Ok(()) } else { Err(Failure::new(output::FAILED, "some files were not stored")) }
}

fn object(path: &Path) -> Result<Object, Failure> {
    let bytes = std::fs::read(path)?;
    let parsed = dicom::read(&bytes[..], &dicom::Limits::default())
        .map_err(|e| Failure::new(output::FAILED, format!("not readable as DICOM: {e}")))?;
    let offset =
        dicom::data_set_offset(&bytes[..]).ok().and_then(|o| usize::try_from(o).ok()).unwrap_or(usize::MAX);
    let text = |tag| parsed.data.uid(tag).unwrap_or_default();
    Ok(Object {
        sop_class: text(dicom::tags::SOP_CLASS_UID),
        sop_instance: text(dicom::tags::SOP_INSTANCE_UID),
        transfer_syntax: parsed.meta.syntax.uid().to_owned(),
        data_set: bytes.get(offset..).unwrap_or_default().to_vec(),
    })
}
