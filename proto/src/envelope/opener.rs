//! Checking and opening: the signature first, then each part against its signed digest, then the cipher.

use aead_stream::{NewStream as _, StreamBE32, StreamPrimitive as _};
use aes_gcm::Aes256Gcm;
use hpke::Deserializable as _;
use zeroize::Zeroizing;

use crate::content::Content;
use crate::envelope::sealer::HPKE_INFO;
use crate::envelope::{Error, Header, Seal, check_manifest};
use crate::keys::{Opener, PublicKeys};

/// A header and seal whose signature was verified: from here on, parts can be checked one by one.
#[derive(Debug, Clone)]
pub struct Verified {
    header: Header,
    seal: Seal,
}

/// Reads header and seal and verifies the sender's signature over both.
/// This is all a queue needs: it checks each arriving part with [`Verified::check_part`] and opens nothing.
///
/// # Errors
/// [`Error::Malformed`], [`Error::TooLarge`], [`Error::Unsigned`].
pub fn verify(header: &[u8], seal: &[u8], sender: &PublicKeys) -> Result<Verified, Error> {
    let header = Header::parse(header)?;
    let seal = Seal::parse(seal, &header)?;
    if header.sender() != sender.id() {
        return Err(Error::Unsigned);
    }
    seal.verify(&header, sender)?;
    Ok(Verified { header, seal })
}

impl Verified {
    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The seal.
    #[must_use]
    pub const fn seal(&self) -> &Seal {
        &self.seal
    }

    /// Whether these are the bytes the sender signed as this part.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn check_part(&self, index: u32, sealed: &[u8]) -> Result<(), Error> {
        let expected = self.seal.digest(index).ok_or(Error::Damaged)?;
        let fits =
            sealed.len() == self.header.layout().part_bytes(index) && blake3::hash(sealed) == *expected;
        if fits { Ok(()) } else { Err(Error::Damaged) }
    }

    /// Opens the content key, and starts opening parts.
    ///
    /// # Errors
    /// [`Error::Recipient`] when sealed to another key, [`Error::Damaged`] when the key does not open.
    pub fn opener(&self, keys: &Opener) -> Result<PartOpener<'_>, Error> {
        if self.header.recipient() != keys.id() {
            return Err(Error::Recipient);
        }
        let private = keys.key().map_err(|_| Error::Recipient)?;
        let encapsulated =
            <hpke::kem::XWing as hpke::Kem>::EncappedKey::from_bytes(self.header.encapsulated()?)
                .map_err(|_| Error::Damaged)?;
        let key = hpke::single_shot_open::<hpke::aead::AesGcm256, hpke::kdf::HkdfSha256, hpke::kem::XWing>(
            &hpke::OpModeR::Base,
            &private,
            &encapsulated,
            HPKE_INFO,
            self.header.wrapped_key()?,
            self.header.fields(),
        )
        .map(Zeroizing::new)
        .map_err(|_| Error::Damaged)?;
        let key: &[u8; 32] = key.as_slice().try_into().map_err(|_| Error::Damaged)?;
        let stream = StreamBE32::new(key.into(), &self.header.prefix()?.into());
        let room = usize::try_from(self.header.content_bytes()).map_err(|_| Error::TooLarge)?;
        // Bounded by the limits and signed; reserved once, so that no plain bytes stay behind in a smaller buffer.
        // The tag of the last part passes through the buffer before it is cut off.
        let plain = Zeroizing::new(Vec::with_capacity(room + crate::limits::PART_TAG_BYTES));
        Ok(PartOpener { verified: self, stream, plain, next: 0 })
    }
}

/// Opens parts in order; what it holds is wiped when it is dropped.
pub struct PartOpener<'v> {
    verified: &'v Verified,
    stream: StreamBE32<Aes256Gcm>,
    plain: Zeroizing<Vec<u8>>,
    next: u32,
}

impl PartOpener<'_> {
    /// Opens the next part.
    ///
    /// # Errors
    /// [`Error::Damaged`], whatever is wrong with it.
    pub fn push(&mut self, sealed: &[u8]) -> Result<(), Error> {
        let header = self.verified.header();
        self.verified.check_part(self.next, sealed)?;
        let last = header.layout().is_last(self.next);
        let mut part = Zeroizing::new(sealed.to_vec());
        let buffer: &mut Vec<u8> = &mut part;
        self.stream
            .decrypt_in_place(self.next, last, &header.part_data(self.next), buffer)
            .map_err(|_| Error::Damaged)?;
        self.plain.extend_from_slice(&part);
        self.next += 1;
        Ok(())
    }

    /// The content, once every part is in, with a manifest that names the header's case and edition.
    ///
    /// # Errors
    /// [`Error::Damaged`] when parts are missing, [`Error::Content`].
    pub fn finish(self) -> Result<Content, Error> {
        let header = self.verified.header();
        if self.next != header.layout().parts() || self.plain.len() as u64 != header.content_bytes() {
            return Err(Error::Damaged);
        }
        let content = Content::decode(self.plain).map_err(|_| Error::Content)?;
        check_manifest(header.kind(), header.address(), content.iter().next().as_ref())?;
        Ok(content)
    }
}

/// Checks and opens a whole envelope: exactly header, parts and seal, nothing before or after.
///
/// # Errors
/// [`Error`]; nothing is opened unless the signature is the sender's.
pub fn open(envelope: &[u8], sender: &PublicKeys, keys: &Opener) -> Result<(Header, Content), Error> {
    let (head, _) = envelope.split_at_checked(Header::BYTES).ok_or(Error::Malformed)?;
    let layout = Header::parse(head)?.layout();
    if envelope.len() as u64 != layout.total_bytes() {
        return Err(Error::Damaged);
    }
    let seal_at = usize::try_from(layout.seal_offset()).map_err(|_| Error::TooLarge)?;
    let verified = verify(head, envelope.get(seal_at..).ok_or(Error::Damaged)?, sender)?;
    let mut opener = verified.opener(keys)?;
    for index in 0..layout.parts() {
        let start = usize::try_from(layout.part_offset(index)).map_err(|_| Error::TooLarge)?;
        opener.push(envelope.get(start..start + layout.part_bytes(index)).ok_or(Error::Damaged)?)?;
    }
    let content = opener.finish()?;
    Ok((verified.header, content))
}
