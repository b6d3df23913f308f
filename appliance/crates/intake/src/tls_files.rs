//! The TLS listener's files as `check` and `status` look at them.

use crate::error::ConfigFault;
use crate::tls_config::TlsConfig;
use dimse::FileFault;
use dimse::tls::{ServerKeys, ServerTexts, Validity, others_can_read};

/// Where the files are named.
pub const TLS_TABLE: &str = "intake.tls";

/// Read and check the files; when the first certificate ends. For `check` and `status`.
///
/// # Errors
/// Every fault of the files, with its key and what to do.
pub fn inspect_tls(config: &TlsConfig) -> Result<Validity, Vec<ConfigFault>> {
    load(config, ServerTexts::read(config.files())).map(|keys| keys.validity)
}

/// Whether others than the owner can read the private key; `false` also when it is not there.
pub fn key_is_open(config: &TlsConfig) -> bool {
    others_can_read(&config.key)
}

/// Make a configuration of what was read.
pub(crate) fn load(config: &TlsConfig, texts: ServerTexts) -> Result<ServerKeys, Vec<ConfigFault>> {
    let fault =
        |fault: FileFault| ConfigFault { key: format!("{TLS_TABLE}.{}", fault.key), words: fault.words };
    texts.load(config.client_certificate).map_err(|faults| faults.into_iter().map(fault).collect())
}
