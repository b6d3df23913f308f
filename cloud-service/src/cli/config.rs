//! The configuration file: one table per room, unknown keys refused, all faults found at once.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proto::settings::{Document, Fault};
use proto::units::Span;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Everything the service runs by. Paths are absolute.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[service]`
    pub service: ServiceConfig,
    /// `[queue]`
    pub queue: QueueConfig,
    /// `[objects]`: a `file://` address.
    pub objects_url: String,
    /// `[diagnosis]`
    pub diagnosis: DiagnosisConfig,
    /// `[page]`
    pub page: PageConfig,
    /// `[log]`
    pub log: LogConfig,
}

/// `[service]`
#[derive(Debug, Clone)]
pub struct ServiceConfig {
    /// Where sites call.
    pub listen: SocketAddr,
    /// Folder of the certificate authority and the service's own certificate.
    pub pki: PathBuf,
    /// Names and addresses the service's certificate is for.
    pub names: Vec<String>,
}

/// `[queue]`
#[derive(Debug, Clone)]
pub struct QueueConfig {
    /// `sqlite://` and an absolute path.
    pub database: String,
    /// How long a reader holds a case without renewing, in milliseconds.
    pub lease_ms: i64,
    /// Attempts of machine readers before a case is buried.
    pub attempts: u32,
    /// A case that waited longer is served as STAT, in milliseconds.
    pub longest_wait_ms: i64,
}

/// Which model answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendConfig {
    /// The embedded reference model.
    Reference,
    /// An OpenAI-compatible vision endpoint.
    OpenAi {
        /// Address up to and without `/chat/completions`.
        base_url: String,
        /// The model's name there.
        model: String,
        /// File that holds the key, when the endpoint needs one.
        api_key_file: Option<PathBuf>,
    },
}

/// `[diagnosis]`
#[derive(Debug, Clone)]
pub struct DiagnosisConfig {
    /// `backend` and what belongs to it.
    pub backend: BackendConfig,
    /// Folder of the reference bundle.
    pub bundle: PathBuf,
    /// Library of ONNX Runtime, when not in its usual places.
    pub onnxruntime: Option<PathBuf>,
    /// The reader's private keys.
    pub keys: PathBuf,
    /// Let drafts leave as unsigned machine drafts.
    pub drafts_leave_unsigned: bool,
    /// Machine readers at once.
    pub readers: u32,
    /// How long one case may take, in milliseconds.
    pub timeout_ms: i64,
}

/// `[page]`
#[derive(Debug, Clone)]
pub struct PageConfig {
    /// Where people open the page.
    pub listen: SocketAddr,
    /// A proxy in front speaks TLS: our pages are of `https`.
    pub behind_tls_proxy: bool,
}

/// `[log]`
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// `error`, `warn`, `info`, `debug` or `trace`; only our own targets ever reach the log.
    pub level: String,
    /// One JSON object per line instead of text.
    pub json: bool,
}

/// Log levels, the quietest first.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// Forms of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Text,
    Json,
}

/// Names of the backends.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum BackendName {
    Reference,
    OpenAi,
}

/// Declares a table of the file as it is written, with its defaults.
macro_rules! table {
    ($name:ident { $($key:ident: $kind:ty = $default:expr),* $(,)? }) => {
        #[derive(Deserialize)]
        #[serde(default, deny_unknown_fields)]
        struct $name { $($key: $kind,)* }
        impl Default for $name {
            fn default() -> Self { Self { $($key: $default,)* } }
        }
    };
}

table!(ServiceTable {
    listen: SocketAddr = SocketAddr::from(([0, 0, 0, 0], 8443)),
    pki: PathBuf = "pki".into(),
    names: Vec<String> = vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
});
table!(QueueTable {
    database: String = "sqlite://queue.sqlite".to_owned(),
    lease: Span = Span(Duration::from_secs(120)),
    attempts: u32 = 3,
    longest_wait: Span = Span(Duration::from_secs(4 * 3600)),
});
table!(ObjectsTable { url: String = "file://objects".to_owned() });
table!(DiagnosisTable {
    backend: BackendName = BackendName::Reference,
    base_url: Option<String> = None,
    model: Option<String> = None,
    api_key_file: Option<PathBuf> = None,
    drafts_leave_unsigned: bool = false,
    bundle: PathBuf = "models/reference".into(),
    onnxruntime: Option<PathBuf> = None,
    keys: PathBuf = "keys/reader.keys".into(),
    readers: u32 = 1,
    timeout: Span = Span(Duration::from_secs(300)),
});
table!(PageTable {
    listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8480)),
    behind_tls_proxy: bool = false,
});
table!(LogTable { level: Level = Level::Info, format: Format = Format::Text });

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// All faults at once, never only the first.
    pub fn read(path: &Path) -> Result<Self, Vec<Fault>> {
        let (config, mut d) = Self::gather(Document::read(path).map_err(|fault| vec![fault])?);
        d.faults.sort_by_key(|f| f.line);
        if d.faults.is_empty() { Ok(config) } else { Err(d.faults) }
    }

    /// With defaults in place of what cannot be understood, and the faults in the document: for `check`, which
    /// goes on to look at the files that are named.
    pub fn gather(mut d: Document) -> (Self, Document) {
        d.only(&["service", "queue", "objects", "diagnosis", "page", "log"]);
        let config = Self {
            service: service(&mut d),
            queue: queue(&mut d),
            objects_url: objects(&mut d),
            diagnosis: diagnosis(&mut d),
            page: page(&mut d),
            log: log(&mut d),
        };
        (config, d)
    }
}

