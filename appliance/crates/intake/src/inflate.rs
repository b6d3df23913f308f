//! Bounded inflation for the pre-scan of deflated transfer syntaxes (PS3.5 A.5); the stored bytes stay deflated.

use dicom::Error;

use crate::error::GiveUp;

/// Inflated bytes that are always followed.
const FREE: u64 = 64 << 20;
/// Beyond those, inflated over received bytes. Images reach 20; only made-up data reaches hundreds.
const RATIO: u64 = 200;

/// An inflating stream that is given up when it grows too much.
pub(crate) struct Inflate {
    stream: dicom::Inflate,
    broken: bool,
}

impl Inflate {
    pub(crate) fn new() -> Inflate {
        Inflate { stream: dicom::Inflate::new(), broken: false }
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.stream.is_complete()
    }

    /// Inflate the next bytes into `each`.
    pub(crate) fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) -> Result<(), GiveUp> {
        if self.broken {
            return Err(GiveUp);
        }
        let fed = self.stream.feed(bytes, |piece, far| {
            each(piece);
            let grown = far.given > FREE && far.given / RATIO > far.taken;
            if grown { Err(Error::InflateLimit(far.given)) } else { Ok(()) }
        });
        self.broken = fed.is_err();
        fed.map_err(|_| GiveUp)
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
        assert!(grown <= FREE + (32 << 10), "{grown}");
        assert_eq!(inflate.feed(&bomb, |_| ()), Err(GiveUp));
    }

    #[test]
    fn noise_is_given_up() {
        let mut inflate = Inflate::new();
        assert_eq!(inflate.feed(&[0xff; 64], |_| ()), Err(GiveUp));
    }
}
