//! Sealed bytes: blocks of 64 KiB, each AES-256-GCM under the entry's own key, bound to its place.
//!
//! Block `n` of an entry is its plain bytes `n * 65536 ..`, encrypted, and a tag of 16 bytes. The nonce counts
//! the blocks and marks the last one; the associated data is the entry's name, the number and the mark. So a block
//! that is altered, moved, swapped with another entry's, or left out at the end does not open. The cipher is
//! aws-lc's: measured beside the `aes-gcm` crate on the same bytes it is several times as fast.

use std::borrow::Borrow;
use std::fmt;
use std::fs::File;
use std::io;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::error::Error;
use super::id::Id;
use dicom::ReadAt;

/// Plain bytes of a block.
pub(crate) const BLOCK: usize = 64 << 10;
/// Bytes of a tag.
pub(crate) const TAG: usize = 16;
/// Bytes of a whole sealed block.
const SEALED: usize = BLOCK + TAG;
/// Sealed blocks that are written, or read and opened, together.
const TOGETHER: usize = 4;
/// First byte of the nonce of a block, and of a header page.
const OF_BLOCK: u8 = 0;
const OF_HEADER: u8 = 1;

/// Sealed bytes of so many plain ones; no content at all is one empty block.
pub(crate) fn sealed_length(plain: u64) -> u64 {
    let blocks = plain.div_ceil(BLOCK as u64).max(1);
    plain.saturating_add(blocks.saturating_mul(TAG as u64))
}

/// Plain bytes in so many sealed ones; `None` when no content has this length.
pub(crate) fn plain_length(sealed: u64) -> Option<u64> {
    let blocks = sealed.div_ceil(SEALED as u64).max(1);
    let plain = sealed.checked_sub(blocks.checked_mul(TAG as u64)?)?;
    (sealed_length(plain) == sealed).then_some(plain)
}

/// The key of one entry. Wiped when dropped; `Debug` shows a stub.
pub struct EntryKey {
    bytes: Zeroizing<[u8; 32]>,
    cipher: LessSafeKey,
}

impl fmt::Debug for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EntryKey(..)")
    }
}

impl EntryKey {
    pub(crate) fn new(bytes: Zeroizing<[u8; 32]>) -> Result<EntryKey, Error> {
        let cipher = UnboundKey::new(&AES_256_GCM, bytes.as_slice()).map_err(|_| Error::Seal)?;
        Ok(EntryKey { cipher: LessSafeKey::new(cipher), bytes })
    }

    /// Read a key that `reveal` wrote.
    ///
    /// # Errors
    /// `KeyMalformed`.
    pub fn from_hex(text: &str) -> Result<EntryKey, Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text, bytes.as_mut_slice()).map_err(|_| Error::KeyMalformed)?;
        EntryKey::new(bytes)
    }

    /// The key in hex, for the worker that is to read this one entry.
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.bytes.as_slice()))
    }

    /// Encrypt in place; the tag is returned.
    fn seal(&self, nonce: [u8; 12], bound: &[u8], bytes: &mut [u8]) -> Result<[u8; TAG], Error> {
        let tag = self
            .cipher
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound), bytes)
            .map_err(|_| Error::Seal)?;
        tag.as_ref().try_into().map_err(|_| Error::Seal)
    }

    fn open(&self, nonce: [u8; 12], bound: &[u8], sealed: &[u8], plain: &mut [u8]) -> Result<(), Error> {
        let damaged = Error::Damaged("content");
        let Some((content, tag)) = sealed.split_last_chunk::<TAG>() else { return Err(damaged) };
        self.cipher
            .open_separate_gather(Nonce::assume_unique_for_key(nonce), Aad::from(bound), content, tag, plain)
            .map_err(|_| damaged)
    }

    /// Seal the one header page of an entry.
    pub(crate) fn seal_header(&self, bound: &[u8], page: &mut [u8]) -> Result<[u8; TAG], Error> {
        self.seal(header_nonce(), bound, page)
    }

    /// Open what `seal_header` made, its tag at the end of `sealed`.
    pub(crate) fn open_header(&self, bound: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let mut plain = vec![0; sealed.len().saturating_sub(TAG)];
        self.open(header_nonce(), bound, sealed, &mut plain)?;
        Ok(plain)
    }

    fn open_block(&self, id: Id, at: u64, last: bool, sealed: &[u8], plain: &mut [u8]) -> Result<(), Error> {
        self.open(block_nonce(at, last), &block_bound(id, at, last), sealed, plain)
    }
}

