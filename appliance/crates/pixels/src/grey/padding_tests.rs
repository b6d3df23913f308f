//! Padding is the darkest of the picture, however it is shown, and counts for nothing (PS3.3 C.7.5.1.1.2): numbers by hand.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::Photometric::{Monochrome1, Monochrome2};
use super::tests::frame;
use super::*;

/// What a bundle sees and, in the header's own window, what the page shows at first: both are `want`.
fn assert_shown(f: &Stored, look: &Look, window: Window, want: &[f64]) {
    let what = format!("{look:?} {window:?}");
    let near = |got: &[f32], within: f64| {
        assert_eq!(got.len(), want.len(), "{what}");
        for (got, want) in got.iter().zip(want) {
            assert!((f64::from(*got) - want).abs() < within, "{what}: {got} for {want}");
        }
    };
    let whole = unit(f, look, window).unwrap().values;
    near(&whole, 1e-6);
    let mut row = vec![f32::NAN; whole.len()];
    shown(f.clone(), look, window).unwrap().row(0, &mut row);
    assert_eq!(row, whole, "{what}: row by row");
    if window == Window::AsStored {
        let page = sixteen(f, look).unwrap();
        let voi = Voi::Linear { center: page.window.0, width: page.window.1 };
        let shown = |v: &u16| voi.apply(page.first + f64::from(*v) * page.step).unwrap();
        let seen = page.values.iter().map(|v| if page.inverted { 1.0 - shown(v) } else { shown(v) } as f32);
        // Values of more than 16 bits come in 65,535 steps.
        near(&seen.collect::<Vec<_>>(), 2e-5);
    }
}

fn look(photometric: Photometric, padding: (i64, i64)) -> Look {
    Look { photometric, padding: Some(padding), ..Look::default() }
}

#[test]
fn padding_is_the_darkest_of_the_picture_at_either_end_and_widens_no_window() {
    // The picture is 0, 10 and 20. A range has its two ends in either order, and both are padding.
    for (first, second, bits, signed, padding) in [
        (-2000, -1990, 16, true, (-2000, -1990)),
        (-2000, -1990, 16, true, (-1990, -2000)),
        (32_767, 32_767, 16, true, (32_767, 32_767)),
        (4095, 4000, 12, false, (4000, 4095)),
        (65_535, 65_535, 16, false, (65_535, 65_535)),
        (70_001, 70_000, 20, true, (70_001, 70_000)),
    ] {
        let f = frame(&[first, second, 0, 10, 20], bits, signed);
        let (two, one) = (look(Monochrome2, padding), look(Monochrome1, padding));
        assert_shown(&f, &two, Window::AsStored, &[0.0, 0.0, 0.0, 0.5, 1.0]);
        assert_shown(&f, &one, Window::AsStored, &[0.0, 0.0, 1.0, 0.5, 0.0]);
    }
    // Just outside the range is no padding.
    let f = frame(&[99, 101, 100, 40, 20], 8, false);
    assert_shown(
        &f,
        &look(Monochrome2, (100, 100)),
        Window::AsStored,
        &[79.0 / 81.0, 1.0, 0.0, 20.0 / 81.0, 0.0],
    );
}

#[test]
fn in_a_window_padding_is_as_dark_as_the_darkest_of_the_picture() {
    // Of 0, 10 and 20 a quarter, a half and three quarters.
    let (center, width) = (10.5, 41.0);
    let f = frame(&[255, 0, 10, 20], 8, false);
    for (photometric, want) in
        [(Monochrome2, [0.25, 0.25, 0.5, 0.75]), (Monochrome1, [0.25, 0.75, 0.5, 0.25])]
    {
        let own = Look { voi: vec![Voi::Linear { center, width }], ..look(photometric, (255, 255)) };
        assert_shown(&f, &own, Window::AsStored, &want);
        let none = look(photometric, (255, 255));
        assert_shown(&f, &none, Window::Fixed { center, width }, &want);
    }
    // A VOI LUT that falls: 200, 100 and 0 of 255.
    let entries: Vec<u16> = (0..21).map(|x| 200 - 10 * x).collect();
    let voi = vec![Voi::Table(Lut { first: 0, bits: 8, entries })];
    let bright = [200.0, 100.0, 0.0].map(|v| v / 255.0);
    let two = Look { voi: voi.clone(), ..look(Monochrome2, (255, 255)) };
    assert_shown(&f, &two, Window::AsStored, &[0.0, bright[0], bright[1], bright[2]]);
    let one = Look { voi, ..look(Monochrome1, (255, 255)) };
    assert_shown(&f, &one, Window::AsStored, &[1.0 - bright[0], 1.0 - bright[0], 1.0 - bright[1], 1.0]);
}

#[test]
fn padding_is_told_by_stored_values_whatever_they_are_rescaled_to() {
    let f = frame(&[-5, 0, 10, 20], 16, true);
    let falling = Modality::Linear { slope: -2.0, intercept: 7.0 };
    let table = Modality::Table(Lut { first: 0, bits: 16, entries: (0..21).map(|x| 500 - 3 * x).collect() });
    for modality in [falling, table] {
        let two = Look { modality: modality.clone(), ..look(Monochrome2, (-5, -5)) };
        assert_shown(&f, &two, Window::AsStored, &[0.0, 1.0, 0.5, 0.0]);
        let one = Look { modality, ..look(Monochrome1, (-5, -5)) };
        assert_shown(&f, &one, Window::AsStored, &[0.0, 0.0, 0.5, 1.0]);
    }
}

#[test]
fn a_frame_of_padding_is_black_and_colour_has_none() {
    let f = frame(&[7, 8, 7], 8, false);
    for photometric in [Monochrome1, Monochrome2] {
        let got = unit(&f, &look(photometric, (7, 8)), Window::AsStored).unwrap().values;
        assert_eq!(got, [0.0; 3], "{photometric:?}");
    }
    let entries = Lut { first: 0, bits: 8, entries: vec![0, 255, 51] };
    let palette = Palette { red: entries.clone(), green: entries.clone(), blue: entries };
    let look = Look { palette: Some(palette), ..look(Photometric::Palette, (1, 1)) };
    let got = unit(&frame(&[0, 1, 2], 8, false), &look, Window::AsStored).unwrap().values;
    assert!((got[1] - 1.0).abs() < 1e-6 && (got[2] - 0.2).abs() < 1e-6, "{got:?}");
}
