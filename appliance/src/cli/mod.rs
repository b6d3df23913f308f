//! The command line of the appliance. Exit 0; 64 wrong use or configuration; 69 peer not reachable;
//! 75 try again; 1 the rest. With `--json` one JSON object a line on stdout; everything else goes to stderr.

mod add;
mod alarm;
mod associations;
mod audit;
mod case;
mod check;
mod deid;
mod echo;
mod enrol;
mod files;
mod forward;
mod init;
mod model;
mod named;
mod output;
mod oversee;
mod pseudonym;
mod recalibrate;
mod reidentify;
mod restore;
mod run;
mod site;
mod site_args;
mod status;
mod store;
mod user;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use output::Failure;
pub(crate) use site_args::SiteArgs;

/// Open-source triage beside the scanner. Research software, not a medical device.
#[derive(Debug, Parser)]
#[command(name = "appliance", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a new site: commented configuration, keys, ledger.
    Init(init::Init),
    /// Run the appliance.
    Run(SiteArgs),
    /// Check the configuration: every fault at once, binds nothing.
    Check(SiteArgs),
    /// The four lights and the counts of the page.
    Status(SiteArgs),
    /// De-identify files or folders.
    Deid(deid::Deid),
    /// Triage files or folders, one study a line.
    Triage(files::Triage),
    /// One file: what de-identification changes, which bundle would run, what it answers. Stores nothing.
    Try(files::Try),
    /// C-ECHO to a peer.
    Echo(echo::Echo),
    /// C-STORE files to a peer.
    Send(echo::Send),
    /// Enrol this site with a cloud service.
    Enrol(enrol::Enrol),
    /// Cases: list, show, retry, release, bury.
    #[command(subcommand)]
    Case(case::Case),
    /// Bundles: list, show, verify, add, standing, accept, withdraw, restore, recalibrate.
    #[command(subcommand)]
    Model(model::Model),
    /// Pseudonyms: list, show, find, export, forget, rotate.
    #[command(subcommand)]
    Pseudonym(pseudonym::Pseudonym),
    /// Put patients, UIDs and dates back into files that were made from this site's pseudonyms.
    Reidentify(reidentify::Reidentify),
    /// Originals that go on: list, retry, give-up.
    #[command(subcommand)]
    Forward(forward::Forward),
    /// The audit: verify, export, peer.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// People who use the page: add, reset, physician.
    #[command(subcommand)]
    User(user::User),
    /// Calls about flags that nobody acknowledged: try.
    #[command(subcommand)]
    Alarm(alarm::Alarm),
    /// What the last associations did: contexts, messages, statuses, how they ended. No identity.
    Associations(associations::Associations),
    /// The conformance statement (PS3.2) of reception, as Markdown.
    #[command(hide = true)]
    Conformance,
    /// The store: verify.
    #[command(subcommand)]
    Store(store::Command),
    /// Back the site up, while the appliance runs or not; says what the backup holds.
    Backup(site::Backup),
    /// Restore the site from a backup, while the appliance is stopped.
    Restore(restore::Restore),
}

/// Runs the command line and returns the exit code.
#[must_use]
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    // Whatever this process writes is its owner's alone: ledgers, logs of them, backups, output.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let mut args = args.into_iter().peekable();
    let name = args.next().unwrap_or_else(|| "appliance".into());
    // The sandboxed worker is the same binary; it never meets the rest of the command line.
    if args.peek().is_some_and(|a| a == "worker") {
        return worker::main(args.skip(1));
    }
    proto::descriptors::raise();
    match Cli::try_parse_from(std::iter::once(name).chain(args)) {
        Ok(cli) => dispatch(cli.command),
        Err(error) => {
            let _ = error.print();
            if error.use_stderr() { ExitCode::from(output::USAGE) } else { ExitCode::SUCCESS }
        }
    }
}

fn dispatch(command: Command) -> ExitCode {
    let result = match command {
        Command::Init(c) => output::block_on(init::main(&c)),
        Command::Run(w) => run::main(&w),
        Command::Check(w) => output::block_on(check::main(&w)),
        Command::Status(w) => output::block_on(status::main(&w)),
        Command::Deid(c) => output::block_on(deid::main(&c)),
        Command::Triage(c) => output::block_on(files::triage(&c)),
        Command::Try(c) => output::block_on(files::try_one(&c)),
        Command::Echo(c) => output::block_on(echo::echo(&c)),
        Command::Send(c) => output::block_on(echo::send(&c)),
        Command::Enrol(c) => output::block_on(enrol::main(&c)),
        Command::Case(c) => output::block_on(case::main(&c)),
        Command::Model(c) => output::block_on(model::main(&c)),
        Command::Pseudonym(c) => output::block_on(pseudonym::main(&c)),
        Command::Reidentify(c) => output::block_on(reidentify::main(&c)),
        Command::Forward(c) => output::block_on(forward::main(&c)),
        Command::User(c) => output::block_on(user::main(&c)),
        Command::Audit(c) => output::block_on(audit::main(&c)),
        Command::Alarm(c) => output::block_on(alarm::main(&c)),
        Command::Associations(c) => output::block_on(associations::main(&c)),
        Command::Conformance => {
            intake::conformance_statement().lines().for_each(output::line);
            Ok(())
        }
        Command::Store(c) => store::main(&c),
        Command::Backup(c) => output::block_on(site::backup(&c)),
        Command::Restore(c) => output::block_on(restore::main(&c)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::say(&failure.words);
            ExitCode::from(failure.code)
        }
    }
}
