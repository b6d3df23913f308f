//! The text detector's numbers: boosted trees that score how much the measures of a line are those of text, and the
//! limits of that score. They come from a bundle (`models/burned-in-text`), whose recipe writes the file read here.
//!
//! The file, all little endian, nothing before, between or after:
//!
//! | bytes | what |
//! |---|---|
//! | 22 | `scanside text trees 1\n` |
//! | 1, 1, 2 | count of measures (40), splits from root to leaf (4), count of trees |
//! | 5 x 4 | float32: score without any tree; limits `sure`, `continuing`, `explaining`, `explained` |
//! | a tree: 15 | its splits row by row from the root: the measure that each looks at |
//! | 15 x 4 | float32: up to which value of it the split goes to the first of its two |
//! | 16 x 2 | int16: what each leaf adds to the score, in thousandths |

use crate::error::Error;

/// How many measures of a line there are.
pub(crate) const MEASURES: usize = 40;
/// Splits from the root to a leaf of each tree.
const DEPTH: usize = 4;
/// Leaves of a tree; one more than its splits.
const LEAVES: usize = 1 << DEPTH;
/// Most trees of a detector: the time of a line grows with them.
const MOST_TREES: usize = 4096;
/// What the file begins with.
const MAGIC: &[u8] = b"scanside text trees 1\n";
/// Bytes of a tree in the file.
const TREE_BYTES: usize = (LEAVES - 1) * 5 + LEAVES * 2;

/// One tree, in one piece of memory. Splits stand at 1 to 15, so that those below `n` are `2 n` and `2 n + 1` and the
/// leaves follow at 16; slot 0 is of no use.
#[derive(Clone, Debug, PartialEq)]
struct Tree {
    thresholds: [f32; LEAVES],
    leaves: [i16; LEAVES],
    features: [u8; LEAVES],
}

/// What scores mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limits {
    /// Score above which a line is taken as text.
    pub sure: f32,
    /// What a line must score to be taken in as the continuation of a sure one.
    pub continuing: f32,
    /// How much more a line scores than one that it explains away.
    pub explaining: f32,
    /// Score above which no line is explained away.
    pub explained: f32,
}

/// What tells text from everything else in a frame.
#[derive(Clone, PartialEq)]
pub struct TextDetector {
    trees: Vec<Tree>,
    bias: f32,
    limits: Limits,
}

impl std::fmt::Debug for TextDetector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TextDetector({} trees)", self.trees.len())
    }
}

impl TextDetector {
    /// The detector that these bytes of its file hold.
    ///
    /// # Errors
    /// [`Error::Detector`] for anything else than such a file: cut short or too long, of another format, of other
    /// measures than are taken here, with a number that is none.
    pub fn from_bytes(file: &[u8]) -> Result<Self, Error> {
        let mut rest = file.strip_prefix(MAGIC).ok_or(Error::Detector("are of another format"))?;
        let [measures, depth] = bytes(&mut rest)?;
        let trees = usize::from(u16::from_le_bytes(bytes(&mut rest)?));
        if (usize::from(measures), usize::from(depth)) != (MEASURES, DEPTH) {
            return Err(Error::Detector("are for other measures than this program takes"));
        }
        if !(1..=MOST_TREES).contains(&trees) {
            return Err(Error::Detector("hold no tree, or more than 4096"));
        }
        let [bias, sure, continuing, explaining, explained] = floats(&mut rest)?;
        if rest.len() != trees * TREE_BYTES {
            return Err(Error::Detector("are cut short or too long"));
        }
        let trees = rest.chunks_exact(TREE_BYTES).map(Tree::read).collect::<Result<_, _>>()?;
        Ok(Self { trees, bias, limits: Limits { sure, continuing, explaining, explained } })
    }

    /// What scores mean.
    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// Logarithm of the odds, about, that the line is text; more than 0 where that is likelier among the lines
    /// that the trees were grown on.
    pub(super) fn score(&self, measures: &[f32; MEASURES]) -> f32 {
        let sum: i32 = self.trees.iter().map(|tree| i32::from(tree.leaf(measures))).sum();
        self.bias + sum as f32 / 1000.0
    }
}

