//! `appliance restore`: a backup in the place of a lost ledger, and what came of it.

use std::path::PathBuf;

use clap::Args;

use super::Where;
use super::out::{self, Failure};
use crate::app;

/// Restore a site from a backup while the appliance is stopped: ledger and audit are put in their places, and what the
/// store holds beyond the backup is taken up, answered and sent on again.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The folder of the backup.
    from: PathBuf,
    /// Put a ledger that is there aside; without this it is never replaced.
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    site: Where,
}

pub(super) async fn main(c: &Restore) -> Result<(), Failure> {
    let settings = out::settings(&c.site.config)?;
    let done = app::restore(&settings, &std::path::absolute(&c.from)?, c.replace).await?;
    if c.site.json {
        out::json(&done);
        return Ok(());
    }
    out::line(&format!("the ledger of {} is in its place", out::time(done.made_at)));
    out::line(&done.audit);
    let taken = done.taken_up;
    out::line(&format!("{} stored instances had no row in it and have one now", taken.entries));
    for (count, what) in [
        (taken.evicted, "originals were delivered and removed since"),
        (taken.missing, "originals are not in the store: see `appliance store verify`"),
        (taken.damaged, "entries of the store cannot be read: they stay for a person"),
    ] {
        if count > 0 {
            out::line(&format!("{count} {what}"));
        }
    }
    for path in &done.aside {
        out::line(&format!("put aside, and holds identity: {}", path.display()));
    }
    out::say("start the appliance: what was taken up is answered and sent on again; everybody signs in anew");
    Ok(())
}
