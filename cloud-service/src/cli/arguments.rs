//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::config::Config;
use super::error::Error;
use crate::diagnosis::WorkerArguments;

/// Scanside cloud service: keeps sealed cases, leases them to readers, returns sealed reports.
#[derive(Debug, Parser)]
#[command(name = "cloud-service", version, disable_help_subcommand = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a folder with configuration, keys, certificate authority, database and object store.
    Init(Init),
    /// Run the service, its page and its readers until SIGTERM.
    Run(At),
    /// Read everything, bind nothing, report all faults at once.
    Check(At),
    /// Reachability, counts by state, waits by priority, sites.
    Status(At),
    /// Institutions that may send cases.
    #[command(subcommand)]
    Site(Site),
    /// Cases in the queue.
    #[command(subcommand)]
    Case(Case),
    /// People who may use the page.
    #[command(subcommand)]
    User(User),
    /// The sandbox: one job, then the end. Started by the service.
    #[command(hide = true)]
    Worker(WorkerArguments),
}

/// Where the service's folder is, and how to answer.
#[derive(Debug, Args)]
pub(super) struct At {
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "cloud.toml")]
    pub config: PathBuf,
    /// One JSON object per line on standard output.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Init {
    /// The folder to make.
    pub dir: PathBuf,
    /// For a demonstration on one machine: drafts leave unsigned, a one-time sign-in link is made.
    #[arg(long)]
    pub demo: bool,
    /// Where sites call.
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0:8443")]
    pub listen: SocketAddr,
    /// Where people open the page.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8480")]
    pub page: SocketAddr,
    /// Further host names or addresses of this machine, for its certificate.
    #[arg(long = "name", value_name = "HOST")]
    pub names: Vec<String>,
    /// The reference bundle: its folder, or its path or name among the bundles that come with the product.
    #[arg(long, value_name = "DIR", default_value = "models/reference")]
    pub bundle: PathBuf,
    /// ONNX Runtime's library or a folder that holds it, when it is not in its usual places.
    #[arg(long, value_name = "PATH")]
    pub onnxruntime: Option<PathBuf>,
    /// The first person; a one-time setup link is printed.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// One JSON object per line on standard output.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Site {
    /// Invite a site: prints its one-time enrolment token, which also pins our certificate authority.
    Add {
        /// 1 to 63 lower-case letters, digits and hyphens.
        name: String,
        /// How long the token may be used.
        #[arg(long, default_value = "72h", value_parser = humantime::parse_duration)]
        valid: std::time::Duration,
        #[command(flatten)]
        at: At,
    },
    /// All sites with last contact and what waits there.
    List {
        #[command(flatten)]
        at: At,
    },
    /// Refuse a site for good; its cases stay here until finished, buried or withdrawn.
    Revoke {
        /// The site's name.
        name: String,
        #[command(flatten)]
        at: At,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Case {
    /// Cases by urgency, at most 200.
    List {
        /// Only those in this state.
        #[arg(long)]
        state: Option<String>,
        /// Also those confirmed or withdrawn.
        #[arg(long)]
        finished: bool,
        #[command(flatten)]
        at: At,
    },
    /// One case with its timeline.
    Show {
        /// Its number.
        case: i64,
        #[command(flatten)]
        at: At,
    },
    /// Put a buried case back with all its attempts.
    Retry {
        /// Its number.
        case: i64,
        #[command(flatten)]
        at: At,
    },
    /// End somebody's lease.
    Release {
        /// Its number.
        case: i64,
        #[command(flatten)]
        at: At,
    },
    /// Put a case aside visibly and tell its site.
    Bury {
        /// Its number.
        case: i64,
        /// Why; the site reads it.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        at: At,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Add a person: prints a one-time link to choose a password.
    Add {
        /// 1 to 32 lower-case letters, digits, dots and hyphens.
        name: String,
        #[command(flatten)]
        at: At,
    },
    /// New one-time link; the old password and all sessions end at once.
    Reset {
        /// The person's name.
        name: String,
        #[command(flatten)]
        at: At,
    },
}

/// Reads the configuration.
pub(super) fn load(at: &At) -> Result<Config, Error> {
    Config::read(&at.config).map_err(Error::Faults)
}
