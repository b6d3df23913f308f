//! `make demo`: see `tests::demo`.

fn main() -> std::process::ExitCode {
    tests::demo::main()
}