fn header_nonce() -> [u8; 12] {
    let mut nonce = [0; 12];
    if let Some(first) = nonce.first_mut() {
        *first = OF_HEADER;
    }
    nonce
}

fn block_nonce(at: u64, last: bool) -> [u8; 12] {
    let n = at.to_be_bytes();
    let [a, b, c, d, e, f, g, h] = n;
    [OF_BLOCK, 0, 0, u8::from(last), a, b, c, d, e, f, g, h]
}

/// Name, number, mark: 25 bytes.
fn block_bound(id: Id, at: u64, last: bool) -> Vec<u8> {
    [id.as_bytes().as_slice(), &at.to_be_bytes(), &[u8::from(last)]].concat()
}

/// Seals a stream of bytes. What is ready is handed on a few blocks at a time; memory stays bounded.
pub struct Sealer {
    key: EntryKey,
    id: Id,
    /// Sealed blocks, then the plain bytes of the open one.
    out: Vec<u8>,
    open: usize,
    block: u64,
}

impl Sealer {
    /// A stream for this entry; `buffer` is reused memory.
    pub fn new(key: EntryKey, id: Id, mut buffer: Vec<u8>) -> Sealer {
        buffer.clear();
        buffer.reserve_exact(TOGETHER * SEALED);
        Sealer { key, id, out: buffer, open: 0, block: 0 }
    }

    /// The key the stream is sealed with.
    pub(crate) fn key(&self) -> &EntryKey {
        &self.key
    }

    /// Take the next bytes; `put` gets sealed bytes in order.
    ///
    /// # Errors
    /// Those of `put`; `Seal`.
    pub fn push(
        &mut self,
        mut bytes: &[u8],
        put: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        while !bytes.is_empty() {
            let have = self.out.len() - self.open;
            // Whether a full block is the last one shows only when more comes.
            if have == BLOCK {
                self.close(false)?;
                if self.open >= TOGETHER * SEALED {
                    put(&self.out)?;
                    self.out.clear();
                    self.open = 0;
                }
                continue;
            }
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - have));
            self.out.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    fn close(&mut self, last: bool) -> Result<(), Error> {
        let (nonce, bound) = (block_nonce(self.block, last), block_bound(self.id, self.block, last));
        let plain = self.out.get_mut(self.open..).unwrap_or_default();
        let tag = self.key.seal(nonce, &bound, plain)?;
        self.out.extend_from_slice(&tag);
        self.open = self.out.len();
        self.block += 1;
        Ok(())
    }

    /// The end of the stream; the key and the buffer come back.
    ///
    /// # Errors
    /// As `push`.
    pub fn finish(
        mut self,
        put: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(EntryKey, Vec<u8>), Error> {
        self.close(true)?;
        put(&self.out)?;
        Ok((self.key, self.out))
    }

    /// Give the buffer back unfinished.
    pub(crate) fn into_buffer(self) -> Vec<u8> {
        self.out
    }
}

/// Sealed bytes as plain ones with random access: reads, verifies and opens only the blocks asked for.
pub struct Unsealed<F> {
    file: F,
    base: u64,
    length: u64,
    id: Id,
    key: EntryKey,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// The block whose plain bytes are in `plain`.
    block: Option<u64>,
    plain: Vec<u8>,
    sealed: Vec<u8>,
}

impl<F: Borrow<File>> Unsealed<F> {
    /// `length` plain bytes whose sealed form begins at `base` of `file`.
    pub fn new(file: F, base: u64, length: u64, id: Id, key: EntryKey) -> Unsealed<F> {
        Unsealed { file, base, length, id, key, held: Mutex::default() }
    }

    fn plain_of(&self, block: u64) -> usize {
        let start = block.saturating_mul(BLOCK as u64);
        usize::try_from(self.length.saturating_sub(start)).unwrap_or(usize::MAX).min(BLOCK)
    }

    fn is_last(&self, block: u64) -> bool {
        block.saturating_add(1).saturating_mul(BLOCK as u64) >= self.length
    }

    /// Open whole blocks from `first` on straight into `into`, which holds them exactly.
    fn open_into(&self, first: u64, into: &mut [u8], sealed: &mut Vec<u8>) -> io::Result<()> {
        let count = into.len().div_ceil(BLOCK).max(1);
        sealed.resize(into.len() + count * TAG, 0);
        let at = self.base.saturating_add(first.saturating_mul(SEALED as u64));
        let file: &File = self.file.borrow();
        file.read_exact_at(sealed, at).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => io::ErrorKind::InvalidData.into(),
            _ => error,
        })?;
        let (mut plain, mut rest, mut block) = (into, sealed.as_slice(), first);
        for _ in 0..count {
            let (now, later) = plain.split_at_mut(plain.len().min(BLOCK));
            let (one, more) = rest.split_at(rest.len().min(now.len() + TAG));
            self.key
                .open_block(self.id, block, self.is_last(block), one, now)
                .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
            (plain, rest, block) = (later, more, block + 1);
        }
        Ok(())
    }
}

