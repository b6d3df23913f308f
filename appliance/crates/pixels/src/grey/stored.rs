//! One decoded frame as stored: container bytes and how to read one value out of them (PS3.5 section 8.1).

use super::error::Error;

/// One frame of stored values, samples of a pixel side by side, little endian.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
    /// Samples per pixel: 1 or 3.
    pub samples: u16,
    /// Bits of one container: 8, 16 or 32.
    pub bits_allocated: u16,
    /// Bits that hold the value.
    pub bits_stored: u16,
    /// Position of the value's highest bit.
    pub high_bit: u16,
    /// Pixel Representation 1: two's complement.
    pub signed: bool,
    /// `rows * columns * samples` containers.
    pub bytes: Vec<u8>,
}

/// The containers of a row by their width.
pub(super) enum Row<'a> {
    /// 8 bits each.
    Eight(&'a [u8]),
    /// 16 bits each.
    Sixteen(&'a [[u8; 2]]),
    /// 32 bits each.
    ThirtyTwo(&'a [[u8; 4]]),
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { rows, columns, samples, bits_allocated, .. } = self;
        write!(f, "Stored({rows} x {columns} x {samples}, {bits_allocated} bits)")
    }
}

impl Stored {
    /// Pixels of the frame.
    pub fn pixels(&self) -> usize {
        self.rows as usize * self.columns as usize
    }

    /// Checks that bits and bytes fit each other.
    ///
    /// # Errors
    /// [`Error::WrongBits`], [`Error::WrongLength`].
    pub fn check(&self) -> Result<(), Error> {
        if !matches!(self.bits_allocated, 8 | 16 | 32)
            || self.bits_stored == 0
            || self.bits_stored > self.bits_allocated
            || self.high_bit >= self.bits_allocated
            || self.high_bit + 1 < self.bits_stored
        {
            return Err(Error::WrongBits);
        }
        let containers = self.pixels().checked_mul(usize::from(self.samples)).ok_or(Error::WrongLength)?;
        let bytes = containers.checked_mul(usize::from(self.bits_allocated / 8)).ok_or(Error::WrongLength)?;
        if bytes == 0 || bytes != self.bytes.len() { Err(Error::WrongLength) } else { Ok(()) }
    }

    /// All containers in order, unread bits included.
    pub(super) fn containers(&self) -> impl Iterator<Item = u32> + '_ {
        let width = usize::from(self.bits_allocated / 8).max(1);
        (0..self.bytes.len() / width).map(|at| self.container(at))
    }

    /// Container number `at`; 0 past the end.
    fn container(&self, at: usize) -> u32 {
        let bytes = |width: usize| self.bytes.get(at.saturating_mul(width)..).unwrap_or_default();
        match self.bits_allocated {
            8 => bytes(1).first().map_or(0, |b| u32::from(*b)),
            16 => bytes(2).first_chunk().map_or(0, |c| u32::from(u16::from_le_bytes(*c))),
            _ => bytes(4).first_chunk().map_or(0, |c| u32::from_le_bytes(*c)),
        }
    }

    /// Calls `f` with every container in order; one loop for each width, so that it is as fast as the memory.
    pub fn each(&self, mut f: impl FnMut(u32)) {
        match self.bits_allocated {
            8 => self.bytes.iter().for_each(|b| f(u32::from(*b))),
            16 => self.bytes.as_chunks::<2>().0.iter().for_each(|c| f(u32::from(u16::from_le_bytes(*c)))),
            _ => self.bytes.as_chunks::<4>().0.iter().for_each(|c| f(u32::from_le_bytes(*c))),
        }
    }

    /// Calls `f` with every stored value in order, samples of a pixel side by side, without a branch for each; `false`, and
    /// no call, where a value may have more than 16 bits.
    pub fn each_short(&self, mut f: impl FnMut(i32)) -> bool {
        if self.bits_stored > 16 {
            return false;
        }
        let (down, mask) = (self.high_bit + 1 - self.bits_stored, self.mask());
        let spare = 32 - u32::from(self.bits_stored);
        if self.signed {
            self.each(|container| f((((container >> down) & mask) << spare).cast_signed() >> spare));
        } else {
            self.each(|container| f(((container >> down) & mask).cast_signed()));
        }
        true
    }

    /// Containers of row `at`, samples of a pixel side by side.
    pub(super) fn row(&self, at: usize) -> Row<'_> {
        let length = self.columns as usize * usize::from(self.samples) * usize::from(self.bits_allocated / 8);
        let start = at.saturating_mul(length);
        let bytes = self.bytes.get(start..start.saturating_add(length)).unwrap_or_default();
        match self.bits_allocated {
            8 => Row::Eight(bytes),
            16 => Row::Sixteen(bytes.as_chunks().0),
            _ => Row::ThirtyTwo(bytes.as_chunks().0),
        }
    }

    /// Calls `f` with the value of every `step`-th pixel of every `step`-th row, where a pixel is one sample.
    pub fn every(&self, step: usize, mut f: impl FnMut(i64)) {
        let mut take = |container| f(self.value(self.field(container)));
        for at in (0..self.rows as usize).step_by(step.max(1)) {
            match self.row(at) {
                Row::Eight(row) => row.iter().step_by(step.max(1)).for_each(|b| take(u32::from(*b))),
                Row::Sixteen(row) => {
                    row.iter().step_by(step.max(1)).for_each(|c| take(u32::from(u16::from_le_bytes(*c))));
                }
                Row::ThirtyTwo(row) => {
                    row.iter().step_by(step.max(1)).for_each(|c| take(u32::from_le_bytes(*c)));
                }
            }
        }
    }

    /// The bits of a container that hold the value, as an unsigned number.
    pub(super) fn field(&self, container: u32) -> u32 {
        (container >> (self.high_bit + 1 - self.bits_stored)) & self.mask()
    }

    /// The value that `field` bits stand for.
    pub(super) fn value(&self, field: u32) -> i64 {
        let sign = 1_u32 << (self.bits_stored - 1);
        if self.signed && field & sign != 0 {
            i64::from(field) - (i64::from(self.mask()) + 1)
        } else {
            i64::from(field)
        }
    }

    /// Smallest and largest value that can be stored.
    pub(super) fn range(&self) -> (i64, i64) {
        let span = i64::from(self.mask());
        if self.signed { (-(span / 2) - 1, span / 2) } else { (0, span) }
    }

    pub(super) fn mask(&self) -> u32 {
        if self.bits_stored >= 32 { u32::MAX } else { (1 << self.bits_stored) - 1 }
    }

    /// Stored value number `at`, samples of a pixel side by side; that of an empty container past the end.
    pub fn sample(&self, at: usize) -> i64 {
        self.value(self.field(self.container(at)))
    }

    /// All stored values in order, samples of a pixel side by side.
    pub fn values(&self) -> impl Iterator<Item = i64> + '_ {
        self.containers().map(|c| self.value(self.field(c)))
    }
}
