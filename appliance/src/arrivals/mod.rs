//! What arrives: instances recorded behind their durable entries, performed steps, and what a crash left unrecorded.

mod arriving;
mod flows;
mod recorder;
mod recover;
mod rejections;
mod services;
#[cfg(test)]
mod tests;

pub(crate) use arriving::ArrivingRow;
pub(crate) use recorder::event_queue;
#[cfg(test)]
pub(crate) use recorder::{EventQueue, Recorder, arrival};
pub(crate) use recover::TakenUp;
pub(crate) use recover::{reconcile, recover};
pub(crate) use services::{Listener, ServiceHandler};
