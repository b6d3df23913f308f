//! `appliance restore`: a backup in the place of a lost ledger, and what came of it.

use std::path::PathBuf;

use clap::Args;

use super::SiteArgs;
use super::output::{self, Failure};
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
    site: SiteArgs,
}

pub(super) async fn main(c: &Restore) -> Result<(), Failure> {
    let settings = output::settings(&c.site.config)?;
    let done = app::restore(&settings, &std::path::absolute(&c.from)?, c.replace).await?;
    if c.site.json {
        output::json(&done);
        return Ok(());
    }
    output::line(&format!("the ledger of {} is in its place", output::time(done.made_at)));
    output::line(&done.audit);
    let taken = done.taken_up;
    output::line(&format!("{} stored instances had no row in it and have one now", taken.entries));
    for (count, what) in [
        (taken.evicted, "originals were delivered and removed since"),
        (taken.missing, "originals are not in the store: see `appliance store verify`"),
        (taken.damaged, "entries of the store cannot be read: they stay for a person"),
    ] {
        if count > 0 {
            output::line(&format!("{count} {what}"));
        }
    }
    for path in &done.aside {
        output::line(&format!("put aside, and holds identity: {}", path.display()));
    }
    output::say(
        "start the appliance: what was taken up is answered and sent on again; everybody signs in anew",
    );
    Ok(())
}
