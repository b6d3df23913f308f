//! What tests and the demonstration run: real processes in folders of their own on free loopback ports, a link that can be cut, a ledger to read.

mod appliance;
mod archive;
pub mod backup_commands;
#[cfg(feature = "browser")]
mod browser;
mod clock;
mod cloud;
mod command;
mod conformity;
mod envelope_copies;
mod ledger;
mod limits;
mod link;
mod pair;
mod process;
mod scripted_archive;
mod settings;
mod shown;
mod small_disk;
mod wait;

pub use appliance::Appliance;
pub use archive::{DataSets, ORTHANC, Orthanc, STORESCP, Storescp};
#[cfg(feature = "browser")]
pub use browser::{Browser, Tab};
pub use clock::Clock;
pub use cloud::Cloud;
pub use command::{Answer, binary, free_port, project, run, run_ok, run_under, run_with};
pub use conformity::conformity_errors;
pub use envelope_copies::{Entry, EnvelopeCopies, open_kept, site_keys};
pub use ledger::{Ledger, Row};
pub use limits::{FILES_MAY_BE_FULL, fill_up, make_room};
pub use link::Link;
pub use pair::{Pair, Terms};
pub use process::Process;
pub(crate) use process::end_all;
pub use scripted_archive::ScriptedArchive;
pub use settings::Settings;
pub use shown::{Looked, Seen, look};
pub use small_disk::SmallDisk;
pub use wait::{LIMIT, until};
