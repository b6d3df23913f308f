//! `make demo`: see `scanside_tests::demo`.

fn main() -> std::process::ExitCode {
    scanside_tests::demo::main()
}
