//! The appliance's binary: one executable for the control process, its workers and the command line.

fn main() -> std::process::ExitCode {
    scanside_appliance::cli::main(std::env::args_os())
}
