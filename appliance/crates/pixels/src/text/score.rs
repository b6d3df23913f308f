//! How much the measures of a line are those of text: a sum over boosted trees.

use super::measures::MEASURES;
use super::trees::{BIAS, DEPTH, FEATURES, LEAVES, THRESHOLDS};

/// Logarithm of the odds, about, that the line is text; more than 0 where that is likelier among the lines
/// that the trees were grown on.
pub fn score(measures: &[f32; MEASURES]) -> f32 {
    let splits = (1 << DEPTH) - 1;
    let trees = FEATURES.chunks_exact(splits).zip(THRESHOLDS.chunks_exact(splits));
    let leaf = |((features, thresholds), leaves): ((&[u8], &[f32]), &[i16])| {
        let mut node = 0;
        for _ in 0..DEPTH {
            let feature = features.get(node).map_or(0, |f| usize::from(*f));
            let value = measures.get(feature).copied().unwrap_or(0.0);
            let more = thresholds.get(node).is_some_and(|t| value > *t);
            node = 2 * node + 1 + usize::from(more);
        }
        i32::from(leaves.get(node - splits).copied().unwrap_or(0))
    };
    BIAS + trees.zip(LEAVES.chunks_exact(1 << DEPTH)).map(leaf).sum::<i32>() as f32 / 1000.0
}
