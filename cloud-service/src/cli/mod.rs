//! The commands: everything the binary does starts here. The top floor: builds the rooms and runs them.

mod arguments;
mod check;
mod commands;
mod config;
mod descriptors;
mod error;
mod init;
mod output;
mod run;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::process::ExitCode;

use arguments::{Cli, Command, load};
use clap::Parser as _;
use error::Error;
use output::Output;

use crate::diagnosis::worker_main;

pub use config::Config;
pub use proto::settings::Fault;

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
