//! Sealing: plain content in, envelope out, one part in memory at a time.

use std::io::Write;

use aead_stream::{NewStream as _, StreamBE32, StreamPrimitive as _};
use aes_gcm::Aes256Gcm;
use hpke::Serializable as _;
use hpke::rand_core::CryptoRng;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use zeroize::Zeroizing;

use crate::content;
use crate::envelope::header::{Fields, Header};
use crate::envelope::layout::PREFIX_BYTES;
use crate::envelope::{Address, Error, Leaves, Seal, check_manifest};
use crate::ids::{EnvelopeDigest, EnvelopeId};
use crate::keys::{PublicKeys, Signer};
use crate::limits;

pub(super) const HPKE_INFO: &[u8] = b"scanside envelope v1";

/// What came of a sealing; the only thing a worker reports besides the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// The fresh id of the envelope.
    pub envelope: EnvelopeId,
    /// BLAKE3 over all bytes written.
    pub digest: EnvelopeDigest,
    /// Plain bytes inside.
    pub content_bytes: u64,
    /// Number of parts.
    pub parts: u32,
    /// Bytes written.
    pub bytes: u64,
}

/// Seals one content for one address, signed by `sender`, to be opened by `recipient`.
pub struct Sealer<'a> {
    address: &'a Address,
    sender: &'a Signer,
    recipient: &'a PublicKeys,
}

impl<'a> Sealer<'a> {
    /// A sealer for one envelope.
    #[must_use]
    pub const fn new(address: &'a Address, sender: &'a Signer, recipient: &'a PublicKeys) -> Self {
        Self { address, sender, recipient }
    }

