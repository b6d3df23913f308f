//! What is stored: every entry read and verified, beside a running appliance too.

use clap::{Args, Subcommand};

use super::SiteArgs;
use super::output::{self, Failure};
use store::{Error, Store};

/// The store.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read every stored entry and verify every bit of it. Changes nothing.
    Verify(Verify),
}

/// Verify entries.
#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    site: SiteArgs,
}

pub(super) fn main(c: &Command) -> Result<(), Failure> {
    let Command::Verify(c) = c;
    let settings = output::settings(&c.site.config)?;
    let failed = |error: Error| Failure::new(output::FAILED, error.to_string());
    let inbox = Store::look(&settings.store).map_err(failed)?.inbox();
    let names = inbox.all().map_err(failed)?;
    let bar = indicatif::ProgressBar::new(names.len() as u64);
    let (mut held, mut damaged) = (0_u64, 0_u64);
    for id in names {
        bar.inc(1);
        let (wrong, about) = match inbox.verify(id) {
            Ok(reception) => (None, Some((reception.length, reception.digest.to_string()))),
            // Removed since its name was read: not a fault.
            Err(Error::Unknown) => continue,
            Err(error) => (Some(error.to_string()), None),
        };
        let counter = if wrong.is_none() { &mut held } else { &mut damaged };
        *counter += 1;
        if c.site.json {
            let (length, digest) = about.unzip();
            output::json(&serde_json::json!({
                "id": id.to_string(), "bytes": length, "blake3": digest, "wrong": wrong,
            }));
        } else if let Some(wrong) = wrong {
            output::line(&format!("{id}  {wrong}"));
        }
    }
    bar.finish_and_clear();
    output::say(&format!("{held} entries hold, {damaged} are damaged"));
    if damaged > 0 {
        return Err(Failure::new(
            output::FAILED,
            "damaged entries: have these studies sent again, and look at the disk",
        ));
    }
    Ok(())
}
