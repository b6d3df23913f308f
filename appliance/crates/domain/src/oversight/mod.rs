//! What watches triage from outside: which studies given `no-flag` a physician reads, whether what was found there still fits
//! the promise, whether the input has drifted, whom to call about an open flag. Values only.

mod call_ladder;
mod config;
mod drift;
mod reads;

pub use call_ladder::{Call, Ladder, due};
pub use config::Config;
pub use drift::{Level, Seen, Watch};
pub use reads::{Local, NoFlagReads, local, no_flag_reads};
