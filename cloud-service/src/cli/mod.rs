//! cli
mod config;
mod toml_reader;
