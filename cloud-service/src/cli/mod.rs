//! The commands: everything the binary does starts here. The top floor: builds the rooms and runs them.

mod check;
mod commands;
mod config;
mod descriptors;
mod init;
mod output;
mod run;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::diagnosis::{WorkerArguments, worker_main};
use crate::{objects, queue};
use output::Output;

pub use config::Config;
pub use proto::settings::Fault;

/// Scanside cloud service: keeps sealed cases, leases them to readers, returns sealed reports.
#[derive(Debug, Parser)]
#[command(name = "cloud-service", version, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
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
struct At {
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "cloud.toml")]
    config: PathBuf,
    /// One JSON object per line on standard output.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Init {
    /// The folder to make.
    dir: PathBuf,
    /// For a demonstration on one machine: drafts leave unsigned, a one-time sign-in link is made.
    #[arg(long)]
    demo: bool,
    /// Where sites call.
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0:8443")]
    listen: SocketAddr,
    /// Where people open the page.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8480")]
    page: SocketAddr,
    /// Further host names or addresses of this machine, for its certificate.
    #[arg(long = "name", value_name = "HOST")]
    names: Vec<String>,
    /// The reference bundle: its folder, or its path or name among the bundles that come with the product.
    #[arg(long, value_name = "DIR", default_value = "models/reference")]
    bundle: PathBuf,
    /// ONNX Runtime's library or a folder that holds it, when it is not in its usual places.
    #[arg(long, value_name = "PATH")]
    onnxruntime: Option<PathBuf>,
    /// The first person; a one-time setup link is printed.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// One JSON object per line on standard output.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Site {
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
enum Case {
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
enum User {
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

/// Why a command failed; its exit code is in the table below.
#[derive(Debug, thiserror::Error)]
enum Error {
    /// Faults of the configuration or of what it names.
    #[error("{} in the configuration", if .0.len() == 1 { "one fault".to_owned() } else { format!("{} faults", .0.len()) })]
    Faults(Vec<Fault>),
    /// Wrong use.
    #[error("{0}")]
    Usage(String),
    /// The service does not answer.
    #[error("{0}")]
    Unreachable(String),
    /// The queue refused.
    #[error(transparent)]
    Queue(#[from] queue::Error),
    /// The object store refused.
    #[error(transparent)]
    Objects(#[from] objects::Error),
    /// The rest.
    #[error("{0}")]
    Other(String),
}

impl Error {
    /// 64 wrong use or configuration, 69 peer not reachable, 75 try again, 1 the rest.
    fn exit(&self) -> u8 {
        match self {
            Self::Faults(_) | Self::Usage(_) => 64,
            Self::Queue(queue::Error::Open(_) | queue::Error::Rule(_) | queue::Error::Missing(_)) => 64,
            Self::Objects(objects::Error::Open(_)) => 64,
            Self::Unreachable(_) => 69,
            Self::Queue(queue::Error::Busy | queue::Error::Full) | Self::Objects(objects::Error::Full) => 75,
            _ => 1,
        }
    }
}

/// Runs the binary with these arguments (the first is its name).
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    // Whatever this process writes is its owner's alone: ledgers, logs of them, backups, output.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(e) => {
            let _ = e.print();
            return if e.use_stderr() { ExitCode::from(64) } else { ExitCode::SUCCESS };
        }
    };
    if let Command::Worker(arguments) = &cli.command {
        // No runtime here: a worker has one thread. It comes back only when it could not start.
        output::complain(&worker_main(arguments).to_string());
        return ExitCode::FAILURE;
    }
    proto::descriptors::raise();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            output::complain(&format!("the runtime cannot start ({})", e.kind()));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(dispatch(cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Error::Faults(faults) = &error {
                faults.iter().for_each(|f| output::complain(&f.to_string()));
            }
            output::complain(&error.to_string());
            ExitCode::from(error.exit())
        }
    }
}

async fn dispatch(command: Command) -> Result<(), Error> {
    match command {
        Command::Init(init) => init::init(&init).await,
        Command::Run(at) => run::run(load(&at)?).await,
        Command::Check(at) => check::check(&at.config, &Output::new(at.json)).await,
        Command::Status(at) => commands::status(&load(&at)?, &Output::new(at.json)).await,
        Command::Site(site) => commands::site(site).await,
        Command::Case(case) => commands::case(case).await,
        Command::User(user) => commands::user(user).await,
        Command::Worker(_) => Ok(()),
    }
}

fn load(at: &At) -> Result<Config, Error> {
    Config::read(&at.config).map_err(Error::Faults)
}

/// The service's time: it does not jump when somebody sets the clock.
fn now_ms() -> i64 {
    proto::clock::now()
}
