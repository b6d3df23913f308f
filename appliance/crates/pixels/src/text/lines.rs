//! The parts of a cut top-hat joined in lines of glyphs.

use super::boxes::around;
use super::detector::MEASURES;
use super::line::Line;
use super::measures::measures;
use super::parts::{Part, Plane, Sets, TALLEST, measured_parts};

/// How far below 0 the first look's score may be for its line to matter at all.
const DOUBT: f32 = 10.0;

/// The candidate lines of one plane.
pub(crate) fn lines_in(plane: &Plane<'_>) -> Vec<Line> {
    let (glyphs, others) = measured_parts(plane);
    let mut out = Vec::new();
    for upright in [false, true] {
        for group in groups(&glyphs, upright) {
            if upright && group.len() < 3 {
                continue;
            }
            let line = line_of(&group, plane, upright).filter(|l| l.score > -DOUBT);
            out.extend(line.map(|mut line| {
                line.measures = measures(&line, &group, plane, [&glyphs, &others]);
                line.with(&others)
            }));
        }
    }
    out
}

/// Parts that stand side by side, or one above the other if `upright`. Parts are compared only
/// with those in the same and the next bands across, so that noise costs no square of its parts.
fn groups(parts: &[Part], upright: bool) -> Vec<Vec<&Part>> {
    let mut order: Vec<&Part> = parts.iter().collect();
    order.sort_by_key(|p| p.sides(upright));
    let mut bands: Vec<Vec<usize>> = Vec::new();
    for (i, p) in order.iter().enumerate() {
        let band = p.band(upright);
        if bands.len() <= band {
            bands.resize(band + 1, Vec::new());
        }
        if let Some(b) = bands.get_mut(band) {
            b.push(i);
        }
    }
    let mut sets = Sets::new(order.len());
    for (i, a) in order.iter().enumerate() {
        let band = a.band(upright);
        for near in bands.iter().take(band + 2).skip(band.saturating_sub(1)) {
            let from = near.partition_point(|k| *k <= i);
            for k in near.iter().skip(from) {
                let Some(b) = order.get(*k) else { break };
                if b.sides(upright).0.0 > a.sides(upright).0.1 + TALLEST + 2 {
                    break;
                }
                if neighbours(a, b, upright) {
                    sets.join(i, *k);
                }
            }
        }
    }
    let mut out: Vec<Vec<&Part>> = vec![Vec::new(); order.len()];
    for (i, p) in order.iter().enumerate() {
        if let Some(group) = out.get_mut(sets.root(i)) {
            group.push(p);
        }
    }
    out.retain(|g| !g.is_empty());
    out
}

/// Whether two parts, the first not after the second, may be next to each other in a line.
fn neighbours(a: &Part, b: &Part, upright: bool) -> bool {
    let ((_, end), (a0, a1)) = a.sides(upright);
    let ((start, _), (b0, b1)) = b.sides(upright);
    let (high, low) = ((a1 - a0).max(b1 - b0), (a1 - a0).min(b1 - b0));
    let shared = a1.min(b1).saturating_sub(a0.max(b0));
    let alike = high * 2 <= low * 5 && shared * 2 >= low;
    let grey = f32::from(a.peak.abs_diff(b.peak)) <= 8.0 + 0.3 * a.contrast.max(b.contrast);
    start.saturating_sub(end) <= high + 2 && alike && grey
}

/// A group measured as a line.
fn line_of(group: &[&Part], plane: &Plane<'_>, upright: bool) -> Option<Line> {
    let first = group.first()?;
    let n = group.len() as f32;
    let area = group.iter().fold(first.area, |a, p| around(a, p.area));
    let across = if upright { area.x1 - area.x0 } else { area.y1 - area.y0 };
    let side = |p: &Part| if upright { p.width() } else { p.height() };
    let height = group.iter().map(|p| side(p)).max()?;
    let ink: u32 = group.iter().map(|p| p.ink).sum();
    let fill = ink as f32 / ((area.x1 - area.x0) * (area.y1 - area.y0)).max(1) as f32;
    let weight =
        |f: fn(&Part) -> f32| group.iter().map(|p| f(p) * p.ink as f32).sum::<f32>() / ink.max(1) as f32;
    let contrast = weight(|p| p.contrast);
    let peak = group.iter().map(|p| f32::from(p.peak)).sum::<f32>() / n;
    let spread = group.iter().map(|p| (f32::from(p.peak) - peak).powi(2)).sum::<f32>() / n;
    let runs: u32 = group.iter().map(|p| p.runs).sum();
    let crossings = runs as f32 / (area.x1 - area.x0).max(1) as f32;
    let (near, far) = stagger(group, upright);
    let mut line = Line {
        area,
        step: 0,
        dark: false,
        glyphs: group.len() as u32,
        height,
        crossings,
        contrast,
        separation: weight(|p| p.separation),
        peak_spread: spread.sqrt() / contrast.max(1.0),
        peak,
        stroke: ink as f32 / runs.max(1) as f32 / height as f32,
        quiet: weight(|p| p.quiet),
        spike: if peak >= 247.0 { plane.spike } else { 0.0 },
        fill,
        stagger: near.min(far) / height as f32,
        stray: near.max(far) / height as f32,
        cut: plane.cut,
        measures: [0.0; MEASURES],
        slack: across as f32 / height as f32,
        bare: group.len() == 1 && (first.one_stroke() || first.cut_off(plane)),
        upright,
        score: 0.0,
    };
    line.score = line.scored();
    Some(line)
}

/// Mean distance of the near and of the far ends across from their median.
fn stagger(group: &[&Part], upright: bool) -> (f32, f32) {
    let near = |p: &&Part| if upright { p.area.x0 } else { p.area.y0 };
    let far = |p: &&Part| if upright { p.area.x1 } else { p.area.y1 };
    (mean_distance(group.iter().map(near).collect()), mean_distance(group.iter().map(far).collect()))
}

/// Mean distance from the median.
fn mean_distance(mut v: Vec<u32>) -> f32 {
    v.sort_unstable();
    let median = v.get(v.len() / 2).copied().unwrap_or(0);
    v.iter().map(|x| x.abs_diff(median)).sum::<u32>() as f32 / v.len().max(1) as f32
}
