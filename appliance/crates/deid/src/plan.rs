//! The plan of one instance: everything that is written, and everything that was taken out.
use super::apply::Transformer;
use super::case_facts::CaseFacts;
use super::context::StudyContext;
use super::deidentified::Deidentified;
use super::error::Error;
use super::hold::{self, HoldReason};
use super::keys::Keys;
use super::mark;
use super::policy::Policy;
use super::reidentification_map::ReidentificationMap;
use super::step::Step;
use super::terms::{ActionCode, Actions, PixelBox, RemovedValue};
use dicom::{self, ByteRange, DataSet, FileMeta, ReadAt, TransferSyntax, Value, tags};
use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;

/// Pixel data as it is written after blacking out: uncompressed, samples of a pixel side by side.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NativePixels {
    /// Photometric Interpretation of the values.
    pub photometric: &'static str,
    /// Samples per Pixel.
    pub samples: u16,
    /// Bits Allocated.
    pub bits_allocated: u16,
    /// Bits Stored.
    pub bits_stored: u16,
    /// High Bit.
    pub high_bit: u16,
    /// All frames, little endian.
    pub bytes: Vec<u8>,
}

impl NativePixels {
    /// Makes the header say what the values are (PS3.3 C.7.6.3).
    fn describe(&self, header: &mut DataSet) {
        header.put_text(tags::PHOTOMETRIC_INTERPRETATION, dicom::Vr::CS, self.photometric);
        let mut number = |tag, value: u16| {
            header.put(dicom::Element::bytes(tag, dicom::Vr::US, value.to_le_bytes().to_vec()));
        };
        number(tags::BITS_ALLOCATED, self.bits_allocated);
        number(tags::BITS_STORED, self.bits_stored);
        number(tags::HIGH_BIT, self.high_bit);
        if self.samples > 1 {
            number(tags::PLANAR_CONFIGURATION, 0);
        }
        for table in [dicom::Tag::new(0x7FE0, 0x0001), dicom::Tag::new(0x7FE0, 0x0002)] {
            header.remove(table);
        }
    }
}

/// What to write for one instance and why. `Debug` shows counts alone.
#[derive(Clone)]
pub struct DeidPlan {
    /// The new data set; byte ranges in it refer to [`dicom::Parsed::bulk`] of the original.
    pub header: Deidentified<DataSet>,
    /// What may leave beside the pixels.
    pub facts: Deidentified<CaseFacts>,
    /// Ranges that are copied through, in the order of the header.
    pub copies: Vec<ByteRange>,
    /// Boxes of text to black out before the pixels are written.
    pub boxes: Vec<PixelBox>,
    /// Boxes of the face, black too; many and narrow.
    pub face: Vec<PixelBox>,
    /// The pixels are written anew although nothing is black: their compressed form carries more than a picture.
    pub anew: bool,
    /// How often each action was taken on each attribute, at every level, and by which rule.
    pub actions: Actions,
    /// Every removed value, sorted, each once; for [`super::Search`].
    pub removed: Vec<RemovedValue>,
    /// What its pseudonyms replaced, for the site's vault.
    pub reidentification: ReidentificationMap,
    /// Why it waits for a person; empty when it may leave.
    pub holds: Vec<HoldReason>,
    /// The syntax that is written.
    pub syntax: TransferSyntax,
    policy: String,
}

impl fmt::Debug for DeidPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeidPlan")
            .field("policy", &self.policy)
            .field("actions", &self.action_counts())
            .field("boxes", &self.boxes.len())
            .field("removed", &self.removed.len())
            .field("holds", &self.holds)
            .finish_non_exhaustive()
    }
}

/// Decides what leaves of one instance. Pure: the same arguments give the same plan.
pub fn plan(
    meta: &FileMeta,
    data: &DataSet,
    context: &StudyContext,
    policy: &Policy,
    keys: &Keys,
) -> DeidPlan {
    let narrowed = policy.retains_identifiers().then(|| context.without_retained(policy));
    let context = narrowed.as_ref().unwrap_or(context);
    let own = mark::is_own(data, policy, keys);
    let mut work = Transformer::new(data, meta, context, policy, keys, own);
    let mut header = work.data_set(data);
    work.note_meta(meta);
    let (actions, removed, reidentification) = work.finish(&header);
    mark::put(&mut header, data, context, policy, own);
    let copies = ranges(&header);
    DeidPlan {
        facts: Deidentified::new(CaseFacts::of(&header)),
        header: Deidentified::new(header),
        copies,
        boxes: Vec::new(),
        face: Vec::new(),
        anew: false,
        actions,
        removed,
        reidentification,
        holds: hold::reasons(meta, data, context, policy),
        syntax: meta.syntax.output(),
        policy: policy.name().to_owned(),
    }
}

