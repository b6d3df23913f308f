//! TLS at the listener: the handshake, why one fails, and new certificates without a restart.
use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::AlertDescription as Alert;
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::{info, warn};

use crate::caller_refusal::Refusal;
use crate::error::Error;
use crate::tls_config::TlsConfig;
use crate::tls_files::{TLS_TABLE, load};
use dimse::Wire;
use dimse::tls::{Lasting, ServerKeys, ServerTexts};

/// For the last words of a failed handshake.
const CLOSING: std::time::Duration = std::time::Duration::from_secs(2);
/// The end of a certificate is told once a day.
const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

/// The configuration in use; replaced whole when the files change.
pub(crate) struct Tls {
    config: TlsConfig,
    keys: ArcSwap<ServerKeys>,
}

/// What came to the TLS port.
pub(crate) enum Hello {
    Secured(Box<TlsStream<TcpStream>>),
    /// A PDU without TLS, still unread.
    Plain(TcpStream),
}

/// Why there is no secured connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    /// For a person to see.
    Refused(Refusal),
    TimedOut,
    /// Gone without a word: a port scanner, a health check.
    Gone,
}

impl Tls {
    /// Read the files.
    ///
    /// # Errors
    /// `Tls` when they cannot be used; [`crate::inspect_tls`] says why.
    pub(crate) fn open(config: TlsConfig) -> Result<Tls, Error> {
        let keys = load(&config, ServerTexts::read(config.files())).map_err(|_| Error::Tls)?;
        Ok(Tls { config, keys: ArcSwap::from_pointee(keys) })
    }

    /// The handshake, until `deadline`.
    pub(crate) async fn hello(&self, stream: TcpStream, deadline: Instant) -> Result<Hello, Failed> {
        let mut first = [0];
        match timeout_at(deadline, stream.peek(&mut first)).await {
            Err(_) => return Err(Failed::TimedOut),
            Ok(Ok(count)) if count > 0 => {}
            Ok(_) => return Err(Failed::Gone),
        }
        // A PDU type where a TLS record should be (PS3.8 9.3.1; RFC 8446 5.1 has 22 here).
        if (0x01..=0x07).contains(&first[0]) {
            return Ok(Hello::Plain(stream));
        }
        let handshake =
            TlsAcceptor::from(Arc::clone(&self.keys.load().server)).accept(stream).into_fallible();
        match timeout_at(deadline, handshake).await {
            Err(_) => Err(Failed::TimedOut),
            Ok(Ok(stream)) => Ok(Hello::Secured(Box::new(stream))),
            Ok(Err((error, stream))) => {
                // Its alert has been sent; closing with unread bytes would reset it away.
                Wire::new(stream, CLOSING).close().await;
                Err(why(&error))
            }
        }
    }

    /// Look at the files now and then, for ever.
    pub(crate) async fn watch(&self) {
        let mut tick = tokio::time::interval(self.config.reload.0);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut refused, mut told) = (None, None);
        loop {
            tick.tick().await;
            let config = self.config.clone();
            let Ok(files) = tokio::task::spawn_blocking(move || ServerTexts::read(config.files())).await
            else {
                continue;
            };
            let digest = files.digest();
            if digest != self.keys.load().digest && refused != Some(digest) {
                match load(&self.config, files) {
                    Ok(keys) => {
                        self.keys.store(Arc::new(keys));
                        (refused, told) = (None, None);
                        info!("the TLS certificate was changed; associations that run go on");
                    }
                    Err(faults) => {
                        // Told once for each new content: half-written files are looked at again.
                        refused = Some(digest);
                        for fault in faults {
                            warn!(
                                key = fault.key,
                                "{}; the certificate loaded before stays in use", fault.words
                            );
                        }
                    }
                }
            }
            if told.is_none_or(|at: Instant| at.elapsed() >= DAY) {
                told = Some(Instant::now());
                self.tell_the_end();
            }
        }
    }

    fn tell_the_end(&self) {
        match self.keys.load().validity.at(proto::clock::wall(), TLS_TABLE) {
            Lasting::Long => {}
            Lasting::Soon(words) => warn!("{words}"),
            Lasting::Over(words) => tracing::error!("{words}"),
        }
    }
}

