//! The data set reader: an explicit stack of open sequences and items, every length checked before it is used.
use super::charset::Charset;
use super::dictionary::vr_of;
use super::error::Error;
use super::header::{Cursor, Encoding, Header};
use super::inflate::inflate;
use super::meta::{FileMeta, read_meta};
use super::number::{swap_words, u32_at};
use super::source::ReadAt;
use super::syntax::TransferSyntax;
use super::tag::{Tag, tags};
use super::value::{ByteRange, DataSet, Element, Fragments, Value};
use super::vr::Vr;

/// Bounds of one reading. All of them hold together, whatever the source claims.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Values longer than this, in bytes, stay in the source.
    pub bulk: u64,
    /// All values in memory together, in bytes.
    pub memory: u64,
    /// Elements, items and fragments together.
    pub count: usize,
    /// Levels of nesting.
    pub depth: usize,
    /// Length of an inflated data set, in bytes.
    pub inflated: u64,
}

impl Default for Limits {
    fn default() -> Self {
        // An empty item costs about 100 bytes: 400,000 of them stay far below the worker's 256 MiB.
        Limits { bulk: 64 * 1024, memory: 32 << 20, count: 400_000, depth: 128, inflated: 96 << 20 }
    }
}

/// A read instance. Byte ranges in `data` refer to [`Parsed::bulk`].
#[derive(Clone, Debug)]
pub struct Parsed {
    /// File meta; `meta.syntax` is the syntax that the bytes really have.
    pub meta: FileMeta,
    /// The data set.
    pub data: DataSet,
    /// Bytes after the end of the data set: neither padding nor elements. They are never copied.
    pub trailing: u64,
    /// Values in memory, in bytes.
    values: u64,
    /// Elements, items and fragments.
    count: usize,
    inflated: Option<Vec<u8>>,
}

/// What an element, item or fragment takes in memory beside its value, about, in bytes.
const ELEMENT_BYTES: u64 = 128;

impl Parsed {
    /// What it takes in memory, about, in bytes.
    pub fn memory(&self) -> u64 {
        let inflated = self.inflated.as_ref().map_or(0, |bytes| bytes.len() as u64);
        (self.count as u64).saturating_mul(ELEMENT_BYTES).saturating_add(self.values).saturating_add(inflated)
    }

    /// What byte ranges refer to: the source itself, or the inflated data set.
    pub fn bulk<'a>(&'a self, source: &'a dyn ReadAt) -> &'a dyn ReadAt {
        match &self.inflated {
            Some(bytes) => bytes,
            None => source,
        }
    }
}

/// Reads one P10 file or bare data set: preamble, meta and group lengths are optional (PS3.10 section 7).
///
/// # Errors
/// [`Error::NotDicom`], [`Error::Truncated`] and the limits; never more memory than the limits allow.
pub fn read<S: ReadAt>(source: S, limits: &Limits) -> Result<Parsed, Error> {
    let source: &dyn ReadAt = &source;
    let mut cursor = Cursor::new(source, 0)?;
    let meta = read_meta(&mut cursor)?;
    let at = cursor.at;
    parse(source, at, meta, limits)
}

/// Where the data set of a P10 file begins, in bytes.
///
/// # Errors
/// [`Error::NotDicom`] when there is no data set.
pub fn data_set_offset<S: ReadAt>(source: S) -> Result<u64, Error> {
    let mut cursor = Cursor::new(&source, 0)?;
    read_meta(&mut cursor)?;
    Ok(cursor.at)
}

/// Reads a data set without file meta, in a syntax known from elsewhere (the association).
///
/// # Errors
/// As [`read`].
pub fn read_data_set<S: ReadAt>(source: S, syntax: &str, limits: &Limits) -> Result<Parsed, Error> {
    parse(&source, 0, FileMeta::from_syntax(syntax), limits)
}

fn parse(source: &dyn ReadAt, at: u64, mut meta: FileMeta, limits: &Limits) -> Result<Parsed, Error> {
    let inflated = if meta.syntax.deflated { Some(inflate(source, at, limits.inflated)?) } else { None };
    let mut cursor = match &inflated {
        Some(bytes) => Cursor::new(bytes, 0)?,
        None => Cursor::new(source, at)?,
    };
    let said = Encoding { explicit: meta.syntax.explicit_vr, big: meta.syntax.big_endian };
    let encoding = cursor.guess(said)?;
    if encoding != said {
        meta.syntax.explicit_vr = encoding.explicit;
        meta.syntax.big_endian = encoding.big;
        if !meta.syntax.encapsulated {
            meta.syntax = TransferSyntax::from_uid(match (encoding.explicit, encoding.big) {
                (_, true) => TransferSyntax::EXPLICIT_BE,
                (true, false) => TransferSyntax::EXPLICIT_LE,
                (false, false) => TransferSyntax::IMPLICIT_LE,
            });
        }
    }
    let mut reader = Reader { cursor, limits, memory: 0, count: 0, trailing: 0 };
    let data = reader.run(encoding)?;
    if data.is_empty() && data.duplicates.is_empty() {
        return Err(Error::NotDicom);
    }
    let Reader { trailing, memory: values, count, .. } = reader;
    Ok(Parsed { meta, data, trailing, values, count, inflated })
}

