//! `[intake.identity]` and the user identity of an association request (PS3.7 D.3.3.7): ignored, or checked.
use std::path::{Path, PathBuf};

use dicom_ul::pdu::{UserIdentity, UserIdentityType, UserVariableItem};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{ConfigFault, Refusal};

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

    pub(super) fn check(&self, faults: &mut Vec<ConfigFault>) {
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

fn passcode(path: &Path) -> Option<Zeroizing<String>> {
    let text = Zeroizing::new(std::fs::read_to_string(path).ok()?);
    let line = Zeroizing::new(text.lines().next()?.to_owned());
    (!line.is_empty()).then_some(line)
}

/// The users with digests of their passcodes.
pub(crate) struct Users {
    check: bool,
    list: Vec<(String, Option<blake3::Hash>)>,
}

impl Users {
    /// Read the passcodes; `None` when one cannot be read.
    pub(crate) fn load(config: &IdentityConfig) -> Option<Users> {
        let check = config.mode == IdentityMode::Check;
        let user = |user: &IdentityUser| match &user.passcode {
            _ if !check => Some((user.name.clone(), None)),
            None => Some((user.name.clone(), None)),
            Some(path) => Some((user.name.clone(), Some(blake3::hash(passcode(path)?.as_bytes())))),
        };
        Some(Users { check, list: config.users.iter().map(user).collect::<Option<_>>()? })
    }

    /// Whether the request's identity will do.
    pub(crate) fn admit(&self, items: &[UserVariableItem]) -> Result<(), Refusal> {
        if !self.check {
            return Ok(());
        }
        let given = items.iter().find_map(|item| match item {
            UserVariableItem::UserIdentityItem(identity) if by_name(identity) => Some(identity),
            _ => None,
        });
        let given = given.ok_or(Refusal::IdentityMissing)?;
        let (name, code) = (given.primary_field(), Zeroizing::new(given.secondary_field()));
        let code = blake3::hash(&code);
        let with_code = given.identity_type() == UserIdentityType::UsernamePassword;
        let fits = |(known, passcode): &(String, Option<blake3::Hash>)| {
            let same_code = match passcode {
                None => true,
                Some(known) => with_code && bool::from(known.as_bytes().ct_eq(code.as_bytes())),
            };
            known.as_bytes() == name && same_code
        };
        if self.list.iter().any(fits) { Ok(()) } else { Err(Refusal::IdentityWrong) }
    }
}

/// Names can be looked at; tickets, assertions and tokens need a verifier that we do not have.
pub(crate) fn by_name(identity: &UserIdentity) -> bool {
    matches!(identity.identity_type(), UserIdentityType::Username | UserIdentityType::UsernamePassword)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn item(kind: UserIdentityType, name: &str, code: &str) -> Vec<UserVariableItem> {
        vec![UserVariableItem::UserIdentityItem(UserIdentity::new(true, kind, name.into(), code.into()))]
    }

    #[test]
    fn a_known_name_needs_its_own_passcode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("code");
        std::fs::write(&path, "open sesame\n").unwrap();
        let mut config = IdentityConfig {
            mode: IdentityMode::Check,
            users: vec![
                IdentityUser { name: "ct".into(), passcode: Some(path) },
                IdentityUser { name: "mr".into(), passcode: None },
            ],
        };
        let users = Users::load(&config).unwrap();
        use UserIdentityType::{Jwt, Username, UsernamePassword};
        for (items, expected) in [
            (item(UsernamePassword, "ct", "open sesame"), Ok(())),
            (item(UsernamePassword, "ct", "open sesame\n"), Err(Refusal::IdentityWrong)),
            (item(UsernamePassword, "ct", ""), Err(Refusal::IdentityWrong)),
            (item(Username, "ct", "open sesame"), Err(Refusal::IdentityWrong)),
            (item(Username, "mr", ""), Ok(())),
            (item(UsernamePassword, "mr", "anything"), Ok(())),
            (item(Username, "xa", ""), Err(Refusal::IdentityWrong)),
            (item(Jwt, "ct", ""), Err(Refusal::IdentityMissing)),
            (Vec::new(), Err(Refusal::IdentityMissing)),
        ] {
            assert_eq!(users.admit(&items), expected);
        }
        config.mode = IdentityMode::Ignore;
        assert_eq!(Users::load(&config).unwrap().admit(&[]), Ok(()));
        config.mode = IdentityMode::Check;
        config.users[0].passcode = Some(folder.path().join("nowhere"));
        assert!(Users::load(&config).is_none());
        assert_eq!(config.file_faults().len(), 1);
    }
}
