//! Little-endian numbers out of byte slices, without a panic.

/// A 16-bit number at `offset`, little endian.
pub(super) fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    let part = bytes.get(offset..offset.checked_add(2)?)?;
    Some(u16::from_le_bytes(part.try_into().ok()?))
}

/// A 32-bit number at `offset`, little endian.
pub(super) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    let part = bytes.get(offset..offset.checked_add(4)?)?;
    Some(u32::from_le_bytes(part.try_into().ok()?))
}

/// A 64-bit number at `offset`, little endian.
pub(super) fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    let part = bytes.get(offset..offset.checked_add(8)?)?;
    Some(u64::from_le_bytes(part.try_into().ok()?))
}

/// Reverses every whole word of `word` bytes in place; a shorter rest stays as it is.
pub(super) fn swap_words(bytes: &mut [u8], word: usize) {
    if word > 1 {
        for chunk in bytes.chunks_exact_mut(word) {
            chunk.reverse();
        }
    }
}
