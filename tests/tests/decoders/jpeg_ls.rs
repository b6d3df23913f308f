//! JPEG-LS: what DCMTK codes with every option of its own, decoded here and by DCMTK.

use super::files::{Header, dcmtk, numbers, ours, picture};

/// Options of the encoder for so many bits and components, and how far a value may be from its source.
fn options(bits: u8, samples: usize) -> Vec<(Vec<&'static str>, i64)> {
    let mut all = vec![(vec!["+el"], 0), (vec!["+el", "+rs", "31"], 0)];
    if samples == 3 {
        all.push((vec!["+el", "+is"], 0));
    }
    // Of more bits it codes another picture where each component has a scan of its own, as its own decoder shows.
    if samples == 3 && bits <= 8 {
        all.push((vec!["+el", "+in"], 0));
    }
    if bits < 8 {
        return all;
    }
    all.push((vec!["+el", "+t1", "5", "+t2", "11", "+t3", "40"], 0));
    all.extend([(vec!["+en"], 2), (vec!["+en", "+md", "7"], 7)]);
    if samples == 3 {
        all.push((vec!["+en", "+md", "1", "+is"], 1));
    }
    if samples == 3 && bits == 8 {
        all.push((vec!["+en", "+md", "1", "+in"], 1));
    }
    all.extend([(vec!["+el", "+pc"], 0), (vec!["+en", "+pc", "+md", "3"], 3)]);
    all
}

/// With zeros for the bytes that pad streams of odd length: the encoder leaves any value there, and its own decoder refuses
/// the frame for it.
fn padded(coded: &[u8]) -> Vec<u8> {
    let mut out = coded.to_vec();
    // The end of a stream, a byte, and the next item.
    let at = coded.windows(5).enumerate().filter(|(_, w)| matches!(w, [0xFF, 0xD9, _, 0xFE, 0xFF]));
    at.for_each(|(at, _)| out[at + 2] = 0);
    out
}

#[test]
fn every_option_of_dcmtk_is_decoded_as_dcmtk_decodes_it() {
    let (mut coded_files, mut read_by_both) = (0, 0);
    for bits in [2, 5, 8, 9, 12, 15, 16] {
        for samples in [1, 3] {
            let header = Header::plain(19, 37, samples, bits);
            let frames: Vec<Vec<u16>> = (0..2).map(|number| picture(&header, bits, number)).collect();
            let file = header.native(&frames);
            for (options, deviation) in options(bits, samples) {
                let coded = dcmtk("dcmcjpls", &options, &file).unwrap();
                let there = dcmtk("dcmdjpls", &[], &padded(&coded)).map(|file| ours(&file));
                let what = format!("{options:?}, {bits} bits, {samples} components");
                coded_files += 1;
                read_by_both += usize::from(there.is_ok());
                for (number, (here, frame)) in ours(&coded).into_iter().zip(&frames).enumerate() {
                    // Of its "cooked" colour DCMTK does not read all it writes.
                    assert!(here.is_ok() || there.is_err(), "{what}: {:?}", here.err());
                    let (Ok(here), frame) = (here, numbers(frame)) else { continue };
                    let farthest = here.iter().zip(&frame).map(|(a, b)| (a - b).abs()).max();
                    assert!(here.len() == frame.len() && farthest <= Some(deviation), "{what}: {farthest:?}");
                    assert!(
                        there.as_ref().map_or(true, |there| there[number].as_ref() == Ok(&here)),
                        "{what}"
                    );
                }
            }
        }
    }
    assert!(5 * read_by_both > 4 * coded_files, "{read_by_both} of {coded_files}");
}
