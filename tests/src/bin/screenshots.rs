//! `make screenshots`: see `tests::demo::pictures`.

fn main() -> std::process::ExitCode {
    tests::demo::pictures::main()
}
