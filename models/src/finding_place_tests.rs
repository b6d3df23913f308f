//! Places come back to where they were seen, whatever the image's proportions.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;

/// One map of 8 x 8 that is hot in one cell.
fn hot(row: usize, column: usize, image: [usize; 2]) -> Maps {
    let mut values = vec![0.0; 64];
    values[row * 8 + column] = 4.0;
    Maps { values, size: [8, 8], image }
}

fn cells(place: &Place) -> Vec<(usize, usize)> {
    let all = (0..GRID * GRID).map(|n| (n / GRID, n % GRID));
    all.filter(|(r, c)| place.rows[*r] & (1 << c) != 0).collect()
}

fn middle(place: &Place) -> (f64, f64) {
    let cells = cells(place);
    let mean = |of: fn(&(usize, usize)) -> usize| {
        cells.iter().map(of).sum::<usize>() as f64 / cells.len() as f64 / GRID as f64
    };
    (mean(|c| c.0), mean(|c| c.1))
}

#[test]
fn a_stretched_image_keeps_its_shares() {
    let place = hot(2, 5, [3000, 2400]).place(0, 3, [128, 128], Fit::Stretch).unwrap();
    let (y, x) = middle(&place);
    assert!((y - 2.5 / 8.0).abs() < 0.03 && (x - 5.5 / 8.0).abs() < 0.03, "{y} {x}");
    assert_eq!(place.frame, 3);
    assert!(place.rows[place.peak[0]] & (1 << place.peak[1]) != 0);
}

#[test]
fn borders_of_a_letterboxed_image_are_taken_out() {
    // 2:1 high: the image takes the middle half of the width. A cell at three quarters of it, seen from the input.
    let place = hot(4, 4, [200, 100]).place(0, 0, [128, 128], Fit::Letterbox).unwrap();
    let (y, x) = middle(&place);
    assert!((y - 4.5 / 8.0).abs() < 0.04, "{y}");
    assert!((x - (0.5 + (4.5 / 8.0 - 0.5) * 2.0)).abs() < 0.06, "{x}");
    // What is hot in the border lies nowhere on the image itself.
    let border = hot(4, 0, [200, 100]).place(0, 0, [128, 128], Fit::Letterbox);
    assert_eq!(border, None);
}

#[test]
fn what_was_cropped_away_is_not_outlined() {
    let place = hot(0, 4, [200, 100]).place(0, 0, [128, 128], Fit::Crop).unwrap();
    let rows: Vec<usize> = cells(&place).iter().map(|c| c.0).collect();
    assert!(rows.iter().all(|r| (8..24).contains(r)), "{rows:?}");
}

#[test]
fn only_what_hangs_together_with_the_strongest_cell_is_the_place() {
    let mut maps = hot(1, 1, [64, 64]);
    maps.values[6 * 8 + 6] = 3.9;
    let place = maps.place(0, 0, [64, 64], Fit::Stretch).unwrap();
    assert!(cells(&place).iter().all(|(r, c)| *r < 16 && *c < 16));
}

#[test]
fn a_flat_map_and_one_that_is_not_there_have_no_place() {
    let flat = Maps { values: vec![1.0; 64], size: [8, 8], image: [64, 64] };
    assert_eq!(flat.place(0, 0, [64, 64], Fit::Stretch), None);
    assert_eq!(hot(1, 1, [64, 64]).place(1, 0, [64, 64], Fit::Stretch), None);
    assert_eq!(Maps::default().place(0, 0, [64, 64], Fit::Stretch), None);
    assert_eq!(hot(1, 1, [64, 64]).place(usize::MAX, 0, [64, 64], Fit::Stretch), None);
}
