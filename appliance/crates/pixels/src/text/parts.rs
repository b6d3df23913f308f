//! Connected parts of a cut top-hat, and what is measured of them.

use super::boxes::{TextBox, around};

/// One level of the pyramid in one polarity, cut at one height.
pub(super) struct Plane<'a> {
    pub values: &'a [u8],
    pub hat: &'a [u8],
    pub rows: usize,
    pub columns: usize,
    pub cut: u8,
    /// Share of thin strokes among the brightest pixels of the level, 0 to 1.
    pub spike: f32,
}

/// A horizontal run of pixels at or above the cut.
struct Run {
    y: u32,
    x0: u32,
    x1: u32,
}

/// A connected part, measured.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub area: TextBox,
    /// Number of its pixels.
    pub ink: u32,
    /// Number of its horizontal runs, and the length of the longest.
    pub runs: u32,
    pub longest: u32,
    /// Sum of the squares of the lengths of its runs.
    squares: u64,
    /// Pairs of its runs that touch, which tells how many holes it has.
    touches: u32,
    /// Of the top-hat over its pixels.
    tally: Tally,
    /// Sum of the steps at both ends of its runs.
    edge: u64,
    /// Its brightest value.
    pub peak: u8,
    /// Mean of its top-hat less that of the ground, in grey values.
    pub contrast: f32,
    /// Contrast over the spreads of ink and ground.
    pub separation: f32,
    /// Contrast over the spread of the ground away from ink.
    pub quiet: f32,
    /// Share of the contrast that the mean step at the ends of its runs reaches.
    pub sharpness: f32,
    /// Mean and spread of the values of the ground away from ink.
    pub ground: (f32, f32),
    /// Share of its pixels that are nearly as bright as the brightest.
    pub even: f32,
}

/// Pixels of a row that are looked at together for whether any is ink.
const BLOCK: usize = 32;
/// A cut with more than one run in this many pixels shows noise only.
const NOISE: usize = 7;
/// Least contrast over the spreads of ink and ground, and least share of it that the ends of the runs
/// reach, of any glyph.
const LEAST_SEPARATION: f32 = 1.6;
const LEAST_SHARPNESS: f32 = 0.45;
/// How much less than the brightest value of a part still counts as that.
const EVEN: u8 = 10;
/// Height of the tallest glyph, in pixels of its level.
pub(crate) const TALLEST: u32 = 32;

/// The parts that may be glyphs, measured, and the others that may be dots or poor glyphs.
pub(crate) fn measured_parts(plane: &Plane<'_>) -> (Vec<Part>, Vec<Part>) {
    let runs = runs_of(plane);
    let (mut glyphs, mut others) = (Vec::new(), Vec::new());
    if runs.len() > plane.hat.len() / NOISE {
        return (glyphs, others);
    }
    for mut part in parts_of(plane, &runs) {
        if part.glyph_sized() && part.measure(plane) {
            glyphs.push(part);
        } else if part.small() {
            others.push(part);
        }
    }
    (glyphs, others)
}

/// All runs of a plane. Most of a picture holds none, and a block without ink is passed over at once.
fn runs_of(plane: &Plane<'_>) -> Vec<Run> {
    let mut runs = Vec::with_capacity(plane.hat.len() / BLOCK);
    for (y, row) in (0_u32..).zip(plane.hat.chunks_exact(plane.columns.max(1))) {
        let mut open: Option<u32> = None;
        for (start, block) in (0_u32..).step_by(BLOCK).zip(row.chunks(BLOCK)) {
            let inked = block.iter().fold(0, |most, v| most.max(*v)) >= plane.cut;
            if !inked && open.is_none() {
                continue;
            }
            for (x, v) in (start..).zip(block) {
                match (open, *v >= plane.cut) {
                    (None, true) => open = Some(x),
                    (Some(x0), false) => {
                        runs.push(Run { y, x0, x1: x });
                        open = None;
                    }
                    _ => {}
                }
            }
        }
        if let Some(x0) = open {
            runs.push(Run { y, x0, x1: u32::try_from(row.len()).unwrap_or(x0 + 1) });
        }
    }
    runs
}

/// Disjoint sets of the numbers from 0.
pub(super) struct Sets(Vec<usize>);

impl Sets {
    pub(super) fn new(count: usize) -> Sets {
        Sets((0..count).collect())
    }

    pub(super) fn root(&mut self, mut i: usize) -> usize {
        while let Some(up) = self.0.get(i).copied().filter(|up| *up != i) {
            let top = self.0.get(up).copied().unwrap_or(up);
            if let Some(slot) = self.0.get_mut(i) {
                *slot = top;
            }
            i = top;
        }
        i
    }

    pub(super) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(slot) = self.0.get_mut(a.max(b)) {
            *slot = a.min(b);
        }
    }
}

