//! The TLS listener's files: read, checked against each other, made into a configuration of rustls.
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use proto::pki;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig, SupportedCipherSuite};
use zeroize::Zeroizing;

use super::ConfigFault;
use super::tls_config::{ClientCertificate, TlsConfig};

/// Longest file read.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// A certificate that ends within so many days is warned of.
pub const WARN_DAYS: i64 = 30;
const DAY_SECONDS: i64 = 86_400;

/// What RFC 9325 4.2 recommends for TLS 1.2 and RFC 8446 9.1 for TLS 1.3, best first. PS3.15 B.12 asks for BCP 195,
/// which is these documents; CBC, RSA key transport, finite-field DHE and everything before TLS 1.2 are not offered.
pub(crate) static CIPHER_SUITES: [SupportedCipherSuite; 7] = [
    aws_lc_rs::cipher_suite::TLS13_AES_256_GCM_SHA384,
    aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256,
    aws_lc_rs::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
    aws_lc_rs::cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    aws_lc_rs::cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    aws_lc_rs::cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    aws_lc_rs::cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
];

/// When the first of the certificates in use ends, in seconds since 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    ends: i64,
    key: &'static str,
}

/// What the end of a certificate means now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// More than thirty days are left.
    Long,
    /// It ends soon: in words.
    Soon(String),
    /// It has ended: in words.
    Over(String),
}

impl Validity {
    /// Seconds since 1970 UTC.
    pub fn ends(&self) -> i64 {
        self.ends
    }

    /// What that means at `now` (milliseconds since 1970 UTC).
    pub fn at(&self, now: i64) -> Lasting {
        let left = self.ends - now.div_euclid(1000);
        let (key, days) = (self.key, left.div_euclid(DAY_SECONDS));
        match left {
            ..=0 => Lasting::Over(format!(
                "a certificate in intake.tls.{key} has ended: senders refuse it; put a new one in its place, it is taken without a restart"
            )),
            _ if days < WARN_DAYS => Lasting::Soon(format!(
                "a certificate in intake.tls.{key} ends in {}; put a new one in its place, it is taken without a restart",
                match days {
                    0 => "less than a day".to_owned(),
                    1 => "1 day".to_owned(),
                    days => format!("{days} days"),
                }
            )),
            _ => Lasting::Long,
        }
    }
}

/// The three files' bytes, not looked into yet.
pub(super) struct Files {
    certificate: Result<Zeroizing<String>, ConfigFault>,
    key: Result<Zeroizing<String>, ConfigFault>,
    client_ca: Option<Result<Zeroizing<String>, ConfigFault>>,
    /// Of all three, to see a change.
    pub(super) digest: blake3::Hash,
}

/// A configuration ready for handshakes.
pub(super) struct Keys {
    pub(super) server: Arc<ServerConfig>,
    pub(super) validity: Validity,
    pub(super) digest: blake3::Hash,
}

/// Read and check the files; when the first certificate ends. For `check` and `status`.
///
/// # Errors
/// Every fault of the files, with its key and what to do.
pub fn inspect(config: &TlsConfig) -> Result<Validity, Vec<ConfigFault>> {
    load(config, read(config)).map(|keys| keys.validity)
}

/// Whether others than the owner can read the private key; `false` also when it is not there.
pub fn key_is_open(config: &TlsConfig) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(&config.key).is_ok_and(|about| about.permissions().mode() & 0o077 != 0)
}

fn fault(key: &str, words: impl Into<String>) -> ConfigFault {
    ConfigFault { key: format!("intake.tls.{key}"), words: words.into() }
}