/// One table; its defaults when it cannot be understood, which is a fault by then.
fn table<T: DeserializeOwned + Default>(d: &mut Document, name: &str) -> T {
    d.room(name).unwrap_or_default()
}

/// `path`, from the configuration file's folder when it is relative.
fn beside(d: &Document, path: impl AsRef<Path>) -> PathBuf {
    d.folder().join(path)
}

/// A length of time in milliseconds, from `min` to `max` seconds.
fn span_ms(d: &mut Document, key: &str, span: Span, min: u64, max: u64) -> i64 {
    let (min, max) = (Span(Duration::from_secs(min)), Span(Duration::from_secs(max)));
    if !(min..=max).contains(&span) {
        d.fault(key, "is out of its range", format!("write a time from \"{min}\" to \"{max}\""));
    }
    i64::try_from(span.0.as_millis()).unwrap_or(i64::MAX)
}

/// A whole number from `min` to `max`.
fn count(d: &mut Document, key: &str, number: u32, min: u32, max: u32) -> u32 {
    if !(min..=max).contains(&number) {
        d.fault(key, "is out of its range", format!("write a whole number from {min} to {max}"));
    }
    number
}

fn service(d: &mut Document) -> ServiceConfig {
    let t: ServiceTable = table(d, "service");
    if t.names.is_empty() {
        d.fault("service.names", "is empty", "write the names sites call, as [\"cloud.example\"]");
    }
    ServiceConfig { listen: t.listen, pki: beside(d, t.pki), names: t.names }
}

fn queue(d: &mut Document) -> QueueConfig {
    let t: QueueTable = table(d, "queue");
    let file = t.database.strip_prefix("sqlite://").filter(|f| !f.is_empty());
    let database = file.map(|f| format!("sqlite://{}", beside(d, f).display()));
    if database.is_none() {
        let wrong = if t.database.starts_with("postgres") {
            "PostgreSQL is not supported by this version"
        } else {
            "is not a database address"
        };
        d.fault("queue.database", wrong, "write \"sqlite://queue.sqlite\"");
    }
    QueueConfig {
        database: database.unwrap_or_default(),
        lease_ms: span_ms(d, "queue.lease", t.lease, 5, 3600),
        attempts: count(d, "queue.attempts", t.attempts, 1, 20),
        longest_wait_ms: span_ms(d, "queue.longest_wait", t.longest_wait, 60, 7 * 86_400),
    }
}

fn objects(d: &mut Document) -> String {
    let t: ObjectsTable = table(d, "objects");
    if let Some(folder) = t.url.strip_prefix("file://").filter(|f| !f.is_empty()) {
        return format!("file://{}", beside(d, folder).display());
    }
    let s3 = t.url.starts_with("s3://");
    let wrong = if s3 { "S3 is not supported by this version" } else { "is not an address of objects" };
    d.fault("objects.url", wrong, "write \"file://objects\"");
    t.url
}

fn diagnosis(d: &mut Document) -> DiagnosisConfig {
    let t: DiagnosisTable = table(d, "diagnosis");
    DiagnosisConfig {
        backend: backend(d, &t),
        bundle: beside(d, t.bundle),
        onnxruntime: t.onnxruntime.map(|p| beside(d, p)),
        keys: beside(d, t.keys),
        drafts_leave_unsigned: t.drafts_leave_unsigned,
        readers: count(d, "diagnosis.readers", t.readers, 0, 64),
        timeout_ms: span_ms(d, "diagnosis.timeout", t.timeout, 1, 3600),
    }
}

