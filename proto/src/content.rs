//! The plain content of an envelope: one length-prefixed list of named entries, first the manifest.
//!
//! Layout, all numbers big-endian: magic `SCC1`, entry count (u32); per entry: name length (u8), name, length (u64),
//! bytes. Nothing follows the last entry.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::limits;

const MAGIC: &[u8; 4] = b"SCC1";
const HEAD_BYTES: usize = 8;

/// What is wrong with a plain content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Lengths do not add up, or bytes are left over.
    #[error("content is malformed")]
    Malformed,
    /// More entries or bytes than the limits allow.
    #[error("content is larger than its limit")]
    TooLarge,
    /// A name twice, empty, too long or with characters outside `a-z 0-9 . _ -`.
    #[error("content has an entry name that is not allowed")]
    Name,
}

/// One named entry, borrowed.
#[derive(Clone, Copy)]
pub struct Leaf<'a> {
    /// Entry name: 1 to 64 of `a-z 0-9 . _ -`, starting with a letter or digit.
    pub name: &'a str,
    /// Entry bytes.
    pub bytes: &'a [u8],
}

impl std::fmt::Debug for Leaf<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Leaf({} bytes)", self.bytes.len())
    }
}

/// Checks an entry name; names never become paths, and could not escape if they did.
///
/// # Errors
/// [`Error::Name`].
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let rest = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
    if first && rest && name.len() <= limits::ENTRY_NAME_BYTES_MAX && !name.contains("..") {
        Ok(())
    } else {
        Err(Error::Name)
    }
}

