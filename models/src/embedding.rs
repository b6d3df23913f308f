//! An embedding as bytes: float32 little-endian, or one byte a value with a common scale.

use crate::error::Error;

/// Most values an embedding may have; what arrives from outside is bounded by it.
pub const MOST_VALUES: usize = 65_536;

/// float32 little-endian, four bytes a value.
#[must_use]
pub fn to_bytes(embedding: &[f32]) -> Vec<u8> {
    embedding.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// Back from [`to_bytes`].
///
/// # Errors
/// [`Error::Embedding`] when there is no value, too many, a part of one, or one that is not finite.
pub fn from_bytes(bytes: &[u8]) -> Result<Vec<f32>, Error> {
    let (values, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(Error::Embedding("the bytes are not whole float32 values"));
    }
    finite(values.iter().map(|v| f32::from_le_bytes(*v)).collect())
}

/// The scale as float32 little-endian, then one signed byte a value: value = byte * scale.
/// The largest magnitude becomes 127, so a value is off by at most half a 127th of it.
///
/// # Errors
/// [`Error::Embedding`] when there is no value, too many, or one that is not finite.
pub fn to_compact(embedding: &[f32]) -> Result<Vec<u8>, Error> {
    finite(embedding.to_vec())?;
    let largest = embedding.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
    let scale = if largest > 0.0 { (largest / 127.0).max(f32::MIN_POSITIVE) } else { 1.0 };
    let mut bytes = scale.to_le_bytes().to_vec();
    bytes.extend(embedding.iter().map(|v| ((v / scale).round().clamp(-127.0, 127.0) as i8).to_le_bytes()[0]));
    Ok(bytes)
}

/// Back from [`to_compact`].
///
/// # Errors
/// [`Error::Embedding`] when the scale is missing or not above 0, or there is no value or too many.
pub fn from_compact(bytes: &[u8]) -> Result<Vec<f32>, Error> {
    let Some((scale, values)) = bytes.split_first_chunk::<4>() else {
        return Err(Error::Embedding("the scale is missing"));
    };
    let scale = f32::from_le_bytes(*scale);
    if !(scale.is_finite() && scale > 0.0) {
        return Err(Error::Embedding("the scale is not above 0"));
    }
    finite(values.iter().map(|v| f32::from(i8::from_le_bytes([*v])) * scale).collect())
}

fn finite(values: Vec<f32>) -> Result<Vec<f32>, Error> {
    if values.is_empty() || values.len() > MOST_VALUES {
        return Err(Error::Embedding("the count of values is out of range"));
    }
    if values.iter().all(|v| v.is_finite()) {
        Ok(values)
    } else {
        Err(Error::Embedding("a value is not a finite number"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whole_bytes_give_the_same_values(values in prop::collection::vec(-1e6_f32..1e6, 1..200)) {
            prop_assert_eq!(from_bytes(&to_bytes(&values)).unwrap(), values);
        }

        #[test]
        fn compact_bytes_are_off_by_at_most_half_a_step(values in prop::collection::vec(-1e3_f32..1e3, 1..200)) {
            let back = from_compact(&to_compact(&values).unwrap()).unwrap();
            let step = values.iter().fold(0.0_f32, |m, v| m.max(v.abs())) / 127.0;
            for (a, b) in values.iter().zip(&back) {
                prop_assert!((a - b).abs() <= step * 0.501 + 1e-6);
            }
        }

        #[test]
        fn any_bytes_are_taken_or_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            for back in [from_bytes(&bytes), from_compact(&bytes)].into_iter().flatten() {
                prop_assert!(back.iter().all(|v| v.is_finite()));
            }
        }
    }

    #[test]
    fn bytes_that_are_no_embedding_are_refused() {
        for bytes in [&[][..], &[0, 0, 0], &f32::NAN.to_le_bytes()] {
            assert!(from_bytes(bytes).is_err());
        }
        for bytes in [&[][..], &[0, 0, 128, 63], &[0, 0, 0, 0, 1], &[0, 0, 192, 127, 1]] {
            assert!(from_compact(bytes).is_err());
        }
    }
}
