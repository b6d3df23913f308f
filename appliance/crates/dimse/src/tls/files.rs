//! PEM files, read within a bound and told apart.

use std::io::Read;
use std::path::Path;

use proto::pki;
use rustls::RootCertStore;
use zeroize::Zeroizing;

use super::validity::Validity;
use crate::error::FileFault;

/// Longest file read.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Whether others than its owner can read a file; `false` also when it is not there.
#[must_use]
pub fn others_can_read(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file).is_ok_and(|about| about.permissions().mode() & 0o077 != 0)
}

pub(super) fn text(key: &'static str, path: &Path) -> Result<Zeroizing<String>, FileFault> {
    let mut text = Zeroizing::new(String::new());
    let read = std::fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text));
    match read {
        Ok(_) => Ok(text),
        Err(error) => {
            let words = format!("cannot be read ({}); write the path of a PEM file", error.kind());
            Err(FileFault::new(key, words))
        }
    }
}

pub(super) fn certificates(key: &'static str, text: &str) -> Result<Vec<pki::Certificate>, FileFault> {
    pki::certificates(text).map_err(|_| FileFault::new(key, "holds no certificate; write a PEM file"))
}

pub(super) fn private_key(key: &'static str, text: &str) -> Result<pki::PrivateKey, FileFault> {
    let words = "holds no private key; write a PEM file with a PKCS #8, PKCS #1 or SEC 1 key";
    pki::private_key(text).map_err(|_| FileFault::new(key, words))
}

/// When each of these certificates ends.
pub(super) fn ends(
    key: &'static str,
    then: &'static str,
    list: &[pki::Certificate],
) -> Result<Vec<Validity>, FileFault> {
    let end = |der: &pki::Certificate| pki::ends(der).map(|ends| Validity { ends, key, then });
    let ends: Result<Vec<_>, _> = list.iter().map(end).collect();
    ends.map_err(|_| FileFault::new(key, "holds something that is no X.509 certificate"))
}

pub(super) fn roots(key: &'static str, list: Vec<pki::Certificate>) -> Result<RootCertStore, FileFault> {
    let mut roots = RootCertStore::empty();
    for authority in list {
        roots.add(authority).map_err(|_| FileFault::new(key, "holds an authority that cannot be used"))?;
    }
    Ok(roots)
}

/// What a certificate and a key of ours lack to be used together.
pub(super) fn pair_fault(error: &rustls::Error) -> FileFault {
    match error {
        rustls::Error::InconsistentKeys(_) => FileFault::new("key", "does not belong to the certificate"),
        _ => FileFault::new(
            "certificate",
            "cannot be used: an X.509 version 3 certificate with an RSA, ECDSA or Ed25519 key is needed",
        ),
    }
}

/// No TLS at all, which no build of ours lacks.
pub(super) fn no_tls(key: &'static str) -> FileFault {
    FileFault::new(key, "TLS is not available in this build")
}
