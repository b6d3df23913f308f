//! Gives the audit to a syslog collector over TLS (RFC 5425), in order, each line at least once.
//!
//! The audit file is the buffer. Syslog has no receipt, and a write that succeeded says only that the kernel has the
//! bytes; so a batch is one connection: send, close our side (close_notify), wait until the collector closes its own
//! with a close_notify. Only then are the lines counted as sent. A collector that died in between gets the batch again.
//! One that never sends close_notify (RFC 5425 section 4.4 says it must) gets the same batch over and over, and shows.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use proto::clock::now;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use super::audit_file::{Audit, Delivery};
use super::config::{self, AuditConfig};
use super::dicom::Source;
use super::entry::Entry;
use super::error::Error;
use super::syslog;

/// Lines of one connection.
const BATCH: usize = 500;
/// Longest time for one connection.
const EXCHANGE: Duration = Duration::from_secs(30);
/// Shortest and longest pause after a failure.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Sends the audit to its collector.
pub struct Collector {
    audit: Arc<Audit>,
    host: String,
    port: u16,
    name: ServerName<'static>,
    tls: Arc<ClientConfig>,
    source: Source,
    cursor: Cursor,
    pauses: (Duration, Duration),
}

impl std::fmt::Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Collector")
    }
}

/// How far the collector has the audit: bytes and lines, in a file beside it.
struct Cursor {
    file: File,
    bytes: u64,
    lines: u64,
}

impl Cursor {
    fn open(audit: &Path) -> Result<Self, Error> {
        let mut name = audit.file_name().unwrap_or_default().to_owned();
        name.push(".sent");
        let path = audit.with_file_name(name);
        let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
        let mut text = String::new();
        file.by_ref().take(1_024).read_to_string(&mut text)?;
        let mut words = text.split_whitespace().map(str::parse::<u64>);
        // What cannot be read is sent again from the beginning: twice is allowed, never is not.
        let (bytes, lines) = match (words.next(), words.next()) {
            (Some(Ok(bytes)), Some(Ok(lines))) => (bytes, lines),
            _ => (0, 0),
        };
        Ok(Self { file, bytes, lines })
    }

    fn advance(&mut self, bytes: u64, lines: u64) -> Result<(), Error> {
        (self.bytes, self.lines) = (self.bytes + bytes, self.lines + lines);
        self.file.write_all_at(format!("{:020} {:020}\n", self.bytes, self.lines).as_bytes(), 0)?;
        Ok(self.file.sync_data()?)
    }
}

fn tls(c: &AuditConfig) -> Result<ClientConfig, Error> {
    let ca = c.ca.clone().unwrap_or_default();
    let mut roots = RootCertStore::empty();
    let bad = |_| Error::Certificate("audit.ca");
    for certificate in CertificateDer::pem_file_iter(ca).map_err(bad)? {
        roots.add(certificate.map_err(bad)?).map_err(|_| Error::Certificate("audit.ca"))?;
    }
    if roots.is_empty() {
        return Err(Error::Certificate("audit.ca"));
    }
    let builder =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| Error::Certificate("audit.ca"))?
            .with_root_certificates(roots);
    let (Some(certificate), Some(key)) = (&c.certificate, &c.key) else {
        return Ok(builder.with_no_client_auth());
    };
    let own = |_| Error::Certificate("audit.certificate");
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificate).map_err(own)?.collect();
    let key = PrivateKeyDer::from_pem_file(key).map_err(|_| Error::Certificate("audit.key"))?;
    builder
        .with_client_auth_cert(chain.map_err(own)?, key)
        .map_err(|_| Error::Certificate("audit.certificate"))
}

/// Lines read for one connection.
struct Batch {
    frames: Vec<u8>,
    bytes: u64,
    lines: u64,
}

impl Collector {
    /// `None` when none is configured.
    ///
    /// # Errors
    /// [`Error::Certificate`] when a file named in the configuration cannot be used, [`Error::Disk`].
    pub fn new(audit: Arc<Audit>, c: &AuditConfig, source: Source) -> Result<Option<Self>, Error> {
        let Some((host, port)) = c.syslog.as_deref().and_then(config::address) else { return Ok(None) };
        let name = ServerName::try_from(host.clone()).map_err(|_| Error::Certificate("audit.syslog"))?;
        let mut cursor = Cursor::open(&audit.path)?;
        if cursor.bytes > audit.reach().bytes {
            // Another audit than the one that was sent: it begins anew.
            (cursor.bytes, cursor.lines) = (0, 0);
        }
        let tls = Arc::new(tls(c)?);
        let delivery = Delivery { configured: true, sent: cursor.lines, ..Delivery::default() };
        *audit.delivery.lock().unwrap_or_else(PoisonError::into_inner) = delivery;
        Ok(Some(Self { audit, host, port, name, tls, source, cursor, pauses: PAUSES }))
    }

