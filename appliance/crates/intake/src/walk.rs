//! The walk over element headers itself: a state machine that may be cut at any byte.

use crate::element::{
    BIRTH_DATE, CHARACTER_SET, Found, ISSUER, ISSUER_ENTITY, ISSUER_ENTITY_TYPE, ISSUER_QUALIFIERS, ITEM,
    ITEM_END, MODALITY, PATIENT_ID, PATIENT_NAME, PIXELS, SEQUENCE_END, SERIES, SOP_CLASS, SOP_INSTANCE,
    STUDY, has_long_length, is_standard_vr, is_vr,
};
use crate::patient::Patient;
use dicom::transfer_syntaxes::Coding;
use dimse::command::uid_text;
use store::PixelData;

/// Sequences within sequences that are followed.
const NESTING: usize = 128;
/// Elements and items that are followed.
const ELEMENTS: u64 = 4_000_000;
/// Longest value kept: a name of three groups of 64 characters (PS3.5 section 6.2) in any character set.
const CAPTURE: u32 = 1_024;
const UNDEFINED: u32 = 0xFFFF_FFFF;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sequence,
    Item,
    /// Encapsulated Pixel Data (PS3.5 A.4); true where it is the one we record.
    Fragments(bool),
}

struct Level {
    kind: Kind,
    /// Where it ends by its own length; `None` where a delimiter ends it.
    end: Option<u64>,
    /// The innermost end by length, its own or an enclosing one: nothing inside may pass it.
    limit: Option<u64>,
    implicit: bool,
    big_endian: bool,
}

/// The state of the walk: a header in the making, what is being passed or kept, the levels around it.
pub(crate) struct Walk {
    implicit: bool,
    big_endian: bool,
    /// Until the first element of the data set proper, whose header shows how it is really coded.
    undecided: bool,
    position: u64,
    head: [u8; 12],
    have: usize,
    need: usize,
    skip: u64,
    capture: Option<(u32, Vec<u8>, usize)>,
    stack: Vec<Level>,
    lost: bool,
    patient: Patient,
    /// The element at the top that is being passed.
    at_top: u32,
    found: Found,
}

impl Walk {
    /// At the first byte of a data set of this coding.
    pub(crate) fn new(coding: Coding) -> Walk {
        Walk {
            implicit: coding.implicit,
            big_endian: coding.big_endian,
            undecided: true,
            position: 0,
            head: [0; 12],
            have: 0,
            need: 8,
            skip: 0,
            capture: None,
            stack: Vec::new(),
            lost: false,
            patient: Patient::default(),
            at_top: 0,
            found: Found { ok: true, ..Found::default() },
        }
    }

    /// Follow no further; what was found stays.
    pub(crate) fn give_up(&mut self) {
        self.lost = true;
        self.found.ok = false;
    }

    /// How many bytes the data set will have at least, known once the length of its top-level Pixel Data, or of the
    /// fragment of it that is coming, has passed. Nothing else is taken at its word, and nothing after a surprise: odd
    /// data that claims too much elsewhere is stored all the same.
    pub(crate) fn declared(&self) -> Option<u64> {
        let pixels = self.found.pixel_data.as_ref().filter(|_| self.found.ok)?;
        let fragment = match self.stack.last() {
            Some(Level { kind: Kind::Fragments(true), .. }) => self.position.saturating_add(self.skip),
            _ => 0,
        };
        Some(pixels.offset.saturating_add(pixels.length).max(fragment))
    }

