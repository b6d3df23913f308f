//! Finds text burned into the pixels of a grey frame, with classical means only.
//!
//! Text is drawn with strokes that are thin against its height, of one grey value, with edges
//! one or two pixels wide, and its glyphs stand in lines. At each step of a pyramid (so that one
//! small window serves all sizes) and for both polarities, a top-hat keeps what is thinner than
//! the window; it is cut at several heights, since no one height suits both faint text on a
//! quiet ground and bright text on a noisy one; the connected parts of each cut are measured and
//! joined in lines by `lines`. `measures` tells what trees grown on drawn words and clean pictures
//! then look at to score how much each line is like text: also whether it stands in the same place
//! in several cuts and levels, and how crowded the picture is around it.

mod boxes;
#[cfg(test)]
mod drawn;
mod lines;
mod measures;
mod parts;
mod score;
#[cfg(test)]
mod tests;
#[allow(clippy::approx_constant, reason = "some thresholds happen to look like constants of mathematics")]
mod trees;

use boxes::{apart, merged, overlap, pixels};
use lines::{Line, lines_in};
use parts::Plane;
use score::score;

/// A grey frame: `rows * columns` values in row order.
pub struct Grey8<'a> {
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
    /// 0 to 255.
    pub values: &'a [u8],
}

/// A rectangle, columns `x0..x1`, rows `y0..y1` (end exclusive), in pixels of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextBox {
    /// First column.
    pub x0: u32,
    /// First row.
    pub y0: u32,
    /// First column after it.
    pub x1: u32,
    /// First row after it.
    pub y1: u32,
}

/// Steps of the pyramid, each half the size of the one before.
const LEVELS: u32 = 4;
/// A level with a shorter side than this, in its pixels, can hold no glyph.
const SHORTEST_SIDE: usize = 6;
/// The same for a halved level: text as large as a quarter of the frame is none.
const SHORTEST_HALVED: usize = 40;
/// Shifts whose chained minimum covers a window of 1 + 1 + 2 + 3 = 7 pixels.
const WINDOW_SHIFTS: [usize; 3] = [1, 2, 3];
/// Heights at which a top-hat is cut, in grey values.
const CUTS: [u8; 5] = [20, 36, 64, 110, 170];

/// Score above which a line is taken as text.
const SURE: f32 = 1.9;
/// What a line must score to be taken in as the continuation of a sure one.
const CONTINUING: f32 = -6.0;

/// Count of text lines above which the whole frame is one box: a page of text, or made to cost
/// time, which grows with the square of this.
const MOST_LINES: usize = 3000;
/// How much more a line scores than one that it explains away.
const EXPLAINING: f32 = 3.0;
/// Score above which no line is explained away.
const EXPLAINED: f32 = 4.0;

/// Boxes around everything that looks like text, in order, non-overlapping after merging, each
/// grown by a small margin. Empty if the sizes and the values do not agree.
#[must_use]
pub fn find_text(frame: &Grey8<'_>) -> Vec<TextBox> {
    let lines = sure_lines(frame);
    if lines.len() > MOST_LINES {
        return vec![TextBox { x0: 0, y0: 0, x1: frame.columns, y1: frame.rows }];
    }
    let boxes = lines.iter().map(|line| grown(line, frame)).collect();
    apart(merged(boxes))
}

/// The lines of text of the frame, each by itself, as far as its letters reach: unlike [`find_text`] neither grown nor
/// cut where they overlap, so that their shape says what they are.
pub fn find_words(frame: &Grey8<'_>) -> Vec<TextBox> {
    sure_lines(frame).iter().map(|line| line.area).collect()
}

/// The lines taken as text.
#[must_use]
fn sure_lines(frame: &Grey8<'_>) -> Vec<Line> {
    let (mut sure, maybe): (Vec<Line>, Vec<Line>) =
        find_lines(frame).into_iter().partition(|l| l.score > SURE);
    if sure.len() > MOST_LINES {
        return sure;
    }
    let strong = sure.clone();
    sure.retain(|line| !strong.iter().any(|s| explains(s, line)));
    let maybe = maybe.into_iter().filter(|m| m.score > CONTINUING).collect();
    continued(&mut sure, maybe);
    sure
}

