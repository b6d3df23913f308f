//! What the appliance writes into the audit about itself: start and stop, a changed configuration.

use audit::Source;
use proto::clock::now;

use super::{Error, Opened, Settings};

/// Who this appliance is in audit messages.
#[must_use]
pub fn source(s: &Settings) -> Source {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Source { site: s.site.name.clone(), host }
}

/// Writes the start, and whether the configuration is another one than at the last start.
///
/// # Errors
/// The audit's or the ledger's refusal: what is not audited does not start.
pub(super) async fn begin(s: &Settings, opened: &Opened) -> Result<(), Error> {
    let version = concat!("version ", env!("CARGO_PKG_VERSION"));
    opened.site.audit.write(now(), "appliance", "application start", "", version)?;
    let digest = blake3::hash(format!("{s:?}").as_bytes()).to_hex().to_string();
    let known = opened.site.ledger.fact("configuration_digest").await?;
    if known.as_ref() != Some(&digest) {
        if known.is_some() {
            let words = "the configuration file says something else than at the last start";
            opened.site.audit.write(now(), "operator", "configuration changed", "", words)?;
        }
        opened.site.ledger.set_fact("configuration_digest", Some(&digest)).await?;
    }
    Ok(())
}

/// Writes the stop.
pub(super) fn end(opened: &Opened) {
    if let Err(error) = opened.site.audit.write(now(), "appliance", "application stop", "", "") {
        tracing::warn!(%error, "the stop could not be audited");
    }
}
