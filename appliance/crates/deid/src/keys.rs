//! The site's pseudonym keys: keyed replacements for patients and UIDs, and the per-patient date offset.
use super::error::Error;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Letters of patient pseudonyms: no I, L, O, U, so that no word appears by chance and none is misread.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The site's pseudonym key and those it had before. Every replacement is HMAC-SHA256 under the present one, separated
/// by purpose; nobody without the key can recompute or recognise one. Wiped when dropped; `Debug` shows a stub.
///
/// Replacements carry a keyed mark of 40 or 48 bits. With the keys a replacement is known as our own, also one of a
/// former key, so that de-identifying twice equals once; without them nobody can pass an identifier off as one.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Keys {
    present: Key,
    /// Every key of this site, the present one first.
    all: Vec<Key>,
}

/// One pseudonym key.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
struct Key([u8; 32]);

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}

impl Keys {
    /// From the 32 bytes of a key, without former ones.
    ///
    /// # Errors
    /// [`Error::KeyLength`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let present = Key(bytes.try_into().map_err(|_| Error::KeyLength)?);
        Ok(Keys { all: vec![present.clone()], present })
    }

    /// From the text of a key file: a line of 64 hex digits for each key, the present one first, then the former ones
    /// from the newest to the oldest. Empty lines and what follows a `#` do not count.
    ///
    /// # Errors
    /// [`Error::KeyLength`] when there is none, or a line is none.
    pub fn from_text(text: &str) -> Result<Self, Error> {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        let all =
            lines.filter(|line| !line.is_empty()).map(Key::from_hex).collect::<Result<Vec<Key>, _>>()?;
        Ok(Keys { present: all.first().cloned().ok_or(Error::KeyLength)?, all })
    }

    /// The text of a key file.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::new());
        for key in &self.all {
            text.push_str(&Zeroizing::new(hex::encode(key.0)));
            text.push('\n');
        }
        text
    }

    /// These keys with a new present one; the present one becomes the newest of the former.
    ///
    /// # Errors
    /// [`Error::KeyLength`].
    pub fn rotated(&self, new: &[u8]) -> Result<Self, Error> {
        let mut keys = Keys::from_bytes(new)?;
        keys.all.extend(self.all.iter().cloned());
        Ok(keys)
    }

    /// The name of the present key, 16 hex digits: says which key made a pseudonym, and nothing about the key.
    pub fn name(&self) -> String {
        self.present.name()
    }

    /// These keys with the one of that name as the present one: what was planned under it can be repeated. An empty
    /// name, of plans from before keys had names, is that of the oldest key. `None`: it is not among them.
    pub fn under(&self, name: &str) -> Option<Self> {
        let key = if name.is_empty() { self.all.last() } else { self.all.iter().find(|k| k.name() == name) };
        Some(Keys { present: key?.clone(), all: self.all.clone() })
    }

    /// How many keys there are, the present one among them.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// The replacement of a UID: `2.25.` and 128 bits (PS3.5 annex B.2), 80 of the pseudonym and 48 of the mark.
    pub fn uid(&self, original: &str) -> String {
        if self.is_own_uid(original) {
            return original.to_owned();
        }
        let number = take(&self.present.mac("uid", original.as_bytes()), 10);
        format!("2.25.{}", (number << 48) | self.present.uid_mark(number))
    }

    /// This UID is a replacement made under one of these keys.
    pub(super) fn is_own_uid(&self, uid: &str) -> bool {
        let number =
            uid.strip_prefix("2.25.").filter(|n| !n.starts_with('0')).and_then(|n| n.parse::<u128>().ok());
        number.is_some_and(|n| self.all.iter().any(|key| n & 0xFFFF_FFFF_FFFF == key.uid_mark(n >> 48)))
    }

    /// The pseudonym of a patient: `P` and 24 letters and digits, the same for Patient ID and Patient's Name.
    pub fn patient(&self, original: &str) -> String {
        if self.is_own_patient(original) { original.to_owned() } else { self.present.patient(original) }
    }

    /// This patient id is a pseudonym made under one of these keys.
    pub(super) fn is_own_patient(&self, id: &str) -> bool {
        let Some(digits) = id.strip_prefix('P').filter(|d| d.len() == 24) else { return false };
        let Some(value) = digits.bytes().try_fold(0u128, |sum, byte| {
            let digit = LETTERS.iter().position(|l| *l == byte)?;
            Some((sum << 5) | digit as u128)
        }) else {
            return false;
        };
        self.all.iter().any(|key| value & 0xFF_FFFF_FFFF == key.patient_mark(value >> 40))
    }

    /// The secret shift of a patient's dates, in days: 31 to 3,680 into the past.
    pub(super) fn date_offset(&self, original: &str) -> i64 {
        let number = take(&self.present.mac("dates", original.as_bytes()), 8);
        -31 - i64::try_from(number % 3650).unwrap_or(0)
    }
}