/// Version and cipher suite, for the transcript.
pub(crate) fn about(stream: &TlsStream<TcpStream>) -> String {
    let session = &stream.get_ref().1;
    let version = match session.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
        _ => "TLS 1.2",
    };
    let suite = session.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite()));
    format!("{version}, {}", suite.unwrap_or_default())
}

/// The text of rustls's error is not kept: it may hold names of the peer's certificate.
fn why(error: &io::Error) -> Failed {
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return Failed::Gone;
    };
    Failed::Refused(match error {
        rustls::Error::NoCertificatesPresented => Refusal::TlsNoCertificate,
        rustls::Error::InvalidCertificate(_) => Refusal::TlsUntrusted,
        rustls::Error::PeerIncompatible(_)
        | rustls::Error::AlertReceived(
            Alert::ProtocolVersion | Alert::HandshakeFailure | Alert::InsufficientSecurity,
        ) => Refusal::TlsNothingInCommon,
        rustls::Error::AlertReceived(
            Alert::UnknownCA
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnrecognisedName
            | Alert::DecryptError,
        ) => Refusal::TlsOursNotTrusted,
        _ => Refusal::TlsBroken,
    })
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a test stops where something is not as it must be"
    )]
    use super::*;
    use crate::tls_files::inspect_tls as inspect;
    use fixtures::pki::Authority;

    #[test]
    fn every_fault_of_the_files_is_told_with_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let authority = Authority::new("a").unwrap();
        let (leaf, other) =
            (authority.leaf("localhost", 1).unwrap(), authority.leaf("localhost", 2).unwrap());
        std::fs::write(at("c.pem"), &leaf.certificate_pem).unwrap();
        std::fs::write(at("k.pem"), &leaf.key_pem).unwrap();
        std::fs::write(at("o.pem"), &other.key_pem).unwrap();
        std::fs::write(at("text.pem"), "no PEM at all").unwrap();
        let mut config = TlsConfig::new(at("c.pem"), at("k.pem"));
        assert!(inspect(&config).is_ok());
        let keys = |config: &TlsConfig| -> Vec<String> {
            inspect(config).unwrap_err().into_iter().map(|fault| fault.key).collect()
        };
        config.key = at("o.pem");
        assert_eq!(keys(&config), ["intake.tls.key"]);
        config.certificate = at("none.pem");
        config.key = at("text.pem");
        config.client_ca = Some(at("text.pem"));
        assert_eq!(keys(&config), ["intake.tls.certificate", "intake.tls.key", "intake.tls.client_ca"]);
    }

    #[test]
    fn the_end_of_a_certificate_is_told_thirty_days_before() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let ends = 2_000_000_000;
        let leaf = Authority::new("a").unwrap().leaf_until("localhost", 1, ends).unwrap();
        std::fs::write(at("c.pem"), &leaf.certificate_pem).unwrap();
        std::fs::write(at("k.pem"), &leaf.key_pem).unwrap();
        let validity = inspect(&TlsConfig::new(at("c.pem"), at("k.pem"))).unwrap();
        assert_eq!(validity.ends(), ends as i64);
        let day = |days: i64| (ends as i64 - days * 86_400) * 1000;
        assert_eq!(validity.at(day(31), TLS_TABLE), Lasting::Long);
        assert_eq!(validity.at(day(30), TLS_TABLE), Lasting::Long);
        assert!(
            matches!(validity.at(day(30) + 1000, TLS_TABLE), Lasting::Soon(words) if words.contains("29 days"))
        );
        assert!(
            matches!(validity.at(day(1), TLS_TABLE), Lasting::Soon(words) if words.contains("in 1 day;"))
        );
        assert!(matches!(validity.at(day(0), TLS_TABLE), Lasting::Over(_)));
    }
}
