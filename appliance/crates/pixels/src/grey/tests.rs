//! Grey against pydicom's numbers (`goldens.json`, made by `goldens.py`), and what must hold for any input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn goldens() -> Value {
    serde_json::from_str(include_str!("goldens.json")).unwrap()
}

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect()
}

pub(super) fn frame(values: &[i64], bits: u16, signed: bool) -> Stored {
    let bits_allocated = if bits <= 8 {
        8
    } else if bits <= 16 {
        16
    } else {
        32
    };
    let bytes =
        values.iter().flat_map(|v| v.to_le_bytes()[..usize::from(bits_allocated / 8)].to_vec()).collect();
    let columns = values.len() as u32;
    Stored {
        rows: 1,
        columns,
        samples: 1,
        bits_allocated,
        bits_stored: bits,
        high_bit: bits - 1,
        signed,
        bytes,
    }
}

fn stored(v: &Value) -> Vec<i64> {
    numbers(v).into_iter().map(|n| n as i64).collect()
}

fn assert_near(got: &[f32], want: &[f64], what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((f64::from(*g) - w).abs() < 2e-6, "{what}, value {i}: got {g}, pydicom {w}");
    }
}

#[test]
fn windows_match_pydicom() {
    let goldens = goldens();
    let cases = goldens["windows"].as_array().unwrap();
    assert_eq!(cases.len(), 15);
    for case in cases {
        let f = frame(
            &stored(&case["stored"]),
            case["bits"].as_u64().unwrap() as u16,
            case["signed"].as_bool().unwrap(),
        );
        let (center, width) = (case["center"].as_f64().unwrap(), case["width"].as_f64().unwrap());
        let function = case["function"].as_str().unwrap();
        let voi = match function {
            "LINEAR" => Voi::Linear { center, width },
            "LINEAR_EXACT" => Voi::LinearExact { center, width },
            _ => Voi::Sigmoid { center, width },
        };
        let (slope, intercept) = (case["slope"].as_f64().unwrap(), case["intercept"].as_f64().unwrap());
        let look =
            Look { modality: Modality::Linear { slope, intercept }, voi: vec![voi], ..Look::default() };
        let what = format!("{} {function}", case["name"]);
        assert_near(&unit(&f, &look, Window::AsStored).unwrap().values, &numbers(&case["shown"]), &what);
        let page = sixteen(&f, &look).unwrap();
        for (v, want) in page.values.iter().zip(numbers(&case["units"])) {
            assert!((page.first + f64::from(*v) * page.step - want).abs() < 1e-9, "{what}");
        }
    }
}

#[test]
fn modality_lut_matches_pydicom() {
    let goldens = goldens();
    let case = &goldens["modality"];
    let entries = numbers(&case["entries"]).into_iter().map(|n| n as u16).collect();
    let lut = Lut { first: case["first"].as_i64().unwrap(), bits: 16, entries };
    let look = Look { modality: Modality::Table(lut), ..Look::default() };
    let f = frame(&stored(&case["stored"]), 8, false);
    let units = numbers(&case["units"]);
    let (low, high) = units.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
    let want: Vec<f64> = units.iter().map(|v| (v - low) / (high - low)).collect();
    assert_near(&unit(&f, &look, Window::AsStored).unwrap().values, &want, "modality");
    let page = sixteen(&f, &look).unwrap();
    for (v, want) in page.values.iter().zip(&units) {
        assert!((page.first + f64::from(*v) * page.step - want).abs() <= page.step / 2.0 + 1e-9);
    }
}

#[test]
fn voi_lut_matches_pydicom_and_counts_before_a_window() {
    let goldens = goldens();
    let case = &goldens["voi"];
    let entries = numbers(&case["entries"]).into_iter().map(|n| n as u16).collect();
    let lut = Lut { first: case["first"].as_i64().unwrap(), bits: 12, entries };
    let voi = vec![Voi::Linear { center: 0.0, width: 10.0 }, Voi::Table(lut)];
    let look = Look { voi, ..Look::default() };
    let f = frame(&stored(&case["stored"]), 12, true);
    assert_near(&unit(&f, &look, Window::AsStored).unwrap().values, &numbers(&case["shown"]), "voi");
    let page = sixteen(&f, &look).unwrap();
    for (v, want) in page.values.iter().zip(numbers(&case["shown"])) {
        assert!((page.first + f64::from(*v) * page.step - want).abs() < 1e-5);
    }
}

