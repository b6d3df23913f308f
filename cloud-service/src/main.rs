//! The binary `cloud-service`.

use std::process::ExitCode;

fn main() -> ExitCode {
    scanside_cloud_service::cli::main(std::env::args_os())
}
