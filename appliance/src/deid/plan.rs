//! The plan of one instance: everything that is written, and everything that was taken out.
use super::apply::Transformer;
use super::rule::ActionCode;
use super::{Deidentified, Error, Facts, HoldReason, Keys, Policy, StudyContext, gate, mark};
use crate::dicom::{self, ByteRange, DataSet, FileMeta, ReadAt, TransferSyntax, Value, tags};
use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;

/// A rectangle to black out, in pixels: columns `x0..x1`, rows `y0..y1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PixelBox {
    /// Frame, from 0; `None` for every frame.
    pub frame: Option<u32>,
    /// First column.
    pub x0: u32,
    /// First row.
    pub y0: u32,
    /// First column after the box.
    pub x1: u32,
    /// First row after the box.
    pub y1: u32,
}

/// What kind of value was removed; decides how the second pass looks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RemovedKind {
    /// A person's name, components split at `^`, `=` and blanks.
    Name,
    /// An identifier: patient, accession, order, device, phone.
    Id,
    /// A DA or DT value.
    Date,
    /// A UID.
    Uid,
    /// An institution, an address, a free text.
    Text,
}

/// A value that was removed or replaced. Identified: `Debug` shows its kind alone; it stays in the worker.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RemovedValue {
    /// Its kind.
    pub kind: RemovedKind,
    /// The decoded text.
    pub text: String,
    /// The bytes as they were stored, without padding.
    pub raw: Vec<u8>,
}

impl fmt::Debug for RemovedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemovedValue({:?})", self.kind)
    }
}

/// What to write for one instance and why. `Debug` shows counts alone.
#[derive(Clone)]
pub struct Plan {
    /// The new data set; byte ranges in it refer to [`dicom::Parsed::bulk`] of the original.
    pub header: Deidentified<DataSet>,
    /// What may leave beside the pixels.
    pub facts: Deidentified<Facts>,
    /// Ranges that are copied through, in the order of the header.
    pub copies: Vec<ByteRange>,
    /// Boxes to black out before the pixels are written.
    pub boxes: Vec<PixelBox>,
    /// How often each action was taken, at every level.
    pub actions: BTreeMap<ActionCode, u32>,
    /// Every removed value, sorted, each once; for [`super::Search`].
    pub removed: Vec<RemovedValue>,
    /// Why it waits for a person; empty when it may leave.
    pub holds: Vec<HoldReason>,
    /// The syntax that is written.
    pub syntax: TransferSyntax,
    policy: &'static str,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("policy", &self.policy)
            .field("actions", &self.actions)
            .field("boxes", &self.boxes.len())
            .field("removed", &self.removed.len())
            .field("holds", &self.holds)
            .finish_non_exhaustive()
    }
}

/// Decides what leaves of one instance. Pure: the same arguments give the same plan.
pub fn plan(meta: &FileMeta, data: &DataSet, context: &StudyContext, policy: &Policy, keys: &Keys) -> Plan {
    let own = mark::is_own(data, policy, keys);
    let mut work = Transformer::new(data, meta, context, policy, keys, own);
    let mut header = work.data_set(data);
    work.note_meta(meta);
    let (actions, removed) = work.finish(&header);
    mark::put(&mut header, data, context, policy, own);
    let copies = ranges(&header);
    Plan {
        facts: Deidentified::new(Facts::of(&header)),
        header: Deidentified::new(header),
        copies,
        boxes: Vec::new(),
        actions,
        removed,
        holds: gate::reasons(meta, data, context),
        syntax: meta.syntax.output(),
        policy: policy.name(),
    }
}

impl Plan {
    /// Takes in the boxes that `pixels` found; an instance with boxes says Burned In Annotation NO only because
    /// [`Plan::write_with_pixels`] insists on getting the blackened pixels.
    pub fn add_boxes(&mut self, boxes: &[PixelBox]) {
        self.boxes.extend_from_slice(boxes);
        self.boxes.sort_unstable();
        self.boxes.dedup();
        if !self.boxes.is_empty() {
            self.header.inner_mut().put_text(tags::BURNED_IN_ANNOTATION, dicom::Vr::CS, "NO");
        }
    }

    /// The digest of everything that is written and why, BLAKE3: packing repeats the plan and compares. Holds are
    /// not part of it, so that a release by a person does not change it.
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"scanside deid plan 1\0");
        hasher.update(self.policy.as_bytes());
        hasher.update(&[0]);
        hasher.update(self.syntax.uid().as_bytes());
        hasher.update(&[0]);
        // A header that cannot be encoded has no digest that equals another's length-prefixed one.
        let header = dicom::encode_data_set(&self.header).unwrap_or_default();
        hasher.update(&(header.len() as u64).to_le_bytes());
        hasher.update(&header);
        for part in &self.boxes {
            let frame = part.frame.map_or(u64::MAX, u64::from);
            hasher.update(&frame.to_le_bytes());
            for number in [part.x0, part.y0, part.x1, part.y1] {
                hasher.update(&number.to_le_bytes());
            }
        }
        *hasher.finalize().as_bytes()
    }

    /// Writes the de-identified P10 file, copying pixels from `source` ([`dicom::Parsed::bulk`]).
    ///
    /// Holds are not looked at here: who may release what is the gate's business.
    ///
    /// # Errors
    /// [`Error::BoxesNotApplied`] when there are boxes; otherwise those of reading and writing.
    pub fn write<S: ReadAt>(&self, source: S, sink: &mut dyn Write) -> Result<(), Error> {
        if !self.boxes.is_empty() {
            return Err(Error::BoxesNotApplied);
        }
        self.write_parts(&self.header, &self.syntax, source, sink)
    }

    /// Writes the file with other pixels: `pixels` is the blackened Pixel Data, native little endian, all frames.
    ///
    /// # Errors
    /// Those of reading and writing.
    pub fn write_with_pixels<S: ReadAt>(
        &self,
        source: S,
        pixels: Vec<u8>,
        sink: &mut dyn Write,
    ) -> Result<(), Error> {
        let mut header = (*self.header).clone();
        let wide = header.int(tags::BITS_ALLOCATED).is_some_and(|bits| bits > 8);
        let vr = if wide { dicom::Vr::OW } else { dicom::Vr::OB };
        header.put(dicom::Element::bytes(tags::PIXEL_DATA, vr, pixels));
        self.write_parts(&header, &TransferSyntax::from_uid(TransferSyntax::EXPLICIT_LE), source, sink)
    }

    fn write_parts<S: ReadAt>(
        &self,
        header: &DataSet,
        syntax: &TransferSyntax,
        source: S,
        sink: &mut dyn Write,
    ) -> Result<(), Error> {
        let meta = FileMeta::for_data_set(header, syntax.uid());
        Ok(dicom::write_file(&meta, header, source, sink)?)
    }
}

fn ranges(header: &DataSet) -> Vec<ByteRange> {
    let mut found = Vec::new();
    header.walk(|_, element, _| match &element.value {
        Value::Bulk(range) => found.push(*range),
        Value::Fragments(table) => found.extend_from_slice(&table.fragments),
        _ => {}
    });
    found
}
