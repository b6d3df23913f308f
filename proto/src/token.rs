//! The enrolment token: a one-time secret and the digest of the certificate authority to trust, as one text.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::limits::{TOKEN_CHARS_MAX, TOKEN_SECRET_BYTES};

const PREFIX: &str = "scs1-";
const AUTHORITY_BYTES: usize = 32;
const SECRET_CONTEXT: &str = "scanside 2026 enrolment token secret v1";

/// What is wrong with a token text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not a token: wrong prefix, letters or length.
    #[error("not an enrolment token")]
    Malformed,
    /// The operating system gave no random bytes.
    #[error("no random bytes from the operating system")]
    NoEntropy,
}

/// An enrolment token. `Debug` is a stub; `Display` is the secret text itself, shown once to the person who asked.
#[derive(Clone)]
pub struct EnrolToken {
    secret: Zeroizing<[u8; TOKEN_SECRET_BYTES]>,
    authority: [u8; AUTHORITY_BYTES],
}

impl EnrolToken {
    /// A fresh token for the authority whose certificate (DER) is given.
    ///
    /// # Errors
    /// [`Error::NoEntropy`].
    pub fn issue(authority_certificate: &[u8]) -> Result<Self, Error> {
        let mut secret = Zeroizing::new([0u8; TOKEN_SECRET_BYTES]);
        getrandom::fill(secret.as_mut_slice()).map_err(|_| Error::NoEntropy)?;
        Ok(Self { secret, authority: authority_digest(authority_certificate) })
    }

    /// SHA-256 of the authority's certificate (DER).
    #[must_use]
    pub const fn authority(&self) -> &[u8; AUTHORITY_BYTES] {
        &self.authority
    }

    /// The secret, as sent in `Enrol`.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        self.secret.as_slice()
    }

    /// What the cloud stores instead of the secret.
    #[must_use]
    pub fn secret_digest(secret: &[u8]) -> [u8; 32] {
        blake3::derive_key(SECRET_CONTEXT, secret)
    }

    /// Whether a presented secret belongs to a stored digest, in constant time.
    #[must_use]
    pub fn matches(secret: &[u8], stored: &[u8; 32]) -> bool {
        secret.len() == TOKEN_SECRET_BYTES && bool::from(Self::secret_digest(secret).ct_eq(stored))
    }
}

/// SHA-256 of a certificate (DER), as pinned by a token.
#[must_use]
pub fn authority_digest(certificate: &[u8]) -> [u8; AUTHORITY_BYTES] {
    use sha2::Digest as _;
    sha2::Sha256::digest(certificate).into()
}

impl fmt::Display for EnrolToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Zeroizing::new(Vec::with_capacity(TOKEN_SECRET_BYTES + AUTHORITY_BYTES));
        bytes.extend_from_slice(self.secret.as_slice());
        bytes.extend_from_slice(&self.authority);
        write!(f, "{PREFIX}{}", BASE64.encode(bytes.as_slice()))
    }
}

impl fmt::Debug for EnrolToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrolToken(..)")
    }
}

impl FromStr for EnrolToken {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.len() > TOKEN_CHARS_MAX {
            return Err(Error::Malformed);
        }
        let body = text.strip_prefix(PREFIX).ok_or(Error::Malformed)?;
        let bytes = Zeroizing::new(BASE64.decode(body).map_err(|_| Error::Malformed)?);
        let (secret, authority) = bytes.split_at_checked(TOKEN_SECRET_BYTES).ok_or(Error::Malformed)?;
        let mut kept = Zeroizing::new([0u8; TOKEN_SECRET_BYTES]);
        kept.copy_from_slice(secret);
        Ok(Self { secret: kept, authority: authority.try_into().map_err(|_| Error::Malformed)? })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_token_round_trips_and_only_its_secret_matches() {
        let token = EnrolToken::issue(b"certificate").unwrap();
        let read: EnrolToken = token.to_string().parse().unwrap();
        assert_eq!(read.authority(), &authority_digest(b"certificate"));
        let stored = EnrolToken::secret_digest(token.secret());
        assert!(EnrolToken::matches(read.secret(), &stored));
        let other = EnrolToken::issue(b"certificate").unwrap();
        assert!(!EnrolToken::matches(other.secret(), &stored));
        assert!("scs1-AAAA".parse::<EnrolToken>().is_err());
        assert_eq!(format!("{token:?}"), "EnrolToken(..)");
    }
}
