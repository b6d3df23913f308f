//! The site's identity folder: written once by `enrol`, read at every start.

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use proto::ids::SiteId;
use proto::keys::{Opener, PrivateKeys, PublicKeys, Signer};
use proto::pki;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Error;

/// Both secrets, mode 0600.
pub(super) const KEYS: &str = "keys.pem";
/// The reader keys given at enrolment; the first is sealed to.
pub(super) const READERS: &str = "readers.pem";
/// The cloud's authority.
pub(super) const AUTHORITY: &str = "authority.pem";
/// The site's certificate.
pub(super) const CERTIFICATE: &str = "certificate.pem";
/// Its private key, mode 0600.
pub(super) const CERTIFICATE_KEY: &str = "certificate.key";
/// Site id, address and policy.
pub(super) const SITE: &str = "site.toml";

/// What `site.toml` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SiteFile {
    pub site: SiteId,
    pub cloud: proto::tls::CloudUrl,
    pub unsigned_drafts: bool,
}

/// Who this site is to the cloud. `Debug` shows the site's random id only.
pub(crate) struct Identity {
    site: SiteId,
    keys: PrivateKeys,
    readers: Vec<PublicKeys>,
    unsigned_drafts: bool,
    transport: rustls::ClientConfig,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.site)
    }
}

impl Identity {
    /// Reads the folder and checks that its files fit each other.
    ///
    /// # Errors
    /// [`Error::Identity`]; which file it was is logged by its name alone.
    pub(crate) fn load(folder: &Path) -> Result<Self, Error> {
        let site: SiteFile = toml::from_str(&read(folder, SITE)?).map_err(|_| broken(SITE))?;
        let keys = PrivateKeys::from_text(&read(folder, KEYS)?).map_err(|_| broken(KEYS))?;
        let readers = PublicKeys::list_from_text(&read(folder, READERS)?).map_err(|_| broken(READERS))?;
        let authority = pki::certificates(&read(folder, AUTHORITY)?).map_err(|_| broken(AUTHORITY))?;
        let authority = authority.into_iter().next().ok_or_else(|| broken(AUTHORITY))?;
        let chain = pki::certificates(&read(folder, CERTIFICATE)?).map_err(|_| broken(CERTIFICATE))?;
        let named = chain.first().and_then(|certificate| pki::site_of(certificate).ok());
        if named.map(|(named, _)| named) != Some(site.site) {
            return Err(broken(CERTIFICATE));
        }
        let key = pki::private_key(&read(folder, CERTIFICATE_KEY)?).map_err(|_| broken(CERTIFICATE_KEY))?;
        let transport = proto::tls::client_config(authority, chain, key)?;
        Ok(Self { site: site.site, keys, readers, unsigned_drafts: site.unsigned_drafts, transport })
    }

    /// The site's id, as named by the cloud.
    #[must_use]
    pub(crate) const fn site(&self) -> SiteId {
        self.site
    }

    /// What a packing worker signs with.
    #[must_use]
    pub(crate) const fn signer(&self) -> &Signer {
        self.keys.signer()
    }

    /// What reports are opened with.
    #[must_use]
    pub(crate) const fn opener(&self) -> &Opener {
        self.keys.opener()
    }

    /// The site's public keys: what `inspect` checks the outbox with.
    #[must_use]
    pub(crate) const fn public(&self) -> &PublicKeys {
        self.keys.public()
    }

    /// The reader that cases are sealed to.
    ///
    /// # Errors
    /// [`Error::Identity`]; the folder was checked to have one.
    pub(crate) fn reader(&self) -> Result<&PublicKeys, Error> {
        self.readers.first().ok_or(Error::Identity)
    }

    /// All readers whose reports are taken.
    #[must_use]
    pub(crate) fn readers(&self) -> &[PublicKeys] {
        &self.readers
    }

    /// Whether the site agreed at enrolment to get unsigned drafts.
    #[must_use]
    pub(crate) const fn unsigned_drafts(&self) -> bool {
        self.unsigned_drafts
    }

    pub(super) fn transport(&self) -> rustls::ClientConfig {
        self.transport.clone()
    }
}

fn broken(file: &'static str) -> Error {
    tracing::error!(file, "identity file missing or not readable");
    Error::Identity
}

fn read(folder: &Path, file: &'static str) -> Result<Zeroizing<String>, Error> {
    let path = folder.join(file);
    let small = fs::metadata(&path).is_ok_and(|meta| meta.len() <= proto::limits::KEY_FILE_BYTES_MAX);
    if !small {
        return Err(broken(file));
    }
    fs::read_to_string(path).map(Zeroizing::new).map_err(|_| broken(file))
}

/// Writes one file of the folder, mode 0600, synced.
pub(super) fn write(folder: &Path, file: &str, text: &str) -> Result<(), Error> {
    let mut out = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(folder.join(file))
        .map_err(|_| Error::Queue)?;
    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(|_| Error::Queue)
}