impl<F: Borrow<File>> ReadAt for Unsealed<F> {
    /// `InvalidData` when what is stored is not what was sealed.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = left.min(buf.len());
        if wanted == 0 {
            return Ok(0);
        }
        let held = &mut *self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (block, within) = (offset / BLOCK as u64, (offset % BLOCK as u64) as usize);
        let whole = if wanted == left { wanted } else { wanted - wanted % BLOCK };
        if within == 0 && whole > 0 {
            let count = whole.min(TOGETHER * BLOCK);
            self.open_into(block, buf.get_mut(..count).unwrap_or_default(), &mut held.sealed)?;
            return Ok(count);
        }
        if held.block != Some(block) {
            held.block = None;
            held.plain.resize(self.plain_of(block), 0);
            self.open_into(block, &mut held.plain, &mut held.sealed)?;
            held.block = Some(block);
        }
        let there = held.plain.get(within..).unwrap_or_default();
        let count = there.len().min(wanted);
        if let (Some(to), Some(from)) = (buf.get_mut(..count), there.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.length)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use std::io::Write;

    fn key(byte: u8) -> EntryKey {
        EntryKey::new(Zeroizing::new([byte; 32])).unwrap()
    }

    fn sealed(plain: &[u8], cut: usize) -> Vec<u8> {
        let (mut out, id) = (Vec::new(), Id::from_bytes([9; 16]));
        let mut put = |bytes: &[u8]| {
            out.extend_from_slice(bytes);
            Ok(())
        };
        let mut sealer = Sealer::new(key(1), id, Vec::new());
        for piece in plain.chunks(cut.max(1)) {
            sealer.push(piece, &mut put).unwrap();
        }
        sealer.finish(&mut put).unwrap();
        out
    }

    fn unsealed(bytes: &[u8], length: u64, id: u8) -> Unsealed<File> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Unsealed::new(file, 0, length, Id::from_bytes([id; 16]), key(1))
    }

    fn noise(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i * 7 + i / 251) as u8).collect()
    }

    #[test]
    fn what_is_sealed_opens_at_every_place_however_it_was_cut() {
        for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 4 * BLOCK, 5 * BLOCK + 77] {
            let plain = noise(length);
            let bytes = sealed(&plain, 10_007);
            assert_eq!(bytes, sealed(&plain, usize::MAX));
            assert_eq!(bytes.len() as u64, sealed_length(length as u64));
            assert_eq!(plain_length(bytes.len() as u64), Some(length as u64));
            let reader = unsealed(&bytes, length as u64, 9);
            for (offset, count) in [(0, length), (1, 5), (BLOCK - 3, 9), (BLOCK, 2 * BLOCK), (length, 4)] {
                let end = (offset + count).min(length);
                let mut read = vec![0; end.saturating_sub(offset)];
                reader.read_exact_at(&mut read, offset as u64).unwrap();
                assert_eq!(read, plain[offset.min(end)..end], "{length} {offset}");
            }
        }
        assert_eq!(plain_length(15), None);
        assert_eq!(plain_length(SEALED as u64 + 3), None);
    }

    #[test]
    fn what_was_altered_moved_or_cut_does_not_open() {
        let plain = noise(3 * BLOCK + 5);
        let bytes = sealed(&plain, usize::MAX);
        let fails = |bytes: &[u8], length: usize, id| {
            let mut read = vec![0; length];
            unsealed(bytes, length as u64, id).read_exact_at(&mut read, 0).unwrap_err().kind()
        };
        for at in [0, 700, BLOCK, SEALED - 1, SEALED, bytes.len() - 1] {
            let mut bad = bytes.clone();
            bad[at] ^= 4;
            assert_eq!(fails(&bad, plain.len(), 9), io::ErrorKind::InvalidData, "{at}");
        }
        let mut swapped = bytes.clone();
        swapped[..SEALED].copy_from_slice(&bytes[SEALED..2 * SEALED]);
        assert_eq!(fails(&swapped, plain.len(), 9), io::ErrorKind::InvalidData);
        assert_eq!(fails(&bytes[..2 * SEALED], 2 * BLOCK, 9), io::ErrorKind::InvalidData);
        assert_eq!(fails(&bytes, plain.len(), 8), io::ErrorKind::InvalidData);
    }
}
