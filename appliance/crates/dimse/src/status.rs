//! DIMSE statuses (PS3.7 annex C, PS3.4 B.2.3).
use std::fmt;

/// A DIMSE status code.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u16);

impl Status {
    /// Success.
    pub const SUCCESS: Status = Status(0x0000);
    /// Refused: out of resources.
    pub const OUT_OF_RESOURCES: Status = Status(0xA700);
    /// Refused: out of resources, whenever it is sent: it is longer than we take. PS3.4 table B.2-1 leaves the last two
    /// digits of A7xx to us.
    pub const TOO_LONG: Status = Status(0xA701);
    /// Error: data set does not match SOP class (or instance).
    pub const MISMATCH: Status = Status(0xA900);
    /// Error: cannot understand.
    pub const CANNOT_UNDERSTAND: Status = Status(0xC000);
    /// Refused: SOP class not supported.
    pub const SOP_CLASS_NOT_SUPPORTED: Status = Status(0x0122);
    /// Missing attribute: the command lacks a UID.
    pub const MISSING_ATTRIBUTE: Status = Status(0x0120);
    /// Unrecognized operation.
    pub const UNRECOGNISED_OPERATION: Status = Status(0x0211);
}

/// Whether a failure status may pass by itself: out of resources (PS3.4 table B.2-1, A7xx), or the general
/// "processing failure" (PS3.7 C.5.7) that archives answer while their own disk or database is busy.
#[must_use]
pub fn may_pass(status: u16) -> bool {
    status >> 8 == 0xA7 || status == 0x0110
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_reads_as_four_digits() {
        assert_eq!(Status(0xA7).to_string(), "00A7");
        assert!(may_pass(Status::OUT_OF_RESOURCES.0) && !may_pass(Status::MISMATCH.0));
    }
}
