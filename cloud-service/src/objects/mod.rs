//! The object store: sealed parts exactly as they came or were made. The only room that names `object_store`.
//!
//! Every put is durable (file and folders synced) before it returns; a failed sync stops the store until restart,
//! because after it nobody knows what the disk holds. Nothing here is ever plain content.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload};

/// What can go wrong; the store's own text is never kept, it names paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The address is of a kind this version cannot use, or the folder is missing.
    #[error("{0}")]
    Open(&'static str),
    /// There is no such object.
    #[error("an object that should be here is missing")]
    Missing,
    /// An object is longer than its reader allows.
    #[error("an object is longer than it may be")]
    TooLarge,
    /// No space is left.
    #[error("no space is left for objects; free some, nothing is lost")]
    Full,
    /// A write or sync failed once; the store takes nothing more until the service is restarted.
    #[error("a write to the object store failed; check the disk and restart the service")]
    Stopped,
    /// Reading, listing or deleting failed.
    #[error("the object store cannot be read")]
    Read,
}

impl Error {
    /// Whether the same request may succeed later without a restart.
    pub fn retry(self) -> bool {
        matches!(self, Self::Full | Self::Read)
    }
}

/// The store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Objects {
    store: Arc<LocalFileSystem>,
    stopped: Arc<AtomicBool>,
}

/// A folder's last change must be older than this before a start-up sweep may take it: another replica may be
/// storing into it right now.
const SWEEP_AGE_SECONDS: i64 = 3600;

impl Objects {
    /// Opens `file://FOLDER`. `create` makes the folder.
    ///
    /// # Errors
    /// `Open`.
    pub fn open(url: &str, create: bool) -> Result<Self, Error> {
        let Some(folder) = folder_of(url) else {
            return Err(Error::Open(if url.starts_with("s3://") {
                "S3 is not supported by this version; write file://FOLDER"
            } else {
                "write file:// and the path of a folder"
            }));
        };
        if create {
            std::fs::create_dir_all(&folder).map_err(|_| Error::Open("the folder cannot be made"))?;
        }
        let store = LocalFileSystem::new_with_prefix(&folder)
            .map_err(|_| Error::Open("the folder is missing; `init` makes it"))?
            .with_fsync(true)
            .with_automatic_cleanup(true);
        Ok(Self { store: Arc::new(store), stopped: Arc::new(AtomicBool::new(false)) })
    }

    /// Whether a failed write has stopped the store.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Stores an object durably; the same name again replaces it whole.
    ///
    /// # Errors
    /// `Full`, `Stopped`.
    pub async fn put(&self, folder: &str, name: &str, bytes: Bytes) -> Result<(), Error> {
        if self.is_stopped() {
            return Err(Error::Stopped);
        }
        match self.store.put(&place(folder, name), PutPayload::from_bytes(bytes)).await {
            Ok(_) => Ok(()),
            Err(e) if is_full(&e) => Err(Error::Full),
            Err(_) => {
                self.stopped.store(true, Ordering::Release);
                tracing::error!("a write to the object store failed; it takes nothing more until restart");
                Err(Error::Stopped)
            }
        }
    }

    /// Reads an object of at most `limit` bytes.
    ///
    /// # Errors
    /// `Missing`, `TooLarge`, `Read`.
    pub async fn get(&self, folder: &str, name: &str, limit: usize) -> Result<Bytes, Error> {
        let found = self.store.get(&place(folder, name)).await.map_err(read_error)?;
        if found.meta.size > limit as u64 {
            return Err(Error::TooLarge);
        }
        found.bytes().await.map_err(read_error)
    }

    /// Opens an object for reading by descriptor, to be handed to a worker that has no path of its own.
    ///
    /// # Errors
    /// `Missing`, `Read`.
    pub fn descriptor(&self, folder: &str, name: &str) -> Result<std::fs::File, Error> {
        let path = self.store.path_to_filesystem(&place(folder, name)).map_err(|_| Error::Read)?;
        std::fs::File::open(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => Error::Missing,
            _ => Error::Read,
        })
    }

    /// Deletes a folder and everything in it; a missing one is fine.
    ///
    /// # Errors
    /// `Read`.
    pub(crate) async fn delete_folder(&self, folder: &str) -> Result<(), Error> {
        let all: Vec<_> =
            self.store.list(Some(&Path::from(folder))).try_collect().await.map_err(|_| Error::Read)?;
        for object in all {
            match self.store.delete(&object.location).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(_) => return Err(Error::Read),
            }
        }
        Ok(())
    }

    /// Folders (`room/id`) that nobody has written to for an hour: what a start-up sweep looks at.
    ///
    /// # Errors
    /// `Read`.
    pub(crate) async fn quiet_folders(&self, now_ms: i64) -> Result<Vec<String>, Error> {
        let mut newest = std::collections::BTreeMap::<String, i64>::new();
        let all: Vec<_> = self.store.list(None).try_collect().await.map_err(|_| Error::Read)?;
        for object in all {
            let mut parts = object.location.parts();
            if let (Some(room), Some(id)) = (parts.next(), parts.next()) {
                let at = newest.entry(format!("{}/{}", room.as_ref(), id.as_ref())).or_default();
                *at = (*at).max(object.last_modified.timestamp());
            }
        }
        let quiet = |at: i64| now_ms / 1000 - at > SWEEP_AGE_SECONDS;
        Ok(newest.into_iter().filter(|(_, at)| quiet(*at)).map(|(folder, _)| folder).collect())
    }
}

