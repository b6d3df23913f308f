//! An embedding as bytes: float32 little-endian.

use crate::error::Error;

/// Most values an embedding may have; what arrives from outside is bounded by it.
pub(crate) const MOST_VALUES: usize = 65_536;

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
        fn any_bytes_are_taken_or_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(from_bytes(&bytes).unwrap_or_default().iter().all(|v| v.is_finite()));
        }
    }

    #[test]
    fn bytes_that_are_no_embedding_are_refused() {
        for bytes in [&[][..], &[0, 0, 0], &f32::NAN.to_le_bytes()] {
            assert!(from_bytes(bytes).is_err());
        }
    }
}