/// Checks a list and returns the length of its encoding in bytes.
///
/// # Errors
/// [`Error`], when a name, the count or the total is outside its limit.
pub(crate) fn encoded_bytes(leaves: &[Leaf<'_>]) -> Result<u64, Error> {
    if leaves.is_empty() || leaves.len() > limits::ENTRIES_COUNT_MAX {
        return Err(Error::TooLarge);
    }
    let mut names = std::collections::HashSet::with_capacity(leaves.len());
    let mut total = HEAD_BYTES as u64;
    for leaf in leaves {
        check_name(leaf.name)?;
        if !names.insert(leaf.name) {
            return Err(Error::Name);
        }
        total = total.saturating_add(1 + leaf.name.len() as u64 + 8).saturating_add(leaf.bytes.len() as u64);
    }
    if total > limits::CONTENT_BYTES_MAX { Err(Error::TooLarge) } else { Ok(total) }
}

/// Hands the encoding piece by piece to `sink`, so that it never exists twice in memory.
///
/// # Errors
/// As [`encoded_bytes`], or the sink's own error.
pub fn encode<E: From<Error>>(
    leaves: &[Leaf<'_>],
    mut sink: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    encoded_bytes(leaves)?;
    sink(MAGIC)?;
    sink(&u32::try_from(leaves.len()).map_err(|_| Error::TooLarge)?.to_be_bytes())?;
    for leaf in leaves {
        sink(&[u8::try_from(leaf.name.len()).map_err(|_| Error::Name)?])?;
        sink(leaf.name.as_bytes())?;
        sink(&(leaf.bytes.len() as u64).to_be_bytes())?;
        sink(leaf.bytes)?;
    }
    Ok(())
}

/// An opened plain content. Wiped on drop; `Debug` shows counts only.
pub struct Content {
    bytes: Zeroizing<Vec<u8>>,
    entries: Vec<(String, Range<usize>)>,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({} entries, {} bytes)", self.entries.len(), self.bytes.len())
    }
}

impl Content {
    /// Reads a content; every length is checked against the bytes present before it is used.
    ///
    /// # Errors
    /// [`Error`].
    pub fn decode(bytes: Zeroizing<Vec<u8>>) -> Result<Self, Error> {
        if bytes.len() as u64 > limits::CONTENT_BYTES_MAX {
            return Err(Error::TooLarge);
        }
        let mut at = Cursor { bytes: &bytes, position: 0 };
        if at.take(MAGIC.len())? != MAGIC {
            return Err(Error::Malformed);
        }
        let count = u32::from_be_bytes(at.array()?) as usize;
        if count == 0 || count > limits::ENTRIES_COUNT_MAX {
            return Err(Error::TooLarge);
        }
        let mut entries: Vec<(String, Range<usize>)> = Vec::new();
        let mut names = std::collections::HashSet::new();
        for _ in 0..count {
            let [name_len] = at.array::<1>()?;
            let name =
                std::str::from_utf8(at.take(usize::from(name_len))?).map_err(|_| Error::Name)?.to_owned();
            check_name(&name)?;
            let len = usize::try_from(u64::from_be_bytes(at.array()?)).map_err(|_| Error::Malformed)?;
            let start = at.position;
            at.take(len)?;
            if !names.insert(name.clone()) {
                return Err(Error::Name);
            }
            entries.push((name, start..start + len));
        }
        if at.position != bytes.len() {
            return Err(Error::Malformed);
        }
        Ok(Self { bytes, entries })
    }

    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = Leaf<'_>> {
        self.entries
            .iter()
            .map(|(name, range)| Leaf { name, bytes: self.bytes.get(range.clone()).unwrap_or(&[]) })
    }

    /// The bytes of the entry with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|leaf| leaf.name == name).map(|leaf| leaf.bytes)
    }

    /// The first entry, if it has this name.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.iter().next().filter(|leaf| leaf.name == name).map(|leaf| leaf.bytes)
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Never true: a content has at least its manifest.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let end = self.position.checked_add(len).ok_or(Error::Malformed)?;
        let taken = self.bytes.get(self.position..end).ok_or(Error::Malformed)?;
        self.position = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        self.take(N)?.try_into().map_err(|_| Error::Malformed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use proptest::prelude::*;

    fn encoded(entries: &[(String, Vec<u8>)]) -> Result<Vec<u8>, Error> {
        let leaves: Vec<_> = entries.iter().map(|(name, bytes)| Leaf { name, bytes }).collect();
        let mut out = Vec::new();
        encode(&leaves, |piece| {
            out.extend_from_slice(piece);
            Ok::<_, Error>(())
        })?;
        assert_eq!(out.len() as u64, encoded_bytes(&leaves)?);
        Ok(out)
    }

    proptest! {
        #[test]
        fn any_list_round_trips(entries in prop::collection::btree_map("[a-z0-9][a-z0-9_-]{0,20}", prop::collection::vec(any::<u8>(), 0..200), 1..20)) {
            let entries: Vec<_> = entries.into_iter().collect();
            let bytes = encoded(&entries).unwrap();
            let content = Content::decode(Zeroizing::new(bytes.clone())).unwrap();
            let read: Vec<_> = content.iter().map(|leaf| (leaf.name.to_owned(), leaf.bytes.to_vec())).collect();
            prop_assert_eq!(read, entries);
            for cut in 0..bytes.len() {
                prop_assert!(Content::decode(Zeroizing::new(bytes[..cut].to_vec())).is_err());
            }
            let mut longer = bytes;
            longer.push(0);
            prop_assert!(Content::decode(Zeroizing::new(longer)).is_err());
        }

        #[test]
        fn any_bytes_decode_or_are_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Content::decode(Zeroizing::new(bytes.clone()));
            bytes.splice(..0, *MAGIC);
            let _ = Content::decode(Zeroizing::new(bytes));
        }
    }

    #[test]
    fn a_claimed_length_is_never_believed() {
        for length in [u64::MAX, u64::MAX - 16, 1 << 40, 2] {
            let mut bytes = b"SCC1\0\0\0\x01\x01a".to_vec();
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.push(0);
            assert_eq!(Content::decode(Zeroizing::new(bytes)).unwrap_err(), Error::Malformed);
        }
        let many = b"SCC1\xff\xff\xff\xff".to_vec();
        assert_eq!(Content::decode(Zeroizing::new(many)).unwrap_err(), Error::TooLarge);
    }

    #[test]
    fn names_that_could_be_paths_or_come_twice_are_refused() {
        for name in ["", ".", "..", "../a", "a/b", "A", ".a", "a..b", &"a".repeat(65)] {
            assert_eq!(encoded(&[(name.to_owned(), vec![])]), Err(Error::Name), "{name}");
        }
        let twice = [("a".to_owned(), vec![]), ("a".to_owned(), vec![1])];
        assert_eq!(encoded(&twice), Err(Error::Name));
        assert_eq!(encoded(&[]), Err(Error::TooLarge));
    }
}
