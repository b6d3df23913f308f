//! Text burned into pixels: held by default; blacked out where the site says so, and nothing else is touched.

use std::collections::BTreeMap;
use std::path::Path;

use dicom::{self, FileMeta, Limits, TransferSyntax, Vr, tags};
use fixtures::identity::Person;
use fixtures::study::{Encoding, StudyKind, StudySpec};
use pixels::Image;
use scanside_tests::support::run_ok;
use serde_json::Value;

/// The one instance of a study with the name of this person in its pixels.
fn instance(kind: StudyKind, encoding: Encoding, about: u64) -> Vec<u8> {
    let spec = StudySpec::new(kind, 9_100).with_encoding(encoding).with_person(Person::from_seed(about));
    spec.build().unwrap().instances.remove(0).file
}

/// Every pixel of the first frame, all its samples.
fn pixels(file: &[u8]) -> Vec<Vec<u8>> {
    let parsed = dicom::read(file, &Limits::default()).unwrap();
    let decoded = Image::new(&parsed, &file).unwrap().decode(0).unwrap().stored;
    let width = usize::from(decoded.samples) * usize::from(decoded.bits_allocated / 8);
    decoded.bytes.chunks_exact(width).map(<[u8]>::to_vec).collect()
}

/// Where letters of the first person stand: there only the first picture differs, and it has the colour that is
/// rarer in it.
fn letters(first: &[Vec<u8>], second: &[Vec<u8>], third: &[Vec<u8>]) -> Vec<usize> {
    let alone = |at: &usize| first[*at] != second[*at] && second[*at] == third[*at];
    let alone: Vec<usize> = (0..first.len()).filter(alone).collect();
    let mut counts: BTreeMap<&Vec<u8>, usize> = BTreeMap::new();
    for at in &alone {
        *counts.entry(&first[*at]).or_default() += 1;
    }
    let often = |colour: &&Vec<u8>| first.iter().filter(|pixel| pixel == colour).count();
    let ink = counts.iter().filter(|(_, n)| **n > 100).map(|(colour, _)| *colour).min_by_key(often).unwrap();
    alone.into_iter().filter(|at| first[*at] == *ink).collect()
}

fn deid(folder: &Path, file: &[u8], pixel_text: &str) -> (Value, Option<Vec<u8>>) {
    let (input, output) = (folder.join("in.dcm"), folder.join("out"));
    std::fs::write(&input, file).unwrap();
    let (input, output) = (input.display().to_string(), output.display().to_string());
    let args = ["deid", &input, &output, "--json", "--pixel-text", pixel_text];
    let line = run_ok("appliance", &args).unwrap().lines().unwrap().remove(0);
    let written = line["output"].as_str().map(|path| std::fs::read(path).unwrap());
    (line, written)
}

#[test]
fn what_is_burned_in_is_black_in_every_encoding_and_nothing_else_changes() {
    let folder = tempfile::tempdir().unwrap();
    for kind in [StudyKind::SecondaryCapture, StudyKind::Ultrasound] {
        for encoding in Encoding::ALL {
            let what = format!("{kind:?} {encoding:?}");
            let inputs = [9_200, 9_201, 9_202].map(|about| instance(kind, encoding, about));
            let (held, nothing) = deid(folder.path(), &inputs[0], "hold");
            assert_eq!((held["status"].as_str(), nothing), (Some("held"), None), "{what}");

            let (line, file) = deid(folder.path(), &inputs[0], "black-out");
            assert!(line["boxes"].as_u64().unwrap() > 0, "{what}: {line}");
            let [before, second, third] = inputs.each_ref().map(|file| pixels(file));
            let file = file.unwrap();
            let after = pixels(&file);
            let letters = letters(&before, &second, &third);
            assert!(letters.len() > 200, "{what}: {} pixels of letters", letters.len());
            let legible = letters.iter().filter(|at| before[**at] == after[**at]).count();
            assert_eq!(legible, 0, "{what}: of {}", letters.len());
            let changed: Vec<&Vec<u8>> =
                (0..before.len()).filter(|at| before[*at] != after[*at]).map(|at| &after[at]).collect();
            assert!(changed.windows(2).all(|two| two[0] == two[1]), "{what}: something else than black");
            assert!(changed.len() * 2 < before.len(), "{what}: more than half is black");

            let read = dicom::read(&file[..], &Limits::default()).unwrap();
            assert_eq!(read.data.text(tags::BURNED_IN_ANNOTATION).as_deref(), Some("NO"), "{what}");
            let (line, again) = deid(folder.path(), &file, "black-out");
            assert_eq!(line["status"], "done", "{what}: {line}");
            assert!(pixels(&again.unwrap()) == after, "{what}: twice is once");
        }
    }
}

