//! Why a JPEG stream is not decoded.

/// Why a stream is not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Cut short, or not what the standard says.
    Corrupt,
    /// Another size than the header of the instance gives.
    Size,
    /// Right, but nothing here decodes it.
    Unsupported(&'static str),
}
