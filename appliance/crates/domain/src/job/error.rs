//! What can be wrong with a worker's answer.

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A piece lies outside the output.
    #[error("a piece of the answer lies outside the output")]
    PieceOutside,
    /// An instance number outside the job.
    #[error("the answer names an instance that is not in the job")]
    UnknownInstance,
    /// More than the bound.
    #[error("the answer holds more than its bound allows")]
    TooMuch,
    /// A size that does not fit its dimensions.
    #[error("a picture's size does not fit its dimensions")]
    WrongSize,
    /// A number that is not finite.
    #[error("a number of the answer is not finite")]
    NotFinite,
}