/// Runs that touch, corners included, joined to parts.
fn parts_of(plane: &Plane<'_>, runs: &[Run]) -> Vec<Part> {
    let mut sets = Sets::new(runs.len());
    let mut touches = vec![0_u32; runs.len()];
    let mut above = 0;
    for (i, run) in runs.iter().enumerate() {
        // on to the first run of the row before that does not end left of this one
        while runs.get(above).is_some_and(|r| r.y + 1 < run.y || (r.y + 1 == run.y && r.x1 < run.x0)) {
            above += 1;
        }
        let touching = runs.iter().enumerate().skip(above);
        for (k, _) in touching.take_while(|(_, r)| r.y + 1 == run.y && r.x0 <= run.x1) {
            sets.join(k, i);
            if let Some(count) = touches.get_mut(i) {
                *count += 1;
            }
        }
    }
    let mut slots = vec![usize::MAX; runs.len()];
    let mut parts: Vec<Part> = Vec::new();
    let mut owners = Vec::with_capacity(runs.len());
    for (i, (run, touches)) in runs.iter().zip(&touches).enumerate() {
        let Some(slot) = slots.get_mut(sets.root(i)) else {
            continue;
        };
        if *slot == usize::MAX {
            *slot = parts.len();
            parts.push(Part::empty(run));
        }
        owners.push(*slot);
        if let Some(part) = parts.get_mut(*slot) {
            part.add(run, *touches);
        }
    }
    // the pixels of what is too large for a glyph, most of the ink of a picture, are not looked at
    for (run, owner) in runs.iter().zip(owners) {
        if let Some(part) = parts.get_mut(owner).filter(|p| p.small() || p.glyph_sized()) {
            part.look(plane, run);
        }
    }
    parts
}

impl Part {
    fn empty(run: &Run) -> Part {
        let area = TextBox { x0: run.x0, y0: run.y, x1: run.x1, y1: run.y + 1 };
        Part {
            area,
            ink: 0,
            runs: 0,
            longest: 0,
            squares: 0,
            touches: 0,
            tally: Tally::default(),
            edge: 0,
            peak: 0,
            contrast: 0.0,
            separation: 0.0,
            quiet: 0.0,
            sharpness: 0.0,
            ground: (0.0, 0.0),
            even: 0.0,
        }
    }

    /// Takes in a run, which touches so many of those before it.
    fn add(&mut self, run: &Run, touches: u32) {
        let length = run.x1 - run.x0;
        self.ink += length;
        self.runs += 1;
        self.touches += touches;
        self.longest = self.longest.max(length);
        self.squares += u64::from(length).pow(2);
        self.area = around(self.area, TextBox { x0: run.x0, y0: run.y, x1: run.x1, y1: run.y + 1 });
    }

    /// Takes in the pixels of a run.
    fn look(&mut self, plane: &Plane<'_>, run: &Run) {
        let line = run.y as usize * plane.columns;
        let whole = line..line + plane.columns;
        let (Some(hat), Some(values)) = (plane.hat.get(whole.clone()), plane.values.get(whole)) else {
            return;
        };
        let (x0, x1) = (run.x0 as usize, run.x1 as usize);
        let ink = hat.get(x0..x1).unwrap_or_default();
        ink.iter().for_each(|v| self.tally.add(*v));
        let peak = values.get(x0..x1).unwrap_or_default().iter().max();
        self.peak = self.peak.max(peak.copied().unwrap_or(0));
        // the step from the outermost two pixels of the run to the lower of the two outside it
        let head = ink.iter().take(2).max().copied().unwrap_or(0);
        let tail = ink.iter().rev().take(2).max().copied().unwrap_or(0);
        let before = hat.get(x0.saturating_sub(2)..x0).unwrap_or_default().iter().min().copied().unwrap_or(0);
        let after = hat.iter().skip(x1).take(2).min().copied().unwrap_or(0);
        self.edge += u64::from(head.saturating_sub(before)) + u64::from(tail.saturating_sub(after));
    }

    /// Whether neither side of it is longer than a glyph.
    fn small(&self) -> bool {
        self.width().max(self.height()) <= TALLEST
    }

    /// From and to along a line, and from and to across it.
    pub(super) fn sides(&self, upright: bool) -> ((u32, u32), (u32, u32)) {
        let b = self.area;
        if upright { ((b.y0, b.y1), (b.x0, b.x1)) } else { ((b.x0, b.x1), (b.y0, b.y1)) }
    }

    /// Which band across the lines its middle is in; glyphs that share rows are in the same or in
    /// adjacent ones.
    pub(crate) fn band(&self, upright: bool) -> usize {
        let (from, to) = self.sides(upright).1;
        ((from + to) / 2 / TALLEST) as usize
    }

    pub(super) fn width(&self) -> u32 {
        self.area.x1 - self.area.x0
    }

    pub(super) fn height(&self) -> u32 {
        self.area.y1 - self.area.y0
    }
    /// Whether it has the size of a glyph or of glyphs that touch, in pixels of its level.
    fn glyph_sized(&self) -> bool {
        let (w, h) = (self.width(), self.height());
        let (long, short) = (w.max(h), w.min(h));
        let one = (4..=TALLEST).contains(&long) && self.ink >= 4;
        let several = long > TALLEST && (4..=TALLEST).contains(&short) && self.runs * 10 >= w * 7;
        one || several
    }

