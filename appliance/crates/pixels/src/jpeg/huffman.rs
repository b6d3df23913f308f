//! Huffman codes and the bits they are read from (ITU-T T.81 annexes C and F).

use super::fault::Fault;

/// Codes up to this length are found in one look.
const LOOK_BITS: usize = 10;
/// Longest code.
const LONGEST: usize = 16;

/// A Huffman table (C.2): symbols in the order of their codes.
pub(super) struct Huffman {
    /// Length and symbol of the code that so many bits begin with; length 0: a longer one.
    look: [(u8, u8); 1 << LOOK_BITS],
    /// For each length: the code after the last of it, and what turns a code of it into the place of its symbol.
    longer: [(u32, i32); LONGEST + 1],
    symbols: Vec<u8>,
}

impl Huffman {
    /// `counts`: how many codes of 1 to 16 bits there are; `symbols`: one for each of them.
    ///
    /// # Errors
    /// [`Fault::Corrupt`] when there are more codes of a length than can be.
    pub(super) fn new(counts: &[u8; LONGEST], symbols: &[u8]) -> Result<Self, Fault> {
        let mut table =
            Self { look: [(0, 0); 1 << LOOK_BITS], longer: [(0, 0); LONGEST + 1], symbols: symbols.to_vec() };
        let (mut code, mut place) = (0_u32, 0_usize);
        for ((count, length), longer) in counts.iter().zip(1_usize..).zip(table.longer.iter_mut().skip(1)) {
            let first = code;
            let end = first + u32::from(*count);
            if end > 1 << length {
                return Err(Fault::Corrupt);
            }
            *longer = (end, place as i32 - first as i32);
            if length <= LOOK_BITS {
                let span = 1 << (LOOK_BITS - length);
                let slots = table.look.chunks_exact_mut(span).skip(first as usize);
                for (slots, symbol) in slots.zip(symbols.iter().skip(place).take(usize::from(*count))) {
                    slots.fill((length as u8, *symbol));
                }
            }
            place += usize::from(*count);
            code = end << 1;
        }
        if place == symbols.len() { Ok(table) } else { Err(Fault::Corrupt) }
    }

    /// The next symbol (F.2.2.3). Leaves at least 16 bits to be taken.
    ///
    /// # Errors
    /// [`Fault::Corrupt`] when no code begins with the next bits.
    #[inline]
    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> Result<u8, Fault> {
        bits.refill();
        let next = bits.peek(LONGEST as u32) as usize;
        match self.look.get(next >> (LONGEST - LOOK_BITS)) {
            Some((length @ 1.., symbol)) => {
                bits.skip(u32::from(*length));
                Ok(*symbol)
            }
            _ => self.longer(bits, next as u32),
        }
    }

    fn longer(&self, bits: &mut Bits<'_>, next: u32) -> Result<u8, Fault> {
        for (length, (end, place)) in self.longer.iter().enumerate().skip(LOOK_BITS + 1) {
            let code = next >> (LONGEST - length);
            if code < *end {
                bits.skip(length as u32);
                let place = usize::try_from(code as i32 + place).map_err(|_| Fault::Corrupt)?;
                return self.symbols.get(place).copied().ok_or(Fault::Corrupt);
            }
        }
        Err(Fault::Corrupt)
    }
}

/// Entropy-coded bytes as bits, up to the next marker; behind it come zeros, of which none may be needed.
pub(super) struct Bits<'d> {
    data: &'d [u8],
    at: usize,
    /// The next bits, the first of them highest.
    buffer: u64,
    /// How many these are.
    count: u32,
    /// How many bits were made up because the data had ended.
    beyond: u32,
}

impl<'d> Bits<'d> {
    pub(super) fn new(data: &'d [u8], at: usize) -> Self {
        Self { data, at, buffer: 0, count: 0, beyond: 0 }
    }

    /// Sees to it that 32 bits are there: the longest code and as many bits as can follow it.
    #[inline]
    fn refill(&mut self) {
        if self.count >= 32 {
            return;
        }
        let word = self.data.get(self.at..).and_then(|rest| rest.first_chunk::<8>());
        let word = word.map(|bytes| u64::from_be_bytes(*bytes)).filter(|word| !holds_ff(*word));
        match word {
            Some(word) => {
                // What is left of the last byte is put down twice: as the same bits.
                self.buffer |= word >> self.count;
                let bytes = (63 - self.count) / 8;
                self.at += bytes as usize;
                self.count += 8 * bytes;
            }
            None => self.refill_bytewise(),
        }
    }

    fn refill_bytewise(&mut self) {
        while self.count <= 56 {
            let byte = match (self.data.get(self.at), self.data.get(self.at + 1)) {
                // A stuffed byte (B.1.1.5).
                (Some(0xFF), Some(0)) => {
                    self.at += 2;
                    0xFF
                }
                (Some(0xFF) | None, _) => {
                    self.beyond += 8;
                    0
                }
                (Some(byte), _) => {
                    self.at += 1;
                    *byte
                }
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// The next 1 to 32 bits.
    #[inline]
    fn peek(&self, bits: u32) -> u32 {
        (self.buffer >> (64 - bits)) as u32
    }

    /// Passes over at most 16 bits after a symbol.
    #[inline]
    pub(super) fn skip(&mut self, bits: u32) {
        self.buffer <<= bits;
        self.count = self.count.saturating_sub(bits);
    }

    /// Takes 1 to 16 bits after a symbol.
    #[inline]
    pub(super) fn take(&mut self, bits: u32) -> u32 {
        let value = self.peek(bits);
        self.skip(bits);
        value
    }

    /// Whether more was taken than there is.
    pub(super) fn overdrawn(&self) -> bool {
        self.count < self.beyond
    }

    /// Where the data ends, which must be here: less than a byte of padding is left.
    ///
    /// # Errors
    /// [`Fault::Corrupt`] when more was taken than there is, or less.
    pub(super) fn end(&self) -> Result<usize, Fault> {
        let marker =
            self.data.get(self.at) == Some(&0xFF) && self.data.get(self.at + 1).is_some_and(|m| *m != 0);
        if marker && !self.overdrawn() && self.count - self.beyond < 8 {
            Ok(self.at)
        } else {
            Err(Fault::Corrupt)
        }
    }
}

fn holds_ff(word: u64) -> bool {
    let inverse = !word;
    inverse.wrapping_sub(0x0101_0101_0101_0101) & !inverse & 0x8080_8080_8080_8080 != 0
}
