//! The header: fixed layout, every byte of it signed and bound into every part.

use super::layout::{
    ENCAPSULATED_BYTES, FIELDS_BYTES, HEADER_BYTES, Layout, PREFIX_BYTES, WRAPPED_KEY_BYTES,
};
use crate::envelope::{Address, Error, Kind};
use crate::ids::{CaseId, EnvelopeId, KeyId, SiteId};
use crate::limits;

const MAGIC: &[u8; 8] = b"SCANSEAL";
const VERSION: u16 = 1;
/// HPKE suite as registered for RFC 9180: X-Wing, HKDF-SHA256, AES-256-GCM.
const SUITE: [u16; 3] = [0x647a, 0x0001, 0x0002];
/// Signature algorithm name; a new name is how ML-DSA follows.
const SIGNATURE: &[u8; 16] = b"ed25519\0\0\0\0\0\0\0\0\0";

/// A header, read and checked, with its exact bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    bytes: Vec<u8>,
    kind: Kind,
    address: Address,
    envelope: EnvelopeId,
    sender: KeyId,
    recipient: KeyId,
    parts: u32,
    content_bytes: u64,
}

impl std::fmt::Debug for Header {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Header({:?}, {}, {} parts)", self.kind, self.envelope, self.parts)
    }
}

/// What the sealer fills in; the rest of the header is constant.
pub(super) struct Fields<'a> {
    pub kind: Kind,
    pub address: &'a Address,
    pub envelope: EnvelopeId,
    pub sender: KeyId,
    pub recipient: KeyId,
    pub content_bytes: u64,
    pub prefix: [u8; PREFIX_BYTES],
}

impl Fields<'_> {
    /// The bytes HPKE binds; the encapsulated and the wrapped key follow them in the header.
    pub(super) fn encode(&self) -> Result<Vec<u8>, Error> {
        let parts = parts_of(self.content_bytes)?;
        let mut out = Vec::with_capacity(HEADER_BYTES);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_be_bytes());
        out.push(match self.kind {
            Kind::Case => 1,
            Kind::Report => 2,
        });
        out.push(0);
        out.extend_from_slice(self.address.site.as_bytes());
        out.extend_from_slice(self.address.case.as_bytes());
        out.extend_from_slice(&self.address.revision.to_be_bytes());
        out.extend_from_slice(self.envelope.as_bytes());
        out.extend_from_slice(self.sender.as_bytes());
        out.extend_from_slice(self.recipient.as_bytes());
        SUITE.iter().for_each(|id| out.extend_from_slice(&id.to_be_bytes()));
        out.extend_from_slice(SIGNATURE);
        out.extend_from_slice(&part_plain_bytes().to_be_bytes());
        out.extend_from_slice(&parts.to_be_bytes());
        out.extend_from_slice(&self.content_bytes.to_be_bytes());
        out.extend_from_slice(&self.prefix);
        out.push(0);
        Ok(out)
    }
}

const fn part_plain_bytes() -> u32 {
    limits::PART_PLAIN_BYTES as u32
}

fn parts_of(content_bytes: u64) -> Result<u32, Error> {
    if content_bytes == 0 {
        return Err(Error::Malformed);
    }
    if content_bytes > limits::CONTENT_BYTES_MAX {
        return Err(Error::TooLarge);
    }
    u32::try_from(content_bytes.div_ceil(limits::PART_PLAIN_BYTES as u64)).map_err(|_| Error::TooLarge)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or(Error::Malformed)?;
        self.0 = tail;
        Ok(*head)
    }

    fn constant<const N: usize>(&mut self, expected: &[u8; N]) -> Result<(), Error> {
        if &self.take::<N>()? == expected { Ok(()) } else { Err(Error::Malformed) }
    }
}

impl Header {
    /// Length of a header in bytes.
    pub const BYTES: usize = HEADER_BYTES;

