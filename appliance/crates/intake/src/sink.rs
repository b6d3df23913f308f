//! Where reception reports to.

use futures::future::BoxFuture;

use crate::caller_refusal::RefusedCaller;
use crate::error::SinkError;
use crate::services::Services;
use store::Reception;

/// Where reception reports to; the integrator writes the ledger.
pub trait Sink: Send + Sync + 'static {
    /// Whether instances are taken now. While not, each is answered A700 before any of it is stored.
    fn takes(&self) -> bool {
        true
    }

    /// Called after the entry is durable and before status 0000. An error is answered with A700.
    fn stored<'a>(&'a self, reception: &'a Reception) -> BoxFuture<'a, Result<(), SinkError>>;

    /// The peer released the association after storing instances of these studies (Study Instance UIDs).
    /// Not called after an abort or a time-out: then quiet time decides.
    fn released(&self, association: u64, studies: &[String]);

    /// A caller was refused.
    fn refused(&self, caller: RefusedCaller);

    /// What carries out the N-services; without it they are not offered.
    fn services(&self) -> Option<&dyn Services> {
        None
    }
}
