//! `make screenshots`: see `scanside_tests::demo::pictures`.

fn main() -> std::process::ExitCode {
    scanside_tests::demo::pictures::main()
}