    /// Seals and writes header, parts and seal to `out`, with fresh keys and a fresh envelope id.
    /// The caller syncs; until then an envelope may be incomplete on disk, which [`super::inspect`] sees.
    ///
    /// # Errors
    /// [`Error::Content`] when the first entry is not a valid manifest of this address, [`Error::TooLarge`],
    /// [`Error::Io`] from the writer, [`Error::NoEntropy`].
    pub fn seal<L: Leaves, W: Write>(&self, content: &L, out: W) -> Result<Sealed, Error> {
        let mut seed = Zeroizing::new([0u8; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(|_| Error::NoEntropy)?;
        self.seal_with(content, out, &mut ChaCha20Rng::from_seed(*seed))
    }

    pub(super) fn seal_with<L: Leaves, W: Write>(
        &self,
        content: &L,
        out: W,
        rng: &mut impl CryptoRng,
    ) -> Result<Sealed, Error> {
        let leaves = content.leaves();
        let content_bytes = content::encoded_bytes(&leaves).map_err(map_content)?;
        check_manifest(L::KIND, self.address, leaves.first())?;

        let mut id = [0u8; EnvelopeId::BYTES];
        let mut prefix = [0u8; PREFIX_BYTES];
        let mut key = Zeroizing::new([0u8; 32]);
        rng.fill_bytes(&mut id);
        rng.fill_bytes(&mut prefix);
        rng.fill_bytes(key.as_mut_slice());
        let envelope = EnvelopeId::from_bytes(id);

        let fields = Fields {
            kind: L::KIND,
            address: self.address,
            envelope,
            sender: self.sender.id(),
            recipient: self.recipient.id(),
            content_bytes,
            prefix,
        };
        let header = wrap_key(&fields, self.recipient, &key, rng)?;
        let mut writer = PartWriter::new(&header, &key, prefix, out);
        writer.put(header.as_bytes())?;
        content::encode(&leaves, |piece| writer.push(piece).map_err(Failed::Envelope)).map_err(|failed| {
            match failed {
                Failed::Envelope(error) => error,
                Failed::Content(error) => map_content(error),
            }
        })?;
        let digests = writer.finish_parts()?;
        writer.put(Seal::sign(&header, digests, self.sender).as_bytes())?;
        let (digest, bytes) = writer.end()?;
        Ok(Sealed { envelope, digest, content_bytes, parts: header.layout().parts(), bytes })
    }
}

enum Failed {
    Envelope(Error),
    Content(content::Error),
}

impl From<content::Error> for Failed {
    fn from(error: content::Error) -> Self {
        Self::Content(error)
    }
}

const fn map_content(error: content::Error) -> Error {
    match error {
        content::Error::TooLarge => Error::TooLarge,
        content::Error::Malformed | content::Error::Name => Error::Content,
    }
}

pub(super) fn wrap_key(
    fields: &Fields<'_>,
    recipient: &PublicKeys,
    key: &[u8; 32],
    rng: &mut impl CryptoRng,
) -> Result<Header, Error> {
    let mut bytes = fields.encode()?;
    let (encapsulated, wrapped) = hpke::single_shot_seal_with_rng::<
        hpke::aead::AesGcm256,
        hpke::kdf::HkdfSha256,
        hpke::kem::XWing,
    >(
        &hpke::OpModeS::Base, recipient.sealing(), HPKE_INFO, key, &bytes, rng
    )
    .map_err(|_| Error::Recipient)?;
    bytes.extend_from_slice(&encapsulated.to_bytes());
    bytes.extend_from_slice(&wrapped);
    Header::parse(&bytes)
}

/// Cuts the plain stream into parts, seals each and keeps its digest.
pub(super) struct PartWriter<'h, W> {
    header: &'h Header,
    stream: StreamBE32<Aes256Gcm>,
    buffer: Zeroizing<Vec<u8>>,
    digests: Vec<[u8; 32]>,
    whole: blake3::Hasher,
    written: u64,
    out: W,
}

impl<'h, W: Write> PartWriter<'h, W> {
    pub(super) fn new(header: &'h Header, key: &[u8; 32], prefix: [u8; PREFIX_BYTES], out: W) -> Self {
        let stream = StreamBE32::new(key.into(), &prefix.into());
        // One allocation that never grows: a reallocation would leave plain bytes behind, unwiped.
        let room = limits::PART_SEALED_BYTES_MAX;
        let buffer = Zeroizing::new(Vec::with_capacity(room));
        Self { header, stream, buffer, digests: Vec::new(), whole: blake3::Hasher::new(), written: 0, out }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.out.write_all(bytes).map_err(|_| Error::Io)?;
        self.whole.update(bytes);
        self.written += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn push(&mut self, mut piece: &[u8]) -> Result<(), Error> {
        while !piece.is_empty() {
            // A full part is sealed only when more follows: the last one carries the last mark.
            if self.buffer.len() == limits::PART_PLAIN_BYTES {
                self.seal_part(false)?;
            }
            let room = limits::PART_PLAIN_BYTES - self.buffer.len();
            let (now, later) = piece.split_at(room.min(piece.len()));
            self.buffer.extend_from_slice(now);
            piece = later;
        }
        Ok(())
    }

    fn seal_part(&mut self, last: bool) -> Result<(), Error> {
        let index = u32::try_from(self.digests.len()).map_err(|_| Error::TooLarge)?;
        if last != self.header.layout().is_last(index) {
            return Err(Error::Malformed);
        }
        let data = self.header.part_data(index);
        let buffer: &mut Vec<u8> = &mut self.buffer;
        self.stream.encrypt_in_place(index, last, &data, buffer).map_err(|_| Error::Malformed)?;
        let sealed = std::mem::take(&mut *self.buffer);
        self.digests.push(*blake3::hash(&sealed).as_bytes());
        let put = self.put(&sealed);
        *self.buffer = sealed;
        self.buffer.clear();
        put
    }

    pub(super) fn finish_parts(&mut self) -> Result<Vec<[u8; 32]>, Error> {
        self.seal_part(true)?;
        Ok(std::mem::take(&mut self.digests))
    }

    fn end(mut self) -> Result<(EnvelopeDigest, u64), Error> {
        self.out.flush().map_err(|_| Error::Io)?;
        Ok((EnvelopeDigest::from_bytes(*self.whole.finalize().as_bytes()), self.written))
    }
}
