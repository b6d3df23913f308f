//! What decides about presentation contexts and the user information.

use crate::caller_config::Caller;
use crate::config::IntakeConfig;

/// Of one association.
pub(crate) struct Terms<'a> {
    pub(crate) config: &'a IntakeConfig,
    pub(crate) rules: &'a Caller,
    /// Classes the peer says are specialised from storage classes we know.
    pub(crate) specialised: &'a [String],
}
