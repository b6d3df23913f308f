//! The data set writer: explicit little endian, or the syntax of the input; ranges are copied through.
use super::encode::{put_element, put_header, put_mark, put_number};
use super::error::Error;
use super::header::Encoding;
use super::meta::FileMeta;
use super::source::ReadAt;
use super::tag::tags;
use super::value::{ByteRange, DataSet, Element, Fragments, Value};
use super::vr::Vr;
use std::io::Write;

/// Writes a whole P10 file: zero preamble, fresh meta with our implementation UID, data set, in `meta.syntax`.
/// Ranges in `data` are copied from `source` ([`super::Parsed::bulk`]).
///
/// # Errors
/// [`Error::ValueTooLong`] or the failure of source or sink.
pub fn write_file<S: ReadAt>(
    meta: &FileMeta,
    data: &DataSet,
    source: S,
    sink: &mut dyn Write,
) -> Result<(), Error> {
    sink.write_all(&meta.to_bytes()?)?;
    write_data_set(meta, data, source, sink)
}

/// Writes the data set alone, in `meta.syntax`.
///
/// # Errors
/// As [`write_file`].
pub fn write_data_set<S: ReadAt>(
    meta: &FileMeta,
    data: &DataSet,
    source: S,
    sink: &mut dyn Write,
) -> Result<(), Error> {
    // Deflated input is written inflated, and implicit as explicit: see `TransferSyntax::output`.
    let encoding = Encoding { explicit: true, big: meta.syntax.big_endian };
    for element in data.iter() {
        write_element(element, encoding, Some(&source), sink)?;
    }
    Ok(())
}

/// The bytes of a data set in explicit little endian, with ranges by their place instead of their content:
/// a stable form for digests, not for reading.
pub fn encode_data_set(data: &DataSet) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    for element in data.iter() {
        write_element(element, Encoding { explicit: true, big: false }, None, &mut out)?;
    }
    Ok(out)
}

type Source<'a> = Option<&'a dyn ReadAt>;

/// Recursion is bounded by the reader's depth limit.
fn write_element(
    element: &Element,
    encoding: Encoding,
    source: Source<'_>,
    sink: &mut dyn Write,
) -> Result<(), Error> {
    let mut head = Vec::new();
    match &element.value {
        Value::Bytes(bytes) => {
            put_element(&mut head, element.tag, element.vr, bytes, encoding)?;
            sink.write_all(&head)?;
        }
        Value::Bulk(range) => {
            let length = u32::try_from(range.length + range.length % 2).map_err(|_| Error::ValueTooLong)?;
            put_header(&mut head, element.tag, element.vr, length, encoding)?;
            sink.write_all(&head)?;
            copy(source, *range, sink)?;
        }
        Value::Items(items) => {
            put_header(&mut head, element.tag, Vr::SQ, u32::MAX, encoding)?;
            for item in items {
                put_mark(&mut head, tags::ITEM, u32::MAX, encoding.big);
                sink.write_all(&head)?;
                head.clear();
                for inner in item.iter() {
                    write_element(inner, encoding, source, sink)?;
                }
                put_mark(&mut head, tags::ITEM_DELIMITATION, 0, encoding.big);
            }
            put_mark(&mut head, tags::SEQUENCE_DELIMITATION, 0, encoding.big);
            sink.write_all(&head)?;
        }
        Value::Fragments(table) => write_fragments(element, table, encoding, source, sink)?,
    }
    Ok(())
}

fn write_fragments(
    element: &Element,
    table: &Fragments,
    encoding: Encoding,
    source: Source<'_>,
    sink: &mut dyn Write,
) -> Result<(), Error> {
    let mut head = Vec::new();
    let vr = if element.vr.has_long_length() { element.vr } else { Vr::OB };
    put_header(&mut head, element.tag, vr, u32::MAX, encoding)?;
    let length = u32::try_from(table.offsets.len() * 4).map_err(|_| Error::ValueTooLong)?;
    put_mark(&mut head, tags::ITEM, length, encoding.big);
    for offset in &table.offsets {
        put_number(&mut head, *offset, encoding.big);
    }
    for fragment in &table.fragments {
        let length = u32::try_from(fragment.length + fragment.length % 2).map_err(|_| Error::ValueTooLong)?;
        put_mark(&mut head, tags::ITEM, length, encoding.big);
        sink.write_all(&head)?;
        head.clear();
        copy(source, *fragment, sink)?;
    }
    put_mark(&mut head, tags::SEQUENCE_DELIMITATION, 0, encoding.big);
    sink.write_all(&head)?;
    Ok(())
}

/// Copies a range in pieces, padded to an even length; without a source its place stands for it.
fn copy(source: Source<'_>, range: ByteRange, sink: &mut dyn Write) -> Result<(), Error> {
    let Some(source) = source else {
        sink.write_all(&range.offset.to_le_bytes())?;
        sink.write_all(&range.length.to_le_bytes())?;
        return Ok(());
    };
    let mut buffer = vec![0u8; usize::try_from(range.length.min(256 * 1024)).unwrap_or(0)];
    let (mut at, mut left) = (range.offset, range.length);
    while left > 0 {
        let n = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let piece = buffer.get_mut(..n).unwrap_or_default();
        source.read_exact_at(piece, at)?;
        sink.write_all(piece)?;
        at += n as u64;
        left -= n as u64;
    }
    if range.length % 2 == 1 {
        sink.write_all(&[0])?;
    }
    Ok(())
}
