//! The technician's page: what the appliance found, what leaves, and what a named person decides about it.

mod config;
mod decide;

pub use config::{Config, Mode};
pub use decide::{Decision, Desk};

mod house;
mod page;

pub use house::{Frame, House, LightRow, Lights};
pub use page::Page;
