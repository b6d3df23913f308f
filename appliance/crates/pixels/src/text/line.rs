//! A candidate line of text, and a first look at how much it is like text.

use super::boxes::{TextBox, around, widened};
use super::detector::MEASURES;
use super::parts::{Part, TALLEST};

/// Which of the measures of a line is its level, known once it is `scaled`.
const STEP: usize = 37;

/// A candidate line of text and what was measured of it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// In pixels of the frame once `scaled`.
    pub area: TextBox,
    /// Halvings of the level it was found in.
    pub step: u32,
    /// Whether it is darker than its ground.
    pub dark: bool,
    /// Number of glyph-sized parts.
    pub glyphs: u32,
    /// Largest height of a part, across the line, in pixels of its level.
    pub height: u32,
    /// Runs per row over width per height: how many strokes a row crosses.
    pub crossings: f32,
    /// Mean contrast against the ground, in grey values.
    pub contrast: f32,
    /// Contrast over the spread of ink and of ground.
    pub separation: f32,
    /// Spread of the brightest values of the parts over the contrast.
    pub peak_spread: f32,
    /// Mean brightest value of the parts (0 to 255).
    pub peak: f32,
    /// Mean stroke width over height.
    pub stroke: f32,
    /// Contrast over the spread of the ground away from the edges.
    pub quiet: f32,
    /// The spike of the plane if the line is of its brightest value, else 0.
    pub spike: f32,
    /// Density of ink in the box of the line.
    pub fill: f32,
    /// Mean distance of tops or bottoms (the better) from their median, over the height.
    pub stagger: f32,
    /// The worse of the two.
    pub stray: f32,
    /// Height at which the top-hat was cut.
    pub cut: u8,
    /// All of what the detector looks at.
    pub measures: [f32; MEASURES],
    /// Size across the line over the height of the tallest part.
    pub slack: f32,
    /// Whether it is one part that is but a bent or slanted stroke, as the edge of a table is, or
    /// that the border of the frame cuts off.
    pub bare: bool,
    /// Whether it runs down the frame instead of across.
    pub upright: bool,
    /// How much the measures are those of text: at first as `scored`, then as the detector has it.
    pub score: f32,
}

impl Line {
    /// The line in pixels of the whole frame, found `step` halvings down.
    #[must_use]
    pub(super) fn scaled(mut self, step: u32, dark: bool) -> Line {
        let b = self.area;
        self.area = TextBox { x0: b.x0 << step, y0: b.y0 << step, x1: b.x1 << step, y1: b.y1 << step };
        self.step = step;
        self.dark = dark;
        if let Some(m) = self.measures.get_mut(STEP) {
            *m = step as f32;
        }
        self
    }

    /// Size of a part of it across it.
    pub(super) fn across(&self, part: &Part) -> u32 {
        if self.upright { part.width() } else { part.height() }
    }

    /// Height of its tallest glyph in pixels of the frame.
    #[must_use]
    pub(super) fn tall(&self) -> u32 {
        self.height << self.step
    }

    /// The line with its dots, accents and hyphens, and with glyphs too poor to be measured that
    /// stand within a height of it.
    pub(super) fn with(mut self, others: &[Part]) -> Line {
        let reach = self.height / 2 + 1;
        let (far, near) = if self.upright { (0, self.height + 1) } else { (self.height + 1, 0) };
        let mut zone = widened(self.area, reach, reach);
        for _ in 0..3 {
            let b = self.area;
            zone = around(zone, widened(b, far, near));
            let held = |a: &TextBox| a.x0 >= zone.x0 && a.x1 <= zone.x1 && a.y0 >= zone.y0 && a.y1 <= zone.y1;
            // the parts come in the order of their first rows
            let from = others.partition_point(|p| p.area.y0 < zone.y0);
            let inked = others
                .iter()
                .skip(from)
                .take_while(|p| p.area.y0 < zone.y1)
                .filter(|s| s.ink >= 2 && self.same_grey(f32::from(s.peak)));
            self.area = inked.map(|s| s.area).filter(held).fold(b, around);
            if self.area == b {
                break;
            }
        }
        self
    }

