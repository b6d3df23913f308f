//! The input check by distance (`gate.json`): how far a study lies from what the bundle was calibrated on.
//!
//! Distance is Mahalanobis' to the nearest centre, on the network's pooled features (Lee et al., NeurIPS 2018).

use serde::{Deserialize, Serialize};

use crate::error::ManifestFault;
use crate::faults::{fault, made_for};

/// Most features and centres: the file is read by every worker.
const FEATURES_MAX: usize = 512;
const CENTRES_MAX: usize = 64;

/// The whole file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Novelty {
    /// 1.
    pub format: u32,
    /// Name of the output that holds the features, float32 [frames, dimension].
    pub tensor: String,
    /// SHA-256 of the model whose features they are.
    pub model_sha256: String,
    /// Number of features.
    pub dimension: usize,
    /// What each centre is of.
    pub groups: Vec<String>,
    /// Largest distance that passes.
    pub limit: f64,
    /// Share of held-out calibration images within it.
    pub quantile: f64,
    /// How many images the limit was chosen on.
    pub calibrated_on: u64,
    /// [groups][dimension].
    pub centres: Vec<Vec<f64>>,
    /// [dimension][dimension]: Cholesky factor of the inverse covariance around the centres.
    pub whiten: Vec<Vec<f64>>,
}

impl Novelty {
    pub(crate) fn read(file: &str, bytes: &[u8], model: &str) -> Result<Self, Vec<ManifestFault>> {
        let novelty: Self = serde_json::from_slice(bytes).map_err(|e| {
            let wrong = fault(file, "", "cannot be read", "let the recipe write it again");
            vec![ManifestFault { line: Some(e.line()), ..wrong }]
        })?;
        let remedy = "make it of this model's features";
        let mut faults = made_for(file, (novelty.format, &novelty.model_sha256), model, remedy);
        let mut unless = |ok: bool, key: &str, problem: &str, remedy: &str| {
            if !ok {
                faults.push(fault(file, key, problem, remedy));
            }
        };
        let d = novelty.dimension;
        let sizes = (1..=FEATURES_MAX).contains(&d)
            && (1..=CENTRES_MAX).contains(&novelty.centres.len())
            && novelty.groups.len() == novelty.centres.len()
            && novelty.whiten.len() == d
            && novelty.centres.iter().chain(&novelty.whiten).all(|row| row.len() == d);
        unless(sizes, "dimension", "does not fit centres, groups or whiten", "let the recipe write it again");
        let finite = novelty.centres.iter().chain(&novelty.whiten).flatten().all(|v| v.is_finite());
        unless(finite, "centres", "hold what is no number", "let the recipe write it again");
        unless(
            novelty.limit.is_finite() && novelty.limit > 0.0,
            "limit",
            "is no distance",
            "write a finite number above 0",
        );
        if faults.is_empty() { Ok(novelty) } else { Err(faults) }
    }

    /// Distance of features to the nearest centre: min over k of |(f - centre_k) W|. Infinite for features of another
    /// number, or that are no numbers: what cannot be measured does not pass.
    #[must_use]
    pub fn distance(&self, features: &[f64]) -> f64 {
        if features.len() != self.dimension || !features.iter().all(|v| v.is_finite()) {
            return f64::INFINITY;
        }
        let to = |centre: &Vec<f64>| {
            let mut whitened = vec![0.0; self.dimension];
            for ((f, c), row) in features.iter().zip(centre).zip(&self.whiten) {
                whitened.iter_mut().zip(row).for_each(|(sum, w)| *sum += (f - c) * w);
            }
            whitened.iter().map(|v| v * v).sum::<f64>().sqrt()
        };
        self.centres.iter().map(to).fold(f64::INFINITY, f64::min)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;

    fn novelty() -> Novelty {
        Novelty {
            format: 1,
            tensor: "features".into(),
            model_sha256: "m".into(),
            dimension: 2,
            groups: vec!["a".into(), "b".into()],
            limit: 3.0,
            quantile: 0.995,
            calibrated_on: 100,
            centres: vec![vec![0.0, 0.0], vec![10.0, 0.0]],
            // Twice as wide along the first axis.
            whiten: vec![vec![0.5, 0.0], vec![0.0, 1.0]],
        }
    }

    #[test]
    fn the_distance_is_to_the_nearest_centre_in_its_own_width() {
        assert_eq!(novelty().distance(&[4.0, 0.0]), 2.0);
        assert_eq!(novelty().distance(&[8.0, 0.0]), 1.0);
        assert_eq!(novelty().distance(&[0.0, 3.0]), 3.0);
        assert!(
            novelty().distance(&[0.0]).is_infinite() && novelty().distance(&[f64::NAN, 0.0]).is_infinite()
        );
    }

    #[test]
    fn a_file_of_another_model_or_shape_is_refused_with_its_key() {
        let read = |novelty: &Novelty| Novelty::read("gate.json", &serde_json::to_vec(novelty).unwrap(), "m");
        assert_eq!(read(&novelty()).unwrap(), novelty());
        for (wrong, key) in [
            (Novelty { model_sha256: "x".into(), ..novelty() }, "model_sha256"),
            (Novelty { whiten: vec![vec![1.0, 0.0]], ..novelty() }, "dimension"),
            (Novelty { groups: vec!["a".into()], ..novelty() }, "dimension"),
            (Novelty { limit: 0.0, ..novelty() }, "limit"),
            (Novelty { format: 2, ..novelty() }, "format"),
        ] {
            let keys: Vec<String> = read(&wrong).unwrap_err().into_iter().map(|f| f.key).collect();
            assert_eq!(keys, [key]);
        }
        assert!(Novelty::read("gate.json", b"{", "m").is_err());
    }
}