/// What is open: an item (or the data set itself), or a sequence.
enum Frame {
    Item { data: DataSet, end: Option<u64>, encoding: Encoding },
    Sequence { tag: Tag, items: Vec<DataSet>, end: Option<u64>, encoding: Encoding },
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    limits: &'a Limits,
    memory: u64,
    count: usize,
    trailing: u64,
}

impl Reader<'_> {
    fn run(&mut self, encoding: Encoding) -> Result<DataSet, Error> {
        let end = Some(self.cursor.end);
        let mut stack = vec![Frame::Item { data: DataSet::new(), end, encoding }];
        loop {
            let at = self.cursor.at;
            let done = match stack.last() {
                Some(Frame::Item { end, .. } | Frame::Sequence { end, .. }) => end.is_some_and(|e| at >= e),
                None => return Err(Error::NotDicom),
            };
            if done || at >= self.cursor.end {
                if !done {
                    // An undefined length that never ends: a real end would have been marked.
                    return Err(Error::Truncated);
                }
                if let Some(data) = close(&mut stack)? {
                    return Ok(data);
                }
                continue;
            }
            self.count_one()?;
            let whole = stack.len() == 1;
            let next = match stack.last_mut() {
                Some(Frame::Item { data, encoding, .. }) => {
                    let encoding = *encoding;
                    self.element(data, encoding, whole)?
                }
                Some(Frame::Sequence { end, encoding, .. }) => {
                    let (end, encoding) = (*end, *encoding);
                    self.item(end, encoding)?
                }
                None => return Err(Error::NotDicom),
            };
            match next {
                Next::Go => {}
                Next::Open(mut frame) => {
                    inherit(&stack, &mut frame);
                    if stack.len() >= self.limits.depth * 2 {
                        return Err(Error::TooDeep(self.limits.depth));
                    }
                    stack.push(frame);
                }
                Next::Close => {
                    // A stray delimiter at the top level is passed over.
                    if stack.len() > 1 {
                        close(&mut stack)?;
                    }
                }
            }
        }
    }

    fn count_one(&mut self) -> Result<(), Error> {
        self.count += 1;
        if self.count > self.limits.count { Err(Error::TooMany(self.limits.count)) } else { Ok(()) }
    }

    /// One element of a data set or item.
    fn element(&mut self, data: &mut DataSet, encoding: Encoding, whole: bool) -> Result<Next, Error> {
        if whole && self.cursor.peek(8)?.iter().all(|b| *b == 0) {
            // Zeros, or fewer bytes than a header, after the data set: padding to a block size.
            self.trailing = self.cursor.left();
            self.cursor.at = self.cursor.end;
            return Ok(Next::Go);
        }
        let header = self.cursor.header(encoding)?;
        match header.tag {
            tags::ITEM_DELIMITATION => return Ok(Next::Close),
            tags::SEQUENCE_DELIMITATION | tags::ITEM => return Ok(Next::Go),
            _ => {}
        }
        if let Some(frame) = self.opens_sequence(&header, encoding)? {
            return Ok(Next::Open(frame));
        }
        let Some(length) = header.length else {
            let value = Value::Fragments(self.fragments(encoding.big)?);
            data.put_read(Element { tag: header.tag, vr: header.vr, value });
            return Ok(Next::Go);
        };
        let pixels = header.tag.group() == 0x7FE0 && header.tag != Tag::new(0x7FE0, 1);
        let mut length = length;
        if length > self.cursor.left() {
            if !(whole && pixels) {
                return Err(Error::Truncated);
            }
            length = self.cursor.left();
        }
        let value = self.value(&header, length, pixels, encoding)?;
        data.put_read(Element { tag: header.tag, vr: header.vr, value });
        Ok(Next::Go)
    }

    fn value(
        &mut self,
        header: &Header,
        length: u64,
        pixels: bool,
        encoding: Encoding,
    ) -> Result<Value, Error> {
        if pixels || length > self.limits.bulk {
            let range = ByteRange { offset: self.cursor.at, length };
            self.cursor.at += length;
            return Ok(Value::Bulk(range));
        }
        self.memory += length;
        if self.memory > self.limits.memory {
            return Err(Error::TooLarge(self.limits.memory));
        }
        let mut bytes = self.cursor.value(length)?;
        if encoding.big {
            swap_words(&mut bytes, header.vr.word());
        }
        Ok(Value::Bytes(bytes))
    }

    /// A sequence: said so, or UN of undefined length (implicit inside, PS3.5 section 6.2.2 note 2), or UN whose
    /// tag the dictionary knows as a sequence, or an implicit private element of undefined length.
    fn opens_sequence(&mut self, header: &Header, encoding: Encoding) -> Result<Option<Frame>, Error> {
        let known = vr_of(header.tag) == Vr::SQ;
        let inner = match (header.vr, header.length) {
            (Vr::SQ, _) => encoding,
            (Vr::UN, None) if header.declared || encoding.explicit => IMPLICIT,
            (Vr::UN, None) => encoding,
            (Vr::UN, Some(length)) if known && self.holds_item(length)? => IMPLICIT,
            _ => return Ok(None),
        };
        let end = match header.length {
            None => None,
            Some(length) if length > self.cursor.left() => return Err(Error::Truncated),
            Some(length) => Some(self.cursor.at + length),
        };
        Ok(Some(Frame::Sequence { tag: header.tag, items: Vec::new(), end, encoding: inner }))
    }

    fn holds_item(&mut self, length: u64) -> Result<bool, Error> {
        Ok(length >= 8 && self.cursor.peek(4)? == [0xFE, 0xFF, 0x00, 0xE0])
    }

    /// One item of a sequence, or its end.
    fn item(&mut self, end: Option<u64>, encoding: Encoding) -> Result<Next, Error> {
        let header = self.cursor.header(encoding)?;
        match header.tag {
            tags::ITEM => {
                let stop = match header.length {
                    None => None,
                    // An item longer than its sequence ends with it.
                    Some(length) => Some(
                        self.cursor
                            .at
                            .saturating_add(length)
                            .min(end.unwrap_or(u64::MAX))
                            .min(self.cursor.end),
                    ),
                };
                let encoding = self.item_encoding(encoding, header.length)?;
                Ok(Next::Open(Frame::Item { data: DataSet::new(), end: stop, encoding }))
            }
            tags::SEQUENCE_DELIMITATION => Ok(Next::Close),
            tags::ITEM_DELIMITATION => Ok(Next::Go),
            _ => match end {
                // Bytes that are no items: the sequence is passed over as a whole.
                Some(end) => {
                    self.cursor.at = end;
                    Ok(Next::Go)
                }
                None => Err(Error::Truncated),
            },
        }
    }

    /// Items inside UN are implicit by the standard, explicit from some writers: look.
    fn item_encoding(&mut self, encoding: Encoding, length: Option<u64>) -> Result<Encoding, Error> {
        if encoding.big || length == Some(0) {
            return Ok(encoding);
        }
        let Ok(head) = <[u8; 8]>::try_from(self.cursor.peek(8)?) else { return Ok(encoding) };
        let vr = Vr::from_bytes([head[4], head[5]]).filter(|_| head[4].is_ascii_uppercase());
        let implicit = u64::from(u32_at(&head, 4).unwrap_or(u32::MAX));
        let limit = length.unwrap_or(u64::MAX).min(self.cursor.left());
        Ok(match vr {
            Some(_) if !encoding.explicit && implicit > limit => Encoding { explicit: true, big: false },
            _ => encoding,
        })
    }

    /// The fragments of encapsulated pixel data (PS3.5 annex A.4), after the header of undefined length.
    fn fragments(&mut self, big: bool) -> Result<Fragments, Error> {
        let mut table = Fragments::default();
        let mut first = true;
        loop {
            let header = self.cursor.header(Encoding { explicit: false, big })?;
            match (header.tag, header.length) {
                (tags::SEQUENCE_DELIMITATION, _) => return Ok(table),
                (tags::ITEM, Some(length)) if length <= self.cursor.left() => {
                    self.count_one()?;
                    if first {
                        table.offsets = self.offset_table(length, big)?;
                    } else {
                        table.fragments.push(ByteRange { offset: self.cursor.at, length });
                        self.cursor.at += length;
                    }
                    first = false;
                }
                _ => return Err(Error::Truncated),
            }
        }
    }

    fn offset_table(&mut self, length: u64, big: bool) -> Result<Vec<u32>, Error> {
        self.memory += length;
        if self.memory > self.limits.memory {
            return Err(Error::TooLarge(self.limits.memory));
        }
        let mut bytes = self.cursor.value(length)?;
        if big {
            swap_words(&mut bytes, 4);
        }
        Ok(bytes.chunks_exact(4).map_while(|c| u32_at(c, 0)).collect())
    }
}

enum Next {
    Go,
    Open(Frame),
    Close,
}

const IMPLICIT: Encoding = Encoding { explicit: false, big: false };

/// An item inherits the character set of the data set around it.
fn inherit(stack: &[Frame], frame: &mut Frame) {
    if let Frame::Item { data, .. } = frame {
        let outer = stack.iter().rev().find_map(|f| match f {
            Frame::Item { data, .. } => Some(&data.charset),
            Frame::Sequence { .. } => None,
        });
        data.charset = outer.cloned().unwrap_or_else(Charset::default);
    }
}

/// Closes the innermost frame and puts it where it belongs; gives the data set when it was the last.
fn close(stack: &mut Vec<Frame>) -> Result<Option<DataSet>, Error> {
    match (stack.pop(), stack.last_mut()) {
        (Some(Frame::Item { data, .. }), None) => return Ok(Some(data)),
        (Some(Frame::Item { data, .. }), Some(Frame::Sequence { items, .. })) => items.push(data),
        (Some(Frame::Sequence { tag, items, .. }), Some(Frame::Item { data, .. })) => {
            data.put_read(Element { tag, vr: Vr::SQ, value: Value::Items(items) });
        }
        _ => return Err(Error::NotDicom),
    }
    Ok(None)
}
