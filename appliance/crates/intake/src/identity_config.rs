//! `[intake.identity]`: what becomes of a user identity in an association request.
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::ConfigFault;

/// `[intake.identity]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityConfig {
    /// `ignore` (the default) or `check`.
    #[serde(default)]
    pub mode: IdentityMode,
    /// Who is known: `[[intake.identity.users]]`.
    #[serde(default)]
    pub users: Vec<IdentityUser>,
}

/// What becomes of a user identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentityMode {
    /// Taken note of and not looked at; the list of callers decides.
    #[default]
    Ignore,
    /// An association needs a user name of the list, with its passcode where it has one.
    Check,
}

/// `[[intake.identity.users]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityUser {
    /// The user name.
    pub name: String,
    /// A file with the passcode in its first line; without it the name alone is enough.
    #[serde(default)]
    pub passcode: Option<PathBuf>,
}

impl IdentityConfig {
    /// The files it names, so that relative ones can be made absolute.
    pub fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        self.users.iter_mut().filter_map(|user| user.passcode.as_mut())
    }

    /// Passcode files that cannot be used, each with its key.
    pub fn file_faults(&self) -> Vec<ConfigFault> {
        let fault = |(index, user): (usize, &IdentityUser)| {
            let path = user.passcode.as_deref()?;
            passcode(path).is_none().then(|| ConfigFault {
                key: format!("intake.identity.users[{index}].passcode"),
                words: "cannot be read or is empty; write the path of a file that holds the passcode".into(),
            })
        };
        self.users.iter().enumerate().filter_map(fault).collect()
    }

    pub(crate) fn check(&self, faults: &mut Vec<ConfigFault>) {
        let mut fault = |key: String, words: &str| faults.push(ConfigFault { key, words: words.into() });
        if self.mode == IdentityMode::Check && self.users.is_empty() {
            fault(
                "intake.identity.users".into(),
                "nobody is known; add [[intake.identity.users]] with a name, or write mode = \"ignore\"",
            );
        }
        for (index, user) in self.users.iter().enumerate() {
            if user.name.is_empty() || user.name.len() > 128 {
                fault(format!("intake.identity.users[{index}].name"), "write 1 to 128 bytes of text");
            }
        }
    }
}

/// The first line of a passcode's file.
pub(crate) fn passcode(path: &Path) -> Option<Zeroizing<String>> {
    let text = Zeroizing::new(std::fs::read_to_string(path).ok()?);
    let line = Zeroizing::new(text.lines().next()?.to_owned());
    (!line.is_empty()).then_some(line)
}