    /// The next plain bytes.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.lost {
            if self.skip > 0 {
                let count = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
                bytes = bytes.get(count..).unwrap_or_default();
                self.position += count as u64;
                self.skip -= count as u64;
                if self.skip == 0 {
                    self.close_ended();
                }
            } else if let Some((tag, mut value, left)) = self.capture.take() {
                let (piece, rest) = bytes.split_at(left.min(bytes.len()));
                value.extend_from_slice(piece);
                bytes = rest;
                self.position += piece.len() as u64;
                let left = left - piece.len();
                if left > 0 {
                    self.capture = Some((tag, value, left));
                } else {
                    self.keep(tag, &value);
                    self.close_ended();
                }
            } else if !self.cut_short() {
                let count = (self.need - self.have).min(bytes.len());
                let (piece, rest) = bytes.split_at(count);
                if let Some(room) = self.head.get_mut(self.have..self.have + count) {
                    room.copy_from_slice(piece);
                }
                bytes = rest;
                self.have += count;
                self.position += count as u64;
                if self.have == self.need {
                    self.header();
                }
            }
        }
    }

    /// A level whose length leaves no room for another header: pass what is left of it.
    fn cut_short(&mut self) -> bool {
        let Some(limit) = self.stack.last().and_then(|level| level.limit) else { return false };
        let start = self.position - self.have as u64;
        if self.have > 0 || limit.saturating_sub(start) >= 8 {
            return false;
        }
        self.found.ok = false;
        self.skip = limit.saturating_sub(start);
        if self.skip == 0 {
            self.close_ended();
        }
        true
    }

    /// Close every level that ends here by its length.
    fn close_ended(&mut self) {
        while let Some(limit) = self.stack.last().and_then(|level| level.limit) {
            if self.position < limit {
                break;
            }
            if let Some(level) = self.stack.pop()
                && level.end != Some(limit)
            {
                // An enclosing length ended before this level's delimiter came.
                self.found.ok = false;
            }
        }
    }

    fn u16_at(&self, at: usize, big_endian: bool) -> u16 {
        let pair = [self.head.get(at).copied().unwrap_or(0), self.head.get(at + 1).copied().unwrap_or(0)];
        if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    }

    fn u32_at(&self, at: usize, big_endian: bool) -> u32 {
        let (first, second) = (self.u16_at(at, big_endian), self.u16_at(at + 2, big_endian));
        let (high, low) = if big_endian { (first, second) } else { (second, first) };
        u32::from(high) << 16 | u32::from(low)
    }

    /// A header is complete, or shows that it is longer.
    fn header(&mut self) {
        let (kind, inner_implicit, inner_big) = match self.stack.last() {
            Some(level) => (level.kind, level.implicit, level.big_endian),
            None => (Kind::Item, self.implicit, self.big_endian),
        };
        if self.stack.is_empty() && self.undecided {
            self.decide();
        }
        let (implicit, big_endian) = if self.stack.is_empty() {
            (self.implicit, self.big_endian)
        } else {
            (inner_implicit, inner_big)
        };
        let tag = u32::from(self.u16_at(0, big_endian)) << 16 | u32::from(self.u16_at(2, big_endian));
        if tag >> 16 == 0xFFFE {
            let length = self.u32_at(4, big_endian);
            self.have = 0;
            self.count();
            return match kind {
                Kind::Item => self.marker_in_item(tag),
                Kind::Sequence => self.marker_in_sequence(tag, length),
                Kind::Fragments(_) => self.marker_in_fragments(tag, length),
            };
        }
        if kind != Kind::Item {
            return self.resynchronise();
        }
        let vr = [self.head.get(4).copied().unwrap_or(0), self.head.get(5).copied().unwrap_or(0)];
        let letters = is_vr(vr);
        // File meta in front of the data set is explicit whatever follows.
        let explicit = letters && (!implicit || tag >> 16 == 0x0002 && self.stack.is_empty());
        let (vr, length) = if !explicit {
            (None, self.u32_at(4, big_endian))
        } else if !has_long_length(vr, self.u16_at(6, big_endian)) {
            (Some(vr), u32::from(self.u16_at(6, big_endian)))
        } else if self.need == 8 {
            self.need = 12;
            return;
        } else {
            (Some(vr), self.u32_at(8, big_endian))
        };
        let vr = vr.map(|vr| vr.map(|byte| byte.to_ascii_uppercase()));
        self.have = 0;
        self.need = 8;
        self.count();
        self.element(tag, vr, length, implicit, big_endian);
    }

    /// The first element shows the true coding: some senders label theirs wrongly.
    fn decide(&mut self) {
        let group = self.u16_at(0, self.big_endian);
        if group == 0x0002 {
            return;
        }
        self.undecided = false;
        if !self.big_endian && matches!(group, 0x0800 | 0x1000 | 0x2000) {
            self.big_endian = true;
        } else if self.big_endian && matches!(group, 0x0800 | 0x1000 | 0x2000) {
            self.big_endian = false;
        }
        let vr = [self.head.get(4).copied().unwrap_or(0), self.head.get(5).copied().unwrap_or(0)];
        if self.implicit && is_standard_vr(vr) {
            self.implicit = false;
        } else if !self.implicit && !is_vr(vr) {
            self.implicit = true;
        }
    }

    fn count(&mut self) {
        self.found.elements += 1;
        if self.found.elements > ELEMENTS {
            self.give_up();
        }
    }

    fn limit(&self) -> Option<u64> {
        self.stack.last().and_then(|level| level.limit)
    }

    /// An end by length, cut to what encloses it.
    fn end_of(&mut self, length: u32) -> u64 {
        let end = self.position.saturating_add(u64::from(length));
        match self.limit() {
            Some(limit) if end > limit => {
                self.found.ok = false;
                limit
            }
            _ => end,
        }
    }

    fn open(&mut self, kind: Kind, end: Option<u64>, implicit: bool, big_endian: bool) {
        if self.stack.len() >= 2 * NESTING {
            self.found.ok = false;
            // Not followed deeper: passed over where a length says how far, lost where none does.
            return match end.or(self.limit()) {
                Some(end) => self.pass(end),
                None => self.give_up(),
            };
        }
        let limit = end.or(self.limit());
        self.stack.push(Level { kind, end, limit, implicit, big_endian });
        self.close_ended();
    }

    fn pass(&mut self, end: u64) {
        self.skip = end.saturating_sub(self.position);
        if self.skip == 0 {
            self.close_ended();
        }
    }

    fn element(&mut self, tag: u32, vr: Option<[u8; 2]>, length: u32, implicit: bool, big_endian: bool) {
        let top = self.stack.is_empty();
        if top {
            self.at_top = tag;
        }
        let pixels = PIXELS.contains(&tag);
        let record = top && pixels && self.found.pixel_data.is_none();
        if length == UNDEFINED {
            let binary = vr.is_some_and(|vr| matches!(&vr, b"OB" | b"OW" | b"OD" | b"OF" | b"OL" | b"OV"));
            if pixels || binary {
                if record {
                    self.found.pixel_data =
                        Some(PixelData { offset: self.position, length: 0, fragments: 0 });
                }
                return self.open(Kind::Fragments(record), None, implicit, big_endian);
            }
            // UN of undefined length holds an implicit little endian sequence (PS3.5 6.2.2).
            let unknown = vr.as_ref() == Some(b"UN");
            return self.open(Kind::Sequence, None, implicit || unknown, big_endian && !unknown);
        }
        let end = self.end_of(length);
        if vr.as_ref() == Some(b"SQ") && length > 0 {
            return self.open(Kind::Sequence, Some(end), implicit, big_endian);
        }
        if record {
            self.found.pixel_data =
                Some(PixelData { offset: self.position, length: end - self.position, fragments: 0 });
        }
        let filed = matches!(tag, SOP_CLASS | SOP_INSTANCE | MODALITY | STUDY | SERIES);
        let of_patient = matches!(tag, CHARACTER_SET | PATIENT_NAME | PATIENT_ID | ISSUER | BIRTH_DATE);
        // In the first level of items alone: the sequence and its item are open.
        let of_issuer = matches!(tag, ISSUER_ENTITY | ISSUER_ENTITY_TYPE)
            && self.at_top == ISSUER_QUALIFIERS
            && self.stack.len() == 2;
        let wanted = top && (filed || of_patient) || of_issuer;
        if wanted && length > 0 && length <= CAPTURE {
            self.capture = Some((tag, Vec::with_capacity(length as usize), length as usize));
        } else {
            self.pass(end);
        }
    }

    fn marker_in_item(&mut self, tag: u32) {
        match (tag, self.stack.pop()) {
            (ITEM_END, Some(level)) => {
                // Legal after an item of defined length too, if nothing but the delimiter was left.
                if level.end.is_some_and(|end| end != self.position) {
                    self.found.ok = false;
                }
            }
            (SEQUENCE_END, Some(_item)) => {
                self.found.ok = false;
                self.stack.pop();
            }
            (_, level) => {
                // A stray marker: its eight bytes are passed, the rest may still make sense.
                self.found.ok = false;
                self.stack.extend(level);
            }
        }
        self.close_ended();
    }

    fn marker_in_sequence(&mut self, tag: u32, length: u32) {
        let (implicit, big_endian) =
            self.stack.last().map_or((true, false), |level| (level.implicit, level.big_endian));
        match tag {
            ITEM if length == UNDEFINED => self.open(Kind::Item, None, implicit, big_endian),
            ITEM => {
                let end = self.end_of(length);
                self.open(Kind::Item, Some(end), implicit, big_endian);
            }
            SEQUENCE_END => {
                self.stack.pop();
                self.close_ended();
            }
            _ => self.resynchronise(),
        }
    }

    fn marker_in_fragments(&mut self, tag: u32, length: u32) {
        let recorded = matches!(self.stack.last(), Some(Level { kind: Kind::Fragments(true), .. }));
        match tag {
            ITEM if length != UNDEFINED => {
                if recorded && let Some(pixels) = &mut self.found.pixel_data {
                    pixels.fragments += 1;
                }
                let end = self.end_of(length);
                self.pass(end);
            }
            SEQUENCE_END => {
                let here = self.position.saturating_sub(8);
                if recorded && let Some(pixels) = &mut self.found.pixel_data {
                    pixels.length = here.saturating_sub(pixels.offset);
                }
                self.stack.pop();
                self.close_ended();
            }
            _ => self.resynchronise(),
        }
    }

    /// Something that has no place here: go on after the innermost length that encloses it.
    fn resynchronise(&mut self) {
        self.have = 0;
        self.need = 8;
        self.found.ok = false;
        match self.limit() {
            Some(limit) => self.pass(limit),
            None => self.give_up(),
        }
    }

    fn keep(&mut self, tag: u32, value: &[u8]) {
        let found = &mut self.found;
        let slot = match tag {
            SOP_CLASS => &mut found.sop_class,
            SOP_INSTANCE => &mut found.sop_instance,
            STUDY => &mut found.study,
            SERIES => &mut found.series,
            MODALITY => {
                let text = uid_text(value).filter(|text| text.len() <= 16);
                found.modality = found.modality.take().or(text);
                return;
            }
            _ => return self.patient.take(tag, value),
        };
        // The first one counts; a second one of a top-level tag is not legal.
        if slot.is_some() {
            found.ok = false;
        } else {
            *slot = uid_text(value);
        }
    }

    /// The end of the data set.
    pub(crate) fn finish(mut self) -> Found {
        let padding = self.head.get(..self.have).is_some_and(|rest| rest.iter().all(|byte| *byte == 0));
        if self.skip > 0 || self.capture.is_some() || !self.stack.is_empty() || !padding {
            self.found.ok = false;
        }
        self.found.patient = self.patient.digests();
        self.found
    }
}