/// Every action on an instance in the order of its attributes, the rules behind them, and the values before and after.
/// Identified: it stays with who asked.
pub fn explain(
    meta: &FileMeta,
    data: &DataSet,
    context: &StudyContext,
    policy: &Policy,
    keys: &Keys,
) -> Vec<Step> {
    let narrowed = policy.retains_identifiers().then(|| context.without_retained(policy));
    let context = narrowed.as_ref().unwrap_or(context);
    let own = mark::is_own(data, policy, keys);
    let mut work = Transformer::new(data, meta, context, policy, keys, own);
    work.trail = Some(Vec::new());
    work.data_set(data);
    work.trail.unwrap_or_default()
}

impl DeidPlan {
    /// How often each action was taken, at every level.
    pub fn action_counts(&self) -> BTreeMap<ActionCode, u32> {
        let mut counts: BTreeMap<ActionCode, u32> = BTreeMap::new();
        for ((_, action, _), number) in &self.actions {
            let count = counts.entry(*action).or_default();
            *count = count.saturating_add(*number);
        }
        counts
    }

    /// Takes in what `pixels` found in every frame: these boxes are black in what is written, and no reason to wait is
    /// left that is about text in the pixels. An instance with boxes says Burned In Annotation NO only because
    /// [`DeidPlan::write_with_pixels`] insists on getting the blackened pixels.
    pub fn clean_pixels(&mut self, boxes: &[PixelBox]) {
        self.boxes.extend_from_slice(boxes);
        self.boxes.sort_unstable();
        self.boxes.dedup();
        self.holds.retain(|hold| !hold.is_text_in_pixels());
        let header = self.header.inner_mut();
        header.put_text(tags::BURNED_IN_ANNOTATION, dicom::Vr::CS, "NO");
        mark::put_pixels_cleaned(header);
    }

    /// Blackens what a person drew, beside what was found. Not part of the digest that was recorded before: take it
    /// first.
    pub fn black_out(&mut self, boxes: &[PixelBox]) {
        self.boxes.extend_from_slice(boxes);
        self.boxes.sort_unstable();
        self.boxes.dedup();
    }

    /// Takes in where the face is: black in what is written, and no reason to wait any more. As with
    /// [`DeidPlan::clean_pixels`], the header says so because writing insists on the blackened pixels.
    pub fn deface(&mut self, boxes: &[PixelBox]) {
        self.face = boxes.to_vec();
        self.holds.retain(|hold| *hold != HoldReason::FaceInVolume);
        let header = self.header.inner_mut();
        header.put_text(tags::RECOGNIZABLE_VISUAL_FEATURES, dicom::Vr::CS, "NO");
        mark::put_defaced(header);
    }

    /// Everything that is black in what is written.
    pub fn black(&self) -> Vec<PixelBox> {
        self.boxes.iter().chain(&self.face).copied().collect()
    }

    /// The pixels are copied as they are.
    pub fn is_untouched(&self) -> bool {
        self.boxes.is_empty() && self.face.is_empty() && !self.anew
    }

    /// Makes it wait for a person.
    pub fn hold(&mut self, reason: HoldReason) {
        self.holds.push(reason);
        self.holds.sort_unstable();
        self.holds.dedup();
    }

    /// The digest of everything that is written and why, BLAKE3: packing repeats the plan and compares. Holds are
    /// not part of it, so that a release by a person does not change it.
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"scanside deid plan 2\0");
        hasher.update(self.policy.as_bytes());
        hasher.update(&[0]);
        hasher.update(self.syntax.uid().as_bytes());
        hasher.update(&[0]);
        // A header that cannot be encoded has no digest that equals another's length-prefixed one.
        let header = dicom::encode_data_set(&self.header).unwrap_or_default();
        hasher.update(&(header.len() as u64).to_le_bytes());
        hasher.update(&header);
        hasher.update(&[u8::from(self.anew)]);
        for part in self.boxes.iter().chain(&self.face) {
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
    /// Holds are not looked at here: who may release what is decided elsewhere.
    ///
    /// # Errors
    /// [`Error::BoxesNotApplied`] when there are boxes; otherwise those of reading and writing.
    pub fn write<S: ReadAt>(&self, source: S, sink: &mut dyn Write) -> Result<(), Error> {
        if !self.is_untouched() {
            return Err(Error::BoxesNotApplied);
        }
        self.write_parts(&self.header, &self.syntax, source, sink)
    }

    /// Writes the file with other pixels, native little endian, all frames. A frame that was compressed with loss is
    /// not compressed again: outside the boxes it shows what it showed.
    ///
    /// # Errors
    /// Those of reading and writing.
    pub fn write_with_pixels<S: ReadAt>(
        &self,
        source: S,
        pixels: NativePixels,
        sink: &mut dyn Write,
    ) -> Result<(), Error> {
        let mut header = (*self.header).clone();
        pixels.describe(&mut header);
        let vr = if pixels.bits_allocated > 8 { dicom::Vr::OW } else { dicom::Vr::OB };
        header.put(dicom::Element::bytes(tags::PIXEL_DATA, vr, pixels.bytes));
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
