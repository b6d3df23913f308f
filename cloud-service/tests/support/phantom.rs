//! Phantom cases of one frame for the tests of the whole.

use proto::case::{CaseFormat, CaseManifest, Disposition, FrameEntry, FrameKind, Transport};
use proto::content::Leaf;
use proto::envelope::{Kind, Leaves};
use proto::ids::{CaseId, StatementDigest};

/// A ramp as a PNG of 8 x 8 pixels, wrapped as a case.
pub(crate) struct Phantom {
    pub id: CaseId,
    manifest: Vec<u8>,
    name: &'static str,
    bytes: Vec<u8>,
}

impl Leaves for Phantom {
    const KIND: Kind = Kind::Case;
    fn leaves(&self) -> Vec<Leaf<'_>> {
        vec![
            Leaf { name: proto::case::CASE_JSON, bytes: &self.manifest },
            Leaf { name: self.name, bytes: &self.bytes },
        ]
    }
}

pub(crate) fn phantom(id: CaseId) -> Phantom {
    let pixels: Vec<u8> = (0..64).map(|i| i * 4).collect();
    let mut png = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut png);
    image::ImageEncoder::write_image(encoder, &pixels, 8, 8, image::ExtendedColorType::L8).unwrap();
    one_frame(id, "frame-0000.png", png, FrameKind::Png8, (8, 8), None)
}

/// What an encoder would have sent: as many numbers as the reference bundle's embedding holds.
pub(crate) fn encoded(id: CaseId, encoder: &str) -> Phantom {
    let bytes: Vec<u8> = (0..64_u8).flat_map(|i| (f32::from(i) / 64.0 - 0.5).to_le_bytes()).collect();
    one_frame(id, "frame-0000.bin", bytes, FrameKind::Embedding, (1, 64), Some(encoder.to_owned()))
}

fn one_frame(
    id: CaseId,
    name: &'static str,
    bytes: Vec<u8>,
    kind: FrameKind,
    (rows, columns): (u32, u32),
    encoder: Option<String>,
) -> Phantom {
    let transport = if kind == FrameKind::Embedding { Transport::Embedding } else { Transport::Image };
    let length = bytes.len() as u64;
    let photometric = "MONOCHROME2".to_owned();
    let frame = FrameEntry {
        index: 0,
        name: name.into(),
        kind,
        rows,
        columns,
        bytes: length,
        window: None,
        photometric,
        encoder,
    };
    let manifest = CaseManifest {
        format: CaseFormat::V1,
        case: id,
        revision: 1,
        study: "P1".into(),
        modality: "DX".into(),
        body_part: None,
        view: None,
        age: None,
        sex: None,
        priority: proto::case::Priority::Routine,
        findings: Vec::new(),
        disposition: Disposition::Escalate,
        reasons: vec!["asked for".into()],
        note: None,
        statement: StatementDigest::from_bytes([1; 32]),
        transport,
        frames: vec![frame],
    };
    Phantom { id, manifest: manifest.to_json().unwrap(), name, bytes }
}
