//! Rectangles of text: around, beside and apart from each other.

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

/// The box with `x` and `y` pixels more on each side.
pub(crate) fn widened(b: TextBox, x: u32, y: u32) -> TextBox {
    TextBox { x0: b.x0.saturating_sub(x), y0: b.y0.saturating_sub(y), x1: b.x1 + x, y1: b.y1 + y }
}

/// The boxes with each overlapping pair replaced by the box around both, where that adds little.
pub(crate) fn merged(mut boxes: Vec<TextBox>) -> Vec<TextBox> {
    loop {
        boxes.sort_unstable();
        let mut out: Vec<TextBox> = Vec::with_capacity(boxes.len());
        for b in &boxes {
            match out.iter_mut().find(|o| overlap(o, b) && cheap(o, b)) {
                Some(o) => *o = around(*o, *b),
                None => out.push(*b),
            }
        }
        if out.len() == boxes.len() {
            return out;
        }
        boxes = out;
    }
}

/// Whether the two share a pixel.
pub(super) fn overlap(a: &TextBox, b: &TextBox) -> bool {
    a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1
}

/// Number of pixels in it.
pub(super) fn pixels(b: &TextBox) -> u64 {
    u64::from(b.x1 - b.x0) * u64::from(b.y1 - b.y0)
}

/// Whether the box around both holds at most an eighth more than the two alone.
fn cheap(a: &TextBox, b: &TextBox) -> bool {
    pixels(&around(*a, *b)) * 8 <= (pixels(a) + pixels(b)) * 9
}

/// The same pixels in boxes that do not overlap, in order: of each box only what no box before
/// it holds is kept, in up to four pieces. Large boxes go first, so that they stay whole.
pub(super) fn apart(mut boxes: Vec<TextBox>) -> Vec<TextBox> {
    boxes.sort_unstable_by_key(|b| (std::cmp::Reverse(pixels(b)), *b));
    let mut out: Vec<TextBox> = Vec::with_capacity(boxes.len());
    for b in boxes {
        let mut pieces = vec![b];
        for o in &out {
            pieces = pieces.into_iter().flat_map(|p| outside(p, o)).collect();
        }
        out.extend(pieces);
    }
    out.sort_unstable();
    out
}

/// What of `p` is not in `o`: above, below, left and right of it.
fn outside(p: TextBox, o: &TextBox) -> Vec<TextBox> {
    if !overlap(&p, o) {
        return vec![p];
    }
    let (y0, y1) = (p.y0.max(o.y0), p.y1.min(o.y1));
    let pieces = [
        TextBox { y1: y0, ..p },
        TextBox { y0: y1, ..p },
        TextBox { y0, y1, x1: o.x0.max(p.x0), ..p },
        TextBox { y0, y1, x0: o.x1.min(p.x1), ..p },
    ];
    pieces.into_iter().filter(|b| b.x0 < b.x1 && b.y0 < b.y1).collect()
}

/// The smallest box around both.
pub(super) fn around(a: TextBox, b: TextBox) -> TextBox {
    TextBox { x0: a.x0.min(b.x0), y0: a.y0.min(b.y0), x1: a.x1.max(b.x1), y1: a.y1.max(b.y1) }
}
