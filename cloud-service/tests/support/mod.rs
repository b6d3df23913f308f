//! For the tests of several rooms: a site with keys, a sealed phantom case, a queue and a store on a temporary folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use proto::case::{
    CaseFormat, CaseManifest, Disposition, Finding, FrameEntry, FrameKind, Priority, Transport,
};
use proto::content::Leaf;
use proto::envelope::{Address, Kind, Leaves, Sealed, Sealer};
use proto::ids::{CaseId, SiteId, StatementDigest};
use proto::keys::{PrivateKeys, PublicKeys};
use proto::pki::Authority;

use crate::objects::Objects;
use crate::queue::{Invitation, Millis, Queue};

/// A queue and a store of their own.
pub(crate) struct TestCloud {
    pub queue: Queue,
    pub objects: Objects,
    pub authority: Arc<Authority>,
    pub reader: PrivateKeys,
    /// Removed with everything in it when the cloud is dropped.
    _dir: tempfile::TempDir,
}

static LOOKS: AtomicI64 = AtomicI64::new(0);
static START: OnceLock<Millis> = OnceLock::new();

/// A clock that starts now (certificates are issued by it) and moves on with every look, and by nothing else.
pub(crate) fn clock() -> Millis {
    let now = || i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    START.get_or_init(now) + LOOKS.fetch_add(1, Ordering::Relaxed)
}

impl TestCloud {
    pub(crate) async fn new() -> Self {
        Self::within(tempfile::tempdir().unwrap()).await
    }

    pub(crate) async fn within(dir: tempfile::TempDir) -> Self {
        let queue =
            Queue::open(&format!("sqlite://{}", dir.path().join("q.sqlite").display()), true).await.unwrap();
        let objects =
            Objects::open(&format!("file://{}", dir.path().join("objects").display()), true).unwrap();
        let authority = Arc::new(Authority::create(time::OffsetDateTime::now_utc()).unwrap());
        Self { queue, objects, authority, reader: PrivateKeys::generate().unwrap(), _dir: dir }
    }

    /// An enrolled site, without the wire.
    pub(crate) async fn site(&self, name: &str) -> Site {
        let (id, keys) = (SiteId::random().unwrap(), PrivateKeys::generate().unwrap());
        let hash = *blake3::hash(name.as_bytes()).as_bytes();
        let text = id.to_string();
        let i = Invitation { id: &text, name, token_hash: hash, until: i64::MAX };
        self.queue.invite_site(&i, clock()).await.unwrap();
        let public = [keys.public().verifying_bytes(), keys.public().sealing_bytes()].concat();
        self.queue.enrol_site(&hash, &public, b"none", clock(), clock()).await.unwrap();
        Site { id, keys }
    }

    /// Puts a sealed case into the queue as the service would.
    pub(crate) async fn receive(&self, site: &Site, case: &Case) -> i64 {
        let (bytes, sealed) = case.seal(site, self.reader.public());
        let parts = Parts::of(&bytes);
        let a = crate::queue::Announced {
            id: sealed.envelope.to_string(),
            site: site.id.to_string(),
            case_id: case.id.to_string(),
            revision: case.revision,
            priority: case.rank,
            modality: "DX".into(),
            header: parts.header.clone(),
            seal: parts.seal.clone(),
            digest: sealed.digest.as_bytes().to_vec(),
            parts: u32::try_from(parts.parts.len()).unwrap(),
            bytes: sealed.bytes,
        };
        self.queue.begin_envelope(&a, clock()).await.unwrap();
        for (n, part) in parts.parts.iter().enumerate() {
            let n = u32::try_from(n).unwrap();
            let folder = format!("envelopes/{}", a.id);
            self.objects.put(&folder, &crate::objects::part_name(n), part.clone().into()).await.unwrap();
            let sum = blake3::hash(part);
            self.queue
                .note_part(&a.site, &a.id, n, part.len() as u64, sum.as_bytes(), clock())
                .await
                .unwrap();
        }
        self.queue.commit_envelope(&a.site, &a.id, clock()).await.unwrap();
        self.queue.case_key(&a.site, &a.case_id, case.revision).await.unwrap()
    }
}

/// A site with its keys.
pub(crate) struct Site {
    pub id: SiteId,
    pub keys: PrivateKeys,
}

/// An envelope cut where the wire cuts it.
pub(crate) struct Parts {
    pub header: Vec<u8>,
    pub seal: Vec<u8>,
    pub parts: Vec<Vec<u8>>,
}

impl Parts {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let header = bytes[..proto::envelope::Header::BYTES].to_vec();
        let layout = proto::envelope::Header::parse(&header).unwrap().layout();
        let parts = (0..layout.parts())
            .map(|n| {
                let at = usize::try_from(layout.part_offset(n)).unwrap();
                bytes[at..at + layout.part_bytes(n)].to_vec()
            })
            .collect();
        let seal = bytes[usize::try_from(layout.seal_offset()).unwrap()..].to_vec();
        Self { header, seal, parts }
    }
}

