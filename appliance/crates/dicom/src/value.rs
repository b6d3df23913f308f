//! Data sets, elements and values: what reading gives and writing takes.
use super::charset::Charset;
use super::number::{u16_at, u32_at, u64_at};
use super::tag::{Tag, tags};
use super::vr::Vr;
use std::collections::BTreeMap;
use std::collections::btree_map;
use std::fmt;

/// A part of the source, in bytes from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ByteRange {
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
}

/// Encapsulated pixel data: the Basic Offset Table and the fragments, as ranges of the source
/// (PS3.5 annex A.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragments {
    /// Basic Offset Table entries, in bytes from the first fragment's item tag; often empty.
    pub offsets: Vec<u32>,
    /// The fragments in order, without the offset table.
    pub fragments: Vec<ByteRange>,
}

/// The value of an element. Numbers in `Bytes` are always little endian, whatever the source was;
/// `Bulk` and `Fragments` are as the source has them.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// The value itself.
    Bytes(Vec<u8>),
    /// The items of a sequence.
    Items(Vec<DataSet>),
    /// A long value, left in the source.
    Bulk(ByteRange),
    /// Encapsulated pixel data, left in the source.
    Fragments(Fragments),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Value::Items(items) => write!(f, "{} items", items.len()),
            Value::Bulk(range) => write!(f, "{} bytes in the source", range.length),
            Value::Fragments(table) => write!(f, "{} fragments", table.fragments.len()),
        }
    }
}

/// One data element.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// Its tag.
    pub tag: Tag,
    /// Its value representation, as written or from the dictionary.
    pub vr: Vr,
    /// Its value.
    pub value: Value,
}

impl Element {
    /// An element with a value in memory.
    pub fn bytes(tag: Tag, vr: Vr, value: impl Into<Vec<u8>>) -> Self {
        Element { tag, vr, value: Value::Bytes(value.into()) }
    }

    /// The value in memory, if it is there.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The items, if this is a sequence.
    pub fn items(&self) -> &[DataSet] {
        match &self.value {
            Value::Items(items) => items,
            _ => &[],
        }
    }

    /// Nothing in it: no bytes, no items, no fragments.
    pub fn is_empty(&self) -> bool {
        match &self.value {
            Value::Bytes(bytes) => bytes.iter().all(|b| matches!(b, 0 | b' ')) && !self.is_number(),
            Value::Items(items) => items.is_empty(),
            Value::Bulk(range) => range.length == 0,
            Value::Fragments(table) => table.fragments.is_empty(),
        }
    }

    fn is_number(&self) -> bool {
        self.vr.word() > 1 && self.as_bytes().is_some_and(|b| !b.is_empty())
    }
}

/// A data set: elements in the order of their tags, and the character set that holds here.
#[derive(Clone, Default, PartialEq)]
pub struct DataSet {
    elements: BTreeMap<Tag, Element>,
    /// Elements whose tag came a second time; never written, but their values must be searched for.
    pub duplicates: Vec<Element>,
    /// The character sets that hold here, from (0008,0005) of this data set or the one around it.
    pub charset: Charset,
}

impl fmt::Debug for DataSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.elements.values()).finish()
    }
}

impl DataSet {
    /// An empty data set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an element in, replacing one with the same tag.
    pub fn put(&mut self, element: Element) {
        if element.tag == tags::SPECIFIC_CHARACTER_SET
            && let Some(bytes) = element.as_bytes()
        {
            self.charset = Charset::from_value(bytes);
        }
        self.elements.insert(element.tag, element);
    }

    /// Puts an ASCII or UTF-8 text in.
    pub fn put_text(&mut self, tag: Tag, vr: Vr, text: &str) {
        self.put(Element::bytes(tag, vr, text.as_bytes()));
    }

    /// Keeps the first of two elements with one tag, remembers the second.
    pub(super) fn put_read(&mut self, element: Element) {
        if self.elements.contains_key(&element.tag) {
            self.duplicates.push(element);
        } else {
            self.put(element);
        }
    }

    /// Takes an element out.
    pub fn remove(&mut self, tag: Tag) -> Option<Element> {
        self.elements.remove(&tag)
    }

    /// The element of a tag.
    pub fn get(&self, tag: Tag) -> Option<&Element> {
        self.elements.get(&tag)
    }