/// A screen shot that says it is a radiograph without annotation.
fn disguised(file: &[u8]) -> Vec<u8> {
    let parsed = dicom::read(file, &Limits::default()).unwrap();
    let mut data = parsed.data.clone();
    for (tag, vr, text) in [
        (tags::SOP_CLASS_UID, Vr::UI, "1.2.840.10008.5.1.4.1.1.1"),
        (tags::MODALITY, Vr::CS, "CR"),
        (tags::IMAGE_TYPE, Vr::CS, "ORIGINAL\\PRIMARY"),
        (tags::BURNED_IN_ANNOTATION, Vr::CS, "NO"),
        (tags::BODY_PART_EXAMINED, Vr::CS, "CHEST"),
    ] {
        data.put_text(tag, vr, text);
    }
    data.remove(tags::CONVERSION_TYPE);
    let meta = FileMeta::for_data_set(&data, TransferSyntax::EXPLICIT_LE);
    let mut out = Vec::new();
    dicom::write_file(&meta, &data, parsed.bulk(&file), &mut out).unwrap();
    out
}

#[test]
fn words_in_an_image_that_should_hold_none_make_it_wait_or_are_black() {
    let folder = tempfile::tempdir().unwrap();
    let shot = disguised(&instance(StudyKind::SecondaryCapture, Encoding::ExplicitLittle, 9_200));
    let (line, written) = deid(folder.path(), &shot, "hold");
    assert_eq!((line["status"].as_str(), written.is_none()), (Some("held"), true), "{line}");
    assert!(line["reason"].as_str().unwrap().contains("Words seem to be written"), "{line}");
    let (line, written) = deid(folder.path(), &shot, "black-out");
    assert!(line["status"] == "done" && line["boxes"].as_u64() > Some(0), "{line}");
    assert!(pixels(&written.unwrap()) != pixels(&shot));
    // A phantom without words is let through untouched.
    let plain = instance(StudyKind::Cr, Encoding::ExplicitLittle, 9_200);
    let (line, written) = deid(folder.path(), &plain, "hold");
    assert_eq!(line["status"], "done", "{line}");
    assert!(pixels(&written.unwrap()) == pixels(&plain));
}

/// The same file with a comment in its one compressed frame and a name behind the end of the picture.
fn commented(file: &[u8], words: &[u8]) -> Vec<u8> {
    let parsed = dicom::read(file, &Limits::default()).unwrap();
    let mut data = parsed.data.clone();
    let dicom::Value::Fragments(table) = &data.get(tags::PIXEL_DATA).unwrap().value else {
        panic!("compressed")
    };
    let [range] = table.fragments[..] else { panic!("one fragment") };
    let frame = &file[range.offset as usize..][..range.length as usize];
    let mut altered = frame[..2].to_vec();
    altered.extend([0xFF, 0xFE]);
    altered.extend((words.len() as u16 + 2).to_be_bytes());
    altered.extend(words);
    altered.extend(&frame[2..]);
    altered.extend(words);
    altered.resize(altered.len().next_multiple_of(2), 0);
    let range = dicom::ByteRange { offset: file.len() as u64, length: altered.len() as u64 };
    let value = dicom::Value::Fragments(dicom::Fragments { fragments: vec![range], ..table.clone() });
    data.put(dicom::Element { tag: tags::PIXEL_DATA, vr: Vr::OB, value });
    let source = [file, &altered].concat();
    let mut out = Vec::new();
    dicom::write_file(&parsed.meta, &data, &source[..], &mut out).unwrap();
    out
}

#[test]
fn what_a_compressed_frame_carries_beside_its_picture_stays_behind() {
    let folder = tempfile::tempdir().unwrap();
    let plain = instance(StudyKind::Cr, Encoding::JpegLossless, 9_200);
    let name = b"Ravensworth, Ida";
    let shot = commented(&plain, name);
    assert!(shot.windows(name.len()).any(|w| w == name));
    let (line, written) = deid(folder.path(), &shot, "hold");
    assert_eq!(line["status"], "done", "{line}");
    let written = written.unwrap();
    assert!(!written.windows(name.len()).any(|w| w == name), "the comment left");
    assert!(pixels(&written) == pixels(&plain), "the picture is another one");
    // Without anything beside the picture the frame is copied as it is.
    let (_, copied) = deid(folder.path(), &plain, "hold");
    let syntax = |file: &[u8]| dicom::read(file, &Limits::default()).unwrap().meta.syntax.uid().to_owned();
    assert_eq!(syntax(&copied.unwrap()), syntax(&plain));
    assert_eq!(syntax(&written), TransferSyntax::EXPLICIT_LE);
}
