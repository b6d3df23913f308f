//! The site's pseudonym key: keyed replacements for patients and UIDs, and the per-patient date offset.
use super::Error;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Letters of patient pseudonyms: no I, L, O, U, so that no word appears by chance and none is misread.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The site pseudonym key. Every replacement is HMAC-SHA256 under it, separated by purpose; nobody without the
/// key can recompute or recognise one. Wiped when dropped; `Debug` shows a stub.
///
/// Replacements carry a keyed mark of 40 or 48 bits. With the key a replacement is known as our own, so that
/// de-identifying twice equals once; without it nobody can pass an identifier off as a replacement.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Keys {
    site: [u8; 32],
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}

impl Keys {
    /// From the 32 bytes of the site's key file.
    ///
    /// # Errors
    /// [`Error::KeyLength`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Keys { site: bytes.try_into().map_err(|_| Error::KeyLength)? })
    }

    fn mac(&self, purpose: &str, value: &[u8]) -> [u8; 32] {
        let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.site) else {
            // HMAC takes keys of any length; this arm cannot be reached, and leaks nothing if it were.
            return [0; 32];
        };
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(value);
        mac.finalize().into_bytes().into()
    }

    /// The replacement of a UID: `2.25.` and 128 bits (PS3.5 annex B.2), 80 of the pseudonym and 48 of the mark.
    pub fn uid(&self, original: &str) -> String {
        if self.is_own_uid(original) {
            return original.to_owned();
        }
        let number = take(&self.mac("uid", original.as_bytes()), 10);
        format!("2.25.{}", (number << 48) | self.uid_mark(number))
    }

    /// This UID is a replacement made under this key.
    pub fn is_own_uid(&self, uid: &str) -> bool {
        let number =
            uid.strip_prefix("2.25.").filter(|n| !n.starts_with('0')).and_then(|n| n.parse::<u128>().ok());
        number.is_some_and(|n| n & 0xFFFF_FFFF_FFFF == self.uid_mark(n >> 48))
    }

    fn uid_mark(&self, number: u128) -> u128 {
        take(&self.mac("uid-mark", &number.to_be_bytes()), 6)
    }

    /// The pseudonym of a patient: `P` and 24 letters and digits, the same for Patient ID and Patient's Name.
    pub fn patient(&self, original: &str) -> String {
        if self.is_own_patient(original) {
            return original.to_owned();
        }
        let number = take(&self.mac("patient", original.as_bytes()), 10);
        format!("P{}{}", letters(number, 16), letters(self.patient_mark(number), 8))
    }

    /// This patient id is a pseudonym made under this key.
    pub fn is_own_patient(&self, id: &str) -> bool {
        let Some(digits) = id.strip_prefix('P').filter(|d| d.len() == 24) else { return false };
        let Some(value) = digits.bytes().try_fold(0u128, |sum, byte| {
            let digit = LETTERS.iter().position(|l| *l == byte)?;
            Some((sum << 5) | digit as u128)
        }) else {
            return false;
        };
        value & 0xFF_FFFF_FFFF == self.patient_mark(value >> 40)
    }

    fn patient_mark(&self, number: u128) -> u128 {
        take(&self.mac("patient-mark", &number.to_be_bytes()), 5)
    }

    /// The secret shift of a patient's dates, in days: 31 to 3,680 into the past.
    pub fn date_offset(&self, original: &str) -> i64 {
        let number = take(&self.mac("dates", original.as_bytes()), 8);
        -31 - i64::try_from(number % 3650).unwrap_or(0)
    }
}

fn take(bytes: &[u8; 32], count: usize) -> u128 {
    bytes.iter().take(count).fold(0, |sum, byte| (sum << 8) | u128::from(*byte))
}

fn letters(number: u128, count: u32) -> String {
    (0..count)
        .rev()
        .filter_map(|place| LETTERS.get(usize::try_from((number >> (5 * place)) & 31).unwrap_or(0)))
        .map(|letter| char::from(*letter))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn replacements_are_stable_marked_and_keyed() {
        let keys = Keys::from_bytes(&[7; 32]).unwrap();
        let other = Keys::from_bytes(&[8; 32]).unwrap();
        let uid = keys.uid("1.2.3");
        assert!(uid.len() <= 64 && keys.is_own_uid(&uid));
        assert_eq!(keys.uid(&uid), uid);
        assert_ne!(other.uid("1.2.3"), uid);
        assert!(!other.is_own_uid(&uid));
        let patient = keys.patient("4711");
        assert_eq!((patient.len(), keys.patient(&patient)), (25, patient.clone()));
        assert!(!other.is_own_patient(&patient));
        assert!((-3680..=-31).contains(&keys.date_offset("4711")));
    }

    #[test]
    fn the_key_does_not_show() {
        assert_eq!(format!("{:?}", Keys::from_bytes(&[7; 32]).unwrap()), "Keys(..)");
        assert!(Keys::from_bytes(&[7; 31]).is_err());
    }
}
