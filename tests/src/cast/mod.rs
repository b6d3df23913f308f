//! The cast: real processes in folders of their own on free loopback ports, a link that can be cut, a ledger to read.

mod appliance;
mod archive;
#[cfg(feature = "browser")]
mod browser;
mod clock;
mod cloud;
mod command;
mod conformity;
pub mod drill;
mod keeper;
mod ledger;
mod limits;
mod link;
mod look;
mod pair;
mod process;
mod settings;
mod small;
mod wait;
mod watch;

pub use appliance::Appliance;
pub use archive::{DataSets, ORTHANC, Orthanc, STORESCP, Storescp};
#[cfg(feature = "browser")]
pub use browser::{Browser, Tab};
pub use clock::Clock;
pub use cloud::Cloud;
pub use command::{Answer, binary, free_port, project, run, run_ok, run_under, run_with};
pub use conformity::conformity_errors;
pub use keeper::Keeper;
pub use ledger::{Ledger, Row};
pub use limits::{FILES_MAY_BE_FULL, fill_up, make_room};
pub use link::Link;
pub use look::{Looked, Seen, look};
pub use pair::{Pair, Terms};
pub use process::Process;
pub(crate) use process::end_all;
pub use settings::Settings;
pub use small::SmallDisk;
pub use wait::{LIMIT, until};
pub use watch::{Entry, Watch, open_kept, site_keys};
