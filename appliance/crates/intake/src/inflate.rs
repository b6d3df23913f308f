//! Bounded inflation for the pre-scan of deflated transfer syntaxes (PS3.5 A.5); the stored bytes stay deflated.

use flate2::{Decompress, FlushDecompress, Status};

use crate::error::GiveUp;

/// Inflated bytes that are always followed.
const FREE: u64 = 64 << 20;
/// Beyond those, inflated over received bytes. Images reach 20; only made-up data reaches hundreds.
const RATIO: u64 = 200;
const PIECE: usize = 32 << 10;

/// An inflating stream.
pub(crate) struct Inflate {
    /// Not made before the first two bytes show whether a zlib header is there (it should not be).
    stream: Option<Decompress>,
    first: Option<u8>,
    piece: Vec<u8>,
    complete: bool,
    broken: bool,
}

impl Inflate {
    pub(crate) fn new() -> Inflate {
        Inflate { stream: None, first: None, piece: Vec::new(), complete: false, broken: false }
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Inflate the next bytes into `each`.
    pub(crate) fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) -> Result<(), GiveUp> {
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
            // RFC 1950: 0x78 and a check over both bytes. Some writers send it although PS3.5 says raw.
            let zlib = first == 0x78 && (u16::from(first) << 8 | u16::from(second)) % 31 == 0;
            self.stream = Some(Decompress::new(zlib));
            self.piece = vec![0; PIECE];
            self.run(&[first], &mut each)?;
        }
        self.run(rest, &mut each)
    }

    fn run(&mut self, mut rest: &[u8], each: &mut impl FnMut(&[u8])) -> Result<(), GiveUp> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        // After the end only padding follows.
        while !self.complete && !self.broken {
            let (taken, given) = (stream.total_in(), stream.total_out());
            let status = stream.decompress(rest, &mut self.piece, FlushDecompress::None);
            let taken = usize::try_from(stream.total_in() - taken).unwrap_or(usize::MAX);
            let given = usize::try_from(stream.total_out() - given).unwrap_or(usize::MAX);
            rest = rest.get(taken..).unwrap_or_default();
            // What came out before a broken place counts, so that the result does not depend on the cuts.
            each(self.piece.get(..given).unwrap_or_default());
            let Ok(status) = status else {
                self.broken = true;
                return Err(GiveUp);
            };
            if stream.total_out() > FREE && stream.total_out() / RATIO > stream.total_in() {
                self.broken = true;
                return Err(GiveUp);
            }
            self.complete = status == Status::StreamEnd;
            if taken == 0 && given == 0 || rest.is_empty() && given < self.piece.len() {
                break;
            }
        }
        if self.broken { Err(GiveUp) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be")]
    use super::*;
    use flate2::write::{DeflateEncoder, ZlibEncoder};
    use std::io::Write;

    fn raw(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn through(deflated: &[u8], cut: usize) -> (Vec<u8>, bool) {
        let (mut inflate, mut plain) = (Inflate::new(), Vec::new());
        for piece in deflated.chunks(cut) {
            inflate.feed(piece, |bytes| plain.extend_from_slice(bytes)).unwrap();
        }
        (plain, inflate.is_complete())
    }

    #[test]
    fn raw_and_zlib_streams_inflate_however_they_are_cut() {
        let plain: Vec<u8> = (0..200_000u32).map(|i| (i / 100) as u8).collect();
        let mut zlib = ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all(&plain).unwrap();
        for deflated in [raw(&plain), zlib.finish().unwrap()] {
            for cut in [1, 2, 3, 1000, usize::MAX] {
                assert_eq!(through(&deflated, cut), (plain.clone(), true), "{cut}");
            }
            let half = deflated.get(..deflated.len() / 2).unwrap();
            assert!(!through(half, 1000).1);
        }
    }

    #[test]
    fn a_bomb_is_given_up() {
        let bomb = raw(&vec![0; 80 << 20]);
        let (mut inflate, mut grown) = (Inflate::new(), 0u64);
        assert_eq!(inflate.feed(&bomb, |bytes| grown += bytes.len() as u64), Err(GiveUp));
        assert!(grown <= FREE + PIECE as u64, "{grown}");
        assert_eq!(inflate.feed(&bomb, |_| ()), Err(GiveUp));
    }

    #[test]
    fn noise_is_given_up() {
        let mut inflate = Inflate::new();
        assert_eq!(inflate.feed(&[0xff; 64], |_| ()), Err(GiveUp));
    }
}
