//! Images that a model from outside is tried on: the three of `parity.json`, and a chest and a head rendered from ellipses.
//! They show no person; what a model says about them says nothing about patients.

use ndarray::Array2;

use crate::error::Error;
use crate::input::GreyImage;
use crate::parity::Formula;

/// All images at a size [rows, columns], each with its name.
pub(super) fn all(size: [usize; 2]) -> Result<Vec<(&'static str, GreyImage)>, Error> {
    let rendered = [("chest", chest as fn(f64, f64) -> f64), ("head", head)];
    Formula::ALL
        .into_iter()
        .map(|formula| Ok((formula.as_str(), formula.image(size)?)))
        .chain(rendered.into_iter().map(|(name, draw)| Ok((name, draw_at(size, draw)?))))
        .collect()
}

/// `draw` gives the grey value at (down, right), both from -1 to 1.
fn draw_at([rows, columns]: [usize; 2], draw: fn(f64, f64) -> f64) -> Result<GreyImage, Error> {
    let place = |at: usize, of: usize| 2.0 * (at as f64 + 0.5) / of as f64 - 1.0;
    GreyImage::from_array(Array2::from_shape_fn((rows, columns), |(r, c)| {
        draw(place(r, rows), place(c, columns)).clamp(0.0, 1.0) as f32
    }))
}

/// Below 1 inside the ellipse.
fn ellipse((down, right): (f64, f64), centre: (f64, f64), half: (f64, f64)) -> f64 {
    ((down - centre.0) / half.0).hypot((right - centre.1) / half.1)
}

/// A frontal chest: a body with two dark lungs, ribs across them, and a bright middle.
fn chest(down: f64, right: f64) -> f64 {
    let at = (down, right);
    if ellipse(at, (0.1, 0.0), (1.1, 0.95)) > 1.0 {
        return 0.03;
    }
    let lung = [-0.42, 0.42].into_iter().any(|side| ellipse(at, (-0.05, side), (0.68, 0.32)) < 1.0);
    let heart = ellipse(at, (0.28, 0.14), (0.34, 0.36)) < 1.0;
    match (lung, heart) {
        (_, true) => 0.78,
        (true, false) => 0.26 + 0.07 * (22.0 * (down + 0.25 * right.abs())).sin().max(0.0),
        (false, false) => 0.62 + 0.14 * (1.0 - right.abs()),
    }
}

/// A slice through a head: a bright ring of bone, grey inside, two dark chambers.
fn head(down: f64, right: f64) -> f64 {
    let at = (down, right);
    let skull = ellipse(at, (0.0, 0.0), (0.9, 0.74));
    let chamber = [-0.13, 0.13].into_iter().any(|side| ellipse(at, (0.0, side), (0.24, 0.07)) < 1.0);
    match skull {
        _ if skull > 1.0 => 0.0,
        _ if skull > 0.88 => 0.97,
        _ if chamber => 0.2,
        _ => 0.42 + 0.05 * (9.0 * down).sin() * (9.0 * right).cos(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::GreyRows;

    #[test]
    fn the_images_differ_and_are_neither_black_nor_white_at_any_size() {
        for size in [[16, 16], [64, 40], [512, 512]] {
            let images = all(size).unwrap();
            assert_eq!(images.len(), 5);
            for (at, (name, image)) in images.iter().enumerate() {
                assert_eq!([image.rows(), image.columns()], size);
                let mut values = vec![0.0; size[0] * size[1]];
                values.chunks_mut(size[1]).enumerate().for_each(|(at, row)| image.row(at, row));
                let mean = values.iter().sum::<f32>() / values.len() as f32;
                assert!((0.05..0.95).contains(&mean), "{name} {size:?}: {mean}");
                assert!(images[..at].iter().all(|(_, other)| other != image), "{name}");
            }
        }
    }
}
