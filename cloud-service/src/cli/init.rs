//! `init`: a folder from which the service runs, with everything fresh and nothing by default open.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use proto::keys::PrivateKeys;
use proto::pki::Authority;
use serde_json::json;

use super::arguments::Init;
use super::commands;
use super::error::Error;
use super::output::{Output, complain};
use crate::objects::Objects;
use crate::queue::Queue;

/// How long the first person's link may be used.
const LINK_MS: i64 = 24 * 3_600_000;

pub(super) async fn init(init: &Init) -> Result<(), Error> {
    let config_file = init.dir.join("cloud.toml");
    if config_file.exists() {
        return Err(Error::Usage(format!("{} is there already; nothing was touched", config_file.display())));
    }
    if !init.page.ip().is_loopback() {
        let say = "the page speaks plain HTTP: give --page an address of 127.0.0.1, and put a TLS proxy in front later";
        return Err(Error::Usage(say.to_owned()));
    }
    // Looked for before anything is made: what is written down holds.
    let faults = |e: models::Error| Error::Usage(format!("{e}; nothing was made"));
    let bundle = models::shipped::find(&init.bundle).map_err(faults)?;
    let library = models::runtime::to_write_down(init.onnxruntime.as_deref()).map_err(faults)?;
    for folder in ["", "pki", "keys"] {
        make_folder(&init.dir.join(folder))?;
    }
    let dir = init.dir.canonicalize().map_err(|e| write_failed(&init.dir, &e))?;
    let making = |_| Error::Other("keys and certificates could not be made: no random bytes".to_owned());
    let authority = Authority::create(time::OffsetDateTime::now_utc()).map_err(making)?.to_identity();
    write_new(&dir.join("pki/authority.pem"), authority.certificates.as_bytes(), 0o644)?;
    write_new(&dir.join("pki/authority.key"), authority.key.as_bytes(), 0o600)?;
    let keys = PrivateKeys::generate().map_err(|_| making(proto::pki::Error::NoEntropy))?;
    write_new(&dir.join("keys/reader.keys"), keys.to_text().as_bytes(), 0o600)?;
    write_new(&dir.join("keys/reader.pub"), keys.public().to_text().as_bytes(), 0o644)?;
    Objects::open(&format!("file://{}", dir.join("objects").display()), true)?;
    let queue = Queue::open(&format!("sqlite://{}", dir.join("queue.sqlite").display()), true).await?;
    let person = init.user.as_deref().or(init.demo.then_some("demo"));
    let mut link = None;
    if let Some(name) = person {
        let code = commands::code()?;
        let now = proto::clock::now();
        queue.add_user(name, &code, init.demo, now + LINK_MS, now).await?;
        link = Some(commands::link(init.page, &code));
    }
    queue.close().await;
    let config = dir.join("cloud.toml");
    write_new(&config, config_text(init, &bundle, library.as_deref()).as_bytes(), 0o644)?;
    let address = reachable(init);
    let object = json!({
        "config": config, "dir": dir, "service": address, "page": format!("http://{}", init.page),
        "authority": dir.join("pki/authority.pem"), "reader": dir.join("keys/reader.pub"),
        "user": person, "link": link,
    });
    let next = match &link {
        Some(link) => format!("Open this link once, within a day: {link}"),
        None => format!("Add the first person: cloud-service user add NAME --config {}", config.display()),
    };
    let words = format!(
        "Made {}.\nRun it: cloud-service run --config {}\nInvite a site: cloud-service site add NAME --config {}\n{next}",
        dir.display(),
        config.display(),
        config.display(),
    );
    Output::new(init.json || init.demo).say(&object, &words);
    if init.demo {
        complain(
            "demonstration: drafts leave as UNSIGNED MACHINE DRAFT, nobody signs; never use this folder for patients",
        );
    }
    Ok(())
}

/// The address sites are told: a name of the certificate and the port.
fn reachable(init: &Init) -> String {
    let host = init.names.first().cloned().unwrap_or_else(|| {
        if init.listen.ip().is_unspecified() { "localhost".to_owned() } else { init.listen.ip().to_string() }
    });
    format!("https://{host}:{}", init.listen.port())
}

fn config_text(init: &Init, bundle: &Path, library: Option<&Path>) -> String {
    let mut names: Vec<String> = init.names.clone();
    names.extend(["localhost".to_owned(), "127.0.0.1".to_owned()]);
    if !init.listen.ip().is_unspecified() {
        names.push(init.listen.ip().to_string());
    }
    names.dedup();
    let names: Vec<String> = names.iter().map(|n| toml_text(n)).collect();
    let library = library.map_or_else(
        || "# onnxruntime = \"/usr/lib/libonnxruntime.so\"  # when it is not in its usual places".to_owned(),
        |p| format!("onnxruntime = {}", toml_text(&p.display().to_string())),
    );
    format!(
        "# Scanside cloud service. Paths start at this file's folder. `cloud-service check` reports every fault.\n\n\
         [service]\nlisten = {}        # where sites call; TLS with our own authority\npki = \"pki\"\n\
         names = [{}]  # names and addresses of this machine, as sites write them\n\n\
         [queue]\ndatabase = \"sqlite://queue.sqlite\"\nlease = \"2m\"          # a reader that is silent this long loses its case\n\
         attempts = 3          # failed machine attempts before a case is buried and its site told\n\
         longest_wait = \"4h\"   # a case that waited longer is served as STAT\n\n\
         [objects]\nurl = \"file://objects\"\n\n\
         [diagnosis]\nbackend = \"reference\"  # or \"openai\", with base_url, model and (if needed) api_key_file\n\
         bundle = {}\n{library}\nkeys = \"keys/reader.keys\"\nreaders = 1            # cases drafted at once; 0: this process drafts none\n\
         drafts_leave_unsigned = {}  # true: drafts go home as UNSIGNED MACHINE DRAFT, nobody signs\n\n\
         [page]\nlisten = {}\nbehind_tls_proxy = false\n\n[log]\nlevel = \"info\"\nformat = \"text\"         # or \"json\"\n",
        toml_text(&init.listen.to_string()),
        names.join(", "),
        toml_text(&bundle.display().to_string()),
        init.demo,
        toml_text(&init.page.to_string()),
    )
}

/// A TOML basic string (TOML 1.0): JSON's escapes are among its own.
fn toml_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn make_folder(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(|e| write_failed(path, &e))
}

/// Writes and syncs a file that must be new.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .and_then(|mut f| f.write_all(bytes).and_then(|()| f.sync_all()));
    written.map_err(|e| write_failed(path, &e))
}

fn write_failed(path: &Path, e: &std::io::Error) -> Error {
    Error::Other(format!("{} cannot be written ({})", path.display(), e.kind()))
}