#[test]
fn palette_and_luma_match_pydicom() {
    let goldens = goldens();
    let case = &goldens["palette"];
    let table = |c: &str| Lut {
        first: 0,
        bits: 16,
        entries: numbers(&case["tables"][c]).into_iter().map(|n| n as u16).collect(),
    };
    let palette = Some(Palette { red: table("Red"), green: table("Green"), blue: table("Blue") });
    let look = Look { photometric: Photometric::Palette, palette, ..Look::default() };
    let f = frame(&stored(&case["stored"]), 8, false);
    assert_near(&unit(&f, &look, Window::AsStored).unwrap().values, &numbers(&case["shown"]), "palette");
    let case = &goldens["colour"];
    let mut f = frame(&stored(&case["ybr"]), 8, false);
    (f.samples, f.columns) = (3, 3);
    let look = Look { photometric: Photometric::Ybr, ..Look::default() };
    let got = unit(&f, &look, Window::AsStored).unwrap().values;
    for (g, w) in got.iter().zip(numbers(&case["shown"])) {
        assert!((f64::from(*g) - w).abs() < 1.5 / 255.0, "pydicom rounds RGB to 8 bits: got {g}, want {w}");
    }
}

#[test]
fn colour_weighs_green_most() {
    let mut f = frame(&[255, 0, 0, 0, 255, 0, 0, 0, 255], 8, false);
    (f.samples, f.columns) = (3, 3);
    let look = Look { photometric: Photometric::Rgb, ..Look::default() };
    assert_near(&unit(&f, &look, Window::AsStored).unwrap().values, &[0.299, 0.587, 0.114], "rgb");
}

#[test]
fn unread_bits_are_not_part_of_the_value() {
    let mut f = frame(&[0xF00 << 4 | 0xA, 0x001 << 4, 0xFFF << 4 | 0xF], 16, false);
    (f.bits_stored, f.high_bit) = (12, 15);
    assert_eq!(f.values().collect::<Vec<_>>(), [0xF00, 1, 0xFFF]);
    f.signed = true;
    assert_eq!(f.values().collect::<Vec<_>>(), [-256, 1, -1]);
    let thirty_two = frame(&[-5, 70_000, i64::from(i32::MAX)], 32, true);
    assert_eq!(thirty_two.values().collect::<Vec<_>>(), [-5, 70_000, i64::from(i32::MAX)]);
}

#[test]
fn wrong_shapes_are_errors() {
    let mut f = frame(&[1, 2, 3], 8, false);
    f.columns = 4;
    assert_eq!(unit(&f, &Look::default(), Window::AsStored), Err(Error::WrongLength));
    f.columns = 3;
    f.high_bit = 9;
    assert_eq!(unit(&f, &Look::default(), Window::AsStored), Err(Error::WrongBits));
    f.high_bit = 7;
    let palette = Look { photometric: Photometric::Palette, ..Look::default() };
    assert_eq!(unit(&f, &palette, Window::AsStored), Err(Error::NoGrey));
    let empty =
        Look { modality: Modality::Table(Lut { first: 0, bits: 8, entries: vec![] }), ..Look::default() };
    assert_eq!(unit(&f, &empty, Window::AsStored), Err(Error::EmptyTable));
}

