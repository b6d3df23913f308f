//! Properties of the envelope: what was sealed opens, and nothing else does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::case::{CaseFormat, CaseManifest, Disposition, FrameEntry, FrameKind, Priority, Transport};
use crate::ids::{EnvelopeDigest, EnvelopeId, StatementDigest};
use crate::keys::PrivateKeys;
use crate::limits::PART_PLAIN_BYTES;
use crate::report::{Authority, Origin, ReportContent, ReportFormat, Sections};

/// Test content; in the product only the worker's packed case is `Leaves`.
struct Proven {
    manifest: Vec<u8>,
    frame: Vec<u8>,
}

impl Leaves for Proven {
    const KIND: Kind = Kind::Case;
    fn leaves(&self) -> Vec<Leaf<'_>> {
        vec![
            Leaf { name: "case.json", bytes: &self.manifest },
            Leaf { name: "frame-0000.png", bytes: &self.frame },
        ]
    }
}

static SITE: LazyLock<PrivateKeys> = LazyLock::new(|| PrivateKeys::generate().unwrap());
static READER: LazyLock<PrivateKeys> = LazyLock::new(|| PrivateKeys::generate().unwrap());

fn address() -> Address {
    Address { site: SiteId::random().unwrap(), case: CaseId::random().unwrap(), revision: 3 }
}

fn proven(address: &Address, frame: Vec<u8>) -> Proven {
    let manifest = CaseManifest {
        format: CaseFormat::V1,
        case: address.case,
        revision: address.revision,
        study: "a1b2".into(),
        modality: "DX".into(),
        body_part: Some("CHEST".into()),
        view: None,
        age: Some("045Y".parse().unwrap()),
        sex: None,
        priority: Priority::Urgent,
        findings: vec![],
        disposition: Disposition::Escalate,
        reasons: vec!["asked by the technician".into()],
        note: None,
        statement: StatementDigest::from_bytes([7; 32]),
        transport: Transport::Image,
        frames: vec![FrameEntry {
            index: 0,
            name: "frame-0000.png".into(),
            kind: FrameKind::Png8,
            rows: 10,
            columns: 10,
            bytes: frame.len().max(1) as u64,
            window: None,
            photometric: "MONOCHROME2".into(),
            encoder: None,
        }],
    };
    Proven { manifest: manifest.to_json().unwrap(), frame }
}

fn sealed(address: &Address, frame: Vec<u8>) -> (Vec<u8>, Sealed) {
    let mut out = Vec::new();
    let made =
        Sealer::new(address, SITE.signer(), READER.public()).seal(&proven(address, frame), &mut out).unwrap();
    (out, made)
}

fn opens(envelope: &[u8]) -> Result<(Header, crate::content::Content), Error> {
    open(envelope, SITE.public(), READER.opener())
}

#[test]
fn what_was_sealed_opens_at_every_size_around_a_part() {
    let address = address();
    let (_, empty) = sealed(&address, vec![]);
    let frame_for = |content: usize| content - empty.content_bytes as usize;
    for content in
        [PART_PLAIN_BYTES - 1, PART_PLAIN_BYTES, PART_PLAIN_BYTES + 1, 2 * PART_PLAIN_BYTES, 2_500_000]
    {
        // The manifest names the frame's length, whose digits move the total by a few bytes; aim, then correct.
        let mut len = frame_for(content);
        for _ in 0..3 {
            let now = sealed(&address, vec![5; len]).1.content_bytes as usize;
            len = len + content - now;
        }
        let (bytes, made) = sealed(&address, vec![5; len]);
        assert_eq!(made.content_bytes as usize, content);
        assert_eq!(made.parts as usize, content.div_ceil(PART_PLAIN_BYTES));
        assert_eq!(made.bytes, bytes.len() as u64);
        assert_eq!(made.digest, EnvelopeDigest::from_bytes(*blake3::hash(&bytes).as_bytes()));
        let (header, opened) = opens(&bytes).unwrap();
        assert_eq!(
            (header.address(), header.kind(), header.envelope()),
            (&address, Kind::Case, made.envelope)
        );
        assert_eq!(header.layout().total_bytes(), made.bytes);
        assert_eq!(opened.get("frame-0000.png").unwrap(), vec![5; len]);
        let manifest = CaseManifest::from_json(opened.first("case.json").unwrap()).unwrap();
        assert_eq!(manifest.frames[0].bytes, len as u64);
    }
}

