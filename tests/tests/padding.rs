//! Behaviour: the padding of an image changes no answer of triage, at whichever end it is and however the image is stored.

use std::path::Path;

use dicom::{DataSet, Element, FileMeta, Limits, TransferSyntax, Value, Vr, read, tags, write_file};
use fixtures::study::{StudyKind, StudySpec};
use scanside_tests::support::{project, run_ok};

/// Largest stored value of the 12 bits.
const TOP: u16 = 4095;
/// Collimated edges of the film, in pixels.
const EDGE: usize = 60;

/// A film: its padding and the other end of their range.
struct Film {
    monochrome1: bool,
    padding: u16,
    limit: Option<u16>,
}

/// The radiograph of a phantom, its header without pixels, and its stored values.
fn radiograph() -> (DataSet, Vec<u16>, usize) {
    let study = StudySpec::new(StudyKind::Dx, 60).with_size(900, 1000).build().unwrap();
    let file = &study.instances[0].file;
    let parsed = read(file.as_slice(), &Limits::default()).unwrap();
    let bytes = match &parsed.data.get(tags::PIXEL_DATA).unwrap().value {
        Value::Bytes(bytes) => bytes.clone(),
        Value::Bulk(range) => file[range.offset as usize..][..range.length as usize].to_vec(),
        other => panic!("{other:?}"),
    };
    let values = bytes.chunks_exact(2).map(|c| u16::from_le_bytes([c[0], c[1]])).collect();
    (parsed.data, values, 900)
}

/// Writes the radiograph with padded edges as `film` stores it.
fn write((data, values, columns): &(DataSet, Vec<u16>, usize), film: &Film, path: &Path) {
    let mut data = data.clone();
    let rows = values.len() / columns;
    let (lowest, highest) =
        (film.padding.min(film.limit.unwrap_or(film.padding)), film.padding.max(film.limit.unwrap_or(0)));
    let stored = values.iter().enumerate().flat_map(|(at, value)| {
        let (row, column) = (at / columns, at % columns);
        let edge = row < EDGE || row >= rows - EDGE || column < EDGE || column >= columns - EDGE;
        // No value of the picture is padding, at neither end and stored in neither way.
        let value = (*value).clamp(20, TOP - 20);
        let value = if film.monochrome1 { TOP - value } else { value };
        let padding = lowest + (at as u16) % (highest - lowest + 1);
        if edge { padding.to_le_bytes() } else { value.to_le_bytes() }
    });
    let stored: Vec<u8> = stored.collect();
    let (name, shape) =
        if film.monochrome1 { ("MONOCHROME1", "INVERSE") } else { ("MONOCHROME2", "IDENTITY") };
    data.put_text(tags::PHOTOMETRIC_INTERPRETATION, Vr::CS, name);
    data.put_text(dicom::Tag::new(0x2050, 0x0020), Vr::CS, shape);
    // What is padding must not count for the window either, so the header gives none.
    data.remove(tags::WINDOW_CENTER);
    data.remove(tags::WINDOW_WIDTH);
    data.put(Element::bytes(tags::PIXEL_PADDING_VALUE, Vr::US, film.padding.to_le_bytes()));
    if let Some(limit) = film.limit {
        data.put(Element::bytes(tags::PIXEL_PADDING_RANGE_LIMIT, Vr::US, limit.to_le_bytes()));
    }
    data.put(Element::bytes(tags::PIXEL_DATA, Vr::OW, stored));
    let meta = FileMeta::for_data_set(&data, TransferSyntax::EXPLICIT_LE);
    let mut bytes = Vec::new();
    write_file(&meta, &data, &[][..], &mut bytes).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Names and scores that triage gives the file.
fn findings(path: &Path) -> Vec<(String, f64)> {
    let bundle = project().join("models/chest-xray").display().to_string();
    let path = path.display().to_string();
    let line =
        run_ok("appliance", &["triage", &path, "--bundle", &bundle, "--json"]).unwrap().first().unwrap();
    let found = line["findings"].as_array().unwrap().iter();
    found.map(|f| (f["name"].as_str().unwrap().to_owned(), f["score"].as_f64().unwrap())).collect()
}

#[test]
fn a_film_and_its_twin_get_the_same_answer_whatever_pads_them() {
    let folder = tempfile::tempdir().unwrap();
    let radiograph = radiograph();
    let films = [
        Film { monochrome1: false, padding: 0, limit: None },
        Film { monochrome1: false, padding: TOP, limit: None },
        Film { monochrome1: true, padding: 0, limit: None },
        Film { monochrome1: true, padding: TOP, limit: None },
        Film { monochrome1: true, padding: TOP, limit: Some(TOP - 15) },
        Film { monochrome1: false, padding: 15, limit: Some(0) },
    ];
    let answers: Vec<_> = films
        .iter()
        .enumerate()
        .map(|(number, film)| {
            let path = folder.path().join(format!("{number}.dcm"));
            write(&radiograph, film, &path);
            findings(&path)
        })
        .collect();
    assert!(!answers[0].is_empty());
    for (number, answer) in answers.iter().enumerate() {
        for ((name, score), (_, first)) in answer.iter().zip(&answers[0]) {
            assert!((score - first).abs() < 1e-4, "film {number}, {name}: {score} instead of {first}");
        }
    }
}
