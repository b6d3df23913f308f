//! Bounded inflation of a deflated data set, PS3.5 annex A.5: as it streams by, and as a whole.
use super::error::Error;
use super::source::ReadAt;
use flate2::{Decompress, FlushDecompress, Status};

/// Inflated bytes that come out at once.
const PIECE: usize = 32 << 10;
/// Deflated bytes that are read at once.
const INPUT: usize = 64 << 10;

/// How far an inflating stream is, in bytes since its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inflated {
    /// Deflated bytes taken.
    pub taken: u64,
    /// Inflated bytes given.
    pub given: u64,
}

/// An inflating stream, which takes its bytes however they are cut and holds one piece of 32 KiB. How much may come out
/// is for the caller to say.
#[derive(Default)]
pub struct Inflate {
    /// Not made before the first two bytes show whether a zlib header is there (it should not be).
    stream: Option<Decompress>,
    first: Option<u8>,
    piece: Vec<u8>,
    complete: bool,
    damaged: bool,
}

impl Inflate {
    /// A stream at its beginning.
    pub fn new() -> Self {
        Self::default()
    }

    /// Its end has come; what follows is padding.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Takes the next bytes; `each` gets what comes out, piece by piece, and how far the stream is then.
    ///
    /// # Errors
    /// [`Error::Deflate`] at a damaged place, and ever after; what came out before it was given, so that the result does
    /// not depend on the cuts. Whatever `each` answers ends the call.
    pub fn feed(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(&[u8], Inflated) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut rest = bytes;
        if self.stream.is_none() {
            let first = match (self.first, rest) {
                (_, []) => return Ok(()),
                (None, [only]) => {
                    self.first = Some(*only);
                    return Ok(());
                }
                (None, [first, after @ ..]) => {
                    rest = after;
                    *first
                }
                (Some(first), _) => first,
            };
            let second = rest.first().copied().unwrap_or(0);
            self.stream = Some(Decompress::new(is_zlib(first, second)));
            self.piece = vec![0; PIECE];
            self.run(&[first], &mut each)?;
        }
        self.run(rest, &mut each)
    }

    fn run(
        &mut self,
        mut rest: &[u8],
        each: &mut impl FnMut(&[u8], Inflated) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        // After the end only padding follows.
        while !self.complete && !self.damaged {
            let (taken, given) = (stream.total_in(), stream.total_out());
            let status = stream.decompress(rest, &mut self.piece, FlushDecompress::None);
            let taken = usize::try_from(stream.total_in() - taken).unwrap_or(usize::MAX);
            let given = usize::try_from(stream.total_out() - given).unwrap_or(usize::MAX);
            rest = rest.get(taken..).unwrap_or_default();
            let far = Inflated { taken: stream.total_in(), given: stream.total_out() };
            each(self.piece.get(..given).unwrap_or_default(), far)?;
            match status {
                Err(_) => self.damaged = true,
                Ok(status) => self.complete = status == Status::StreamEnd,
            }
            if taken == 0 && given == 0 || rest.is_empty() && given < self.piece.len() {
                break;
            }
        }
        if self.damaged { Err(Error::Deflate) } else { Ok(()) }
    }
}

/// The header of RFC 1950: method 8, a window of at most 32 KiB, and a check over both bytes. Some writers leave it
/// before the stream although PS3.5 says raw.
fn is_zlib(first: u8, second: u8) -> bool {
    first & 0x0F == 8 && first >> 4 <= 7 && (u16::from(first) << 8 | u16::from(second)) % 31 == 0
}

/// Inflates the stream at `offset`; at most `limit` bytes come out.
pub(super) fn inflate(source: &dyn ReadAt, offset: u64, limit: u64) -> Result<Vec<u8>, Error> {
    let mut stream = Inflate::new();
    let mut input = vec![0u8; INPUT];
    let mut out = Vec::new();
    let mut at = offset;
    while !stream.is_complete() {
        let got = source.read_at(&mut input, at)?;
        if got == 0 {
            return Err(Error::Truncated);
        }
        at = at.saturating_add(got as u64);
        stream.feed(input.get(..got).unwrap_or_default(), |piece, far| {
            if far.given > limit {
                return Err(Error::InflateLimit(limit));
            }
            out.extend_from_slice(piece);
            Ok(())
        })?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use flate2::write::{DeflateEncoder, ZlibEncoder};
    use std::io::Write;

    fn through(deflated: &[u8], cut: usize) -> Result<(Vec<u8>, bool), Error> {
        let (mut stream, mut plain) = (Inflate::new(), Vec::new());
        for piece in deflated.chunks(cut) {
            stream.feed(piece, |bytes, _| {
                plain.extend_from_slice(bytes);
                Ok(())
            })?;
        }
        Ok((plain, stream.is_complete()))
    }

    #[test]
    fn raw_and_zlib_streams_inflate_however_they_are_cut() {
        let plain: Vec<u8> = (0..200_000u32).map(|i| (i / 100) as u8).collect();
        let mut raw = DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        raw.write_all(&plain).unwrap();
        let mut zlib = ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all(&plain).unwrap();
        for deflated in [raw.finish().unwrap(), zlib.finish().unwrap()] {
            for cut in [1, 2, 3, 1000, usize::MAX] {
                assert_eq!(through(&deflated, cut).unwrap(), (plain.clone(), true), "{cut}");
            }
            let half = deflated.get(..deflated.len() / 2).unwrap();
            assert!(!through(half, 1000).unwrap().1);
            assert_eq!(inflate(&deflated, 0, 200_000).unwrap(), plain);
            assert!(matches!(inflate(&deflated, 0, 199_999), Err(Error::InflateLimit(199_999))));
            assert!(matches!(inflate(&half.to_vec(), 0, 1 << 20), Err(Error::Truncated)));
        }
    }

    #[test]
    fn a_damaged_stream_stays_damaged() {
        let mut stream = Inflate::new();
        for _ in 0..2 {
            assert!(matches!(stream.feed(&[0xff; 64], |_, _| Ok(())), Err(Error::Deflate)));
        }
    }
}