impl Key {
    fn from_hex(text: &str) -> Result<Self, Error> {
        let bytes = Zeroizing::new(hex::decode(text).map_err(|_| Error::KeyLength)?);
        Ok(Key(bytes.as_slice().try_into().map_err(|_| Error::KeyLength)?))
    }

    fn mac(&self, purpose: &str, value: &[u8]) -> [u8; 32] {
        let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0) else {
            // HMAC takes keys of any length; this arm cannot be reached, and leaks nothing if it were.
            return [0; 32];
        };
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(value);
        mac.finalize().into_bytes().into()
    }

    fn name(&self) -> String {
        hex::encode(self.mac("key-name", &[]).get(..8).unwrap_or_default())
    }

    fn patient(&self, original: &str) -> String {
        let number = take(&self.mac("patient", original.as_bytes()), 10);
        format!("P{}{}", letters(number, 16), letters(self.patient_mark(number), 8))
    }

    fn patient_mark(&self, number: u128) -> u128 {
        take(&self.mac("patient-mark", &number.to_be_bytes()), 5)
    }

    fn uid_mark(&self, number: u128) -> u128 {
        take(&self.mac("uid-mark", &number.to_be_bytes()), 6)
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
    fn a_rotated_key_gives_new_pseudonyms_and_knows_the_old_ones() {
        let old = Keys::from_bytes(&[7; 32]).unwrap();
        let new = old.rotated(&[8; 32]).unwrap();
        assert_ne!((old.uid("1.2.3"), old.patient("4711")), (new.uid("1.2.3"), new.patient("4711")));
        assert_ne!(old.date_offset("4711"), new.date_offset("4711"));
        let (uid, patient) = (old.uid("1.2.3"), old.patient("4711"));
        assert_eq!((new.uid(&uid), new.patient(&patient)), (uid, patient), "twice is once");
        assert!(!old.is_own_uid(&new.uid("1.2.3")), "a former key alone knows nothing of a later one");
    }

    #[test]
    fn what_was_planned_under_a_former_key_can_be_repeated() {
        let old = Keys::from_bytes(&[7; 32]).unwrap();
        let new = old.rotated(&[8; 32]).unwrap().rotated(&[9; 32]).unwrap();
        let again = new.under(&old.name()).unwrap();
        assert_eq!((again.uid("1.2.3"), again.name()), (old.uid("1.2.3"), old.name()));
        assert_eq!(new.under("").unwrap().name(), old.name(), "plans without a name are the oldest key's");
        assert!(new.under("0123456789abcdef").is_none());
        assert!(again.is_own_uid(&new.uid("1.2.3")));
    }

    #[test]
    fn the_text_of_a_key_file_goes_there_and_back() {
        let keys = Keys::from_bytes(&[7; 32]).unwrap().rotated(&[8; 32]).unwrap();
        let text = keys.to_text();
        let read = Keys::from_text(&format!("# made by hand\n\n{}", *text)).unwrap();
        assert_eq!((read.to_text(), read.count()), (text, 2));
        for bad in ["", "# nothing\n", "00\n", "zz"] {
            assert!(Keys::from_text(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_key_does_not_show() {
        assert_eq!(format!("{:?}", Keys::from_bytes(&[7; 32]).unwrap()), "Keys(..)");
        assert!(Keys::from_bytes(&[7; 31]).is_err());
    }
}
