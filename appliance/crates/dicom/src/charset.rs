//! Specific Character Set: decoding text values, PS3.5 section 6.1, code extensions by best effort.
use dicom_encoding::text::{SpecificCharacterSet, TextCodec};

/// The character sets of a data set, in the order of (0008,0005). Empty: the default repertoire.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Charset {
    sets: Vec<SpecificCharacterSet>,
    extended: bool,
}

impl Charset {
    /// From the raw value of (0008,0005); unknown terms are passed over, at most 16 are kept.
    pub fn from_value(value: &[u8]) -> Self {
        let text = String::from_utf8_lossy(value);
        let mut charset = Charset::default();
        for (index, term) in text.split('\\').take(16).enumerate() {
            let term = term.trim_matches(|c: char| c == '\0' || c.is_whitespace());
            charset.extended |= index > 0 || term.starts_with("ISO 2022");
            if term.is_empty() {
                if index == 0 {
                    charset.sets.push(SpecificCharacterSet::ISO_IR_6);
                }
            } else if let Some(set) = SpecificCharacterSet::from_code(term) {
                charset.sets.push(set);
            }
        }
        charset
    }

    /// Decodes one value. Never fails: bytes without meaning in the set become U+FFFD or an octal escape.
    /// Undeclared valid UTF-8 is read as UTF-8, since senders do that.
    pub fn decode(&self, bytes: &[u8]) -> String {
        if bytes.is_ascii() && !bytes.contains(&0x1B) {
            return bytes.iter().map(|b| char::from(*b)).collect();
        }
        let Some(first) = self.sets.first() else {
            return match std::str::from_utf8(bytes) {
                Ok(text) => text.to_owned(),
                Err(_) => latin1(bytes),
            };
        };
        if bytes.contains(&0x1B) {
            self.decode_extended(first, bytes)
        } else {
            self.decode_plain(first, bytes)
        }
    }

    fn decode_plain(&self, first: &SpecificCharacterSet, bytes: &[u8]) -> String {
        if *first == SpecificCharacterSet::ISO_IR_192 {
            return String::from_utf8_lossy(bytes).into_owned();
        }
        if *first == SpecificCharacterSet::ISO_IR_6
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            return text.to_owned();
        }
        first.decode(bytes).unwrap_or_else(|_| latin1(bytes))
    }

    /// ISO 2022: each escape sequence names the set of what follows, delimiters return to the first set.
    fn decode_extended(&self, first: &SpecificCharacterSet, bytes: &[u8]) -> String {
        let mut out = String::new();
        let mut current = first.clone();
        for part in split_escapes(bytes) {
            let (set, skip) = match escape_set(part) {
                Some((Some(code), skip)) => (SpecificCharacterSet::from_code(code), skip),
                Some((None, skip)) => (Some(first.clone()), skip),
                None => (None, 0),
            };
            if let Some(set) = set {
                current = set;
            }
            // The Japanese multi-byte decoder wants to see the escape sequence itself.
            let text =
                if current.name() == "ISO_IR 87" { part } else { part.get(skip..).unwrap_or_default() };
            out.push_str(&self.decode_plain(&current, text));
        }
        out.retain(|c| c != '\u{1B}');
        out
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|b| char::from(*b)).collect()
}

fn split_escapes(bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (index, byte) in bytes.iter().enumerate() {
        if *byte == 0x1B && index > start {
            parts.push(bytes.get(start..index).unwrap_or_default());
            start = index;
        }
    }
    parts.push(bytes.get(start..).unwrap_or_default());
    parts
}

/// The set that an escape sequence at the start of `part` names (`None`: ASCII in G0), and its length.
fn escape_set(part: &[u8]) -> Option<(Option<&'static str>, usize)> {
    const ESCAPES: [(&[u8], Option<&str>); 19] = [
        (b"\x1B(B", None),
        (b"\x1B(J", Some("ISO_IR 13")),
        (b"\x1B)I", Some("ISO_IR 13")),
        (b"\x1B-A", Some("ISO_IR 100")),
        (b"\x1B-B", Some("ISO_IR 101")),
        (b"\x1B-C", Some("ISO_IR 109")),
        (b"\x1B-D", Some("ISO_IR 110")),
        (b"\x1B-F", Some("ISO_IR 126")),
        (b"\x1B-G", Some("ISO_IR 127")),
        (b"\x1B-H", Some("ISO_IR 138")),
        (b"\x1B-L", Some("ISO_IR 144")),
        (b"\x1B-T", Some("ISO_IR 166")),
        (b"\x1B$@", Some("ISO_IR 87")),
        (b"\x1B$B", Some("ISO_IR 87")),
        (b"\x1B$(D", Some("ISO_IR 87")),
        (b"\x1B$)C", Some("ISO_IR 149")),
        (b"\x1B$)A", Some("GBK")),
        (b"\x1B-M", Some("ISO_IR 100")),
        (b"\x1B(", None),
    ];
    ESCAPES.iter().find(|(escape, _)| part.starts_with(escape)).map(|(escape, set)| (*set, escape.len()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn names_of_the_standards_examples_decode() {
        // PS3.5 annex H.3.1 and I.2 print these byte sequences.
        let japanese = Charset::from_value(b"\\ISO 2022 IR 87");
        let yamada = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B";
        assert_eq!(japanese.decode(yamada), "Yamada^Tarou=\u{5c71}\u{7530}^\u{592a}\u{90ce}");
        let korean = Charset::from_value(b"\\ISO 2022 IR 149");
        let hong = b"Hong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7";
        assert_eq!(korean.decode(hong), "Hong=\u{6d2a}^\u{5409}\u{6d1e}");
    }

    #[test]
    fn single_sets_and_undeclared_utf8_decode() {
        assert_eq!(Charset::from_value(b"ISO_IR 100").decode(b"M\xfcller"), "M\u{fc}ller");
        assert_eq!(Charset::from_value(b"ISO_IR 144").decode(b"\xbb\xee"), "\u{41b}\u{44e}"[..].to_owned());
        assert_eq!(Charset::default().decode("Müller".as_bytes()), "Müller");
        assert_eq!(Charset::from_value(b"ISO_IR 999").decode(b"M\xfcller"), "Müller");
    }
}
