//! The seal at the end of an envelope: digest of every sealed part, total, signature.

use super::layout::{DIGEST_BYTES, SEAL_MAGIC};
use crate::envelope::{Error, Header};
use crate::keys::{PublicKeys, SIGNATURE_BYTES, Signer};

const CONTEXT: &[u8] = b"scanside envelope signature v1";

/// A seal, read and checked against its header's numbers, with its exact bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Seal {
    bytes: Vec<u8>,
    digests: Vec<[u8; DIGEST_BYTES]>,
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seal({} parts)", self.digests.len())
    }
}

impl Seal {
    pub(super) fn sign(header: &Header, digests: Vec<[u8; DIGEST_BYTES]>, signer: &Signer) -> Self {
        let mut bytes = body(header, &digests);
        let signature = signer.sign(&message(header, &bytes));
        bytes.extend_from_slice(&signature);
        Self { bytes, digests }
    }

    /// Reads a seal that must belong to a header with these numbers; nothing is verified yet.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn parse(bytes: &[u8], header: &Header) -> Result<Self, Error> {
        let layout = header.layout();
        if bytes.len() != layout.seal_bytes() {
            return Err(Error::Malformed);
        }
        let (magic, rest) = bytes.split_at_checked(SEAL_MAGIC.len()).ok_or(Error::Malformed)?;
        let (count, rest) = rest.split_first_chunk::<4>().ok_or(Error::Malformed)?;
        let listed = layout.parts() as usize * DIGEST_BYTES;
        let (digests, rest) = rest.split_at_checked(listed).ok_or(Error::Malformed)?;
        let (total, _signature) = rest.split_first_chunk::<8>().ok_or(Error::Malformed)?;
        let fits = magic == SEAL_MAGIC
            && u32::from_be_bytes(*count) == layout.parts()
            && u64::from_be_bytes(*total) == header.content_bytes();
        if !fits {
            return Err(Error::Malformed);
        }
        let digests = digests.as_chunks::<DIGEST_BYTES>().0.to_vec();
        Ok(Self { bytes: bytes.to_vec(), digests })
    }

    /// The exact bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn digest(&self, index: u32) -> Option<&[u8; DIGEST_BYTES]> {
        self.digests.get(index as usize)
    }

    pub(super) fn verify(&self, header: &Header, sender: &PublicKeys) -> Result<(), Error> {
        let split = self.bytes.len().checked_sub(SIGNATURE_BYTES).ok_or(Error::Malformed)?;
        let (body, signature) = self.bytes.split_at_checked(split).ok_or(Error::Malformed)?;
        sender.verify(&message(header, body), signature).map_err(|_| Error::Unsigned)
    }
}

fn body(header: &Header, digests: &[[u8; DIGEST_BYTES]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(header.layout().seal_bytes());
    bytes.extend_from_slice(SEAL_MAGIC);
    bytes.extend_from_slice(&header.layout().parts().to_be_bytes());
    digests.iter().for_each(|digest| bytes.extend_from_slice(digest));
    bytes.extend_from_slice(&header.content_bytes().to_be_bytes());
    bytes
}

/// What is signed. The header is of fixed length, so context, header and body cannot be cut differently.
fn message(header: &Header, body: &[u8]) -> Vec<u8> {
    [CONTEXT, header.as_bytes(), body].concat()
}
