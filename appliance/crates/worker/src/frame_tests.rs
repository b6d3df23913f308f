//! A frame at full size: whole, and the one that its preview was made of.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs::File;

use super::Error;
use super::tests::{files, p10, piece, pixels, radiograph, refs, run, triage};
use dicom::{Element, Vr, tags};
use domain::job::{Answer, FrameJob, InstanceRef, Job, PreviewMark};

#[test]
fn a_frame_comes_whole_and_a_missing_one_is_refused() {
    let files = files(vec![p10(&radiograph())]);
    let ask = |frame| {
        Job::Frame(FrameJob { instance: refs(1).remove(0), frame, most_bytes: 1 << 20, preview: None })
    };
    let Answer::Frame(preview) = run(&ask(0), &files) else { panic!("no frame") };
    assert_eq!(piece(&files[0], &preview.piece), pixels());
    let Answer::Failed(failure) = run(&ask(1), &files) else { panic!("a frame that is not there") };
    assert_eq!((failure.reason.as_str(), failure.instance), ("the frame is missing", Some(0)));
}

#[test]
fn a_frame_comes_only_if_its_preview_was_made_of_it_and_it_is_not_too_large() {
    let mut wide = radiograph();
    let (rows, columns) = (3000_u16, 25_u16);
    wide.put(Element::bytes(tags::ROWS, Vr::US, rows.to_le_bytes()));
    wide.put(Element::bytes(tags::COLUMNS, Vr::US, columns.to_le_bytes()));
    let stored: Vec<u8> = (0..u32::from(rows) * u32::from(columns))
        .flat_map(|at| ((at * 7 % 4096) as u16).to_le_bytes())
        .collect();
    wide.put(Element::bytes(tags::PIXEL_DATA, Vr::OW, stored.clone()));
    let shown = triage(&files(vec![p10(&wide)]), true).verdict.previews.remove(0);
    assert!(shown.level > 0, "{shown:?}");
    let mark = PreviewMark { level: shown.level, blake3: shown.piece.blake3 };
    let ask = |most_bytes, file: File| {
        let (instance, preview) = (InstanceRef::p10(), Some(mark.clone()));
        let files = files(vec![file]);
        (run(&Job::Frame(FrameJob { instance, frame: 0, most_bytes, preview }), &files), files)
    };
    let size = stored.len() as u64;
    let (Answer::Frame(frame), output) = ask(size, p10(&wide)) else { panic!("no frame") };
    assert_eq!((frame.rows, frame.columns, frame.level), (3000, 25, 0));
    assert_eq!(piece(&output[0], &frame.piece), stored);
    assert_eq!((frame.first, frame.step, frame.window), (shown.first, shown.step, shown.window));
    let refused = |(answer, output): (Answer, Vec<File>)| match answer {
        Answer::Failed(failure) if output[0].metadata().unwrap().len() == 0 => failure.reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(ask(size - 1, p10(&wide))), Error::TooLarge.to_string());
    let mut other = wide.clone();
    other.put(Element::bytes(tags::PIXEL_DATA, Vr::OW, vec![9; stored.len()]));
    assert_eq!(refused(ask(size, p10(&other))), Error::OtherImage.to_string());
}
