//! The configuration file: one table per room, unknown keys refused, all faults found at once.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::toml_reader::{Fault, Reader, Table};

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
    /// A proxy in front speaks TLS: cookies are marked Secure.
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

/// Tables and their keys: whatever is not here is refused.
const KEYS: &[(&str, &[&str])] = &[
    ("service", &["listen", "pki", "names"]),
    ("queue", &["database", "lease", "attempts", "longest_wait"]),
    ("objects", &["url"]),
    (
        "diagnosis",
        &[
            "backend",
            "base_url",
            "model",
            "api_key_file",
            "drafts_leave_unsigned",
            "bundle",
            "onnxruntime",
            "keys",
            "readers",
            "timeout",
        ],
    ),
    ("page", &["listen", "behind_tls_proxy"]),
    ("log", &["level", "format"]),
];

const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// All faults at once, never only the first.
    pub fn read(path: &Path) -> Result<Self, Vec<Fault>> {
        let text = std::fs::read_to_string(path).map_err(|e| {
            vec![Fault::whole(
                path,
                &format!("cannot be read ({})", e.kind()),
                "check the path and its permissions",
            )]
        })?;
        Self::parse(path, &text)
    }

    /// Reads the text of the configuration file `path`; relative paths start at its folder.
    ///
    /// # Errors
    /// All faults at once.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader::parse(path, text, KEYS)?;
        let config = Self {
            service: service(&mut reader.table("service")),
            queue: queue(&mut reader.table("queue")),
            objects_url: objects(&mut reader.table("objects")),
            diagnosis: diagnosis(&mut reader.table("diagnosis")),
            page: page(&mut reader.table("page")),
            log: log(&mut reader.table("log")),
        };
        reader.finish(config)
    }
}

fn service(t: &mut Table<'_, '_>) -> ServiceConfig {
    ServiceConfig {
        listen: t.address("listen", "0.0.0.0:8443"),
        pki: t.path("pki", "pki"),
        names: t.strings("names", &["localhost", "127.0.0.1"]),
    }
}

fn queue(t: &mut Table<'_, '_>) -> QueueConfig {
    let database = t.text("database", "sqlite://queue.sqlite");
    let database = if let Some(file) = database.strip_prefix("sqlite://").filter(|f| !f.is_empty()) {
        format!("sqlite://{}", t.beside(file).display())
    } else {
        let postgres = database.starts_with("postgres");
        t.fault(
            "database",
            if postgres {
                "PostgreSQL is not supported by this version"
            } else {
                "this is not a database address"
            },
            "write \"sqlite://queue.sqlite\"",
        );
        database
    };
    QueueConfig {
        database,
        lease_ms: t.duration_ms("lease", "2m", 5_000, 3_600_000),
        attempts: t.count("attempts", 3, 1, 20),
        longest_wait_ms: t.duration_ms("longest_wait", "4h", 60_000, 7 * 86_400_000),
    }
}

fn objects(t: &mut Table<'_, '_>) -> String {
    let url = t.text("url", "file://objects");
    if let Some(folder) = url.strip_prefix("file://").filter(|f| !f.is_empty()) {
        return format!("file://{}", t.beside(folder).display());
    }
    let s3 = url.starts_with("s3://");
    t.fault(
        "url",
        if s3 { "S3 is not supported by this version" } else { "this is not an address of objects" },
        "write \"file://objects\"",
    );
    url
}

fn diagnosis(t: &mut Table<'_, '_>) -> DiagnosisConfig {
    let backend = match t.one_of("backend", "reference", &["reference", "openai"]).as_str() {
        "openai" => {
            let base_url =
                t.needed("base_url", "the address of the endpoint, as \"http://127.0.0.1:8000/v1\"");
            let fits = ["http://", "https://"].iter().any(|scheme| base_url.starts_with(scheme));
            if !base_url.is_empty() && !fits {
                t.fault("base_url", "this is not an http or https address", "write \"https://HOST/v1\"");
            }
            BackendConfig::OpenAi {
                base_url: base_url.trim_end_matches('/').to_owned(),
                model: t.needed("model", "the model's name at the endpoint"),
                api_key_file: t.file("api_key_file"),
            }
        }
        _ => {
            for key in ["base_url", "model", "api_key_file"] {
                if t.has(key) {
                    t.fault(
                        key,
                        "this belongs to backend = \"openai\"",
                        "remove it, or set backend = \"openai\"",
                    );
                }
            }
            BackendConfig::Reference
        }
    };
    DiagnosisConfig {
        backend,
        bundle: t.path("bundle", "models/reference"),
        onnxruntime: t.file("onnxruntime"),
        keys: t.path("keys", "keys/reader.keys"),
        drafts_leave_unsigned: t.flag("drafts_leave_unsigned", false),
        readers: t.count("readers", 1, 0, 64),
        timeout_ms: t.duration_ms("timeout", "5m", 1_000, 3_600_000),
    }
}

fn page(t: &mut Table<'_, '_>) -> PageConfig {
    let listen = t.address("listen", "127.0.0.1:8480");
    let behind_tls_proxy = t.flag("behind_tls_proxy", false);
    if !listen.ip().is_loopback() && !behind_tls_proxy {
        t.fault(
            "listen",
            "the page speaks plain HTTP, so passwords would cross the network in the open",
            "write an address of 127.0.0.1, or behind_tls_proxy = true when a TLS proxy stands in front",
        );
    }
    PageConfig { listen, behind_tls_proxy }
}

fn log(t: &mut Table<'_, '_>) -> LogConfig {
    LogConfig {
        level: t.one_of("level", "info", &LEVELS),
        json: t.one_of("format", "text", &["text", "json"]) == "json",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;

    fn parse(text: &str) -> Result<Config, Vec<Fault>> {
        Config::parse(Path::new("/etc/x/cloud.toml"), text)
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
        assert!(faults.iter().all(|f| !f.remedy.is_empty()));
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
