//! Values at a place of a file, and text left anywhere in bytes.

use dicom_object::{DefaultDicomObject, InMemDicomObject, Tag};

/// A de-identified file.
pub(crate) struct File {
    /// All its bytes.
    pub bytes: Vec<u8>,
    object: DefaultDicomObject,
}

impl File {
    /// Reads an output, which must be a conformant P10 file.
    pub(crate) fn read(bytes: Vec<u8>) -> Self {
        let object = dicom_object::from_reader(&bytes[..]).expect("an output is a conformant file");
        Self { bytes, object }
    }

    /// The text of everything at `path`, values and items below it; `None` when nothing is there.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        // Padding comes after everything a reader reads.
        if path == "anywhere" || path == "FFFCFFFC" {
            return Some(String::from_utf8_lossy(&self.bytes).into_owned());
        }
        if path == "preamble" {
            return Some(String::from_utf8_lossy(&self.bytes[..128]).into_owned());
        }
        if let Some(tag) = path.strip_prefix("meta.") {
            let meta = self.object.meta();
            return match tag {
                "00020003" => Some(meta.media_storage_sop_instance_uid().trim_end_matches('\0').to_owned()),
                "00020016" => meta.source_application_entity_title.clone(),
                _ => panic!("{path}: a place of file meta that is not scored"),
            };
        }
        if let Some(inside) = path.strip_prefix("priv(").and_then(|rest| rest.strip_suffix(')')) {
            let parts: Vec<&str> = inside.split(',').collect();
            return private(&self.object, hex(parts[0]), parts[1], hex(parts[2]));
        }
        let mut level: &InMemDicomObject = &self.object;
        let mut steps = path.split('.').peekable();
        while let Some(step) = steps.next() {
            let (tag, item) = match step.split_once('[') {
                Some((tag, item)) => (tag, item.trim_end_matches(']').parse::<usize>().unwrap()),
                None => (step, 0),
            };
            let element = level.element(Tag(hex(&tag[..4]), hex(&tag[4..]))).ok()?;
            if steps.peek().is_none() {
                let mut text = String::new();
                collect(element, &mut text);
                return Some(text);
            }
            level = element.items()?.get(item)?;
        }
        None
    }
}

fn hex(text: &str) -> u16 {
    u16::from_str_radix(text, 16).unwrap()
}

fn private(object: &InMemDicomObject, group: u16, creator: &str, element: u16) -> Option<String> {
    let block = (0x10..=0xFF_u16).find(|block| {
        let found = object.element(Tag(group, *block)).ok();
        // Implicit syntaxes leave the creator without a VR of text.
        let mut text = String::new();
        found.into_iter().for_each(|e| collect(e, &mut text));
        text.trim() == creator
    })?;
    let found = object.element(Tag(group, block << 8 | element)).ok()?;
    let mut text = String::new();
    collect(found, &mut text);
    Some(text)
}

fn collect(element: &dicom_object::mem::InMemElement, text: &mut String) {
    if let Some(items) = element.items() {
        for inner in items.iter().flat_map(InMemDicomObject::iter) {
            collect(inner, text);
            text.push('\n');
        }
    } else if let ("OB" | "OW" | "UN", Ok(bytes)) = (element.vr().to_string(), element.to_bytes()) {
        text.push_str(&readings(&bytes));
    } else if let Ok(value) = element.to_str() {
        text.push_str(value.trim_matches(['\0', ' ']));
    }
}

/// Bytes of no known character set: as UTF-8, or else as Latin-1 and as ISO 8859-5.
fn readings(bytes: &[u8]) -> String {
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes).trim_ascii();
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let read = |from: u8, base: u32| -> String {
        let one = |b: &u8| if *b < from { u32::from(*b) } else { u32::from(*b) - u32::from(from) + base };
        bytes.iter().filter_map(|b| char::from_u32(one(b))).collect()
    };
    format!("{}\n{}", read(0x80, 0x80), read(0xA0, 0x400))
}

/// Whether a text stands anywhere in bytes: in UTF-8, Latin-1, ISO 8859-5 or UTF-16, whatever the case of ASCII letters.
pub(crate) fn left_in_bytes(bytes: &[u8], text: &str) -> bool {
    let mut forms: Vec<Vec<u8>> = vec![text.as_bytes().to_vec()];
    let in_one_byte = |map: fn(u32) -> Option<u8>| text.chars().map(|c| map(u32::from(c))).collect();
    forms.extend::<Option<Vec<u8>>>(in_one_byte(|c| u8::try_from(c).ok()));
    forms.extend::<Option<Vec<u8>>>(in_one_byte(|c| match c {
        0..0x80 => u8::try_from(c).ok(),
        0x401..=0x45F => u8::try_from(c - 0x400 + 0xA0).ok(),
        _ => None,
    }));
    forms.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
    forms.push(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
    forms.iter().any(|form| {
        let first = form.first().copied().unwrap_or(0).to_ascii_lowercase();
        bytes.windows(form.len()).any(|w| w[0].to_ascii_lowercase() == first && w.eq_ignore_ascii_case(form))
    })
}