proptest! {
    #[test]
    fn brighter_stays_brighter(
        mut values in proptest::collection::vec(-2048_i64..2048, 2..200),
        center in -500.0..500.0_f64,
        width in 0.0..3000.0_f64,
        kind in 0..3_u8,
    ) {
        values.sort_unstable();
        let voi = match kind {
            0 => Voi::Linear { center, width },
            1 => Voi::LinearExact { center, width },
            _ => Voi::Sigmoid { center, width },
        };
        let look = Look { voi: vec![voi], ..Look::default() };
        let f = frame(&values, 12, true);
        let shown = unit(&f, &look, Window::AsStored).unwrap().values;
        prop_assert!(shown.windows(2).all(|w| w[0] <= w[1]));
        prop_assert!(shown.iter().all(|v| (0.0..=1.0).contains(v)));
        let one = Look { photometric: Photometric::Monochrome1, ..look };
        let inverted = unit(&f, &one, Window::AsStored).unwrap().values;
        prop_assert!(shown.iter().zip(&inverted).all(|(a, b)| (a + b - 1.0).abs() < 1e-6));
    }

    #[test]
    fn row_by_row_a_frame_is_shown_as_it_is_shown_whole(
        pairs in proptest::collection::vec((-2048..2048_i64, -2048..2048_i64), 3..40), bits in prop_oneof![Just(12_u16), Just(20)],
        (one, colour, own) in any::<(bool, bool, bool)>(),
        padding in proptest::option::of((-2048..2048_i64, -2048..2048_i64)), width in proptest::option::of(2.0..5000.0_f64),
    ) {
        let values: Vec<i64> = pairs.iter().flat_map(|(a, b)| [*a, *b]).take(pairs.len() * 2 / 6 * 6).collect();
        let mut f = frame(&values, bits, true);
        (f.rows, f.samples) = (2, if colour { 3 } else { 1 });
        f.columns /= 2 * u32::from(f.samples);
        let photometric = match (colour, one) {
            (true, _) => Photometric::Rgb,
            (false, true) => Photometric::Monochrome1,
            (false, false) => Photometric::Monochrome2,
        };
        let center = -300.0;
        let voi = width.filter(|_| !own).map(|width| Voi::Linear { center, width }).into_iter().collect();
        let window = width.filter(|_| own).map_or(Window::AsStored, |width| Window::Fixed { center, width });
        let look = Look { photometric, padding, voi, ..Look::default() };
        let whole = unit(&f, &look, window).unwrap();
        let shown = shown(f, &look, window).unwrap();
        prop_assert_eq!((shown.rows(), shown.columns()), (whole.rows as usize, whole.columns as usize));
        let mut row = vec![f32::NAN; shown.columns()];
        for (at, wanted) in whole.values.chunks(shown.columns()).enumerate() {
            shown.row(at, &mut row);
            prop_assert_eq!(&row, wanted);
        }
        if colour {
            return Ok(());
        }
        // Word by word after C.11.2.1.2.1, every pixel looked at.
        let inside = |v: i64| padding.is_none_or(|(a, b)| !(a.min(b)..=a.max(b)).contains(&v));
        let counted: Vec<i64> = values.iter().copied().filter(|v| inside(*v)).collect();
        let low = counted.iter().min().or(values.first()).copied().unwrap() as f64;
        let high = counted.iter().max().or(values.first()).copied().unwrap() as f64;
        for (v, got) in values.iter().zip(&whole.values) {
            let shown = |x: f64| {
                let y = match width {
                    Some(w) => ((x - (center - 0.5)) / (w - 1.0) + 0.5).clamp(0.0, 1.0),
                    None if high > low => (x - low) / (high - low),
                    None => 0.0,
                };
                if one { 1.0 - y } else { y }
            };
            let dark = if counted.is_empty() { 0.0 } else { shown(low).min(shown(high)) };
            let y = if inside(*v) { shown(*v as f64) } else { dark };
            prop_assert!((f64::from(*got) - y).abs() < 1e-6, "{v}: {got} instead of {y}");
        }
    }

    #[test]
    fn any_bytes_and_any_bits_end_without_a_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..64),
        bits in (prop_oneof![Just(8_u16), Just(16), Just(32), any::<u16>()], 0..40_u16, 0..40_u16),
        signed: bool, slope in any::<f64>(), samples in 0..4_u16, columns in 0..20_u32,
    ) {
        let (bits_allocated, bits_stored, high_bit) = bits;
        let f = Stored { rows: 2, columns, samples, bits_allocated, bits_stored, high_bit, signed, bytes };
        for photometric in [Photometric::Monochrome1, Photometric::Rgb, Photometric::Ybr, Photometric::Palette] {
            let modality = Modality::Linear { slope, intercept: 1.0 };
            let look = Look { photometric, modality, padding: Some((3, -3)), ..Look::default() };
            if let Ok(u) = unit(&f, &look, Window::AsStored) {
                prop_assert_eq!(u.values.len(), f.pixels());
            }
            if let Ok(s) = sixteen(&f, &look) {
                prop_assert_eq!(s.values.len(), f.pixels());
            }
        }
    }

    #[test]
    fn the_page_gets_exact_values_up_to_sixteen_bits(
        values in proptest::collection::vec(-32768_i64..32768, 1..100), slope in 1..50_i32, intercept in -2000..2000_i32,
    ) {
        let modality = Modality::Linear { slope: f64::from(slope), intercept: f64::from(intercept) };
        let look = Look { modality, ..Look::default() };
        let page = sixteen(&frame(&values, 16, true), &look).unwrap();
        for (got, v) in page.values.iter().zip(&values) {
            let want = *v as f64 * f64::from(slope) + f64::from(intercept);
            prop_assert_eq!(page.first + f64::from(*got) * page.step, want);
        }
    }
}
