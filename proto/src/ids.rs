//! Random names of sites, cases and envelopes, and digests, as fixed-size bytes with a hexadecimal text form.

use std::fmt;
use std::str::FromStr;

/// What can be wrong with an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is not exactly the right number of lower-case hexadecimal digits.
    #[error("not a lower-case hexadecimal id of the right length")]
    Malformed,
    /// The operating system gave no random bytes: ours to report, worth a retry later.
    #[error("no random bytes from the operating system")]
    NoEntropy,
}

macro_rules! hex_bytes {
    ($(#[$doc:meta])* $name:ident, $len:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in bytes; the text form is twice as long.
            pub const BYTES: usize = $len;

            /// From raw bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// From a slice that must have exactly the right length.
            ///
            /// # Errors
            /// [`Error::Malformed`] for any other length.
            pub fn from_slice(bytes: &[u8]) -> Result<Self, Error> {
                bytes.try_into().map(Self).map_err(|_| Error::Malformed)
            }

            /// The raw bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self, Error> {
                // One spelling only: two texts for one id would defeat look-ups by text.
                if text.len() != 2 * $len || text.bytes().any(|b| !matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
                    return Err(Error::Malformed);
                }
                let mut bytes = [0u8; $len];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| Error::Malformed)?;
                Ok(Self(bytes))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(|_| serde::de::Error::custom(concat!("not a ", stringify!($name))))
            }
        }
    };
}

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident) => {
        hex_bytes!($(#[$doc])* $name, 16);

        impl $name {
            /// A fresh random id: 128 bits, so that ids never meet and say nothing.
            ///
            /// # Errors
            /// [`Error::NoEntropy`] when the operating system gives no random bytes.
            pub fn random() -> Result<Self, Error> {
                let mut bytes = [0u8; 16];
                getrandom::fill(&mut bytes).map_err(|_| Error::NoEntropy)?;
                Ok(Self(bytes))
            }
        }
    };
}

random_id!(
    /// The institution, as named by the cloud at enrolment.
    SiteId
);
random_id!(
    /// One study's de-identified content; random, so that it says nothing about the study.
    CaseId
);
random_id!(
    /// One sealed edition of a case or report; fresh for every sealing, never per case.
    EnvelopeId
);
hex_bytes!(
    /// Names a pair of public keys: the first 16 bytes of a BLAKE3 digest over both.
    KeyId,
    16
);
hex_bytes!(
    /// BLAKE3 over all bytes of an envelope in file order: header, parts, seal.
    EnvelopeDigest,
    32
);
hex_bytes!(
    /// BLAKE3 over the de-identification statement a person saw or the log recorded.
    StatementDigest,
    32
);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn text_form_is_unique_and_round_trips() {
        let id = CaseId::random().unwrap();
        let text = id.to_string();
        assert_eq!(text.parse::<CaseId>().unwrap(), id);
        assert_eq!(text.to_uppercase().parse::<CaseId>().is_ok(), text.bytes().all(|b| b.is_ascii_digit()));
        assert_eq!(text[1..].parse::<CaseId>(), Err(Error::Malformed));
        assert_eq!(serde_json::from_str::<CaseId>(&format!("\"{text}\"")).unwrap(), id);
        assert!(serde_json::from_str::<CaseId>("\"00\"").is_err());
    }

    #[test]
    fn ids_differ() {
        assert_ne!(EnvelopeId::random().unwrap(), EnvelopeId::random().unwrap());
    }
}
