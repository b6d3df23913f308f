//! RLE: what DCMTK and our encoder code, decoded here and by DCMTK.

use fixtures::study::rle;

use super::files::{Header, dcmtk, numbers, ours, picture};

const RLE: &str = "1.2.840.10008.1.2.5";

/// Byte planes of each sample, the high byte first (PS3.5 annex G.2).
fn planes(header: &Header, values: &[u16]) -> Vec<Vec<u8>> {
    let width = usize::from(header.allocated / 8);
    let plane = |at: usize| {
        let (sample, shift) = (at / width, 8 * (width - 1 - at % width));
        values.iter().skip(sample).step_by(header.samples).map(|v| (v >> shift) as u8).collect()
    };
    (0..header.samples * width).map(plane).collect()
}

#[test]
fn all_widths_and_samples_come_back_as_they_were() {
    for bits in [8, 12, 16] {
        for samples in [1, 3] {
            for (rows, columns) in [(1, 1), (3, 5), (40, 129), (2, 300)] {
                let header = Header::plain(rows, columns, samples, bits);
                let frames: Vec<Vec<u16>> = (0..3).map(|number| picture(&header, bits, number)).collect();
                let wanted: Vec<Result<Vec<i64>, String>> = frames.iter().map(|f| Ok(numbers(f))).collect();
                let what = format!("{rows} by {columns} by {samples}, {bits} bits");
                let streams: Vec<Vec<u8>> = frames.iter().map(|f| rle::encode(&planes(&header, f))).collect();
                let own = header.encapsulated(RLE, &streams);
                assert!(ours(&own) == wanted, "{what}");
                assert!(ours(&dcmtk("dcmdrle", &[], &own).unwrap()) == wanted, "DCMTK, {what}");
                let coded = dcmtk("dcmcrle", &[], &header.native(&frames)).unwrap();
                assert!(ours(&coded) == wanted, "coded by DCMTK, {what}");
            }
        }
    }
}