/// Whether `line` is but the shapes that a surer and smaller line leaves between its glyphs and
/// what stands around them.
fn explains(strong: &Line, line: &Line) -> bool {
    let (a, b) = (strong.area, line.area);
    let larger = line.tall() * 10 > strong.tall() * 13;
    let doubtful = line.score < EXPLAINED && strong.score > line.score + EXPLAINING && strong.glyphs >= 3;
    if !doubtful || !larger || !overlap(&a, &b) {
        return false;
    }
    let shared = TextBox { x0: a.x0.max(b.x0), y0: a.y0.max(b.y0), x1: a.x1.min(b.x1), y1: a.y1.min(b.y1) };
    pixels(&shared) * 2 > pixels(&a)
}

/// Takes in the doubtful lines that continue one that is sure, in its direction and at its size,
/// until none does: what is left of a word whose other part lies on difficult ground. None may be
/// much larger than the sure line that it all began with.
fn continued(sure: &mut Vec<Line>, mut maybe: Vec<Line>) {
    let mut fresh: Vec<(Line, u32)> = sure.iter().map(|s| (s.clone(), s.depth())).collect();
    while !fresh.is_empty() {
        let mut joined = Vec::new();
        let mut rest = Vec::with_capacity(maybe.len());
        for m in maybe {
            match fresh.iter().find(|(s, depth)| m.depth() * 4 <= depth * 5 + 4 && s.continues(&m)) {
                Some((_, depth)) => joined.push((m, *depth)),
                None => rest.push(m),
            }
        }
        sure.extend(joined.iter().map(|(m, _)| m.clone()));
        (fresh, maybe) = (joined, rest);
    }
}