impl Tree {
    /// From exactly [`TREE_BYTES`] bytes.
    fn read(mut from: &[u8]) -> Result<Self, Error> {
        let features: [u8; LEAVES - 1] = bytes(&mut from)?;
        if features.iter().any(|f| usize::from(*f) >= MEASURES) {
            return Err(Error::Detector("look at a measure that there is not"));
        }
        let thresholds: [f32; LEAVES - 1] = floats(&mut from)?;
        let mut tree = Self { thresholds: [0.0; LEAVES], leaves: [0; LEAVES], features: [0; LEAVES] };
        tree.features.iter_mut().skip(1).zip(features).for_each(|(slot, f)| *slot = f);
        tree.thresholds.iter_mut().skip(1).zip(thresholds).for_each(|(slot, t)| *slot = t);
        for leaf in &mut tree.leaves {
            *leaf = i16::from_le_bytes(bytes(&mut from)?);
        }
        Ok(tree)
    }

    /// What the leaf adds that a line with these measures falls to.
    fn leaf(&self, measures: &[f32; MEASURES]) -> i16 {
        let mut node = 1;
        for _ in 0..DEPTH {
            // The mask changes nothing; with it the compiler sees that the place is within the array.
            let at = node & (LEAVES - 1);
            let feature = self.features.get(at).map_or(0, |f| usize::from(*f));
            let value = measures.get(feature).copied().unwrap_or(0.0);
            let more = self.thresholds.get(at).is_some_and(|t| value > *t);
            node = 2 * node + usize::from(more);
        }
        self.leaves.get(node & (LEAVES - 1)).copied().unwrap_or(0)
    }
}

/// The next bytes.
fn bytes<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Error> {
    let (taken, after) = rest.split_first_chunk::<N>().ok_or(Error::Detector("are cut short or too long"))?;
    *rest = after;
    Ok(*taken)
}

/// The next numbers, all finite.
fn floats<const N: usize>(rest: &mut &[u8]) -> Result<[f32; N], Error> {
    let mut out = [0.0; N];
    for slot in &mut out {
        *slot = f32::from_le_bytes(bytes(rest)?);
    }
    if out.iter().all(|v| v.is_finite()) {
        Ok(out)
    } else {
        Err(Error::Detector("hold one that is not finite"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::super::tests::{bundle_file, shipped};
    use super::*;

    /// Measures by the formula of the recipe (`vector` in `models/training/burned_in_text/bundle_files.py`).
    fn vector(k: u32) -> [f32; MEASURES] {
        std::array::from_fn(|m| {
            let mut x = (k * 40 + m as u32).wrapping_mul(2_654_435_761);
            x = (x ^ x >> 15).wrapping_mul(2_246_822_519);
            x ^= x >> 13;
            ((x % 4096) as f32 - 512.0) / [1.0, 8.0, 64.0, 512.0][(x >> 12 & 3) as usize]
        })
    }

    #[test]
    fn the_trees_score_measures_as_the_recipe_does() {
        let parity: serde_json::Value = serde_json::from_slice(&bundle_file("parity.json")).unwrap();
        let wanted = parity["thousandths"].as_array().unwrap();
        let detector = shipped();
        assert_eq!((wanted.len(), (detector.bias * 10_000.0).round()), (64, -6931.0));
        for (k, thousandths) in (0..).zip(wanted) {
            let thousandths = thousandths.as_i64().unwrap() as f32;
            assert_eq!(detector.score(&vector(k)), detector.bias + thousandths / 1000.0, "vector {k}");
        }
    }

    #[test]
    fn a_file_that_is_cut_longer_or_holds_what_cannot_be_is_refused() {
        let whole = bundle_file("trees.bin");
        assert!(TextDetector::from_bytes(&whole).is_ok());
        for length in (0..whole.len()).step_by(7) {
            assert!(TextDetector::from_bytes(&whole[..length]).is_err(), "{length} bytes");
        }
        assert!(TextDetector::from_bytes(&[&whole[..], &[0]].concat()).is_err());
        let first = MAGIC.len() + 24;
        let nan = f32::NAN.to_le_bytes();
        for (at, with, what) in [
            (0, &b"S"[..], "another format"),
            (MAGIC.len(), &[41], "more measures"),
            (MAGIC.len() + 1, &[5], "deeper trees"),
            (MAGIC.len() + 2, &[0, 0], "no tree"),
            (MAGIC.len() + 2, &[0xFF, 0xFF], "more trees than there are"),
            (MAGIC.len() + 4, &nan, "a bias that is no number"),
            (MAGIC.len() + 8, &f32::INFINITY.to_le_bytes(), "a limit that is no limit"),
            (first + 3, &[40], "a measure that there is not"),
            (first + 15, &nan, "a threshold that is no number"),
        ] {
            let mut altered = whole.clone();
            altered[at..at + with.len()].copy_from_slice(with);
            assert!(matches!(TextDetector::from_bytes(&altered), Err(Error::Detector(_))), "{what}");
        }
    }
}
