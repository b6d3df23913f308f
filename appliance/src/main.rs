//! The binary.
use std::process::ExitCode;

/// Wrong use (sysexits).
const EXIT_USAGE: u8 = 64;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    match args.next() {
        Some(word) if word == "worker" => appliance::worker::main(args),
        _ => ExitCode::from(EXIT_USAGE),
    }
}
