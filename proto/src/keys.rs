//! The keys of a site and of a reader: one Ed25519 pair to sign with, one X-Wing pair to be sealed to.
//!
//! A site's signer seals its cases, its opener opens the reports sent home; a reader has the mirror image.
//! Signer and opener are separate types: the worker that packs a case gets the signer alone.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use hpke::kem::XWing;
use hpke::{Deserializable as _, Kem as _, Serializable as _};
use zeroize::Zeroizing;

use crate::ids::KeyId;
use crate::limits;

/// Length of a signing or opening secret in bytes.
pub(crate) const SECRET_BYTES: usize = 32;
/// Length of a verifying key in bytes (RFC 8032).
pub const VERIFYING_BYTES: usize = 32;
/// Length of a signature in bytes (RFC 8032).
pub(crate) const SIGNATURE_BYTES: usize = 64;

const PRIVATE_LABEL: &str = "SCANSIDE PRIVATE KEYS";
const PUBLIC_LABEL: &str = "SCANSIDE PUBLIC KEYS";
const ID_CONTEXT: &[u8] = b"scanside key id v1";

type SealingKey = <XWing as hpke::Kem>::PublicKey;
type OpeningKey = <XWing as hpke::Kem>::PrivateKey;

/// What can be wrong with keys. Nothing of a key is ever in an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not a key text of this kind, or a point that is not a key.
    #[error("not a key file of this kind")]
    Malformed,
    /// The operating system gave no random bytes; worth a retry later.
    #[error("no random bytes from the operating system")]
    NoEntropy,
    /// The signature does not belong to this message and key.
    #[error("signature does not verify")]
    Signature,
}

/// The signing half of a pair, with the id of the whole pair.
#[derive(Clone)]
pub struct Signer {
    id: KeyId,
    key: SigningKey,
}

impl Signer {
    /// Id of the pair this signer belongs to.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// Signs a message (RFC 8032, Ed25519).
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.key.sign(message).to_bytes()
    }

    /// Id and secret, to hand to the worker that packs one case.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; KeyId::BYTES + SECRET_BYTES]> {
        let mut bytes = Zeroizing::new([0u8; KeyId::BYTES + SECRET_BYTES]);
        let (id, secret) = bytes.split_at_mut(KeyId::BYTES);
        id.copy_from_slice(self.id.as_bytes());
        secret.copy_from_slice(self.key.as_bytes());
        bytes
    }

    /// The inverse of [`Self::to_bytes`].
    ///
    /// # Errors
    /// [`Error::Malformed`] for any other length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (id, secret) = bytes.split_at_checked(KeyId::BYTES).ok_or(Error::Malformed)?;
        let secret: &[u8; SECRET_BYTES] = secret.try_into().map_err(|_| Error::Malformed)?;
        let id = KeyId::from_slice(id).map_err(|_| Error::Malformed)?;
        Ok(Self { id, key: SigningKey::from_bytes(secret) })
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.id)
    }
}

/// The opening half of a pair, with the id of the whole pair.
#[derive(Clone)]
pub struct Opener {
    id: KeyId,
    seed: Zeroizing<[u8; SECRET_BYTES]>,
}

impl Opener {
    /// Id of the pair this opener belongs to.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    pub(crate) fn key(&self) -> Result<OpeningKey, Error> {
        OpeningKey::from_bytes(self.seed.as_slice()).map_err(|_| Error::Malformed)
    }

    /// Id and secret, to hand to the worker that opens one envelope.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; KeyId::BYTES + SECRET_BYTES]> {
        let mut bytes = Zeroizing::new([0u8; KeyId::BYTES + SECRET_BYTES]);
        let (id, secret) = bytes.split_at_mut(KeyId::BYTES);
        id.copy_from_slice(self.id.as_bytes());
        secret.copy_from_slice(self.seed.as_slice());
        bytes
    }

    /// The inverse of [`Self::to_bytes`].
    ///
    /// # Errors
    /// [`Error::Malformed`] for any other length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (id, secret) = bytes.split_at_checked(KeyId::BYTES).ok_or(Error::Malformed)?;
        let mut seed = Zeroizing::new([0u8; SECRET_BYTES]);
        if secret.len() != SECRET_BYTES {
            return Err(Error::Malformed);
        }
        seed.copy_from_slice(secret);
        Ok(Self { id: KeyId::from_slice(id).map_err(|_| Error::Malformed)?, seed })
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opener({})", self.id)
    }
}

/// The public halves: what the other side needs to verify and to seal.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKeys {
    id: KeyId,
    verifying: VerifyingKey,
    sealing: SealingKey,
}

