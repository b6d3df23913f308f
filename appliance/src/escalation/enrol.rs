//! Enrolment: a one-time token for a certificate, with keys that never leave the site.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use proto::ids::SiteId;
use proto::keys::{PrivateKeys, PublicKeys};
use proto::pki::{self, SiteRequest};
use proto::tls::CloudUrl;
use proto::token::{EnrolToken, authority_digest};
use proto::wire::{self, intake_client::IntakeClient};

use super::identity::{self, SiteFile};
use super::{Error, Identity};

const LIMIT: Duration = Duration::from_secs(60);

/// What enrolment gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Enrolment {
    /// The site's id, as named by the cloud.
    pub site: SiteId,
    /// The reader that cases will be sealed to: compare with what the cloud's operator reads out.
    pub reader: proto::ids::KeyId,
    /// Whether unsigned drafts will be sent home.
    pub unsigned_drafts: bool,
}

/// Makes the site's keys, gets its certificate from the cloud, and writes the identity folder in one step: `folder`
/// either does not change or is complete. It must not exist, or be empty.
///
/// # Errors
/// [`Error::Enrolled`], [`Error::Token`], [`Error::Transport`], [`Error::Contract`], [`Error::Queue`].
pub(crate) async fn enrol(url: &CloudUrl, token: &EnrolToken, folder: &Path) -> Result<Enrolment, Error> {
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Error::Enrolled);
    }
    let staging = Staging::beside(folder)?;
    let keys = PrivateKeys::generate().map_err(|_| Error::Queue)?;
    let request = SiteRequest::create().map_err(|_| Error::Queue)?;
    let answer = ask(url, token, &keys, &request).await?;

    let site = SiteId::from_slice(&answer.site).map_err(|_| Error::Contract)?;
    let policy = answer.policy.unwrap_or_default();
    let readers: Vec<PublicKeys> = answer
        .readers
        .iter()
        .map(PublicKeys::try_from)
        .collect::<Result<_, _>>()
        .map_err(|_| Error::Contract)?;
    let reader = readers.first().ok_or(Error::Contract)?.id();
    let named = pki::site_of(&answer.certificate).map_err(|_| Error::Contract)?;
    if authority_digest(&answer.authority) != *token.authority() || named.0 != site {
        return Err(Error::Contract);
    }
    let file = SiteFile { site, cloud: url.clone(), unsigned_drafts: policy.unsigned_drafts };
    let folder_in_making = staging.path();
    identity::write(folder_in_making, identity::KEYS, &keys.to_text())?;
    identity::write(
        folder_in_making,
        identity::READERS,
        &readers.iter().map(PublicKeys::to_text).collect::<String>(),
    )?;
    identity::write(folder_in_making, identity::AUTHORITY, &pki::pem_text("CERTIFICATE", &answer.authority))?;
    identity::write(
        folder_in_making,
        identity::CERTIFICATE,
        &pki::pem_text("CERTIFICATE", &answer.certificate),
    )?;
    identity::write(folder_in_making, identity::CERTIFICATE_KEY, &request.key)?;
    identity::write(folder_in_making, identity::SITE, &toml::to_string(&file).map_err(|_| Error::Queue)?)?;
    // What was written must be what a start can read.
    Identity::load(folder_in_making).map_err(|_| Error::Contract)?;
    staging.become_final(folder)?;
    Ok(Enrolment { site, reader, unsigned_drafts: policy.unsigned_drafts })
}

async fn ask(
    url: &CloudUrl,
    token: &EnrolToken,
    keys: &PrivateKeys,
    request: &SiteRequest,
) -> Result<wire::EnrolResponse, Error> {
    let config = proto::tls::enrol_config(*token.authority())?;
    let channel = proto::tls::connect(url, Arc::new(ArcSwap::from_pointee(config))).await?;
    let mut client = IntakeClient::new(channel).max_decoding_message_size(proto::limits::MESSAGE_BYTES_MAX);
    let question = wire::EnrolRequest {
        secret: token.secret().to_vec(),
        request: request.request.clone(),
        keys: Some(keys.public().into()),
        wire_version: proto::WIRE_VERSION,
        software: super::courier::SOFTWARE.to_owned(),
    };
    let answer = tokio::time::timeout(LIMIT, client.enrol(question)).await.map_err(|_| Error::LinkLost)?;
    answer.map(tonic::Response::into_inner).map_err(|status| match Error::from(status) {
        Error::SiteRefused | Error::CaseRefused | Error::Unknown => Error::Token,
        other => other,
    })
}

/// A folder in the making beside its final place; removed unless it became final.
struct Staging(tempfile::TempDir);

impl Staging {
    fn beside(folder: &Path) -> Result<Self, Error> {
        let parent = folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(|_| Error::Queue)?;
        // A temporary directory is made with mode 0700.
        tempfile::Builder::new().prefix(".enrol-").tempdir_in(parent).map(Self).map_err(|_| Error::Queue)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn become_final(self, folder: &Path) -> Result<(), Error> {
        let sync =
            |path: &Path| fs::File::open(path).and_then(|dir| dir.sync_all()).map_err(|_| Error::Queue);
        sync(self.path())?;
        // Onto a folder that is not empty this fails: an identity is never overwritten.
        fs::rename(self.path(), folder).map_err(|_| Error::Enrolled)?;
        let _ = self.0.keep();
        sync(folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new(".")))
    }
}
