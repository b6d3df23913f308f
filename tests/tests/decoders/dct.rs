//! Baseline JPEG: every sampling, restart interval and order of scans; both decoders round and scale colour a little apart.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::files::{Header, dcmtk, ours};

const BASELINE: &str = "1.2.840.10008.1.2.4.50";
/// How far apart two decoders may be: rounding, and colour differences scaled up in two ways.
const APART: i64 = 6;

/// Blocks of very different grey, in which a difference lost or begun anew shows, and colours that change slowly.
fn picture(header: &Header) -> Vec<u8> {
    let value = |at: usize| {
        let (at, sample) = (at / header.samples, at % header.samples);
        let (row, column) = (at / header.columns, at % header.columns);
        let block = (row / 8 * 29 + column / 8 * 43) % 120;
        (60 + block + (column % 8) + [0, row / 4, column / 4][sample]) as u8
    };
    (0..header.count()).map(value).collect()
}

/// One stream: sampling, MCU between restarts, whether each component has a scan of its own with its own tables.
fn coded(header: &Header, sampling: SamplingFactor, interval: u16, apart: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 95);
    encoder.set_sampling_factor(sampling);
    encoder.set_restart_interval(interval);
    encoder.set_optimized_huffman_tables(apart);
    let colour = if header.samples == 3 { ColorType::Rgb } else { ColorType::Luma };
    encoder.encode(&picture(header), header.columns as u16, header.rows as u16, colour).unwrap();
    out
}

/// Decodes all streams here and by DCMTK, and compares with each other and with what was coded.
fn compare(header: &Header, streams: &[(String, Vec<u8>)], from_source: i64) {
    let frames: Vec<Vec<u8>> = streams.iter().map(|(_, stream)| stream.clone()).collect();
    let file = header.encapsulated(BASELINE, &frames);
    let there = ours(&dcmtk("dcmdjpeg", &[], &file).unwrap());
    let source: Vec<i64> = picture(header).into_iter().map(i64::from).collect();
    let farthest = |a: &[i64], b: &[i64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).max();
    assert_eq!(there.len(), streams.len());
    for (((name, _), here), there) in streams.iter().zip(ours(&file)).zip(there) {
        let (here, there) = (here.unwrap_or_else(|e| panic!("{name}: {e}")), there.unwrap());
        assert_eq!((here.len(), there.len()), (source.len(), source.len()), "{name}");
        assert!(farthest(&here, &there) <= Some(APART), "{name}: {:?} from DCMTK's", farthest(&here, &there));
        assert!(farthest(&here, &source) <= Some(from_source), "{name}: {:?}", farthest(&here, &source));
    }
}

#[test]
fn grey_with_every_restart_interval_and_any_sampling_factor() {
    let header = Header::plain(50, 71, 1, 8);
    let mut streams = Vec::new();
    for interval in [0, 1, 2, 7, 9, 10, 63, 64] {
        // The encoder forgets the restarts where it makes tables of its own.
        for apart in [false, true].into_iter().take(if interval == 0 { 2 } else { 1 }) {
            let stream = coded(&header, SamplingFactor::F_1_1, interval, apart);
            // A component alone has nothing to be sampled against.
            let mut factors = stream.clone();
            let frame = factors.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
            assert_eq!(factors[frame + 11], 0x11);
            factors[frame + 11] = 0x22;
            streams.push((format!("interval {interval}, {apart}"), stream));
            streams.push((format!("interval {interval}, {apart}, factors 2 and 2"), factors));
        }
    }
    compare(&header, &streams, 4);
}

#[test]
fn colour_with_every_sampling_order_of_scans_and_restart_interval() {
    use SamplingFactor::{
        F_1_1, F_1_2, F_1_4, F_2_1, F_2_2, F_2_4, F_4_1, F_4_2, R_4_1_0, R_4_1_1, R_4_2_0, R_4_2_1, R_4_2_2,
        R_4_4_0, R_4_4_1, R_4_4_4,
    };
    let samplings = [
        F_1_1, F_1_2, F_1_4, F_2_1, F_2_2, F_2_4, F_4_1, F_4_2, R_4_4_4, R_4_4_0, R_4_2_2, R_4_2_0, R_4_4_1,
        R_4_2_1, R_4_1_1, R_4_1_0,
    ];
    let header = Header { photometric: "YBR_FULL_422", ..Header::plain(67, 90, 3, 8) };
    let mut streams = Vec::new();
    for sampling in samplings {
        for interval in [0, 1, 3, 6, 24] {
            // The encoder forgets the restarts where it makes tables of its own.
            for apart in [false, true].into_iter().take(if interval == 0 { 2 } else { 1 }) {
                let name = format!("{sampling:?}, interval {interval}, apart {apart}");
                streams.push((name, coded(&header, sampling, interval, apart)));
            }
        }
    }
    compare(&header, &streams, 24);
}
