//! What sites call: the gRPC service of `proto::wire` over mutual TLS. The only room that names `tonic`.
//!
//! Every call but `Enrol` begins with the site of the peer's certificate, looked up in the queue: a connection
//! outlives a revocation. What arrives is checked against the sender's signature before it is stored; a receipt
//! says committed only after the queue's commit. Nothing is opened here: the service holds no secret of a reader.

mod calls;
mod enrol;
mod reports;
mod serve;
mod state;
mod status;
#[cfg(test)]
mod tests;
mod upload;

pub use serve::{ServerTls, serve};
pub use state::Service;
