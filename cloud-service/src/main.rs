//! The binary `cloud-service`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cloud_service::cli::main(std::env::args_os())
}
