//! A buffered, positioned cursor over a source, and the element headers it reads.
use super::dictionary::vr_of;
use super::error::Error;
use super::source::ReadAt;
use super::tag::{Tag, tags};
use super::vr::Vr;

const BUFFER: usize = 64 * 1024;

/// How element headers are written where the cursor stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Encoding {
    pub explicit: bool,
    pub big: bool,
}

/// An element header: tag, VR and length (`None`: undefined).
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub tag: Tag,
    pub vr: Vr,
    pub length: Option<u64>,
    /// The VR was written and known; otherwise it comes from the dictionary or is UN.
    pub declared: bool,
}

/// Reads forward through a source with a window of 64 KiB; jumping over ranges costs nothing.
pub(super) struct Cursor<'a> {
    source: &'a dyn ReadAt,
    pub end: u64,
    pub at: u64,
    buffer: Vec<u8>,
    start: u64,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(source: &'a dyn ReadAt, at: u64) -> Result<Self, Error> {
        Ok(Cursor { source, end: source.size()?, at, buffer: Vec::new(), start: 0 })
    }

    pub(crate) fn left(&self) -> u64 {
        self.end.saturating_sub(self.at)
    }

    /// Up to `n` (at most the window) bytes from here, without moving; fewer at the end.
    pub(crate) fn peek(&mut self, n: usize) -> Result<&[u8], Error> {
        let n = n.min(BUFFER);
        let from = self.at.checked_sub(self.start).and_then(|o| usize::try_from(o).ok());
        let have = from.map_or(0, |o| self.buffer.len().saturating_sub(o));
        if from.is_none() || have < n.min(usize::try_from(self.left()).unwrap_or(usize::MAX)) {
            let want = usize::try_from(self.left()).unwrap_or(usize::MAX).min(BUFFER);
            self.buffer.resize(want, 0);
            self.source.read_exact_at(&mut self.buffer, self.at)?;
            self.start = self.at;
        }
        let offset = usize::try_from(self.at.saturating_sub(self.start)).unwrap_or(0);
        let stop = offset.saturating_add(n).min(self.buffer.len());
        Ok(self.buffer.get(offset..stop).unwrap_or_default())
    }

    /// Exactly `N` bytes, moving past them.
    pub(crate) fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let bytes = self.peek(N)?.try_into().map_err(|_| Error::Truncated)?;
        self.at += N as u64;
        Ok(bytes)
    }

    /// A value of `length` bytes, moving past it; the length was checked against what is there.
    pub(crate) fn value(&mut self, length: u64) -> Result<Vec<u8>, Error> {
        if length > self.left() {
            return Err(Error::Truncated);
        }
        let size = usize::try_from(length).map_err(|_| Error::TooLarge(length))?;
        let bytes = if size <= BUFFER {
            self.peek(size)?.to_vec()
        } else {
            let mut bytes = vec![0; size];
            self.source.read_exact_at(&mut bytes, self.at)?;
            bytes
        };
        if bytes.len() != size {
            return Err(Error::Truncated);
        }
        self.at += length;
        Ok(bytes)
    }

    fn u16(&mut self, big: bool) -> Result<u16, Error> {
        let bytes = self.take::<2>()?;
        Ok(if big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn u32(&mut self, big: bool) -> Result<u32, Error> {
        let bytes = self.take::<4>()?;
        Ok(if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// The next element header (PS3.5 section 7.1), moving past it.
    pub(crate) fn header(&mut self, encoding: Encoding) -> Result<Header, Error> {
        let (group, element) = (self.u16(encoding.big)?, self.u16(encoding.big)?);
        let tag = Tag::new(group, element);
        if matches!(tag, tags::ITEM | tags::ITEM_DELIMITATION | tags::SEQUENCE_DELIMITATION)
            || !encoding.explicit
        {
            let length = self.u32(encoding.big)?;
            return Ok(Header { tag, vr: vr_of(tag), length: defined(length), declared: false });
        }
        let bytes: [u8; 2] = self.peek(2)?.try_into().map_err(|_| Error::Truncated)?;
        if !bytes.iter().all(u8::is_ascii_alphabetic) {
            // No VR at all: some writers mix implicit elements into explicit data sets.
            let length = self.u32(encoding.big)?;
            return Ok(Header { tag, vr: vr_of(tag), length: defined(length), declared: false });
        }
        self.at += 2;
        let known = Vr::from_bytes(bytes);
        let next: [u8; 2] = self.peek(2)?.try_into().map_err(|_| Error::Truncated)?;
        let long = Vr::is_long_header(known, next);
        let length = if long {
            self.at += 2;
            self.u32(encoding.big)?
        } else {
            u32::from(self.u16(encoding.big)?)
        };
        let length = if long { defined(length) } else { Some(u64::from(length)) };
        Ok(Header { tag, vr: known.unwrap_or(Vr::UN), length, declared: known.is_some() })
    }

    /// What the data set here is really written in: the transfer syntax is sometimes wrong about it.
    pub(crate) fn guess(&mut self, said: Encoding) -> Result<Encoding, Error> {
        let Ok(head) = <[u8; 8]>::try_from(self.peek(8)?) else { return Ok(said) };
        let vr = Vr::from_bytes([head[4], head[5]]).filter(|_| head[4].is_ascii_uppercase());
        let little = u16::from_le_bytes([head[0], head[1]]);
        let big = u16::from_be_bytes([head[0], head[1]]);
        if vr.is_some() {
            // Data sets start with group 0008, or 0010 at the latest; swapped these are 0800 and 1000.
            let first = |group: u16| matches!(group, 0x0008 | 0x0010);
            let is_big = if first(big) { true } else { said.big && !first(little) };
            return Ok(Encoding { explicit: true, big: is_big });
        }
        let implicit_length = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]]));
        if little < 0x100 && implicit_length <= self.left() {
            return Ok(Encoding { explicit: false, big: false });
        }
        Ok(said)
    }
}

fn defined(length: u32) -> Option<u64> {
    (length != u32::MAX).then_some(u64::from(length))
}