    /// Reads a header. Every constant, bound and relation is checked; nothing is verified yet.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::TooLarge`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() != HEADER_BYTES {
            return Err(Error::Malformed);
        }
        let mut at = Reader(bytes);
        at.constant(MAGIC)?;
        at.constant(&VERSION.to_be_bytes())?;
        let kind = match at.take::<1>()? {
            [1] => Kind::Case,
            [2] => Kind::Report,
            _ => return Err(Error::Malformed),
        };
        at.constant(&[0])?;
        let site = SiteId::from_bytes(at.take()?);
        let case = CaseId::from_bytes(at.take()?);
        let revision = u32::from_be_bytes(at.take()?);
        let envelope = EnvelopeId::from_bytes(at.take()?);
        let sender = KeyId::from_bytes(at.take()?);
        let recipient = KeyId::from_bytes(at.take()?);
        for id in SUITE {
            at.constant(&id.to_be_bytes())?;
        }
        at.constant(SIGNATURE)?;
        at.constant(&part_plain_bytes().to_be_bytes())?;
        let parts = u32::from_be_bytes(at.take()?);
        let content_bytes = u64::from_be_bytes(at.take()?);
        at.take::<PREFIX_BYTES>()?;
        at.constant(&[0])?;
        if parts != parts_of(content_bytes)? || revision == 0 {
            return Err(Error::Malformed);
        }
        let address = Address { site, case, revision };
        Ok(Self { bytes: bytes.to_vec(), kind, address, envelope, sender, recipient, parts, content_bytes })
    }

    /// The exact bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the envelope carries.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Site, case and edition.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// The random id of this envelope.
    #[must_use]
    pub const fn envelope(&self) -> EnvelopeId {
        self.envelope
    }

    /// Whose keys signed, as claimed.
    #[must_use]
    pub const fn sender(&self) -> KeyId {
        self.sender
    }

    /// To whose keys it is sealed.
    #[must_use]
    pub const fn recipient(&self) -> KeyId {
        self.recipient
    }

    /// Plain bytes inside.
    #[must_use]
    pub const fn content_bytes(&self) -> u64 {
        self.content_bytes
    }

    /// Where everything lies in the envelope.
    #[must_use]
    pub const fn layout(&self) -> Layout {
        Layout { parts: self.parts, content_bytes: self.content_bytes }
    }

    pub(super) fn fields(&self) -> &[u8] {
        self.bytes.get(..FIELDS_BYTES).unwrap_or(&[])
    }

    pub(super) fn prefix(&self) -> Result<[u8; PREFIX_BYTES], Error> {
        self.slice(FIELDS_BYTES - 1 - PREFIX_BYTES, PREFIX_BYTES)?.try_into().map_err(|_| Error::Malformed)
    }

    pub(super) fn encapsulated(&self) -> Result<&[u8], Error> {
        self.slice(FIELDS_BYTES, ENCAPSULATED_BYTES)
    }

    pub(super) fn wrapped_key(&self) -> Result<&[u8], Error> {
        self.slice(FIELDS_BYTES + ENCAPSULATED_BYTES, WRAPPED_KEY_BYTES)
    }

    fn slice(&self, start: usize, len: usize) -> Result<&[u8], Error> {
        self.bytes.get(start..start + len).ok_or(Error::Malformed)
    }

    /// What every part binds: site, case, edition, envelope, part number, last mark, digest of the whole header.
    pub(super) fn part_data(&self, index: u32) -> Vec<u8> {
        let mut data = Vec::with_capacity(128);
        data.extend_from_slice(b"scanside part v1");
        data.extend_from_slice(self.address.site.as_bytes());
        data.extend_from_slice(self.address.case.as_bytes());
        data.extend_from_slice(&self.address.revision.to_be_bytes());
        data.extend_from_slice(self.envelope.as_bytes());
        data.extend_from_slice(&index.to_be_bytes());
        data.push(u8::from(self.layout().is_last(index)));
        data.extend_from_slice(blake3::hash(&self.bytes).as_bytes());
        data
    }
}
