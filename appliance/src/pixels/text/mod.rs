//! Finds text burned into the pixels of a grey frame, with classical means only.
//!
//! Text is drawn with strokes that are thin against its height, of one grey value, with edges
//! one or two pixels wide, and its glyphs stand in lines. At each step of a pyramid (so that one
//! small window serves all sizes) and for both polarities, a top-hat keeps what is thinner than
//! the window; it is cut at several heights, since no one height suits both faint text on a
//! quiet ground and bright text on a noisy one; the connected parts of each cut are measured and
//! joined in lines by `lines`, which also scores how much they are like text.

mod boxes;
mod lines;
mod parts;
#[cfg(test)]
mod tests;

use boxes::{apart, merged, overlap, pixels, widened};
use lines::{Line, lines_in};
use parts::Plane;

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

/// Score above which a line is sure whatever the frame.
const SURE: f32 = 2.0;
/// What a line must score to be taken in as the continuation of a sure one.
const CONTINUING: f32 = -4.0;
/// Count of doubtful lines up to which a frame is quiet, and how much lower the bar for a lone
/// glyph, such as a side marker, is then.
const QUIET: usize = 2;
const LONE_LENIENCE: f32 = 5.5;
/// Contrast over the spread of the ground from which a lone glyph may be let in by that.
const CLEAR_GROUND: f32 = 13.0;
const QUIET_LENIENCE: f32 = 0.8;

/// Count of text lines above which the whole frame is one box: a page of text, or made to cost
/// time, which grows with the square of this.
const MOST_LINES: usize = 3000;
/// How much more a line scores than one that it explains away.
const EXPLAINING: f32 = 3.0;
/// Score above which no line is explained away.
const EXPLAINED: f32 = 2.5;
/// Pixels around a sure line in which doubtful ones say nothing of the frame.
const CLEAR: u32 = 6;
/// How much the bar rises per logarithm of the count of doubtful lines, how far at most, and how
/// far it lies below 0 without any.
const CLUTTER: f32 = 0.7;
const CLUTTER_MOST: f32 = 2.5;
const LENIENCE: f32 = 1.0;

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

/// The lines taken as text.
#[must_use]
pub fn sure_lines(frame: &Grey8<'_>) -> Vec<Line> {
    let mut lines = find_lines(frame);
    if lines.iter().filter(|l| l.score > SURE).count() > MOST_LINES {
        lines.retain(|l| l.score > SURE);
        return lines;
    }
    let bar = bar(&lines);
    let (mut sure, maybe): (Vec<Line>, Vec<Line>) = lines.into_iter().partition(|l| bar.passes(l));
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

/// What a line, and what a lone glyph must score in a frame.
struct Bar {
    line: f32,
    lone: f32,
}

impl Bar {
    fn passes(&self, line: &Line) -> bool {
        if line.lone() {
            let clear = line.quiet > CLEAR_GROUND || line.score > self.line;
            return line.score > self.lone && clear && !line.bare;
        }
        line.score > self.line
    }
}

/// What a line must score in this frame: more, the more doubtful lines there are away from the
/// sure ones, since anatomy that looks a little like text all over will somewhere look more so.
fn bar(lines: &[Line]) -> Bar {
    let sure: Vec<TextBox> =
        lines.iter().filter(|l| l.score > SURE).map(|l| widened(l.area, CLEAR, CLEAR)).collect();
    let doubtful = lines.iter().filter(|l| l.score > -3.0 && l.score <= 0.5);
    let away = doubtful.filter(|l| !sure.iter().any(|s| overlap(s, &l.area))).count();
    let line = (CLUTTER * (away as f32).ln_1p()).min(CLUTTER_MOST) - LENIENCE;
    if away > QUIET {
        return Bar { line, lone: line };
    }
    Bar { line: line - QUIET_LENIENCE, lone: line - LONE_LENIENCE }
}

/// Takes in the doubtful lines that continue one that is sure, in its direction and at its size,
/// until none does: what is left of a word whose other part lies on difficult ground.
fn continued(sure: &mut Vec<Line>, mut maybe: Vec<Line>) {
    let mut from = 0;
    while from < sure.len() {
        let fresh: Vec<Line> = sure.get(from..).unwrap_or_default().to_vec();
        from = sure.len();
        let (joined, rest) = maybe.into_iter().partition(|m| fresh.iter().any(|s| s.continues(m)));
        sure.extend::<Vec<Line>>(joined);
        maybe = rest;
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
    let (mut h, mut w) = (rows, columns);
    for step in 0..LEVELS {
        if h.min(w) < if step == 0 { SHORTEST_SIDE } else { SHORTEST_HALVED } {
            break;
        }
        for dark in [false, true] {
            if dark {
                level.iter_mut().for_each(|v| *v = 255 - *v);
            }
            let hat = top_hat(&level, w);
            let spike = spike_of(&level, &hat);
            for cut in CUTS {
                let plane = Plane { values: &level, hat: &hat, rows: h, columns: w, cut, spike };
                let lines = lines_in(&plane).into_iter().map(|l| l.scaled(step, dark));
                found.extend(lines.filter(|l| u64::from(l.tall()) * 7 <= 2 * side));
            }
        }
        level.iter_mut().for_each(|v| *v = 255 - *v);
        (level, h, w) = halved(&level, h, w);
    }
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
/// opening. Only windows wholly inside the frame count, so that text at the border stays whole.
fn top_hat(values: &[u8], columns: usize) -> Vec<u8> {
    let mut open = values.to_vec();
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
        erode_down(&mut open, shift * columns);
    }
    for shift in WINDOW_SHIFTS {
        dilate_up(&mut open, shift * columns, columns);
    }
    for row in open.chunks_exact_mut(columns) {
        for shift in WINDOW_SHIFTS {
            copy.copy_from_slice(row);
            row.iter_mut().skip(shift).zip(&copy).for_each(|(a, b)| *a = (*a).max(*b));
        }
    }
    open.iter_mut().zip(values).for_each(|(o, v)| *o = v.saturating_sub(*o));
    open
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