/// All candidate lines of all levels, polarities and cuts, in pixels of the frame.
pub fn find_lines(frame: &Grey8<'_>) -> Vec<Line> {
    let (Ok(rows), Ok(columns)) = (usize::try_from(frame.rows), usize::try_from(frame.columns)) else {
        return Vec::new();
    };
    if rows.checked_mul(columns) != Some(frame.values.len()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let side = u64::from(frame.rows.min(frame.columns));
    let mut level = frame.values.to_vec();
    let mut hat = Vec::new();
    let (mut h, mut w) = (rows, columns);
    for step in 0..LEVELS {
        if h.min(w) < if step == 0 { SHORTEST_SIDE } else { SHORTEST_HALVED } {
            break;
        }
        for dark in [false, true] {
            if dark {
                level.iter_mut().for_each(|v| *v = 255 - *v);
            }
            top_hat(&level, w, &mut hat);
            let spike = spike_of(&level, &hat);
            let mut lines = Vec::new();
            for cut in CUTS {
                lines.extend(lines_in(&Plane { values: &level, hat: &hat, rows: h, columns: w, cut, spike }));
            }
            measures::steady(&mut lines);
            let lines = lines.into_iter().map(|l| l.scaled(step, dark));
            found.extend(lines.filter(|l| u64::from(l.tall()) * 7 <= 2 * side));
        }
        level.iter_mut().for_each(|v| *v = 255 - *v);
        (level, h, w) = halved(&level, h, w);
    }
    measures::agreeing(&mut found);
    found.iter_mut().for_each(|l| l.score = score(&l.measures));
    found
}

/// The mean of each 2 x 2 block; an odd last row or column is dropped.
fn halved(values: &[u8], rows: usize, columns: usize) -> (Vec<u8>, usize, usize) {
    let (h, w) = (rows / 2, columns / 2);
    let mut out = Vec::with_capacity(h * w);
    for pair in values.chunks_exact((columns * 2).max(1)).take(h) {
        let (top, bottom) = pair.split_at(columns);
        let blocks = top.chunks_exact(2).zip(bottom.chunks_exact(2));
        out.extend(blocks.map(|(a, b)| {
            let sum: u16 = a.iter().chain(b).map(|v| u16::from(*v)).sum();
            u8::try_from((sum + 2) / 4).unwrap_or(u8::MAX)
        }));
    }
    (out, h, w)
}

/// What is brighter than its surroundings and thinner than the window: the values less their
/// opening. Only windows wholly inside the frame count, so that text at the border stays whole. It is
/// written to `open`, whose memory serves one plane after the other.
fn top_hat(values: &[u8], columns: usize, open: &mut Vec<u8>) {
    open.clear();
    open.extend_from_slice(values);
    let mut copy = vec![0_u8; columns];
    for row in open.chunks_exact_mut(columns) {
        for shift in WINDOW_SHIFTS {
            copy.copy_from_slice(row);
            let rest = copy.get(shift..).unwrap_or_default();
            row.iter_mut().zip(rest).for_each(|(a, b)| *a = (*a).min(*b));
            let keep = columns.saturating_sub(shift);
            row.iter_mut().skip(keep).for_each(|a| *a = 0);
        }
    }
    for shift in WINDOW_SHIFTS {
        erode_down(open, shift * columns);
    }
    for shift in WINDOW_SHIFTS {
        dilate_up(open, shift * columns, columns);
    }
    for row in open.chunks_exact_mut(columns) {
        for shift in WINDOW_SHIFTS {
            copy.copy_from_slice(row);
            row.iter_mut().skip(shift).zip(&copy).for_each(|(a, b)| *a = (*a).max(*b));
        }
    }
    open.iter_mut().zip(values).for_each(|(o, v)| *o = v.saturating_sub(*o));
}

/// How much the brightest pixels are thin strokes and nothing else, 0 to 1: near 1 where an
/// overlay was drawn at a value above all of the picture.
fn spike_of(values: &[u8], hat: &[u8]) -> f32 {
    let (mut top, mut thin, mut next) = (0_u32, 0_u32, 0_u32);
    for (v, t) in values.iter().zip(hat) {
        top += u32::from(*v >= 247);
        thin += u32::from(*v >= 247) & u32::from(*t >= 48);
        next += u32::from(*v >= 200);
    }
    thin as f32 / (top as f32 + 0.3 * (next - top) as f32).max(6.0)
}

/// Each value becomes the smaller of itself and the one `shift` values on; past the end is 0.
fn erode_down(values: &mut [u8], shift: usize) {
    let mut rest = values;
    while rest.len() > shift {
        let (head, tail) = rest.split_at_mut(shift);
        head.iter_mut().zip(tail.iter()).for_each(|(a, b)| *a = (*a).min(*b));
        head.iter_mut().skip(tail.len()).for_each(|a| *a = 0);
        rest = tail;
    }
    rest.fill(0);
}

/// Each value becomes the larger of itself and the one `shift` values before.
fn dilate_up(values: &mut [u8], shift: usize, columns: usize) {
    let mut end = values.len();
    while end > shift {
        let start = end.saturating_sub(columns).max(shift);
        let (head, tail) = values.split_at_mut(start);
        let from = head.get(start - shift..).unwrap_or_default();
        tail.iter_mut().take(end - start).zip(from).for_each(|(a, b)| *a = (*a).max(*b));
        end = start;
    }
}

/// The box of a line with a margin, in its direction half its height and across it a sixth,
/// within the frame.
fn grown(line: &Line, frame: &Grey8<'_>) -> TextBox {
    let b = line.area;
    let tall = line.tall();
    let (along, across) = (2 + tall / 2, 2 + tall / 6);
    let (x, y) = if line.upright { (across, along) } else { (along, across) };
    TextBox {
        x0: b.x0.saturating_sub(x),
        y0: b.y0.saturating_sub(y),
        x1: (b.x1 + x).min(frame.columns),
        y1: (b.y1 + y).min(frame.rows),
    }
}
