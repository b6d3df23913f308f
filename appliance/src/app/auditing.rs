//! What the appliance writes into the audit about itself: start and stop, a changed configuration.

use audit::Source;
use proto::clock::now;

use super::{Error, Opened, Settings};

/// The ledger's fact that holds what the configuration file was at the last start.
const CONFIGURATION: &str = "configuration_digest";
/// Stands before a digest of the file's bytes. A digest without it is of an earlier version, which took it of what
/// that version made of the file: it cannot be compared.
const OF_FILE: &str = "file:";

/// Who this appliance is in audit messages.
#[must_use]
pub(crate) fn source(s: &Settings) -> Source {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Source { site: s.site.name.clone(), host }
}

/// Writes the start, and whether the configuration file is another one than at the last start.
///
/// # Errors
/// The audit's or the ledger's refusal: what is not audited does not start.
pub(super) async fn begin(s: &Settings, opened: &Opened) -> Result<(), Error> {
    let version = concat!("version ", env!("CARGO_PKG_VERSION"));
    opened.site.audit.write(now(), "appliance", "application start", "", version)?;
    let digest = format!("{OF_FILE}{}", s.digest);
    let known = opened.site.ledger.fact(CONFIGURATION).await?;
    if known.as_ref() != Some(&digest) {
        if known.is_some_and(|known| known.starts_with(OF_FILE)) {
            let words = "the configuration file says something else than at the last start";
            opened.site.audit.write(now(), "operator", "configuration changed", "", words)?;
        }
        opened.site.ledger.set_fact(CONFIGURATION, Some(&digest)).await?;
    }
    Ok(())
}

/// Writes the stop.
pub(super) fn end(opened: &Opened) {
    if let Err(error) = opened.site.audit.write(now(), "appliance", "application stop", "", "") {
        tracing::warn!(%error, "the stop could not be audited");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::site::Site;
    use audit::Audit;
    use ledger::Ledger;
    use std::sync::Arc;
    use store::{Store, StoreConfig};

    /// As a start reads them, from a file in `folder`.
    fn settings(folder: &std::path::Path, more: &str) -> Settings {
        let file = folder.join("appliance.toml");
        let text = format!(
            "[site]\nname = \"N\"\nledger = \"ledger.db\"\naudit = \"audit.jsonl\"\npseudonym_key = \"key\"\ndemo = true\n\
             [intake]\nlisten = \"127.0.0.1:0\"\n[store]\npath = \"store\"\nkey = \"store.key\"\n{more}"
        );
        std::fs::write(&file, text).unwrap();
        Settings::read(&file).unwrap()
    }

    #[tokio::test]
    async fn a_change_of_the_configuration_is_one_of_its_file_and_not_of_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let site = Site {
            ledger: Ledger::create(&at.join("ledger.db"), &[7; 32]).await.unwrap(),
            store: Store::open(&StoreConfig::at(at.join("store"))).unwrap(),
            audit: Arc::new(Audit::open(&at.join("audit.jsonl"), &[7; 32]).unwrap()),
            forwards: crate::forward::Forwards::new(&[]),
        };
        let opened = Opened { site, identity: None };
        let lines = || {
            let text = std::fs::read_to_string(at.join("audit.jsonl")).unwrap();
            text.lines().filter(|line| line.contains("configuration changed")).count()
        };
        // What an earlier version kept: a digest of what it made of the file.
        opened.site.ledger.set_fact(CONFIGURATION, Some(&"ab".repeat(32))).await.unwrap();
        let mut s = settings(at, "");
        begin(&s, &opened).await.unwrap();
        assert_eq!(lines(), 0, "the first start of this version knows of no change");
        // As after an upgrade that brings another default.
        s.log.json = !s.log.json;
        begin(&s, &opened).await.unwrap();
        assert_eq!(lines(), 0, "the file is the same");
        begin(&settings(at, "[log]\njson = true\n"), &opened).await.unwrap();
        assert_eq!(lines(), 1, "somebody edited the file");
        begin(&settings(at, "[log]\njson = true\n"), &opened).await.unwrap();
        assert_eq!(lines(), 1);
    }
}
