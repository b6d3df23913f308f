//! `check`: reads everything the service would use, binds nothing, and reports all faults at once.

use std::path::Path;

use proto::keys::PrivateKeys;
use proto::pki::Authority;
use proto::settings::{Document, Fault};
use sandbox::Pool;
use serde_json::json;

use super::config::{BackendConfig, Config};
use super::descriptors::{self, PAGE_JOBS};
use super::error::Error;
use super::output::Output;
use crate::diagnosis;
use crate::objects::Objects;
use crate::queue::Queue;

pub(super) async fn check(file: &Path, out: &Output) -> Result<(), Error> {
    let (mut faults, needed) = match Document::read(file) {
        Err(fault) => (vec![fault], 0),
        Ok(document) => look(document).await,
    };
    faults.sort_by_key(|fault| fault.line);
    if faults.is_empty() {
        let (words, enough) = proto::descriptors::raise().words(needed);
        let found = json!({"faults": 0, "open_files": words, "open_files_enough": enough});
        out.say(&found, &format!("No fault found.\n{words}."));
        return Ok(());
    }
    for f in &faults {
        out.say(&json!(f), &f.to_string());
    }
    Err(Error::Usage(format!(
        "{} found",
        if faults.len() == 1 { "one fault".into() } else { format!("{} faults", faults.len()) }
    )))
}

/// Every fault, and how many open files are needed.
async fn look(document: Document) -> (Vec<Fault>, u64) {
    let (config, mut l) = Config::gather(document);
    match authority(&config.service.pki) {
        Err(problem) => l.fault("service.pki", problem, "name the folder that `init` made"),
        Ok(authority) => {
            if authority.issue_server(&config.service.names, time::OffsetDateTime::now_utc()).is_err() {
                let problem = "no certificate can be made for these names".to_owned();
                l.fault(
                    "service.names",
                    problem,
                    "write host names or addresses, such as [\"cloud.example\"]",
                );
            }
        }
    }
    // What is wrong as an address was told already.
    if !l.faults.iter().any(|f| f.key == "queue.database")
        && let Err(e) = Queue::open(&config.queue.database, false).await
    {
        l.fault("queue.database", e.to_string(), "name the database that `init` made");
    }
    if !l.faults.iter().any(|f| f.key == "objects.url")
        && let Err(e) = Objects::open(&config.objects_url, false)
    {
        l.fault("objects.url", e.to_string(), "name the folder that `init` made");
    }
    if let Err(problem) = reader_keys(&config.diagnosis.keys) {
        l.fault("diagnosis.keys", problem, "name the file of private keys that `init` made, mode 0600");
    }
    backend(&config, &mut l);
    if l.faults.is_empty() {
        worker(&config, &mut l).await;
    }
    (l.faults, descriptors::needed(&config, PAGE_JOBS))
}

fn backend(config: &Config, l: &mut Document) {
    match &config.diagnosis.backend {
        BackendConfig::Reference if config.diagnosis.readers > 0 => {
            match models::Bundle::open(&config.diagnosis.bundle) {
                Err(e) => l.fault("diagnosis.bundle", e.to_string(), "name the folder of a report bundle"),
                Ok(b) if b.manifest().kind != models::manifest::Kind::Report => {
                    let problem = "this bundle writes no reports".to_owned();
                    l.fault("diagnosis.bundle", problem, "name the folder of a bundle of kind \"report\"");
                }
                Ok(_) => {}
            }
            if let Err(e) = models::runtime::find(config.diagnosis.onnxruntime.as_deref()) {
                l.fault(
                    "diagnosis.onnxruntime",
                    e.to_string(),
                    "name the library, or run `make setup-demo` in a checkout",
                );
            }
        }
        BackendConfig::OpenAi { api_key_file: Some(key), .. }
            if std::fs::read_to_string(key).map_or(true, |k| k.trim().is_empty()) =>
        {
            let problem = "the key file cannot be read or is empty".to_owned();
            l.fault("diagnosis.api_key_file", problem, "name a file that holds the key alone");
        }
        _ => {}
    }
}

/// Starts one worker as `run` would: library, bundle and lock-down.
async fn worker(config: &Config, l: &mut Document) {
    let d = &config.diagnosis;
    let Ok(executable) = std::env::current_exe() else { return };
    if d.backend != BackendConfig::Reference || d.readers == 0 {
        return;
    }
    let program = diagnosis::program(executable, Some(&d.bundle), d.onnxruntime.as_deref());
    if let Err(death) = Pool::new(program, 1, 1).ready().await {
        l.fault(
            "diagnosis.bundle",
            death.to_string(),
            "mend what it says, or name another bundle or library",
        );
    }
}

/// The certificate authority in its folder.
pub(super) fn authority(folder: &Path) -> Result<Authority, String> {
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path)
            .map_err(|e| format!("{} cannot be read ({})", path.display(), e.kind()))
    };
    let (certificate, key) = (read("authority.pem")?, zeroize::Zeroizing::new(read("authority.key")?));
    Authority::from_pem(&certificate, &key)
        .map_err(|_| "authority.pem and authority.key are no authority".to_owned())
}

/// The reader's private keys; a file others may read is refused.
pub(super) fn reader_keys(file: &Path) -> Result<PrivateKeys, String> {
    use std::os::unix::fs::PermissionsExt as _;
    let cannot = |e: std::io::Error| format!("{} cannot be read ({})", file.display(), e.kind());
    let mode = std::fs::metadata(file).map_err(cannot)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(format!("{} may be read by others (mode {:o})", file.display(), mode & 0o777));
    }
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(file).map_err(cannot)?);
    PrivateKeys::from_text(&text).map_err(|_| format!("{} holds no private keys", file.display()))
}