fn backend(d: &mut Document, t: &DiagnosisTable) -> BackendConfig {
    if matches!(t.backend, BackendName::Reference) {
        let written = [
            ("diagnosis.base_url", t.base_url.is_some()),
            ("diagnosis.model", t.model.is_some()),
            ("diagnosis.api_key_file", t.api_key_file.is_some()),
        ];
        for (key, _) in written.iter().filter(|(_, written)| *written) {
            d.fault(key, "belongs to backend = \"openai\"", "remove it, or set backend = \"openai\"");
        }
        return BackendConfig::Reference;
    }
    let mut needed = |key: &str, value: &Option<String>, write: &str| {
        let value = value.clone().unwrap_or_default();
        if value.is_empty() {
            d.fault(key, "is missing", write);
        }
        value
    };
    let model = needed("diagnosis.model", &t.model, "write the model's name at the endpoint");
    let base_url = needed(
        "diagnosis.base_url",
        &t.base_url,
        "write the address of the endpoint, as \"http://127.0.0.1:8000/v1\"",
    );
    let fits = ["http://", "https://"].iter().any(|scheme| base_url.starts_with(scheme));
    if !base_url.is_empty() && !fits {
        d.fault("diagnosis.base_url", "is not an http or https address", "write \"https://HOST/v1\"");
    }
    BackendConfig::OpenAi {
        base_url: base_url.trim_end_matches('/').to_owned(),
        model,
        api_key_file: t.api_key_file.as_ref().map(|p| beside(d, p)),
    }
}

fn page(d: &mut Document) -> PageConfig {
    let t: PageTable = table(d, "page");
    if !t.listen.ip().is_loopback() && !t.behind_tls_proxy {
        d.fault(
            "page.listen",
            "is not loopback: the page speaks plain HTTP, so passwords would cross the network in the open",
            "write an address of 127.0.0.1, or behind_tls_proxy = true when a TLS proxy stands in front",
        );
    }
    PageConfig { listen: t.listen, behind_tls_proxy: t.behind_tls_proxy }
}

fn log(d: &mut Document) -> LogConfig {
    let t: LogTable = table(d, "log");
    let level = match t.level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    };
    LogConfig { level: level.to_owned(), json: t.format == Format::Json }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;

    fn parse(text: &str) -> Result<Config, Vec<Fault>> {
        let document = Document::of(Path::new("/etc/x/cloud.toml"), text.to_owned());
        let (config, d) = Config::gather(document.map_err(|fault| vec![fault])?);
        if d.faults.is_empty() { Ok(config) } else { Err(d.faults) }
    }

    #[test]
    fn an_empty_file_gives_the_documented_defaults_beside_it() {
        let c = parse("").unwrap();
        assert_eq!(c.queue.database, "sqlite:///etc/x/queue.sqlite");
        assert_eq!(c.objects_url, "file:///etc/x/objects");
        assert_eq!(c.diagnosis.backend, BackendConfig::Reference);
        assert!(!c.diagnosis.drafts_leave_unsigned);
        assert_eq!((c.queue.lease_ms, c.queue.longest_wait_ms), (120_000, 14_400_000));
    }

    #[test]
    fn all_faults_come_at_once_with_line_key_and_remedy() {
        let text = "[service]\nlisten = \"nowhere\"\n[queue]\ndatabse = \"x\"\ndatabase = \"postgres://h/d\"\n\
                    lease = \"2 parsecs\"\n[diagnosis]\nbackend = \"openai\"\nreaders = 900\n[paeg]\n";
        let faults = parse(text).unwrap_err();
        let seen: Vec<_> = faults.iter().map(|f| (f.line, f.key.as_str())).collect();
        for expected in [
            (2, "service.listen"),
            (4, "queue.databse"),
            (5, "queue.database"),
            (6, "queue.lease"),
            (7, "diagnosis.base_url"),
            (7, "diagnosis.model"),
            (9, "diagnosis.readers"),
            (10, "paeg"),
        ] {
            assert!(seen.contains(&expected), "{expected:?} not in {seen:?}");
        }
        let of = |key: &str| faults.iter().find(|f| f.key == key).unwrap().to_string();
        assert!(of("queue.databse").contains("database"), "{}", of("queue.databse"));
        assert!(of("paeg").contains("page"));
        assert!(of("queue.database").contains("PostgreSQL"));
        assert!(faults.iter().all(|f| !f.write.is_empty()));
    }

    #[test]
    fn broken_toml_names_its_line() {
        let faults = parse("[service]\nlisten = \n").unwrap_err();
        assert_eq!(faults[0].line, 2);
    }

    #[test]
    fn the_page_stays_on_loopback_unless_a_proxy_speaks_tls() {
        assert!(parse("[page]\nlisten = \"0.0.0.0:80\"").is_err());
        assert!(parse("[page]\nlisten = \"0.0.0.0:80\"\nbehind_tls_proxy = true").is_ok());
    }
}
