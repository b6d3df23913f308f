//! What is measured of a line of parts and its surroundings, in the order in which the detector takes it.

use super::boxes::{TextBox, overlap, pixels, widened};
use super::detector::MEASURES;
use super::line::Line;
use super::parts::{Part, Plane, TALLEST};

/// Of the measures those that are known only later: in how many cuts, and in how many levels and polarities, a line
/// stands in the same place.
const STEADY: usize = 36;
const AGREEING: usize = 39;

/// The measures of a line of these parts; those around it are taken from all parts of the plane.
pub(crate) fn measures(
    line: &Line,
    group: &[&Part],
    plane: &Plane<'_>,
    parts: [&[Part]; 2],
) -> [f32; MEASURES] {
    let n = group.len() as f32;
    let ink: f32 = group.iter().map(|p| p.ink as f32).sum::<f32>().max(1.0);
    let weight = |f: fn(&Part) -> f32| group.iter().map(|p| f(p) * p.ink as f32).sum::<f32>() / ink;
    let least = |f: fn(&Part) -> f32| group.iter().map(|p| f(p)).fold(f32::MAX, f32::min);
    let height = line.height as f32;
    let ((from, to), (low, high)) = sides(line.area, line.upright);
    let (gap, gaps) = spacing(group, line.upright);
    let (crowd, strewn) = crowding(line, parts);
    let area = (plane.rows * plane.columns).max(1) as f32;
    let clutter = parts.map(|p| (p.len() as f32 * 10_000.0 / area).ln_1p());
    [
        line.score,
        n.min(20.0),
        height,
        (to - from) as f32 / (high - low).max(1) as f32,
        line.fill,
        line.crossings,
        line.stroke,
        line.separation,
        line.quiet.min(200.0),
        line.contrast,
        line.peak_spread,
        line.stagger,
        line.stray,
        line.slack,
        line.peak,
        line.spike,
        weight(|p| p.sharpness),
        least(|p| p.sharpness),
        weight(Part::unevenness),
        group.iter().map(|p| p.holes() as f32).sum::<f32>() / n,
        spread(group.iter().map(|p| line.across(p) as f32)) / height,
        gap / height,
        gaps / height,
        weight(|p| p.ground.0),
        weight(|p| p.ground.1),
        least(|p| p.separation),
        f32::from(u8::from(line.upright)),
        f32::from(plane.cut) / line.contrast.max(1.0),
        f32::from(u8::from(line.bare)),
        clutter[0],
        clutter[1],
        crowd,
        strewn,
        f32::from(plane.cut),
        weight(|p| p.longest as f32) / height,
        height * 100.0 / plane.rows.min(plane.columns).max(1) as f32,
        0.0,
        0.0,
        weight(|p| p.even),
        0.0,
    ]
}

/// From and to along a line, and from and to across it.
fn sides(b: TextBox, upright: bool) -> ((u32, u32), (u32, u32)) {
    if upright { ((b.y0, b.y1), (b.x0, b.x1)) } else { ((b.x0, b.x1), (b.y0, b.y1)) }
}

/// Mean and spread of the gaps between parts that follow each other; 0 for parts that share columns.
fn spacing(group: &[&Part], upright: bool) -> (f32, f32) {
    let pairs = group.iter().zip(group.iter().skip(1));
    let gaps: Vec<f32> =
        pairs.map(|(a, b)| b.sides(upright).0.0.saturating_sub(a.sides(upright).0.1) as f32).collect();
    let mean = gaps.iter().sum::<f32>() / gaps.len().max(1) as f32;
    (mean, spread(gaps.iter().copied()))
}

/// The standard deviation; 0 of nothing.
pub(super) fn spread(values: impl Iterator<Item = f32> + Clone) -> f32 {
    let n = values.clone().count().max(1) as f32;
    let mean = values.clone().sum::<f32>() / n;
    (values.map(|v| (v - mean).powi(2)).sum::<f32>() / n).sqrt()
}

/// How many parts in the rows of a line are looked at for what stands around it.
const MOST_AROUND: usize = 4000;

/// How many other parts stand within a height of the line, per square of its height, and how much
/// ink they have against it. The parts come in the order of their first rows.
fn crowding(line: &Line, parts: [&[Part]; 2]) -> (f32, f32) {
    let zone = widened(line.area, line.height, line.height);
    let (mut count, mut ink) = (0.0, 0.0);
    for list in parts {
        let first = zone.y0.saturating_sub(TALLEST);
        let from = list.partition_point(|p| p.area.y0 < first);
        let near = list.iter().skip(from).take_while(|p| p.area.y0 < zone.y1).take(MOST_AROUND);
        for p in near.filter(|p| overlap(&p.area, &zone) && !overlap(&p.area, &line.area)) {
            count += 1.0;
            ink += p.ink as f32;
        }
    }
    let square = (line.height * line.height).max(1) as f32;
    let around = (pixels(&zone) - pixels(&line.area)).max(1) as f32;
    (count * square / around, ink / around)
}

/// Sets of each line in how many of the cuts of its level a line stands in the same place: text has
/// steep sides and hardly changes from cut to cut.
pub(crate) fn steady(lines: &mut [Line]) {
    counted(lines, STEADY, |l| u32::from(l.cut) % 31);
}

/// Sets of each line in how many levels and polarities a line stands in the same place.
pub(super) fn agreeing(lines: &mut [Line]) {
    counted(lines, AGREEING, |l| 2 * l.step + u32::from(l.dark));
}

/// Sets a measure of each line to how many kinds there are among the lines in the same place.
fn counted(lines: &mut [Line], measure: usize, kind: fn(&Line) -> u32) {
    lines.sort_by_key(|l| l.area);
    let counts: Vec<u32> = lines
        .iter()
        .enumerate()
        .map(|(i, line)| {
            let near = |l: &&Line| l.area.x0.abs_diff(line.area.x0) <= REACH;
            let before = lines.iter().take(i).rev().take_while(near).take(MOST_NEAR);
            let after = lines.iter().skip(i).take_while(near).take(MOST_NEAR);
            let same =
                before.chain(after).filter(|l| l.upright == line.upright && alike(&l.area, &line.area));
            same.fold(0_u32, |kinds, l| kinds | 1 << (kind(l) % 31)).count_ones()
        })
        .collect();
    for (line, count) in lines.iter_mut().zip(counts) {
        if let Some(m) = line.measures.get_mut(measure) {
            *m = count as f32;
        }
    }
}

/// How far the first columns of two lines may lie apart for them to be the same, and how many lines
/// that near are looked at.
const REACH: u32 = 6;
const MOST_NEAR: usize = 64;

/// Whether two boxes are nearly the same.
fn alike(a: &TextBox, b: &TextBox) -> bool {
    if !overlap(a, b) {
        return false;
    }
    let shared = TextBox { x0: a.x0.max(b.x0), y0: a.y0.max(b.y0), x1: a.x1.min(b.x1), y1: a.y1.min(b.y1) };
    let shared = pixels(&shared);
    shared * 10 >= (pixels(a) + pixels(b) - shared) * 7
}