impl PublicKeys {
    /// From the two raw public keys.
    ///
    /// # Errors
    /// [`Error::Malformed`] when a length is wrong, a point is no key, or the verifying key is weak.
    pub fn from_parts(verifying: &[u8], sealing: &[u8]) -> Result<Self, Error> {
        let raw: &[u8; VERIFYING_BYTES] = verifying.try_into().map_err(|_| Error::Malformed)?;
        let key = VerifyingKey::from_bytes(raw).map_err(|_| Error::Malformed)?;
        if key.is_weak() {
            return Err(Error::Malformed);
        }
        let public = SealingKey::from_bytes(sealing).map_err(|_| Error::Malformed)?;
        Ok(Self { id: pair_id(verifying, sealing), verifying: key, sealing: public })
    }

    /// Id of the pair.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The raw Ed25519 verifying key, 32 bytes.
    #[must_use]
    pub fn verifying_bytes(&self) -> Vec<u8> {
        self.verifying.to_bytes().to_vec()
    }

    /// The raw X-Wing public key, 1216 bytes.
    #[must_use]
    pub fn sealing_bytes(&self) -> Vec<u8> {
        self.sealing.to_bytes().to_vec()
    }

    pub(crate) const fn sealing(&self) -> &SealingKey {
        &self.sealing
    }

    /// Verifies a signature strictly (no malleable or small-order forms).
    ///
    /// # Errors
    /// [`Error::Signature`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let raw: &[u8; SIGNATURE_BYTES] = signature.try_into().map_err(|_| Error::Signature)?;
        self.verifying.verify_strict(message, &Signature::from_bytes(raw)).map_err(|_| Error::Signature)
    }

    /// Text form, for a file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut bytes = self.verifying_bytes();
        bytes.extend_from_slice(&self.sealing_bytes());
        armour(PUBLIC_LABEL, &bytes).as_str().to_owned()
    }

    /// Reads several text forms one after the other, as a file of reader keys has them; at least one.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn list_from_text(text: &str) -> Result<Vec<Self>, Error> {
        let end = format!("-----END {PUBLIC_LABEL}-----");
        let whole = text.split_inclusive(&end).filter(|piece| !piece.trim().is_empty());
        let keys = whole.map(Self::from_text).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() || keys.len() > limits::READERS_COUNT_MAX {
            Err(Error::Malformed)
        } else {
            Ok(keys)
        }
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn from_text(text: &str) -> Result<Self, Error> {
        let bytes = disarm(PUBLIC_LABEL, text)?;
        let (verifying, sealing) = bytes.split_at_checked(VERIFYING_BYTES).ok_or(Error::Malformed)?;
        Self::from_parts(verifying, sealing)
    }
}

impl fmt::Debug for PublicKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKeys({})", self.id)
    }
}

/// Both secrets of a site or of a reader. Wiped on drop; `Debug` shows the id only.
#[derive(Clone)]
pub struct PrivateKeys {
    signer: Signer,
    opener: Opener,
    public: PublicKeys,
}

impl PrivateKeys {
    /// Fresh keys from the operating system's random bytes.
    ///
    /// # Errors
    /// [`Error::NoEntropy`].
    pub fn generate() -> Result<Self, Error> {
        let mut signing = Zeroizing::new([0u8; SECRET_BYTES]);
        let mut opening = Zeroizing::new([0u8; SECRET_BYTES]);
        getrandom::fill(signing.as_mut_slice()).map_err(|_| Error::NoEntropy)?;
        getrandom::fill(opening.as_mut_slice()).map_err(|_| Error::NoEntropy)?;
        Self::from_secrets(&signing, opening)
    }

    fn from_secrets(
        signing: &[u8; SECRET_BYTES],
        opening: Zeroizing<[u8; SECRET_BYTES]>,
    ) -> Result<Self, Error> {
        let key = SigningKey::from_bytes(signing);
        let private = OpeningKey::from_bytes(opening.as_slice()).map_err(|_| Error::Malformed)?;
        let sealing = XWing::sk_to_pk(&private);
        let public = PublicKeys::from_parts(key.verifying_key().as_bytes(), &sealing.to_bytes())?;
        let id = public.id;
        Ok(Self { signer: Signer { id, key }, opener: Opener { id, seed: opening }, public })
    }

    /// Id of the pair.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.public.id
    }

    /// The half that signs.
    #[must_use]
    pub const fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The half that opens.
    #[must_use]
    pub const fn opener(&self) -> &Opener {
        &self.opener
    }

    /// What the other side needs.
    #[must_use]
    pub const fn public(&self) -> &PublicKeys {
        &self.public
    }

    /// Text form, for a file of mode 0600.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0u8; 2 * SECRET_BYTES]);
        let (signing, opening) = bytes.split_at_mut(SECRET_BYTES);
        signing.copy_from_slice(self.signer.key.as_bytes());
        opening.copy_from_slice(self.opener.seed.as_slice());
        armour(PRIVATE_LABEL, bytes.as_slice())
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn from_text(text: &str) -> Result<Self, Error> {
        let bytes = disarm(PRIVATE_LABEL, text)?;
        let (signing, opening) = bytes.split_at_checked(SECRET_BYTES).ok_or(Error::Malformed)?;
        let signing: &[u8; SECRET_BYTES] = signing.try_into().map_err(|_| Error::Malformed)?;
        let mut seed = Zeroizing::new([0u8; SECRET_BYTES]);
        if opening.len() != SECRET_BYTES {
            return Err(Error::Malformed);
        }
        seed.copy_from_slice(opening);
        Self::from_secrets(signing, seed)
    }
}

