//! From a read header to where frames lie, what shape they have and how they are shown.

use crate::error::Error;
use crate::grey::{Look, Lut, Modality, Palette, Photometric, Voi};
use crate::shape::{Order, Place, Shape, fill};
use dicom::{DataSet, Parsed, ReadAt, Tag, Value, Vr, tags};

const EXTENDED_OFFSET_TABLE: Tag = Tag::new(0x7FE0, 0x0001);
const PIXEL_VALUE_TRANSFORMATION: Tag = Tag::new(0x0028, 0x9145);
const FRAME_VOI_LUT: Tag = Tag::new(0x0028, 0x9132);
/// Of a repeating group.
const OVERLAY_BITS_ALLOCATED: u16 = 0x0100;
const OVERLAY_BIT_POSITION: u16 = 0x0102;
/// Entries that a table descriptor can name (PS3.3 C.11.1.1.1): 0 stands for this.
const ENTRIES_MAX: usize = 65_536;
/// Most frames that one instance is taken to have.
const FRAMES_MAX: i64 = 1 << 20;

/// Reads the shape of the frames (PS3.3 C.7.6.3).
///
/// # Errors
/// [`Error::Size`] when rows, columns or bits are absent or impossible.
pub(super) fn shape(parsed: &Parsed) -> Result<Shape, Error> {
    let data = &parsed.data;
    let number = |tag| data.int(tag).and_then(|n| u16::try_from(n).ok());
    let bits_allocated = number(tags::BITS_ALLOCATED).ok_or(Error::Size)?;
    let bits_stored = number(tags::BITS_STORED).unwrap_or(bits_allocated);
    let samples = number(tags::SAMPLES_PER_PIXEL).unwrap_or(1);
    let frames = data.int(tags::NUMBER_OF_FRAMES).unwrap_or(1).clamp(1, FRAMES_MAX);
    let shape = Shape {
        transfer_syntax: parsed.meta.syntax.uid().to_owned(),
        rows: number(tags::ROWS).ok_or(Error::Size)?,
        columns: number(tags::COLUMNS).ok_or(Error::Size)?,
        samples,
        planar: samples > 1 && data.int(tags::PLANAR_CONFIGURATION) == Some(1),
        photometric: data.text(tags::PHOTOMETRIC_INTERPRETATION).unwrap_or_default(),
        bits_allocated,
        bits_stored,
        high_bit: number(tags::HIGH_BIT).unwrap_or(bits_stored.max(1) - 1),
        signed: data.int(tags::PIXEL_REPRESENTATION) == Some(1),
        overlays: overlays(data),
        frames: u32::try_from(frames).unwrap_or(1),
    };
    shape.pixels()?;
    Ok(shape)
}

/// The bits in which overlays lie inside the pixels, as in old films (retired: PS3.3 C.9.2 of 2004).
pub(super) fn overlays(data: &DataSet) -> u16 {
    let positions = data.iter().filter(|e| e.tag.is_overlay() && e.tag.element() == OVERLAY_BIT_POSITION);
    let allocated = |group| data.int(Tag::new(group, OVERLAY_BITS_ALLOCATED));
    let inside = positions.filter(|e| allocated(e.tag.group()).is_some_and(|bits| bits > 1));
    let bits = inside.filter_map(|e| 1_u16.checked_shl(u32::try_from(data.int(e.tag)?).ok()?));
    bits.fold(0, |all, bit| all | bit)
}