    /// Holes in it, as in an A or an 8.
    pub(crate) fn holes(&self) -> u32 {
        (self.touches + 1).saturating_sub(self.runs)
    }

    /// Spread of the lengths of its runs over their mean.
    pub(crate) fn unevenness(&self) -> f32 {
        let mean = self.ink as f32 / self.runs.max(1) as f32;
        (self.squares as f32 / self.runs.max(1) as f32 - mean * mean).max(0.0).sqrt() / mean.max(1.0)
    }

    /// Whether it is one bent or slanted stroke: no row of it is wide and few are crossed twice.
    pub(crate) fn one_stroke(&self) -> bool {
        self.longest * 5 < self.width() * 3 && self.runs * 20 < self.height() * 23
    }

    /// Whether it lies at the border of the frame.
    pub(crate) fn cut_off(&self, plane: &Plane<'_>) -> bool {
        let b = self.area;
        b.x0 == 0 || b.y0 == 0 || b.x1 as usize >= plane.columns || b.y1 as usize >= plane.rows
    }

    /// Measures contrast, separation, quiet; false where they rule out text.
    fn measure(&mut self, plane: &Plane<'_>) -> bool {
        let (ink_mean, ink_spread) = self.tally.mean_spread();
        if ink_mean <= LEAST_SEPARATION * (ink_spread + 2.0) {
            return false;
        }
        let (all, far, values, bright) = self.around(plane);
        self.even = bright as f32 / self.ink.max(1) as f32;
        let (mean, spread) = all.mean_spread();
        let (far_mean, far_spread) = far.mean_spread();
        self.contrast = ink_mean - mean;
        self.quiet = if far.count > 3 { (ink_mean - far_mean) / (far_spread + 2.0) } else { 0.0 };
        self.separation = self.contrast / (ink_spread + spread + 2.0);
        self.sharpness = self.edge as f32 / (2.0 * self.runs as f32) / self.contrast.max(1.0);
        self.ground = values.mean_spread();
        self.separation > LEAST_SEPARATION && self.sharpness > LEAST_SHARPNESS
    }

    /// The pixels below the cut in the box and two pixels around it: all, and those of them that
    /// touch no ink, for the smoothed edges of glyphs are not ground; of the latter the values too; and how
    /// many of the ink are within a few grey values of its brightest.
    fn around(&self, plane: &Plane<'_>) -> (Tally, Tally, Tally, u32) {
        let (x0, x1) =
            (self.area.x0.saturating_sub(2) as usize, (self.area.x1 as usize + 2).min(plane.columns));
        let (y0, y1) = (self.area.y0.saturating_sub(2) as usize, (self.area.y1 as usize + 2).min(plane.rows));
        let (mut all, mut far, mut values) = (Tally::default(), Tally::default(), Tally::default());
        let mut bright = 0;
        let nearly = self.peak.saturating_sub(EVEN);
        let place = |y: usize| y * plane.columns + x0..y * plane.columns + x1;
        let row = |y: usize| plane.hat.get(place(y)).unwrap_or_default();
        let inked = |r: &[u8], mask: &mut Vec<u8>| {
            mask.clear();
            mask.push(0);
            mask.extend(r.iter().map(|v| u8::from(*v >= plane.cut)));
            mask.resize(x1 - x0 + 2, 0);
        };
        let (mut above, mut here, mut below) = (Vec::new(), Vec::new(), Vec::new());
        inked(if y0 == 0 { &[] } else { row(y0 - 1) }, &mut above);
        inked(row(y0), &mut here);
        for y in y0..y1 {
            inked(row(y + 1), &mut below);
            let grey = plane.values.get(place(y)).unwrap_or_default();
            let beside = here.windows(3).zip(above.iter().skip(1).zip(below.iter().skip(1)));
            for ((v, g), (h, (a, b))) in row(y).iter().zip(grey).zip(beside) {
                let [left, ink, right] = h else { continue };
                bright += u32::from(ink & u8::from(*g >= nearly));
                all.add_if(*v, 1 - ink);
                let clear = 1 - (left | ink | right | a | b);
                far.add_if(*v, clear);
                values.add_if(*g, clear);
            }
            std::mem::swap(&mut above, &mut here);
            std::mem::swap(&mut here, &mut below);
        }
        (all, far, values, bright)
    }
}

/// Count, sum and sum of squares of values.
#[derive(Clone, Debug, Default)]
struct Tally {
    count: u32,
    sum: u64,
    squares: u64,
}

impl Tally {
    /// Takes in the value if `whether` is 1, not if it is 0.
    fn add_if(&mut self, v: u8, whether: u8) {
        let v = u32::from(v) * u32::from(whether);
        self.count += u32::from(whether);
        self.sum += u64::from(v);
        self.squares += u64::from(v * v);
    }

    fn add(&mut self, v: u8) {
        self.count += 1;
        self.sum += u64::from(v);
        self.squares += u64::from(v) * u64::from(v);
    }

    fn mean_spread(&self) -> (f32, f32) {
        let n = self.count.max(1) as f32;
        let mean = self.sum as f32 / n;
        (mean, (self.squares as f32 / n - mean * mean).max(0.0).sqrt())
    }
}
