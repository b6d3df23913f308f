//! File meta information: read as leniently as it is met, written freshly, PS3.10 section 7.1.
use super::encode::put_element;
use super::error::Error;
use super::header::{Cursor, Encoding};
use super::syntax::TransferSyntax;
use super::tag::{Tag, tags};
use super::value::{DataSet, Element, Value};
use super::vr::Vr;

/// Our Implementation Class UID: a UUID-derived UID made once for this software.
pub const IMPLEMENTATION_CLASS_UID: &str = "2.25.228451036911479268433151078563022949637";
/// Our Implementation Version Name.
pub const IMPLEMENTATION_VERSION_NAME: &str = concat!("SCANSIDE_", env!("CARGO_PKG_VERSION"));

/// Longest single value and most elements of group 0002 that are kept.
const META_VALUE: u64 = 1 << 20;
const META_ELEMENTS: usize = 256;

/// What the file says about itself before the data set.
#[derive(Clone, Debug, PartialEq)]
pub struct FileMeta {
    /// The syntax that the data set is written in.
    pub syntax: TransferSyntax,
    /// Media Storage SOP Class UID, if given.
    pub sop_class: Option<String>,
    /// Media Storage SOP Instance UID, if given.
    pub sop_instance: Option<String>,
    /// Every element of group 0002 as read; never written again.
    pub elements: DataSet,
    /// The preamble as read; never written again. Empty when there was none or only zeros.
    pub preamble: Vec<u8>,
}

impl FileMeta {
    /// The meta of an instance that came without one: a data set from the wire in a known syntax.
    pub fn from_syntax(uid: &str) -> Self {
        FileMeta {
            syntax: TransferSyntax::from_uid(uid),
            sop_class: None,
            sop_instance: None,
            elements: DataSet::new(),
            preamble: Vec::new(),
        }
    }

    /// Fresh meta for a data set to be written in the syntax `uid`.
    pub fn for_data_set(data: &DataSet, uid: &str) -> Self {
        FileMeta {
            sop_class: data.uid(tags::SOP_CLASS_UID),
            sop_instance: data.uid(tags::SOP_INSTANCE_UID),
            ..Self::from_syntax(uid)
        }
    }

    /// The bytes from the preamble to the end of group 0002: nothing in them comes from the source but UIDs.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let mut group = Vec::new();
        let mut put = |tag: Tag, vr: Vr, value: &[u8]| -> Result<(), Error> {
            put_element(&mut group, tag, vr, value, EXPLICIT)
        };
        put(tags::META_VERSION, Vr::OB, &[0, 1])?;
        put(tags::MEDIA_STORAGE_SOP_CLASS_UID, Vr::UI, self.sop_class.as_deref().unwrap_or("").as_bytes())?;
        put(
            tags::MEDIA_STORAGE_SOP_INSTANCE_UID,
            Vr::UI,
            self.sop_instance.as_deref().unwrap_or("").as_bytes(),
        )?;
        put(tags::TRANSFER_SYNTAX_UID, Vr::UI, self.syntax.uid().as_bytes())?;
        put(tags::META_IMPLEMENTATION_CLASS_UID, Vr::UI, IMPLEMENTATION_CLASS_UID.as_bytes())?;
        put(tags::META_IMPLEMENTATION_VERSION_NAME, Vr::SH, IMPLEMENTATION_VERSION_NAME.as_bytes())?;
        let length = u32::try_from(group.len()).map_err(|_| Error::ValueTooLong)?;
        let mut out = vec![0u8; 128];
        out.extend_from_slice(b"DICM");
        put_element(&mut out, Tag::new(2, 0), Vr::UL, &length.to_le_bytes(), EXPLICIT)?;
        out.append(&mut group);
        Ok(out)
    }
}

const EXPLICIT: Encoding = Encoding { explicit: true, big: false };

/// Reads preamble and group 0002 where they are, leaving the cursor at the data set. Group length is ignored:
/// the group ends where another begins.
pub(super) fn read_meta(cursor: &mut Cursor<'_>) -> Result<FileMeta, Error> {
    let start = cursor.at;
    let head = cursor.peek(132)?;
    let mut preamble = Vec::new();
    if head.get(128..132) == Some(b"DICM") {
        let bytes = head.get(..128).unwrap_or_default();
        if bytes.iter().any(|b| *b != 0) {
            preamble = bytes.to_vec();
        }
        cursor.at = start + 132;
    } else if head.starts_with(b"DICM") {
        cursor.at = start + 4;
    }
    let magic = cursor.at != start;
    let elements = read_group2(cursor)?;
    if elements.is_empty() && !magic && !plausible_start(cursor)? {
        return Err(Error::NotDicom);
    }
    let uid = elements.uid(tags::TRANSFER_SYNTAX_UID);
    Ok(FileMeta {
        // Without a statement the default transfer syntax holds; the reader checks it against the bytes.
        syntax: TransferSyntax::from_uid(uid.as_deref().unwrap_or(TransferSyntax::IMPLICIT_LE)),
        sop_class: elements.uid(tags::MEDIA_STORAGE_SOP_CLASS_UID),
        sop_instance: elements.uid(tags::MEDIA_STORAGE_SOP_INSTANCE_UID),
        elements,
        preamble,
    })
}

fn read_group2(cursor: &mut Cursor<'_>) -> Result<DataSet, Error> {
    let mut elements = DataSet::new();
    while elements.len() + elements.duplicates.len() < META_ELEMENTS && cursor.peek(2)? == [2, 0] {
        let before = cursor.at;
        let mut header = cursor.header(EXPLICIT)?;
        if header.length.is_none_or(|l| l > cursor.left()) {
            // A short-form VR that was written with a long length, or nonsense: read it as implicit once.
            cursor.at = before;
            header = cursor.header(Encoding { explicit: false, big: false })?;
        }
        let length = header.length.filter(|l| *l <= cursor.left()).ok_or(Error::Truncated)?;
        if length > META_VALUE {
            cursor.at += length;
            continue;
        }
        let value = Value::Bytes(cursor.value(length)?);
        elements.put_read(Element { tag: header.tag, vr: header.vr, value });
    }
    Ok(elements)
}

/// Without preamble and meta: does it begin like a data set, a group below 0020 and a length that fits?
fn plausible_start(cursor: &mut Cursor<'_>) -> Result<bool, Error> {
    let left = cursor.left();
    let Ok(head) = <[u8; 8]>::try_from(cursor.peek(8)?) else { return Ok(false) };
    let group = u16::from_le_bytes([head[0], head[1]]).min(u16::from_be_bytes([head[0], head[1]]));
    let explicit = Vr::from_bytes([head[4], head[5]]).is_some();
    let implicit = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]])) <= left;
    Ok((1..0x20).contains(&group) && (explicit || implicit))
}