impl fmt::Debug for PrivateKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKeys({})", self.public.id)
    }
}

fn pair_id(verifying: &[u8], sealing: &[u8]) -> KeyId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(ID_CONTEXT).update(verifying).update(sealing);
    let mut id = [0u8; KeyId::BYTES];
    hasher.finalize_xof().fill(&mut id);
    KeyId::from_bytes(id)
}

fn armour(label: &str, bytes: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(BASE64.encode(bytes));
    let mut text = Zeroizing::new(String::with_capacity(body.len() + body.len() / 64 + 2 * label.len() + 64));
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    for (index, letter) in body.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}

fn disarm(label: &str, text: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    if text.len() as u64 > limits::KEY_FILE_BYTES_MAX {
        return Err(Error::Malformed);
    }
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----")).ok_or(Error::Malformed)?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----")).ok_or(Error::Malformed)?;
    let body: Zeroizing<String> = Zeroizing::new(body.chars().filter(|c| !c.is_ascii_whitespace()).collect());
    BASE64.decode(body.as_bytes()).map(Zeroizing::new).map_err(|_| Error::Malformed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn key_files_round_trip_and_name_the_same_pair() {
        let keys = PrivateKeys::generate().unwrap();
        let read = PrivateKeys::from_text(&keys.to_text()).unwrap();
        assert_eq!(read.id(), keys.id());
        let public = PublicKeys::from_text(&keys.public().to_text()).unwrap();
        assert_eq!(&public, keys.public());
        public.verify(b"message", &read.signer().sign(b"message")).unwrap();
        assert_eq!(public.verify(b"massage", &read.signer().sign(b"message")), Err(Error::Signature));
        let signer = Signer::from_bytes(keys.signer().to_bytes().as_slice()).unwrap();
        assert_eq!(signer.sign(b"m"), keys.signer().sign(b"m"));
        let opener = Opener::from_bytes(keys.opener().to_bytes().as_slice()).unwrap();
        assert_eq!(opener.seed, keys.opener().seed);
        assert_eq!(opener.id(), keys.id());
    }

    #[test]
    fn a_file_of_readers_keeps_their_order() {
        let keys: Vec<_> = (0..3).map(|_| PrivateKeys::generate().unwrap().public().clone()).collect();
        let text: String = keys.iter().map(PublicKeys::to_text).collect();
        assert_eq!(PublicKeys::list_from_text(&text).unwrap(), keys);
        assert!(PublicKeys::list_from_text("").is_err());
        assert!(PublicKeys::list_from_text(&(text + "rubbish")).is_err());
    }

    #[test]
    fn one_kind_of_key_file_is_not_taken_for_another() {
        let keys = PrivateKeys::generate().unwrap();
        assert!(PrivateKeys::from_text(&keys.public().to_text()).is_err());
        assert!(PublicKeys::from_text(&keys.to_text()).is_err());
        let text = keys.to_text();
        for cut in 0..text.len() - 1 {
            assert!(PrivateKeys::from_text(&text[..cut]).is_err());
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let keys = PrivateKeys::generate().unwrap();
        let secret = hex::encode(&keys.signer().to_bytes()[KeyId::BYTES..]);
        let seed = hex::encode(&keys.opener().to_bytes()[KeyId::BYTES..]);
        let shown = format!("{keys:?} {:?} {:?} {:?}", keys.signer(), keys.opener(), keys.public());
        assert_eq!(shown.matches(&keys.id().to_string()).count(), 4);
        assert!(!shown.contains(&secret) && !shown.contains(&seed));
    }

    #[test]
    fn weak_and_impossible_public_keys_are_refused() {
        let keys = PrivateKeys::generate().unwrap();
        let sealing = keys.public().sealing_bytes();
        // The neutral element: every signature would verify under it.
        let mut neutral = [0u8; 32];
        neutral[0] = 1;
        assert_eq!(PublicKeys::from_parts(&neutral, &sealing), Err(Error::Malformed));
        let verifying = keys.public().verifying_bytes();
        assert!(PublicKeys::from_parts(&verifying, &sealing[1..]).is_err());
        assert!(PublicKeys::from_parts(&verifying, &[0xff; 1216]).is_err());
    }
}