    /// Sends what is written until `stop`, then what is left, once.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut pause = self.pauses.0;
        loop {
            let wait = match self.send_batch().await {
                Ok(true) => {
                    pause = self.pauses.0;
                    continue;
                }
                Ok(false) => None,
                Err(()) => {
                    let this = pause;
                    pause = (pause * 2).min(self.pauses.1);
                    Some(this)
                }
            };
            if stop.is_cancelled() {
                return;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.audit.written.notified(), if wait.is_none() => {}
                () = tokio::time::sleep(wait.unwrap_or(Duration::from_secs(3_600))) => {}
            }
        }
    }

    /// Sends the next lines; `true` when some were taken, `false` when none wait.
    async fn send_batch(&mut self) -> Result<bool, ()> {
        let batch = match self.next() {
            Ok(batch) => batch,
            Err(error) => {
                tracing::warn!(%error, "the audit could not be read for its collector");
                return Err(());
            }
        };
        if batch.lines == 0 {
            return Ok(false);
        }
        let taken = tokio::time::timeout(EXCHANGE, self.exchange(&batch.frames)).await;
        if !matches!(taken, Ok(Ok(()))) {
            self.note(Some(now()));
            return Err(());
        }
        if let Err(error) = self.cursor.advance(batch.bytes, batch.lines) {
            tracing::warn!(%error, "how far the audit was sent could not be noted: lines will be sent twice");
        }
        self.note(None);
        Ok(true)
    }

    fn note(&self, away: Option<i64>) {
        let mut d = self.audit.delivery.lock().unwrap_or_else(PoisonError::into_inner);
        match (d.away_since, away) {
            (None, Some(_)) => tracing::warn!("the audit's collector does not take messages: they wait here"),
            (Some(_), None) => tracing::info!("the audit's collector takes messages again"),
            _ => {}
        }
        d.away_since = away.map(|at| d.away_since.unwrap_or(at));
        d.sent = self.cursor.lines;
    }

    /// Reads the lines behind the cursor that are wholly written.
    fn next(&self) -> Result<Batch, Error> {
        let until = self.audit.reach().bytes;
        let path: &PathBuf = &self.audit.path;
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(self.cursor.bytes))?;
        let mut reader = BufReader::new(file.take(until.saturating_sub(self.cursor.bytes)));
        let mut batch = Batch { frames: Vec::new(), bytes: 0, lines: 0 };
        let mut line = Vec::new();
        for _ in 0..BATCH {
            line.clear();
            let n = reader.read_until(b'\n', &mut line)?;
            if n == 0 || !line.ends_with(b"\n") {
                break;
            }
            let number = self.cursor.lines + batch.lines + 1;
            let entry: Entry = serde_json::from_slice(&line).map_err(|_| Error::Broken(number))?;
            batch.frames.extend_from_slice(&syslog::frame(number, &entry, &self.source));
            batch.bytes += n as u64;
            batch.lines += 1;
        }
        Ok(batch)
    }

    /// One connection: everything, then our close, then the collector's.
    async fn exchange(&self, frames: &[u8]) -> std::io::Result<()> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        let mut stream = TlsConnector::from(Arc::clone(&self.tls)).connect(self.name.clone(), stream).await?;
        stream.write_all(frames).await?;
        stream.flush().await?;
        let mut rest = [0_u8; 256];
        tokio::select! {
            biased;
            // Closed before we did: it is being stopped, and may not have read everything.
            early = stream.read(&mut rest) => { if early? == 0 { return Err(std::io::ErrorKind::ConnectionAborted.into()); } }
            () = std::future::ready(()) => {}
        }
        stream.shutdown().await?;
        // A collector sends nothing back; what it sends all the same is not looked at. An end of the stream without
        // close_notify is an error here: the collector may have died with bytes unread.
        while stream.read(&mut rest).await? > 0 {}
        Ok(())
    }

    /// Shorter pauses, so that a test need not wait for minutes.
    #[cfg(test)]
    pub(super) fn with_pauses(mut self, shortest: Duration, longest: Duration) -> Self {
        self.pauses = (shortest, longest);
        self
    }
}
