//! One level of the pyramid: a frame halved, and what in it is thin and bright.

/// Shifts whose chained minimum covers a window of 1 + 1 + 2 + 3 = 7 pixels.
const WINDOW_SHIFTS: [usize; 3] = [1, 2, 3];

/// A grey frame: `rows * columns` values in row order.
pub(crate) struct Grey8<'a> {
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
    /// 0 to 255.
    pub values: &'a [u8],
}

/// The mean of each 2 x 2 block; an odd last row or column is dropped.
pub(crate) fn halved(values: &[u8], rows: usize, columns: usize) -> (Vec<u8>, usize, usize) {
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
pub(crate) fn top_hat(values: &[u8], columns: usize, open: &mut Vec<u8>) {
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
pub(crate) fn spike_of(values: &[u8], hat: &[u8]) -> f32 {
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
