//! Logits or probabilities, guessed from the values of a few images, and what else the values give away.

use super::Run;
use crate::error::ManifestFault;
use crate::faults::fault;
use crate::manifest::Activation;
use crate::parity::is_probability;

/// What the output holds, and why where the caller did not say so.
pub(super) fn activation(
    given: Option<Activation>,
    runs: &[Run],
) -> Result<(Activation, Option<String>), ManifestFault> {
    let (low, high) = range(runs);
    let within = is_probability(low) && is_probability(high);
    match (given, within) {
        (Some(Activation::None), false) => {
            let problem =
                format!("is none, which says probabilities, but the values go from {low:.3} to {high:.3}");
            Err(fault("", "activation", problem, "write --activation sigmoid"))
        }
        (Some(given), _) => Ok((given, None)),
        (None, true) => {
            let why =
                format!("all values lie from {low:.3} to {high:.3}, so they are taken for probabilities");
            Ok((Activation::None, Some(why)))
        }
        (None, false) => {
            let why = format!("values go from {low:.3} to {high:.3}, so they are taken for logits");
            Ok((Activation::Sigmoid, Some(why)))
        }
    }
}

/// What a person should look at.
pub(super) fn notices(activation: Activation, guessed: bool, runs: &[Run]) -> Vec<String> {
    let mut notices = Vec::new();
    let (low, high) = range(runs);
    if activation == Activation::Sigmoid && !guessed && is_probability(low) && is_probability(high) {
        notices.push(
            "every value lies within 0 and 1: if these are probabilities, --activation none is right"
                .to_owned(),
        );
    }
    let several = runs.iter().all(|run| run.outputs.len() > 1);
    if several && runs.iter().all(|run| (run.outputs.iter().sum::<f32>() - 1.0).abs() < 1e-3) {
        notices.push(
            "the values of every image sum to 1: the findings exclude each other, and one of them may mean none of the others"
                .to_owned(),
        );
    }
    if runs.windows(2).all(|pair| matches!(pair, [a, b] if close(&a.outputs, &b.outputs))) {
        notices.push(
            "every image gets the same answer: the model may want another range of values than mean and std give it"
                .to_owned(),
        );
    }
    notices
}

fn range(runs: &[Run]) -> (f32, f32) {
    let values = || runs.iter().flat_map(|run| run.outputs.iter().copied());
    (values().fold(f32::INFINITY, f32::min), values().fold(f32::NEG_INFINITY, f32::max))
}

fn close(a: &[f32], b: &[f32]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-6)
}