pub(super) fn read(config: &TlsConfig) -> Files {
    let text = |key: &str, path: &Path| {
        let mut text = Zeroizing::new(String::new());
        let read =
            std::fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text));
        match read {
            Ok(_) => Ok(text),
            Err(error) => {
                Err(fault(key, format!("cannot be read ({}); write the path of a PEM file", error.kind())))
            }
        }
    };
    let certificate = text("certificate", &config.certificate);
    let key = text("key", &config.key);
    let client_ca = config.client_ca.as_deref().map(|path| text("client_ca", path));
    let mut digest = blake3::Hasher::new();
    for part in [Some(&certificate), Some(&key), client_ca.as_ref()] {
        let bytes = part.map_or(&b""[..], |part| part.as_ref().map_or(&b"?"[..], |text| text.as_bytes()));
        digest.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    }
    Files { certificate, key, client_ca, digest: digest.finalize() }
}

/// Make a configuration of what was read.
pub(super) fn load(config: &TlsConfig, files: Files) -> Result<Keys, Vec<ConfigFault>> {
    let Files { certificate, key, client_ca, digest } = files;
    let chain = certificate.and_then(|text| certificates("certificate", &text));
    let key = key.and_then(|text| {
        pki::private_key(&text).map_err(|_| {
            fault("key", "holds no private key; write a PEM file with a PKCS #8, PKCS #1 or SEC 1 key")
        })
    });
    let authorities =
        client_ca.map(|text| text.and_then(|text| certificates("client_ca", &text))).transpose();
    let (chain, key, authorities) = match (chain, key, authorities) {
        (Ok(chain), Ok(key), Ok(authorities)) => (chain, key, authorities),
        (chain, key, authorities) => {
            return Err([chain.err(), key.err(), authorities.err()].into_iter().flatten().collect());
        }
    };
    let ends = |key: &'static str, list: &[pki::Certificate]| {
        list.iter()
            .map(|der| pki::ends(der).map(|ends| Validity { ends, key }))
            .collect::<Result<Vec<_>, _>>()
    };
    let mut all = ends("certificate", &chain)
        .map_err(|_| vec![fault("certificate", "holds something that is no X.509 certificate")])?;
    all.extend(
        ends("client_ca", authorities.as_deref().unwrap_or_default())
            .map_err(|_| vec![fault("client_ca", "holds something that is no X.509 certificate")])?,
    );
    let first = all.into_iter().min_by_key(|validity| validity.ends);
    let validity = first.ok_or_else(|| vec![fault("certificate", "holds no certificate")])?;
    let server = server(config.client_certificate, chain, key, authorities).map_err(|fault| vec![fault])?;
    Ok(Keys { server: Arc::new(server), validity, digest })
}

fn certificates(key: &str, text: &str) -> Result<Vec<pki::Certificate>, ConfigFault> {
    pki::certificates(text).map_err(|_| fault(key, "holds no certificate; write a PEM file"))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider { cipher_suites: CIPHER_SUITES.to_vec(), ..aws_lc_rs::default_provider() })
}

fn server(
    asked: ClientCertificate,
    chain: Vec<pki::Certificate>,
    key: pki::PrivateKey,
    authorities: Option<Vec<pki::Certificate>>,
) -> Result<ServerConfig, ConfigFault> {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|_| fault("certificate", "TLS is not available in this build"))?;
    let builder = match (asked, authorities) {
        (ClientCertificate::None, _) | (_, None) => builder.with_no_client_auth(),
        (asked, Some(authorities)) => {
            let not_usable = || fault("client_ca", "holds an authority that cannot be used");
            let mut roots = RootCertStore::empty();
            for authority in authorities {
                roots.add(authority).map_err(|_| not_usable())?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
            let verifier = if asked == ClientCertificate::Optional {
                verifier.allow_unauthenticated()
            } else {
                verifier
            };
            builder.with_client_cert_verifier(verifier.build().map_err(|_| not_usable())?)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => fault("key", "does not belong to the certificate"),
        _ => fault(
            "certificate",
            "cannot be used: an X.509 version 3 certificate with an RSA, ECDSA or Ed25519 key is needed",
        ),
    })?;
    // A resumed session would not be checked against an authority that was taken out meanwhile.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(config)
}
