//! Areas that a person has blacked out are black in frames and files, and nothing beside them changes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{Read, Seek, SeekFrom};

use proto::keys::PrivateKeys;

use super::tests::{COLUMNS, ROWS, files, p10, pack_job, radiograph, run, triage};
use domain::job::{Answer, Job, RedactedArea};
use pixels::Image;

/// The frame and the pixels of the file of a sealed radiograph, with these areas.
fn sealed(areas: Vec<RedactedArea>) -> (Vec<u8>, Vec<u8>, deid::Statement) {
    let (site, reader) = (PrivateKeys::generate().unwrap(), PrivateKeys::generate().unwrap());
    let digest = triage(&files(vec![p10(&radiograph())]), false).verdict.plan_digest;
    let files = files(vec![p10(&radiograph())]);
    let mut job = pack_job(digest, &site, &reader, None, true);
    job.areas = areas;
    let Answer::Pack(answer) = run(&Job::Pack(Box::new(job)), &files) else { panic!("not sealed") };
    let mut envelope = Vec::new();
    (&files[0]).seek(SeekFrom::Start(0)).unwrap();
    (&files[0]).read_to_end(&mut envelope).unwrap();
    let (_, content) = proto::envelope::open(&envelope, site.public(), reader.opener()).unwrap();
    let frame = content.get("frame-0000.png").unwrap().to_vec();
    let file = content.get("instance-0000.dcm").unwrap().to_vec();
    let parsed = dicom::read(&file[..], &dicom::Limits::default()).unwrap();
    let pixels = Image::new(&parsed, &file).unwrap().decode(0).unwrap().stored.bytes;
    (frame, pixels, serde_json::from_str(&answer.statement).unwrap())
}

#[test]
fn a_blacked_out_area_is_black_in_the_frame_and_in_the_file_and_the_statement_says_who() {
    let (columns, rows) = (u32::from(COLUMNS), u32::from(ROWS));
    let (x0, y0) = (columns / 2, rows / 4);
    // Beyond the edge of the image: the area is cut to it.
    let area = RedactedArea { instance: 0, everywhere: true, x0, y0, x1: columns + 40, y1: y0 + 3 };
    let (frame, pixels, statement) = sealed(vec![area]);
    let (whole, before, nothing) = sealed(Vec::new());
    let picture = |png: &[u8]| image::load_from_memory(png).unwrap().into_luma8();
    let (frame, whole) = (picture(&frame), picture(&whole));
    let width = pixels.len() / (columns * rows) as usize;
    let inside = |x: u32, y: u32| x >= x0 && (y0..y0 + 3).contains(&y);
    for y in 0..rows {
        for x in 0..columns {
            let at = (y * columns + x) as usize * width;
            if inside(x, y) {
                assert!(pixels[at..at + width].iter().all(|b| *b == 0), "file at {x},{y}");
                assert_eq!(frame.get_pixel(x, y).0, [0], "frame at {x},{y}");
            } else {
                assert_eq!(pixels[at..at + width], before[at..at + width], "file at {x},{y}");
            }
        }
    }
    assert!(whole.get_pixel(columns - 1, y0).0[0] > 200, "it is bright without the area");
    let said: Vec<_> = statement.boxes.iter().map(|area| (area.area, area.redacted)).collect();
    assert_eq!((said, nothing.boxes.len()), (vec![([x0, y0, columns, y0 + 3], true)], 0));
}
