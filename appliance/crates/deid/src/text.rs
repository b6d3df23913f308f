//! Text and VR of an element: decoded, shown, folded, cut into words. A leaf.
use dicom::{DataSet, Element, Vr, vr_of};

/// The character set of every output that holds more than ASCII.
pub(super) const UTF_8: &str = "ISO_IR 192";

/// Some text in it, at any level, is not ASCII.
pub(super) fn beyond_ascii(header: &DataSet) -> bool {
    let mut found = false;
    header.walk(|_, element, _| {
        found |= element.vr.uses_charset() && !element.as_bytes().unwrap_or_default().is_ascii();
    });
    found
}

/// The VR to treat an element by: the dictionary's where it is definite and of another kind than the written one.
pub(super) fn effective_vr(element: &Element) -> Vr {
    let known = vr_of(element.tag);
    let same_kind = element.vr.is_text() == known.is_text() && (element.vr == Vr::SQ) == (known == Vr::SQ);
    match known {
        Vr::UN => element.vr,
        _ if element.vr == Vr::UN => known,
        _ if known.is_text() || !same_kind => known,
        _ => element.vr,
    }
}

/// An element's text, decoded as its data set says.
pub(super) fn decoded(level: &DataSet, element: &Element) -> String {
    let text = level.charset.decode(element.as_bytes().unwrap_or_default());
    text.trim_matches(|c: char| c == '\0' || c == ' ').to_owned()
}

/// A value as a person reads it: text, or the first whole number; `None` for what is neither. Cut to 200 characters.
pub(super) fn shown(level: &DataSet, element: &Element) -> Option<String> {
    const LONGEST: usize = 200;
    let bytes = element.as_bytes()?;
    let text = match element.vr {
        vr if vr.is_text() => decoded(level, element),
        Vr::US if bytes.len() == 2 => u16::from_le_bytes(bytes.try_into().ok()?).to_string(),
        _ => return None,
    };
    Some(text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect())
}

/// Words of letters and digits, upper case, accents folded.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|t| !t.is_empty()).map(fold)
}

/// Letters and digits alone, upper case, accents folded.
pub(super) fn joined(text: &str) -> String {
    fold(&text.chars().filter(|c| c.is_alphanumeric()).collect::<String>())
}

/// Upper case with the accents of Latin letters taken off.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_uppercase) {
        match c {
            // Vietnamese letters with two marks, in the blocks of their bases.
            '\u{1EA0}'..='\u{1EB7}' => out.push('A'),
            '\u{1EB8}'..='\u{1EC7}' => out.push('E'),
            '\u{1EC8}'..='\u{1ECB}' => out.push('I'),
            '\u{1ECC}'..='\u{1EE3}' => out.push('O'),
            '\u{1EE4}'..='\u{1EF1}' => out.push('U'),
            '\u{1EF2}'..='\u{1EF9}' => out.push('Y'),
            'À'..='Å' | 'Ā' | 'Ă' | 'Ą' => out.push('A'),
            'Ç' | 'Ć' | 'Č' => out.push('C'),
            'Ď' | 'Đ' => out.push('D'),
            'È'..='Ë' | 'Ē' | 'Ė' | 'Ę' | 'Ě' => out.push('E'),
            'Ğ' => out.push('G'),
            'Ì'..='Ï' | 'Ī' | 'Ĩ' | 'İ' => out.push('I'),
            'Ł' => out.push('L'),
            'Ñ' | 'Ń' | 'Ň' => out.push('N'),
            'Ò'..='Ö' | 'Ø' | 'Ő' | 'Ơ' => out.push('O'),
            'Ř' => out.push('R'),
            'Ś' | 'Š' | 'Ş' | 'Ș' => out.push('S'),
            'Ť' | 'Ţ' | 'Ț' => out.push('T'),
            'Ù'..='Ü' | 'Ů' | 'Ű' | 'Ū' | 'Ũ' | 'Ư' => out.push('U'),
            'Ý' | 'Ÿ' => out.push('Y'),
            'Ź' | 'Ż' | 'Ž' => out.push('Z'),
            'Æ' => out.push_str("AE"),
            'Œ' => out.push_str("OE"),
            'ẞ' => out.push_str("SS"),
            other => out.push(other),
        }
    }
    out
}
