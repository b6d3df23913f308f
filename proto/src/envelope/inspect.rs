//! Looking at an envelope found on disk without any secret: complete and ours, or not.

use std::io::Read;

use crate::envelope::{Error, Header, Verified, verify};
use crate::ids::EnvelopeDigest;
use crate::keys::PublicKeys;

/// What start-up learns about a file in the outbox.
#[derive(Debug, Clone)]
pub enum Inspection {
    /// Every byte is there, every part is the signed one: adopt it.
    Complete {
        /// Header and seal, verified.
        verified: Box<Verified>,
        /// BLAKE3 over the whole envelope.
        digest: EnvelopeDigest,
        /// Length in bytes.
        bytes: u64,
    },
    /// Cut short, damaged, or signed by somebody else: delete it, its study is packed again.
    Incomplete,
}

/// Reads an envelope from start to end, one part in memory at a time, and verifies signature and part digests.
///
/// # Errors
/// [`Error::Io`] when the reader fails for another reason than the end of the file.
pub fn inspect(mut reader: impl Read, sender: &PublicKeys) -> Result<Inspection, Error> {
    let mut whole = blake3::Hasher::new();
    let Some(head) = read_exactly(&mut reader, Header::BYTES)? else { return Ok(Inspection::Incomplete) };
    let Ok(header) = Header::parse(&head) else { return Ok(Inspection::Incomplete) };
    whole.update(&head);
    let layout = header.layout();
    let mut digests = Vec::new();
    for index in 0..layout.parts() {
        let Some(part) = read_exactly(&mut reader, layout.part_bytes(index))? else {
            return Ok(Inspection::Incomplete);
        };
        whole.update(&part);
        digests.push(*blake3::hash(&part).as_bytes());
    }
    let Some(seal) = read_exactly(&mut reader, layout.seal_bytes())? else {
        return Ok(Inspection::Incomplete);
    };
    whole.update(&seal);
    if read_exactly(&mut reader, 1)?.is_some() {
        return Ok(Inspection::Incomplete);
    }
    let Ok(verified) = verify(&head, &seal, sender) else { return Ok(Inspection::Incomplete) };
    let signed =
        digests.iter().zip(0u32..).all(|(digest, index)| verified.seal().digest(index) == Some(digest));
    if !signed {
        return Ok(Inspection::Incomplete);
    }
    let digest = EnvelopeDigest::from_bytes(*whole.finalize().as_bytes());
    Ok(Inspection::Complete { verified: Box::new(verified), digest, bytes: layout.total_bytes() })
}

/// `None` when the file ends first.
fn read_exactly(reader: &mut impl Read, len: usize) -> Result<Option<Vec<u8>>, Error> {
    let mut bytes = vec![0u8; len];
    match reader.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
        Err(_) => Err(Error::Io),
    }
}
