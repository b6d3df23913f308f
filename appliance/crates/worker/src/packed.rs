//! A packed case: what may be sealed, because the very bytes were searched for every removed value.

use proto::content::Leaf;
use proto::envelope::{Kind, Leaves};

use crate::error::Error;
use deid::{Region, Search};

/// What the bytes of an entry are, for the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// JSON and other text.
    Text,
    /// Compressed or encoded pixels.
    Binary,
    /// A P10 file: this many bytes of header, then pixels.
    File(usize),
}

/// One entry of the content before it was searched.
pub(crate) struct Entry {
    pub name: String,
    pub bytes: Vec<u8>,
    pub nature: Nature,
}

/// The content of a case. Its one constructor searches every byte, so holding one is the proof that
/// [`Leaves`] asks for.
///
/// Short values are looked for in text alone: in compressed data and pixels anything under six bytes occurs by
/// chance (with 10 MB of data and 1,000 values, four-byte values would be found twice by chance, six-byte values
/// once in 28,000 cases), and what is written into pixels as picture is for those who may hold it, not for the search.
pub(crate) struct PackedCase {
    entries: Vec<(String, Vec<u8>)>,
}

impl PackedCase {
    /// Searches all entries, names too, and takes them when nothing was found.
    ///
    /// # Errors
    /// [`Error::IdentityFound`] with how often a removed value was found.
    pub(crate) fn prove(entries: Vec<Entry>, search: &Search) -> Result<Self, Error> {
        let mut hits = 0;
        for entry in &entries {
            hits += search.scan(entry.name.as_bytes(), Region::Text).len();
            hits += match entry.nature {
                Nature::Text => search.scan(&entry.bytes, Region::Text).len(),
                Nature::Binary => search.scan(&entry.bytes, Region::Binary).len(),
                Nature::File(header) => {
                    let (header, pixels) = entry.bytes.split_at(header.min(entry.bytes.len()));
                    // A value across the border is found in the piece around it.
                    let around =
                        header.len().saturating_sub(search.overlap())..header.len() + search.overlap();
                    let around = around.start..around.end.min(entry.bytes.len());
                    search.scan(header, Region::Text).len()
                        + search.scan(pixels, Region::Binary).len()
                        + search.scan(entry.bytes.get(around).unwrap_or_default(), Region::Binary).len()
                }
            };
        }
        if hits > 0 {
            return Err(Error::IdentityFound(hits));
        }
        Ok(Self { entries: entries.into_iter().map(|e| (e.name, e.bytes)).collect() })
    }
}

impl Leaves for PackedCase {
    const KIND: Kind = Kind::Case;

    fn leaves(&self) -> Vec<Leaf<'_>> {
        self.entries.iter().map(|(name, bytes)| Leaf { name, bytes }).collect()
    }
}