/// Finds the pixel data; a short value is in memory, in little endian, and is returned with its place.
///
/// # Errors
/// [`Error::NoPixels`].
pub(super) fn place(parsed: &Parsed, shape: &Shape) -> Result<(Place, Option<Vec<u8>>), Error> {
    let element = parsed.data.get(tags::PIXEL_DATA).ok_or(Error::NoPixels)?;
    let big = parsed.meta.syntax.big_endian;
    match &element.value {
        Value::Bytes(bytes) => {
            let mut bytes = bytes.clone();
            let swapped = big && element.vr != Vr::OB;
            // The reader put 16-bit words right; samples of another width lie differently in them.
            match shape.bits_allocated {
                8 | 1 if swapped => bytes.chunks_exact_mut(2).for_each(<[u8]>::reverse),
                32 if swapped => bytes.chunks_exact_mut(4).for_each(|c| c.rotate_left(2)),
                _ => {}
            }
            let order = if swapped && shape.bits_allocated <= 8 { Order::BigWords } else { Order::Little };
            Ok((Place::Native { offset: 0, length: bytes.len() as u64, order }, Some(bytes)))
        }
        Value::Bulk(range) => {
            let order = match (big, element.vr) {
                (true, Vr::OB) => Order::Big,
                (true, _) => Order::BigWords,
                _ => Order::Little,
            };
            Ok((Place::Native { offset: range.offset, length: range.length, order }, None))
        }
        Value::Fragments(found) => {
            let extended =
                parsed.data.get(EXTENDED_OFFSET_TABLE).and_then(|e| e.as_bytes()).unwrap_or_default();
            let table: Vec<u64> = if extended.is_empty() {
                found.offsets.iter().map(|o| u64::from(*o)).collect()
            } else {
                let numbers = extended.chunks_exact(8).filter_map(|c| <[u8; 8]>::try_from(c).ok());
                numbers.map(u64::from_le_bytes).collect()
            };
            let fragments = found.fragments.iter().map(|r| (r.offset, r.length)).collect();
            Ok((Place::Encapsulated { fragments, table }, None))
        }
        Value::Items(_) => Err(Error::NoPixels),
    }
}

/// Reads how `frame` is shown: its own functional groups, the shared ones, else the instance (PS3.3 C.7.6.16).
///
/// # Errors
/// [`Error::Read`], [`Error::Truncated`] when a long table cannot be read.
pub(super) fn look(parsed: &Parsed, source: &dyn ReadAt, shape: &Shape, frame: u32) -> Result<Look, Error> {
    let data = &parsed.data;
    let own = data.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).get(frame as usize);
    let shared = data.items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).first();
    let group = |tag| [own, shared].into_iter().flatten().find_map(|g| g.items(tag).first()).unwrap_or(data);
    let tables = Tables { parsed, source };
    let modality = tables.modality(group(PIXEL_VALUE_TRANSFORMATION), shape)?;
    let negative = matches!(&modality, Modality::Linear { intercept, .. } if *intercept < 0.0);
    let photometric = Photometric::from_text(&shape.photometric);
    let palette = if photometric == Photometric::Palette { tables.palette(data, shape)? } else { None };
    let voi = tables.voi(group(FRAME_VOI_LUT), shape.signed || negative)?;
    Ok(Look { photometric, modality, padding: padding(data, shape), voi, palette })
}

fn padding(data: &DataSet, shape: &Shape) -> Option<(i64, i64)> {
    let value = |tag| {
        let raw = data.get(tag)?.as_bytes()?;
        let raw = u16::from_le_bytes([*raw.first()?, *raw.get(1)?]);
        Some(if shape.signed { i64::from(raw as i16) } else { i64::from(raw) })
    };
    let first = value(tags::PIXEL_PADDING_VALUE)?;
    Some((first, value(tags::PIXEL_PADDING_RANGE_LIMIT).unwrap_or(first)))
}

struct Tables<'a> {
    parsed: &'a Parsed,
    source: &'a dyn ReadAt,
}