    /// All elements in order.
    pub fn iter(&self) -> btree_map::Values<'_, Tag, Element> {
        self.elements.values()
    }

    /// Number of elements at this level.
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// No element at all.
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// The items of a sequence; empty when absent.
    pub fn items(&self, tag: Tag) -> &[DataSet] {
        self.get(tag).map(Element::items).unwrap_or_default()
    }

    /// The whole value as decoded text without padding; `None` when absent or empty.
    pub fn text(&self, tag: Tag) -> Option<String> {
        let element = self.get(tag)?;
        let bytes = element.as_bytes()?;
        let text = if element.vr.uses_charset() || element.vr == Vr::UN || element.vr == Vr::OB {
            self.charset.decode(bytes)
        } else {
            String::from_utf8_lossy(bytes).into_owned()
        };
        let text = text.trim_matches(|c: char| c == '\0' || c == ' ');
        if text.is_empty() { None } else { Some(text.to_owned()) }
    }

    /// The values of a multi-valued text, each without padding.
    pub fn texts(&self, tag: Tag) -> Vec<String> {
        let single = self.get(tag).is_some_and(|e| e.vr.is_single_text());
        match self.text(tag) {
            Some(text) if single => vec![text],
            Some(text) => text.split('\\').map(|v| v.trim().to_owned()).collect(),
            None => Vec::new(),
        }
    }

    /// A UID without padding.
    pub fn uid(&self, tag: Tag) -> Option<String> {
        let bytes = self.get(tag)?.as_bytes()?;
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_matches(|c: char| c == '\0' || c.is_whitespace());
        if text.is_empty() { None } else { Some(text.to_owned()) }
    }

    /// The first value as a whole number, from binary or text representations.
    pub fn int(&self, tag: Tag) -> Option<i64> {
        let element = self.get(tag)?;
        let bytes = element.as_bytes()?;
        match element.vr {
            Vr::US | Vr::OW => u16_at(bytes, 0).map(i64::from),
            Vr::SS => u16_at(bytes, 0).map(|n| i64::from(n as i16)),
            Vr::UL => u32_at(bytes, 0).map(i64::from),
            Vr::SL => u32_at(bytes, 0).map(|n| i64::from(n as i32)),
            Vr::UV => u64_at(bytes, 0).and_then(|n| i64::try_from(n).ok()),
            Vr::SV => u64_at(bytes, 0).map(|n| n as i64),
            _ => {
                let first = self.texts(tag).into_iter().next()?;
                first.parse().ok().or_else(|| whole(first.parse().ok()?))
            }
        }
    }

    /// The first value as a decimal number.
    pub fn decimal(&self, tag: Tag) -> Option<f64> {
        self.decimals(tag).first().copied()
    }

    /// All values as finite decimal numbers; a value that is none ends the list.
    pub fn decimals(&self, tag: Tag) -> Vec<f64> {
        let Some(element) = self.get(tag) else { return Vec::new() };
        let bytes = element.as_bytes().unwrap_or_default();
        let numbers: Vec<f64> = match element.vr {
            Vr::FL => bytes
                .chunks_exact(4)
                .map_while(|c| c.try_into().ok().map(|b| f64::from(f32::from_le_bytes(b))))
                .collect(),
            Vr::FD => {
                bytes.chunks_exact(8).map_while(|c| c.try_into().ok().map(f64::from_le_bytes)).collect()
            }
            Vr::US => bytes.chunks_exact(2).map_while(|c| u16_at(c, 0).map(f64::from)).collect(),
            Vr::SS => {
                bytes.chunks_exact(2).map_while(|c| u16_at(c, 0).map(|n| f64::from(n as i16))).collect()
            }
            Vr::UL => bytes.chunks_exact(4).map_while(|c| u32_at(c, 0).map(f64::from)).collect(),
            Vr::SL => {
                bytes.chunks_exact(4).map_while(|c| u32_at(c, 0).map(|n| f64::from(n as i32))).collect()
            }
            _ => self.texts(tag).iter().map_while(|t| t.parse().ok()).collect(),
        };
        numbers.into_iter().take_while(|n| n.is_finite()).collect()
    }

    /// Visits every element at every level, outer ones first, with its data set and depth (0 at the top).
    /// Duplicates are visited too. Not recursive.
    pub fn walk<'a>(&'a self, mut visit: impl FnMut(&'a DataSet, &'a Element, usize)) {
        let mut stack = vec![(self, 0usize)];
        while let Some((data, depth)) = stack.pop() {
            for element in data.elements.values().chain(&data.duplicates) {
                visit(data, element, depth);
                for item in element.items().iter().rev() {
                    stack.push((item, depth + 1));
                }
            }
        }
    }
}

fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}
