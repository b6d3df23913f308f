//! Lossless JPEG: streams of every option of our encoder and of DCMTK's, decoded here and by DCMTK.

use fixtures::study::process_14::{Codes, Process14, encode};

use super::files::{Header, dcmtk, numbers, ours, picture};

const LOSSLESS: &str = "1.2.840.10008.1.2.4.57";

/// Every option that a picture of so many components can be coded with.
fn options(precision: u8) -> Vec<Process14> {
    let mut all = Vec::new();
    for selection in 1..=7 {
        for point_transform in [0, 1, precision - 1] {
            for interval_rows in [0, 1, 3] {
                for codes in [Codes::Short, Codes::Long, Codes::Each] {
                    let how = Process14 {
                        precision,
                        selection,
                        point_transform,
                        interval_rows,
                        codes,
                        ..Process14::default()
                    };
                    all.push(Process14 { interleaved: all.len() % 2 == 0, fill: all.len() % 3, ..how });
                }
            }
        }
    }
    all
}

/// The streams of all options, and what was coded: the picture without what the point transform drops.
fn coded(header: &Header, options: &[Process14]) -> (Vec<Vec<u8>>, Vec<Vec<i64>>) {
    let one = |(number, how): (usize, &Process14)| {
        let point = how.point_transform;
        let mut values = picture(header, how.precision, number);
        values.iter_mut().for_each(|v| *v = *v >> point << point);
        (encode(&values, header.columns, header.samples, how), numbers(&values))
    };
    options.iter().enumerate().map(one).unzip()
}

#[test]
fn every_option_is_decoded_as_it_was_coded_and_as_dcmtk_decodes_it() {
    for precision in 2..=16 {
        for samples in [1, 3] {
            let header = Header::plain(7, 10, samples, precision);
            let options = options(precision);
            let (streams, wanted) = coded(&header, &options);
            let file = header.encapsulated(LOSSLESS, &streams);
            let here = ours(&file);
            let there = ours(&dcmtk("dcmdjpeg", &[], &file).unwrap());
            assert_eq!((here.len(), there.len()), (options.len(), options.len()));
            for (((how, wanted), here), there) in options.iter().zip(&wanted).zip(here).zip(there) {
                assert!(here.as_ref() == Ok(wanted), "{how:?}, {samples} components: {:?}", here.err());
                assert!(
                    there.as_ref() == Ok(wanted),
                    "DCMTK, {how:?}, {samples} components: {:?}",
                    there.err()
                );
            }
        }
    }
}

#[test]
fn what_dcmtk_codes_is_decoded_here() {
    for bits in [8, 12, 16] {
        for samples in [1, 3] {
            if samples == 3 && bits == 12 {
                continue;
            }
            let header = Header::plain(33, 41, samples, bits);
            let frames: Vec<Vec<u16>> = (0..3).map(|number| picture(&header, bits, number)).collect();
            let file = header.native(&frames);
            for selection in 1..=7 {
                let selection = selection.to_string();
                let coded = dcmtk("dcmcjpeg", &["+el", "+sv", &selection], &file).unwrap();
                for (frame, wanted) in ours(&coded).into_iter().zip(&frames) {
                    assert!(
                        frame == Ok(numbers(wanted)),
                        "selection {selection}, {bits} bits: {:?}",
                        frame.err()
                    );
                }
            }
        }
    }
}
