//! The input rule against numbers that the recipe's own numpy code computed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;
use crate::manifest::Grey;

fn input(size: [usize; 2], fit: Fit, layout: Layout, channels: usize) -> Input {
    Input {
        tensor: "image".into(),
        layout,
        channels,
        size,
        fit,
        grey: Grey::Voi,
        window: None,
        mean: 0.0,
        std: 1.0,
    }
}

/// ((7r + 3c) mod 11) / 10.
fn image(rows: usize, columns: usize) -> GreyImage {
    GreyImage::from_array(Array2::from_shape_fn((rows, columns), |(r, c)| {
        ((r * 7 + c * 3) % 11) as f32 / 10.0
    }))
    .unwrap()
}

fn assert_golden(from: (usize, usize), size: [usize; 2], fit: Fit, golden: &[f32]) {
    let found = prepare(&image(from.0, from.1), &input(size, fit, Layout::Nchw, 1)).unwrap();
    assert_eq!(found.view().len(), golden.len());
    for (found, golden) in found.view().iter().zip(golden) {
        assert!(
            (found - golden).abs() < 2e-6,
            "{found} instead of {golden}, {from:?} to {size:?} by {fit:?}"
        );
    }
}

#[test]
fn resizing_by_area_gives_what_the_recipe_computed() {
    assert_golden(
        (7, 5),
        [4, 3],
        Fit::Stretch,
        &[
            0.42, 0.522857, 0.531429, 0.551429, 0.591429, 0.348571, 0.651429, 0.408571, 0.448571, 0.468571,
            0.477143, 0.58,
        ],
    );
    assert_golden(
        (3, 2),
        [5, 4],
        Fit::Stretch,
        &[
            0.0, 0.0, 0.3, 0.3, 0.233333, 0.233333, 0.533333, 0.533333, 0.7, 0.7, 1.0, 1.0, 0.433333,
            0.433333, 0.733333, 0.733333, 0.3, 0.3, 0.6, 0.6,
        ],
    );
}

#[test]
fn a_letterbox_keeps_the_proportions_and_pads_with_zero() {
    assert_golden(
        (7, 5),
        [4, 6],
        Fit::Letterbox,
        &[
            0.0, 0.42, 0.522857, 0.531429, 0.0, 0.0, 0.0, 0.551429, 0.591429, 0.348571, 0.0, 0.0, 0.0,
            0.651429, 0.408571, 0.448571, 0.0, 0.0, 0.0, 0.468571, 0.477143, 0.58, 0.0, 0.0,
        ],
    );
}

#[test]
fn a_crop_takes_the_centred_largest_rectangle() {
    assert_golden(
        (5, 9),
        [4, 4],
        Fit::Crop,
        &[
            0.58, 0.588, 0.288, 0.56, 0.452, 0.46, 0.424, 0.52, 0.632, 0.376, 0.34, 0.7, 0.24, 0.512, 0.74,
            0.396,
        ],
    );
    assert_golden((9, 4), [3, 4], Fit::Crop, &[1.0, 0.2, 0.5, 0.8, 0.6, 0.9, 0.1, 0.4, 0.2, 0.5, 0.8, 0.0]);
}

#[test]
fn the_layouts_differ_in_the_place_of_the_channel_only() {
    let mut wanted = input([3, 4], Fit::Stretch, Layout::Nchw, 3);
    (wanted.mean, wanted.std) = (0.5, 0.25);
    let prepared = prepare(&image(3, 4), &wanted).unwrap();
    let first = prepared.tensor(&wanted);
    wanted.layout = Layout::Nhwc;
    let last = prepared.tensor(&wanted);
    assert_eq!((first.shape(), last.shape()), (&[1, 3, 3, 4][..], &[1, 3, 4, 3][..]));
    for ((r, c), value) in prepared.view().indexed_iter() {
        for channel in 0..3 {
            assert_eq!(first[[0, channel, r, c]], (value - 0.5) / 0.25);
            assert_eq!(last[[0, r, c, channel]], (value - 0.5) / 0.25);
        }
    }
}

#[test]
fn an_image_that_is_none_is_refused() {
    assert!(GreyImage::new(0, 4, vec![]).is_err());
    assert!(GreyImage::new(2, 2, vec![0.0; 3]).is_err());
    for value in [f32::NAN, f32::INFINITY, -0.01, 1.01] {
        assert!(GreyImage::new(1, 2, vec![0.5, value]).is_err());
    }
}

proptest! {
    #[test]
    fn stretching_keeps_the_mean_and_the_range(
        rows in 1_usize..40, columns in 1_usize..40, out_rows in 8_usize..32, out_columns in 8_usize..32, seed in 0_usize..50,
    ) {
        let source = Array2::from_shape_fn((rows, columns), |(r, c)| ((r * 31 + c * 17 + seed) % 23) as f32 / 22.0);
        let (low, high) = source.iter().fold((1.0_f32, 0.0_f32), |(l, h), v| (l.min(*v), h.max(*v)));
        let mean = source.mean().unwrap();
        let image = GreyImage::from_array(source).unwrap();
        let out = prepare(&image, &input([out_rows, out_columns], Fit::Stretch, Layout::Nchw, 1)).unwrap();
        prop_assert!((out.view().mean().unwrap() - mean).abs() < 1e-4);
        prop_assert!(out.view().iter().all(|v| *v >= low - 1e-5 && *v <= high + 1e-5));
    }

    #[test]
    fn every_fit_gives_the_size_and_stays_in_range(
        rows in 1_usize..60, columns in 1_usize..60, out_rows in 8_usize..32, out_columns in 8_usize..32,
    ) {
        for fit in [Fit::Letterbox, Fit::Stretch, Fit::Crop] {
            let out = prepare(&image(rows, columns), &input([out_rows, out_columns], fit, Layout::Nchw, 1)).unwrap();
            prop_assert_eq!(out.view().dim(), (out_rows, out_columns));
            prop_assert!(out.view().iter().all(|v| (0.0..=1.0).contains(v)));
        }
    }
}