/// The folder a `file://` address names.
pub fn folder_of(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("file://")?;
    (!path.is_empty()).then(|| FilePath::new(path).to_path_buf())
}

/// The name of a part's object: ordered as text as it is by number.
pub fn part_name(number: u32) -> String {
    format!("{number:06}")
}

fn place(folder: &str, name: &str) -> Path {
    Path::from(format!("{folder}/{name}"))
}

fn read_error(e: object_store::Error) -> Error {
    if matches!(e, object_store::Error::NotFound { .. }) { Error::Missing } else { Error::Read }
}

/// A full disk is the one failed write after which we know what is there: nothing of this object.
fn is_full(e: &object_store::Error) -> bool {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(e);
    while let Some(at) = next {
        if let Some(io) = at.downcast_ref::<std::io::Error>() {
            return matches!(io.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded);
        }
        next = at.source();
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use std::io::Read as _;

    use super::*;

    fn store() -> (tempfile::TempDir, Objects) {
        let dir = tempfile::tempdir().unwrap();
        let objects = Objects::open(&format!("file://{}/o", dir.path().display()), true).unwrap();
        (dir, objects)
    }

    #[tokio::test]
    async fn a_part_comes_back_as_it_came_and_by_descriptor() {
        let (_dir, o) = store();
        o.put("envelopes/e1", &part_name(0), Bytes::from_static(b"sealed")).await.unwrap();
        assert_eq!(o.get("envelopes/e1", "000000", 6).await.unwrap().as_ref(), b"sealed");
        assert_eq!(o.get("envelopes/e1", "000000", 5).await, Err(Error::TooLarge));
        assert_eq!(o.get("envelopes/e1", "000001", 5).await, Err(Error::Missing));
        let mut text = String::new();
        o.descriptor("envelopes/e1", "000000").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "sealed");
        o.delete_folder("envelopes/e1").await.unwrap();
        o.delete_folder("envelopes/e1").await.unwrap();
        assert_eq!(o.get("envelopes/e1", "000000", 6).await, Err(Error::Missing));
    }

    #[tokio::test]
    async fn a_failed_write_stops_the_store_until_restart() {
        let (dir, o) = store();
        // A file where the folder must be: no write can succeed, whoever runs the test.
        std::fs::write(dir.path().join("o/envelopes"), b"in the way").unwrap();
        assert_eq!(o.put("envelopes/e1", "0", Bytes::from_static(b"x")).await, Err(Error::Stopped));
        std::fs::remove_file(dir.path().join("o/envelopes")).unwrap();
        assert_eq!(o.put("envelopes/e1", "0", Bytes::from_static(b"x")).await, Err(Error::Stopped));
        let restarted = Objects::open(&format!("file://{}/o", dir.path().display()), false).unwrap();
        restarted.put("envelopes/e1", "0", Bytes::from_static(b"x")).await.unwrap();
    }

    #[tokio::test]
    async fn only_folders_quiet_for_an_hour_are_swept() {
        let (_dir, o) = store();
        o.put("reports/r1", "0", Bytes::from_static(b"x")).await.unwrap();
        let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
        assert!(o.quiet_folders(now).await.unwrap().is_empty());
        assert_eq!(o.quiet_folders(now + 3_700_000).await.unwrap(), ["reports/r1"]);
    }

    #[test]
    fn other_stores_are_refused_with_what_to_write() {
        assert!(matches!(Objects::open("s3://bucket", false), Err(Error::Open(m)) if m.contains("file://")));
        assert!(matches!(Objects::open("file:///nowhere/at/all", false), Err(Error::Open(_))));
    }
}