    /// Whether a part with this brightest value may be of the ink of the line.
    fn same_grey(&self, peak: f32) -> bool {
        (peak - self.peak).abs() <= 8.0 + 0.35 * self.contrast
    }

    /// Size across it, in pixels of the frame once `scaled`.
    #[must_use]
    pub(super) fn depth(&self) -> u32 {
        let b = self.area;
        if self.upright { b.x1 - b.x0 } else { b.y1 - b.y0 }
    }

    /// Value of its ink in the frame: on bright ground the rest of a bright word is a dark one.
    fn ink(&self) -> f32 {
        if self.dark { 255.0 - self.peak } else { self.peak }
    }

    /// Whether `other` lies beside this line, in its direction and of about its size, or on it.
    #[must_use]
    pub(crate) fn continues(&self, other: &Line) -> bool {
        let sides = |b: TextBox| {
            if self.upright { ((b.y0, b.y1), (b.x0, b.x1)) } else { ((b.x0, b.x1), (b.y0, b.y1)) }
        };
        let ((a0, a1), (c0, c1)) = sides(self.area);
        let ((b0, b1), (d0, d1)) = sides(other.area);
        let (tall, other_tall) = (c1 - c0, d1 - d0);
        let gap = b0.saturating_sub(a1).max(a0.saturating_sub(b1));
        let shared = c1.min(d1).saturating_sub(c0.max(d0));
        let same = (self.ink() - other.ink()).abs() <= 8.0 + 0.35 * self.contrast
            && (self.upright == other.upright || other.glyphs == 1)
            && self.step.abs_diff(other.step) <= 1;
        let like =
            same && other.slack < 1.7 && other_tall * 2 <= tall * 3 && shared * 3 >= tall.min(other_tall) * 2;
        like && gap <= tall * 3 / 2
    }

    /// A first look at how much the measures are those of text, which spares most lines of a picture
    /// the measures of their surroundings. The weights were fitted on words drawn over clean pictures
    /// and then rounded; about 0 the two part.
    pub(super) fn scored(&self) -> f32 {
        if self.height < 5 || self.height > TALLEST || (self.glyphs == 1 && self.fill > 0.92) {
            return f32::MIN;
        }
        let separation = self.separation.clamp(0.1, 12.0).ln();
        let quiet = self.quiet.clamp(1.0, 60.0).ln();
        let (w, h) = ((self.area.x1 - self.area.x0) as f32, (self.area.y1 - self.area.y0) as f32);
        let long = (w / h).ln().abs();
        // a line longer than its glyphs explain must be of glyphs that touch
        let long = if self.crossings < 1.0 && self.glyphs > 1 {
            long.min((1.5 * self.glyphs as f32).ln())
        } else {
            long
        };
        let stroke = self.stroke.min(1.5);
        let contrast = self.contrast / 100.0;
        let crossings = self.crossings.min(3.0);
        let turned = if self.upright { 2.0 } else { 0.0 };
        let shared = 0.6 * quiet - 3.0 * stroke + contrast - turned;
        match self.glyphs {
            1 if w <= 1.5 * h && h <= 6.0 * w => {
                shared + 3.2 * separation + 0.5 * quiet + 3.9 * self.fill + 3.0 * self.spike
                    - 1.5 * long
                    - LONE
            }
            1 if w <= 1.5 * h => f32::MIN,
            1 => shared + 2.2 * separation + 3.3 * self.fill + 3.2 * long + 2.3 * crossings - FUSED,
            2 => {
                shared + 5.5 * separation + 8.0 * self.fill - 2.0 * self.peak_spread - self.stagger
                    + 2.4 * long
                    - PAIR
            }
            n => {
                let count = (n.min(12) as f32).ln();
                let order = 2.5 * self.peak_spread + 4.0 * self.stagger;
                shared + 6.8 * separation + 2.6 * count + 13.0 * self.fill - order + 2.0 * long - LINE
            }
        }
    }
}

/// What the weighted measures of a lone glyph, of glyphs that touch, of a pair and of more sum to
/// where text and clean pictures part; taken off the score.
const LONE: f32 = 13.7;
const FUSED: f32 = 12.3;
const PAIR: f32 = 13.5;
const LINE: f32 = 15.1;