/// A phantom case: a ramp as its only image. Made here from nothing, so it carries no identity.
pub(crate) struct Case {
    pub id: CaseId,
    pub revision: u32,
    /// As announced: 0 STAT, 1 urgent, 2 routine.
    pub rank: u8,
    manifest: Vec<u8>,
    entries: Vec<(String, Vec<u8>)>,
}

impl Leaves for Case {
    const KIND: Kind = Kind::Case;
    fn leaves(&self) -> Vec<Leaf<'_>> {
        let first = Leaf { name: proto::case::CASE_JSON, bytes: &self.manifest };
        let rest = self.entries.iter().map(|(name, bytes)| Leaf { name, bytes });
        std::iter::once(first).chain(rest).collect()
    }
}

impl Case {
    /// One 8-bit ramp of `side` pixels a side. `padding` bytes beside it make the envelope longer.
    pub(crate) fn image(side: u32, padding: usize) -> Self {
        let pixels = (0..side * side).map(|i| u8::try_from(i % 256).unwrap()).collect::<Vec<_>>();
        let mut png = Vec::new();
        let encoder = image::codecs::png::PngEncoder::new(&mut png);
        image::ImageEncoder::write_image(encoder, &pixels, side, side, image::ExtendedColorType::L8).unwrap();
        let frame = frame("frame-0000.png", FrameKind::Png8, side, side, png.len(), None);
        let mut entries = vec![("frame-0000.png".to_owned(), png)];
        if padding > 0 {
            let noise = blake3::Hasher::new().finalize_xof();
            let mut bytes = vec![0; padding];
            { noise }.fill(&mut bytes);
            entries.push(("padding.bin".to_owned(), bytes));
        }
        Self::of(Transport::Image, vec![frame], entries)
    }

    /// The encoder's output instead of an image.
    pub(crate) fn embedding(values: &[f32], encoder: &str) -> Self {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>();
        let width = u32::try_from(values.len()).unwrap();
        let frame = frame(
            "embedding-0000.bin",
            FrameKind::Embedding,
            1,
            width,
            bytes.len(),
            Some(encoder.to_owned()),
        );
        Self::of(Transport::Embedding, vec![frame], vec![("embedding-0000.bin".to_owned(), bytes)])
    }

    fn of(transport: Transport, frames: Vec<FrameEntry>, entries: Vec<(String, Vec<u8>)>) -> Self {
        let id = CaseId::random().unwrap();
        let manifest = CaseManifest {
            format: CaseFormat::V1,
            case: id,
            revision: 1,
            study: "P0001".into(),
            modality: "DX".into(),
            body_part: Some("CHEST".into()),
            view: Some("PA".into()),
            age: Some("054Y".parse().unwrap()),
            sex: None,
            priority: Priority::Routine,
            findings: vec![Finding {
                scheme: "SCT".into(),
                code: "128305009".into(),
                name: "Lung opacity".into(),
                score: 0.61,
                threshold: 0.8,
                positive: false,
            }],
            disposition: Disposition::Escalate,
            reasons: vec!["the model abstains between its thresholds".into()],
            note: Some("please look <b>twice</b>".into()),
            statement: StatementDigest::from_bytes([3; 32]),
            transport,
            frames,
        };
        Self { id, revision: 1, rank: 2, manifest: manifest.to_json().unwrap(), entries }
    }

    /// The case as a worker would hand it to the page.
    pub(crate) fn view(&self) -> crate::page::View {
        let manifest = CaseManifest::from_json(&self.manifest).unwrap();
        let png = |(i, f): (usize, &FrameEntry)| (f.kind != FrameKind::Embedding).then_some(i);
        let places: Vec<usize> = manifest.frames.iter().enumerate().filter_map(png).collect();
        let images =
            places.iter().map(|i| (u32::try_from(*i).unwrap(), self.entries[*i].1.clone().into())).collect();
        crate::page::View { manifest: Arc::new(manifest), images }
    }

    pub(crate) fn seal(&self, site: &Site, reader: &PublicKeys) -> (Vec<u8>, Sealed) {
        let address = Address { site: site.id, case: self.id, revision: self.revision };
        let mut bytes = Vec::new();
        let sealed = Sealer::new(&address, site.keys.signer(), reader).seal(self, &mut bytes).unwrap();
        (bytes, sealed)
    }
}

fn frame(
    name: &str,
    kind: FrameKind,
    rows: u32,
    columns: u32,
    bytes: usize,
    encoder: Option<String>,
) -> FrameEntry {
    let bytes = bytes as u64;
    let photometric = "MONOCHROME2".to_owned();
    FrameEntry { index: 0, name: name.into(), kind, rows, columns, bytes, window: None, photometric, encoder }
}