impl Tables<'_> {
    fn modality(&self, data: &DataSet, shape: &Shape) -> Result<Modality, Error> {
        if let Some(item) = data.items(tags::MODALITY_LUT_SEQUENCE).first()
            && let Some(lut) = self.lut(item, tags::LUT_DESCRIPTOR, tags::LUT_DATA, shape.signed)?
        {
            return Ok(Modality::Table(lut));
        }
        let slope = data.decimal(tags::RESCALE_SLOPE).filter(|s| *s != 0.0).unwrap_or(1.0);
        Ok(Modality::Linear { slope, intercept: data.decimal(tags::RESCALE_INTERCEPT).unwrap_or(0.0) })
    }

    fn voi(&self, data: &DataSet, signed: bool) -> Result<Vec<Voi>, Error> {
        let mut out = Vec::new();
        if let Some(item) = data.items(tags::VOI_LUT_SEQUENCE).first()
            && let Some(lut) = self.lut(item, tags::LUT_DESCRIPTOR, tags::LUT_DATA, signed)?
        {
            out.push(Voi::Table(lut));
        }
        let function = data.text(tags::VOI_LUT_FUNCTION).unwrap_or_default();
        let widths = data.decimals(tags::WINDOW_WIDTH);
        for (center, width) in data.decimals(tags::WINDOW_CENTER).into_iter().zip(widths) {
            out.push(match function.as_str() {
                "LINEAR_EXACT" => Voi::LinearExact { center, width },
                "SIGMOID" => Voi::Sigmoid { center, width },
                _ => Voi::Linear { center, width },
            });
        }
        Ok(out)
    }

    fn palette(&self, data: &DataSet, shape: &Shape) -> Result<Option<Palette>, Error> {
        let table = |descriptor, values| self.lut(data, descriptor, values, shape.signed);
        let red = table(tags::RED_PALETTE_DESCRIPTOR, tags::RED_PALETTE_DATA)?;
        let green = table(tags::GREEN_PALETTE_DESCRIPTOR, tags::GREEN_PALETTE_DATA)?;
        let blue = table(tags::BLUE_PALETTE_DESCRIPTOR, tags::BLUE_PALETTE_DATA)?;
        Ok(match (red, green, blue) {
            (Some(red), Some(green), Some(blue)) => Some(Palette { red, green, blue }),
            _ => None,
        })
    }

    /// A table of `data`; `None` when absent or without a whole descriptor.
    fn lut(&self, data: &DataSet, descriptor: Tag, values: Tag, signed: bool) -> Result<Option<Lut>, Error> {
        let Some(element) = data.get(descriptor) else { return Ok(None) };
        let numbers = words(element.as_bytes().unwrap_or_default());
        let [count, first, bits] = numbers.as_slice() else { return Ok(None) };
        let count = if *count == 0 { ENTRIES_MAX } else { usize::from(*count) };
        let first = if signed || element.vr == Vr::SS { i64::from(*first as i16) } else { i64::from(*first) };
        let Some(raw) = self.words_of(data, values, 2 * ENTRIES_MAX)? else { return Ok(None) };
        // Tables of 8-bit entries are often packed, two entries a word (PS3.3 C.11.1.1.1).
        let packed = *bits <= 8 && raw.len() < count;
        let mut entries: Vec<u16> =
            if packed { raw.iter().flat_map(|w| [w & 0xFF, w >> 8]).collect() } else { raw };
        entries.truncate(count);
        Ok(Some(Lut { first, bits: (*bits).clamp(1, 16), entries }))
    }

    fn words_of(&self, data: &DataSet, tag: Tag, bytes_max: usize) -> Result<Option<Vec<u16>>, Error> {
        match data.get(tag).map(|e| &e.value) {
            Some(Value::Bytes(bytes)) => Ok(Some(words(bytes))),
            Some(Value::Bulk(range)) => {
                let length = usize::try_from(range.length).unwrap_or(usize::MAX).min(bytes_max);
                let mut bytes = vec![0; length];
                fill(self.parsed.bulk(self.source), range.offset, &mut bytes)?;
                if self.parsed.meta.syntax.big_endian {
                    bytes.chunks_exact_mut(2).for_each(<[u8]>::reverse);
                }
                Ok(Some(words(&bytes)))
            }
            _ => Ok(None),
        }
    }
}

fn words(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).filter_map(|c| <[u8; 2]>::try_from(c).ok()).map(u16::from_le_bytes).collect()
}
