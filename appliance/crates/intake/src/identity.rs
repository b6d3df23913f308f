//! Who a peer says it is, by user name and passcode (PS3.7 D.3.3.7).
use dimse::pdu::{UserIdentity, UserIdentityType, UserVariableItem};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::caller_refusal::Refusal;
use crate::identity_config::{IdentityConfig, IdentityMode, IdentityUser, passcode};

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
    #![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be")]
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
