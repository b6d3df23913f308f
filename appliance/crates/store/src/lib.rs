//! The disk: received instances, envelopes that wait, previews; durable before anyone is told.
//!
//! ```text
//! PATH/inbox/NAME        segments with entries whose ledger row may not be durable yet (`segment`)
//! PATH/segments/NAME     full segments, all rows durable
//! PATH/instances/ab/ID   plain entries of format 1, from before there was a key; read, never written
//! PATH/derived/ID        previews, encrypted
//! PATH/outbox/ID         sealed envelopes that wait to leave
//! PATH/key.mark          tells this store's key from another one
//! PATH/pair.mark         tells the ledger that this store was last used with from a restored one
//! PATH/tmp/              what is being made; emptied at start
//! PATH/lock              held by the one process that uses the store
//! ```
//! Stores of earlier versions may have a folder PATH/reports; nothing reads it.
//! Names are random and ours: nothing from the wire becomes a path. What identifies is encrypted under a key from a
//! file elsewhere (`key`, `seal`, `page`). All calls block; call them off the reactor.

mod config;
mod disk;
mod encryption;
mod entry;
mod entry_name;
mod error;
#[cfg(any(test, feature = "test-support"))]
pub mod faults;
mod file_store;
mod folder;
mod free_space;
mod id;
mod inbox;
mod incoming;
mod key;
mod lane;
mod marks;
mod original;
mod page;
mod pending_file;
mod reception;
mod segment;
mod store;
mod temporary;
#[cfg(test)]
mod tests;

/// Sizes and durations with units, as the configuration writes them.
pub use proto::units;

pub use config::{Eviction, StoreConfig};
pub use disk::{Disk, DiskFile, Listed};
pub use encryption::{EntryKey, Sealer, Unsealed};
pub use entry::Entry;
pub use error::{Error, Step};
pub use file_store::FileStore;
pub use free_space::{Level, Space};
pub use id::{Digest, Id, NotHex};
pub use inbox::{HandOut, Inbox, Recovered};
pub use incoming::{Incoming, Stored};
pub use key::StoreKey;
pub use marks::check_key;
pub use original::Original;
pub use pending_file::{FILE_HEADER, PendingFile};
pub use reception::{PixelData, Reception};
pub use store::Store;
