//! Finds the lines of text of a frame: candidates of every level, scored, and those of them that are sure.

use super::boxes::{TextBox, apart, merged, overlap, pixels};
use super::detector::{Limits, TextDetector};
use super::line::Line;
use super::lines::lines_in;
use super::measures;
use super::parts::Plane;
use super::pyramid::{Grey8, halved, spike_of, top_hat};

/// Steps of the pyramid, each half the size of the one before.
const LEVELS: u32 = 4;
/// A level with a shorter side than this, in its pixels, can hold no glyph.
const SHORTEST_SIDE: usize = 6;
/// The same for a halved level: text as large as a quarter of the frame is none.
const SHORTEST_HALVED: usize = 40;
/// Heights at which a top-hat is cut, in grey values.
const CUTS: [u8; 5] = [20, 36, 64, 110, 170];

/// Count of text lines above which the whole frame is one box: a page of text, or made to cost
/// time, which grows with the square of this.
const MOST_LINES: usize = 3000;

/// Boxes around everything that looks like text, in order, non-overlapping after merging, each
/// grown by a small margin. Empty if the sizes and the values do not agree.
#[must_use]
pub(crate) fn find_text(frame: &Grey8<'_>, detector: &TextDetector) -> Vec<TextBox> {
    let lines = sure_lines(frame, detector);
    if lines.len() > MOST_LINES {
        return vec![TextBox { x0: 0, y0: 0, x1: frame.columns, y1: frame.rows }];
    }
    let boxes = lines.iter().map(|line| grown(line, frame)).collect();
    apart(merged(boxes))
}

/// The lines of text of the frame, each by itself, as far as its letters reach: unlike [`find_text`] neither grown nor
/// cut where they overlap, so that their shape says what they are.
pub(crate) fn find_words(frame: &Grey8<'_>, detector: &TextDetector) -> Vec<TextBox> {
    sure_lines(frame, detector).iter().map(|line| line.area).collect()
}

/// The lines taken as text.
fn sure_lines(frame: &Grey8<'_>, detector: &TextDetector) -> Vec<Line> {
    let limits = detector.limits();
    let (mut sure, maybe): (Vec<Line>, Vec<Line>) =
        scored_lines(frame, detector).into_iter().partition(|l| l.score > limits.sure);
    if sure.len() > MOST_LINES {
        return sure;
    }
    let strong = sure.clone();
    sure.retain(|line| !strong.iter().any(|s| explains(s, line, limits)));
    let maybe = maybe.into_iter().filter(|m| m.score > limits.continuing).collect();
    continued(&mut sure, maybe);
    sure
}

/// Whether `line` is but the shapes that a surer and smaller line leaves between its glyphs and
/// what stands around them.
fn explains(strong: &Line, line: &Line, limits: Limits) -> bool {
    let (a, b) = (strong.area, line.area);
    let larger = line.tall() * 10 > strong.tall() * 13;
    let surer = line.score < limits.explained && strong.score > line.score + limits.explaining;
    let doubtful = surer && strong.glyphs >= 3;
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

/// All candidate lines with the detector's score.
pub(crate) fn scored_lines(frame: &Grey8<'_>, detector: &TextDetector) -> Vec<Line> {
    let mut found = candidates(frame);
    found.iter_mut().for_each(|line| line.score = detector.score(&line.measures));
    found
}

/// All candidate lines of all levels, polarities and cuts, in pixels of the frame.
pub(super) fn candidates(frame: &Grey8<'_>) -> Vec<Line> {
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
    found
}

/// The box of a line with a margin, in its direction half its height and across it a sixth,
/// within the frame.
pub(super) fn grown(line: &Line, frame: &Grey8<'_>) -> TextBox {
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
