//! The pre-scan: which patient a data set is about, however it is coded and written.
use super::scan::{item_defined, item_undefined, recode, scan, scan_any_cut, undefined};
use super::support::*;

/// An instance with these elements of group 0010 and this character set, in explicit little endian.
fn about(charset: &str, patient: &[Vec<u8>]) -> Vec<u8> {
    let plain = instance("1.2.3", "1.2.4", 10);
    let at = plain.windows(4).position(|w| w == [0x10, 0, 0x10, 0]).unwrap();
    let length = u16::from_le_bytes([plain[at + 6], plain[at + 7]]) as usize;
    let charset = explicit(0x0008_0005, b"CS", charset.as_bytes());
    [&charset, &plain[..at], &patient.concat(), &plain[at + 8 + length..]].concat()
}

#[test]
fn the_same_facts_in_another_writing_are_the_same_patients() {
    let patient = |name: &[u8], born: &[u8]| {
        [
            explicit(0x0010_0010, b"PN", name),
            explicit(0x0010_0020, b"LO", b"4711"),
            explicit(0x0010_0030, b"DA", born),
        ]
    };
    let latin = about("ISO_IR 100", &patient(b"M\xfcller^J\xfcrgen ", b"19700102"));
    let said = scan_any_cut(EXPLICIT, &latin).patient.unwrap();
    for (charset, name, born) in [
        ("ISO_IR 192", "Müller^Jürgen", &b"19700102"[..]),
        ("ISO_IR 192", "MÜLLER^JÜRGEN^^^ ", b"1970.01.02"),
        ("ISO_IR 192", "müller ^jürgen==", b"19700102"),
    ] {
        let name = if name.len() % 2 == 0 { name.to_owned() } else { format!("{name} ") };
        let again = scan_any_cut(EXPLICIT, &about(charset, &patient(name.as_bytes(), born))).patient.unwrap();
        assert!(!again.is_other(&said) && !said.is_other(&again), "{name}");
    }
    let other = scan(EXPLICIT, &about("ISO_IR 100", &patient(b"M\xf6ller^J\xfcrgen ", b"19700102")), 50);
    assert!(other.patient.unwrap().is_other(&said));
    // Three groups of 64 characters in a set of three bytes each.
    let long = |last: &str| ["山".repeat(64), "田".repeat(64), "や".repeat(62) + last].join("=").into_bytes();
    let of = |name: Vec<u8>| {
        scan(EXPLICIT, &about("ISO_IR 192", &patient(&name, b"19700102")), 50).patient.unwrap()
    };
    assert!(!of(long("ま")).is_other(&of(long("ま"))));
    assert_ne!(of(long("ま")).to_text(), of(long("み")).to_text(), "all of it is looked at");
}

#[test]
fn an_id_counts_within_its_issuer_also_where_that_stands_in_an_item() {
    let id = explicit(0x0010_0020, b"LO", b"4711");
    let local = |text: &[u8]| explicit(0x0010_0021, b"LO", text);
    let world = |uid: &[u8], undefined_length: bool| {
        let inside = [explicit(0x0040_0032, b"UT", uid), explicit(0x0040_0033, b"CS", b"ISO ")].concat();
        if undefined_length {
            undefined(0x0010_0024, b"SQ", &item_undefined(&inside))
        } else {
            explicit(0x0010_0024, b"SQ", &item_defined(&inside))
        }
    };
    let of = |elements: &[Vec<u8>]| scan_any_cut(EXPLICIT, &about("ISO_IR 192", elements)).patient.unwrap();
    let a = of(&[id.clone(), local(b"HOSPITAL-A")]);
    assert!(of(&[id.clone(), local(b"HOSPITAL-B")]).is_other(&a));
    assert!(!of(&[id.clone(), local(b"  HOSPITAL-A")]).is_other(&a));
    assert!(!of(std::slice::from_ref(&id)).is_other(&a), "what is not said differs from nothing");
    let first = of(&[id.clone(), world(b"1.2.3 ", true)]);
    assert!(!of(&[id.clone(), world(b"1.2.3 ", false)]).is_other(&first));
    assert!(of(&[id.clone(), world(b"1.2.4 ", false)]).is_other(&first));
    // The same tags anywhere else are no issuer of the patient's.
    let elsewhere = explicit(0x0010_1002, b"SQ", &item_defined(&explicit(0x0040_0032, b"UT", b"1.2.4 ")));
    assert!(!of(&[id, world(b"1.2.3 ", true), elsewhere]).is_other(&first));
}

#[test]
fn whose_it_is_does_not_depend_on_coding_padding_or_empty_components() {
    let patient = |name: &[u8], id: &[u8], born: &[u8]| {
        let elements = [
            explicit(0x0010_0010, b"PN", name),
            explicit(0x0010_0020, b"LO", id),
            explicit(0x0010_0030, b"DA", born),
        ];
        about("ISO_IR 100", &elements)
    };
    let ann = patient(b"DOE^ANN", b"4711", b"19600102");
    let said = scan_any_cut(EXPLICIT, &ann).patient;
    assert!(said.is_some());
    for (implicit, big, syntax) in [(true, false, IMPLICIT), (false, true, BIG)] {
        assert_eq!(scan(syntax, &recode(&ann, implicit, big), 50).patient, said);
    }
    assert_eq!(scan(EXPLICIT, &patient(b"DOE^ANN^^ ", b" 4711 ", b"19600102"), 50).patient, said);
    for other in [
        patient(b"DOE^ANNA ", b"4711", b"19600102"),
        patient(b"DOE^ANN ", b"4712", b"19600102"),
        patient(b"DOE^ANN ", b"4711", b"19600103"),
        patient(b"DOE^ANN ", b"4711", b""),
        patient(b"4711", b"DOE^ANN ", b"19600102"),
    ] {
        let found = scan(EXPLICIT, &other, 50).patient;
        assert!(found.is_some() && found != said);
    }
    assert_eq!(scan(EXPLICIT, &patient(b"^^ ", b"", b""), 50).patient, None, "nobody");
}
