//! Arguments of every command: which site it is about, and how it answers.

use std::path::PathBuf;

use clap::Args;

/// Which site.
#[derive(Debug, Clone, Args)]
pub(crate) struct SiteArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "appliance.toml", env = "SCANSIDE_CONFIG")]
    pub(super) config: PathBuf,
    /// One JSON object a line on stdout.
    #[arg(long)]
    pub(super) json: bool,
}