#[test]
fn no_single_flipped_bit_is_accepted() {
    let (bytes, _) = sealed(&address(), vec![9; 40]);
    assert!(opens(&bytes).is_ok());
    for position in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[position] ^= 1 << bit;
            // The signature is checked first, so no flip may even reach the cipher: only these two answers.
            let error = opens(&changed).unwrap_err();
            let early = [Error::Malformed, Error::TooLarge, Error::Unsigned, Error::Damaged].contains(&error);
            assert!(early, "bit {bit} of byte {position}: {error:?}");
            if bit == position % 8 {
                let inspected = inspect(changed.as_slice(), SITE.public()).unwrap();
                assert!(matches!(inspected, Inspection::Incomplete), "bit {bit} of byte {position}");
            }
        }
    }
}

#[test]
fn no_truncation_and_no_addition_is_accepted() {
    let (bytes, made) = sealed(&address(), vec![9; 40]);
    for len in 0..bytes.len() {
        assert!(opens(&bytes[..len]).is_err());
        assert!(matches!(inspect(&bytes[..len], SITE.public()).unwrap(), Inspection::Incomplete));
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(opens(&longer).is_err());
    assert!(matches!(inspect(longer.as_slice(), SITE.public()).unwrap(), Inspection::Incomplete));
    let Inspection::Complete { digest, bytes: len, verified } =
        inspect(bytes.as_slice(), SITE.public()).unwrap()
    else {
        panic!("a whole envelope is complete");
    };
    assert_eq!((digest, len, verified.header().envelope()), (made.digest, made.bytes, made.envelope));
}

/// Cuts an envelope into header, parts and seal.
fn pieces(bytes: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>, Vec<u8>) {
    let header = Header::parse(&bytes[..Header::BYTES]).unwrap();
    let layout = header.layout();
    let parts = (0..layout.parts())
        .map(|i| bytes[layout.part_offset(i) as usize..][..layout.part_bytes(i)].to_vec())
        .collect();
    (bytes[..Header::BYTES].to_vec(), parts, bytes[layout.seal_offset() as usize..].to_vec())
}

#[test]
fn parts_cannot_be_swapped_or_taken_from_another_envelope() {
    let address = address();
    let frame: Vec<u8> = (0..3 * PART_PLAIN_BYTES).map(|i| (i % 251) as u8).collect();
    let (one, _) = sealed(&address, frame.clone());
    let (two, _) = sealed(&address, frame);
    let (head, parts, seal) = pieces(&one);
    let (head_two, parts_two, seal_two) = pieces(&two);
    assert_ne!(parts[0], parts_two[0], "content keys are fresh, so equal content seals differently");
    let join = |h: &[u8], p: &[Vec<u8>], s: &[u8]| [h, &p.concat(), s].concat();
    assert!(opens(&join(&head, &parts, &seal)).is_ok());
    for (a, b) in [(0, 1), (1, 2), (0, 2)] {
        let mut swapped = parts.clone();
        swapped.swap(a, b);
        assert!(opens(&join(&head, &swapped, &seal)).is_err());
    }
    for index in 0..parts.len() {
        let mut mixed = parts.clone();
        mixed[index] = parts_two[index].clone();
        assert_eq!(opens(&join(&head, &mixed, &seal)).unwrap_err(), Error::Damaged);
    }
    assert_eq!(opens(&join(&head_two, &parts, &seal)).unwrap_err(), Error::Unsigned);
    assert_eq!(opens(&join(&head, &parts, &seal_two)).unwrap_err(), Error::Unsigned);
}

/// The cipher alone, without the signed digests, also refuses: the associated data binds place and header.
#[test]
fn the_cipher_itself_binds_part_number_last_mark_and_header() {
    let address = address();
    let frame = vec![1; 2 * PART_PLAIN_BYTES];
    let (_, parts, _) = pieces(&sealed(&address, frame.clone()).0);
    let (head, own, _) = pieces(&sealed(&address, frame).0);
    let resigned = |parts: &[Vec<u8>]| {
        let header = Header::parse(&head).unwrap();
        let digests = parts.iter().map(|part| *blake3::hash(part).as_bytes()).collect();
        let seal = Seal::sign(&header, digests, SITE.signer());
        opens(&[&head[..], &parts.concat(), seal.as_bytes()].concat())
    };
    assert!(resigned(&own).is_ok());
    let swapped = vec![own[1].clone(), own[0].clone(), own[2].clone()];
    assert_eq!(resigned(&swapped).unwrap_err(), Error::Damaged);
    let foreign = vec![own[0].clone(), parts[1].clone(), own[2].clone()];
    assert_eq!(resigned(&foreign).unwrap_err(), Error::Damaged);
}

/// With the right key, nonce, digests and signature, a part sealed under another header still does not open.
#[test]
fn every_part_is_bound_to_its_header_by_the_cipher() {
    use super::header::Fields;
    use super::sealer::{PartWriter, wrap_key};
    use rand_chacha::rand_core::SeedableRng as _;
    let address = address();
    let content = proven(&address, vec![8; 50]);
    let (key, prefix) = ([42; 32], [1; 7]);
    let content_bytes = crate::content::encoded_bytes(&content.leaves()).unwrap();
    let envelope = EnvelopeId::random().unwrap();
    let (sender, recipient) = (SITE.id(), READER.id());
    let header_of = |address: &Address| {
        let fields = Fields { kind: Kind::Case, address, envelope, sender, recipient, content_bytes, prefix };
        let mut rng = rand_chacha::ChaCha20Rng::from_seed([3; 32]);
        wrap_key(&fields, READER.public(), &key, &mut rng).unwrap()
    };
    let header = header_of(&address);
    let sealed_under = |other: &Header| {
        let mut part = Vec::new();
        let mut writer = PartWriter::new(other, &key, prefix, &mut part);
        crate::content::encode(&content.leaves(), |piece| {
            writer.push(piece).unwrap();
            Ok::<_, crate::content::Error>(())
        })
        .unwrap();
        let digests = writer.finish_parts().unwrap();
        drop(writer);
        let seal = Seal::sign(&header, digests, SITE.signer());
        opens(&[header.as_bytes(), &part, seal.as_bytes()].concat()).map(|_| ())
    };
    assert_eq!(sealed_under(&header), Ok(()));
    for other in [
        Address { site: SiteId::random().unwrap(), ..address },
        Address { case: CaseId::random().unwrap(), ..address },
        Address { revision: 4, ..address },
    ] {
        assert_eq!(sealed_under(&header_of(&other)), Err(Error::Damaged));
    }
    assert_ne!(header.part_data(0), header.part_data(1));
}

#[test]
fn a_queue_without_keys_checks_every_part() {
    let (bytes, _) = sealed(&address(), vec![6; PART_PLAIN_BYTES]);
    let (head, parts, seal) = pieces(&bytes);
    let verified = verify(&head, &seal, SITE.public()).unwrap();
    for (part, index) in parts.iter().zip(0..) {
        assert_eq!(verified.check_part(index, part), Ok(()));
        let mut changed = part.clone();
        changed[7] ^= 1;
        assert_eq!(verified.check_part(index, &changed), Err(Error::Damaged));
        assert_eq!(verified.check_part(index, &part[1..]), Err(Error::Damaged));
        assert_eq!(verified.check_part(index + 1, part), Err(Error::Damaged));
    }
}

#[test]
fn only_the_named_keys_sign_and_open() {
    let (bytes, _) = sealed(&address(), vec![1; 100]);
    let stranger = PrivateKeys::generate().unwrap();
    assert_eq!(open(&bytes, stranger.public(), READER.opener()).unwrap_err(), Error::Unsigned);
    assert_eq!(open(&bytes, SITE.public(), stranger.opener()).unwrap_err(), Error::Recipient);
    let mut forged = Vec::new();
    let address = address();
    Sealer::new(&address, stranger.signer(), READER.public())
        .seal(&proven(&address, vec![1]), &mut forged)
        .unwrap();
    assert_eq!(opens(&forged).unwrap_err(), Error::Unsigned);
}

#[test]
fn a_stolen_key_id_is_not_enough() {
    // A header that claims the site's key id, signed by a stranger who has all else right.
    let address = address();
    let stranger = PrivateKeys::generate().unwrap();
    let mut claimed = SITE.id().as_bytes().to_vec();
    claimed.extend_from_slice(&stranger.signer().to_bytes()[16..]);
    let liar = crate::keys::Signer::from_bytes(&claimed).unwrap();
    let mut forged = Vec::new();
    Sealer::new(&address, &liar, READER.public()).seal(&proven(&address, vec![1]), &mut forged).unwrap();
    assert_eq!(opens(&forged).unwrap_err(), Error::Unsigned);
}

#[test]
fn content_must_name_the_addressed_case() {
    let address = address();
    let other = Address { case: CaseId::random().unwrap(), ..address };
    let wrong =
        Sealer::new(&other, SITE.signer(), READER.public()).seal(&proven(&address, vec![1]), Vec::new());
    assert_eq!(wrong.unwrap_err(), Error::Content);
    let edition = Address { revision: 4, ..address };
    let wrong =
        Sealer::new(&edition, SITE.signer(), READER.public()).seal(&proven(&address, vec![1]), Vec::new());
    assert_eq!(wrong.unwrap_err(), Error::Content);
}

#[test]
fn a_report_goes_the_other_way() {
    let address = address();
    let report = ReportContent {
        format: ReportFormat::V1,
        case: address.case,
        revision: address.revision,
        origin: Origin { backend: "reference".into(), model: "m".into(), version: "1".into() },
        authority: Authority::Unsigned {},
        sections: Sections { findings: "Opacity left.".into(), impression: String::new() },
        priority: None,
        closes_flag: false,
        created: "2026-01-02T03:04:05Z".into(),
    };
    let mut bytes = Vec::new();
    let leaves = ReportLeaves::new(&report).unwrap();
    Sealer::new(&address, READER.signer(), SITE.public()).seal(&leaves, &mut bytes).unwrap();
    let (header, content) = open(&bytes, READER.public(), SITE.opener()).unwrap();
    assert_eq!(header.kind(), Kind::Report);
    assert_eq!(ReportContent::from_json(content.first("report.json").unwrap()).unwrap(), report);
    assert!(opens(&bytes).is_err());
}

#[test]
fn a_failing_writer_is_an_error_not_a_half_success() {
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let address = address();
    for room in [0, Header::BYTES, Header::BYTES + 100] {
        let sealer = Sealer::new(&address, SITE.signer(), READER.public());
        assert_eq!(sealer.seal(&proven(&address, vec![1]), Full(room)).unwrap_err(), Error::Io);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        prop_assert!(opens(&bytes).is_err());
        prop_assert!(matches!(inspect(bytes.as_slice(), SITE.public()), Ok(Inspection::Incomplete)));
    }

    #[test]
    fn a_damaged_header_of_any_shape_is_refused(at in 0..Header::BYTES, patch in prop::collection::vec(any::<u8>(), 1..64)) {
        let (mut bytes, _) = sealed(&address(), vec![3; 10]);
        let before = bytes.clone();
        for (target, value) in bytes.iter_mut().skip(at).zip(&patch) { *target = *value; }
        prop_assert_eq!(opens(&bytes).is_ok(), before == bytes);
    }

    #[test]
    fn any_frame_round_trips(frame in prop::collection::vec(any::<u8>(), 1..20_000)) {
        let (bytes, made) = sealed(&address(), frame.clone());
        prop_assert_eq!(made.bytes, bytes.len() as u64);
        let (_, content) = opens(&bytes).unwrap();
        prop_assert_eq!(content.get("frame-0000.png").unwrap(), frame.as_slice());
    }
}
