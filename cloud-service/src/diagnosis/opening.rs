//! The control side of opening a case: descriptors and keys into a worker, checked plain values out.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use proto::case::CaseManifest;
use proto::keys::{PrivateKeys, PublicKeys, VERIFYING_BYTES};
use sandbox::{Pool, Program, Terms};
use serde_json::json;
use zeroize::Zeroizing;

use super::Error;
use super::job::{Answer, Job, Secret, Task};
use crate::objects::{Objects, part_name};
use crate::queue::{Queue, Text};

/// Memory of a job above what the worker loaded: this, and a multiple of the content it opens.
const BASE_BYTES: u64 = 256 << 20;
/// Sealed part, opened content, and one decoded frame in floats.
const CONTENT_TIMES: u64 = 4;
/// Plain bytes of images the control process takes for a page or an endpoint.
const IMAGES_BYTES_MAX: u64 = 512 << 20;

/// How workers are started; `bundle` with its library for those that run the reference model. A library that is not
/// found now is looked for by each worker: it says so, until there is one.
pub fn program(executable: PathBuf, bundle: Option<&Path>, library: Option<&Path>) -> Program {
    let mut args: Vec<std::ffi::OsString> = vec!["worker".into()];
    if let Some(folder) = bundle {
        args.extend(["--bundle".into(), folder.into()]);
    }
    let mut program = Program::new(executable, args);
    if bundle.is_some() {
        program.library = models::runtime::find(library).ok().or_else(|| library.map(Path::to_path_buf));
    }
    program
}

/// An opened case: plain content in memory, to be dropped soon.
#[derive(Clone)]
pub struct Opened {
    /// `case.json`, validated.
    pub manifest: Arc<CaseManifest>,
    /// Index and PNG bytes of each image handed out.
    pub images: Vec<(u32, Bytes)>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opened({} images)", self.images.len())
    }
}

/// What the reference model wrote, with what it read.
pub(super) struct Drafted {
    pub manifest: CaseManifest,
    pub text: Text,
    pub model: serde_json::Value,
}

/// Opens cases in workers of one pool.
#[derive(Clone)]
pub struct Opener {
    queue: Queue,
    objects: Objects,
    keys: Arc<PrivateKeys>,
    pool: Arc<Pool>,
    timeout: Duration,
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opener")
    }
}

impl Opener {
    /// An opener over a pool of warm workers, each job bounded by `timeout`.
    pub fn new(
        queue: Queue,
        objects: Objects,
        keys: Arc<PrivateKeys>,
        pool: Arc<Pool>,
        timeout: Duration,
    ) -> Self {
        Self { queue, objects, keys, pool, timeout }
    }

    /// Waits until a worker is warm: it has started, and loaded its model if it has one.
    pub(super) async fn ready(&self) -> Result<(), Error> {
        self.pool.ready().await.map(drop).map_err(Error::Worker)
    }

    /// Opens a case for its images, at most `most` of them.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn images(&self, case: i64, most: u32) -> Result<Opened, Error> {
        let memory = rustix::fs::memfd_create("frames", rustix::fs::MemfdFlags::CLOEXEC)
            .map_err(|_| Error::System("memory"))?;
        let ours = File::from(memory);
        let theirs = ours.try_clone().map_err(|_| Error::System("memory"))?;
        let answer = self.run(case, Task::Images { most }, Some(theirs.into())).await?;
        let Answer::Images { manifest, images } = answer else { return Err(Error::Answer) };
        let manifest = checked(*manifest)?;
        if images.len() > most as usize {
            return Err(Error::Answer);
        }
        let total: u64 = images.iter().map(|(_, _, length)| *length).fold(0, u64::saturating_add);
        if total > IMAGES_BYTES_MAX {
            return Err(Error::Answer);
        }
        let images = tokio::task::spawn_blocking(move || read_images(&ours, &images))
            .await
            .map_err(|_| Error::Answer)??;
        Ok(Opened { manifest: Arc::new(manifest), images })
    }

    /// Lets the reference model of this pool's workers write its text.
    pub(super) async fn draft(&self, case: i64) -> Result<Drafted, Error> {
        let began = std::time::Instant::now();
        let answer = self.run(case, Task::Draft, None).await?;
        let Answer::Draft { manifest, text, model, version } = answer else { return Err(Error::Answer) };
        let manifest = checked(*manifest)?;
        let content = match manifest.transport {
            proto::case::Transport::Image => "one image of the study",
            proto::case::Transport::Embedding => "64 numbers that the site's encoder made of one image",
        };
        let impression = format!(
            "Text of the reference model {model} {version}, made from {content}. It is no reading: a person reads the images."
        );
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let model = json!({"backend": "reference", "model": model, "version": version, "ms": ms});
        Ok(Drafted {
            manifest,
            text: Text { findings: text, impression, priority: None, closes_flag: false },
            model,
        })
    }

    async fn run(&self, case: i64, task: Task, out: Option<OwnedFd>) -> Result<Answer, Error> {
        let envelope = self.queue.committed_envelope(case).await?;
        let site = self.queue.site(&envelope.site).await?;
        let sender = site.keys.as_deref().and_then(public_keys).ok_or(Error::Keys)?;
        let folder = format!("envelopes/{}", envelope.id);
        let mut files = Vec::with_capacity(envelope.parts.len() + 1);
        for index in 0..envelope.parts.len() {
            let index = u32::try_from(index).map_err(|_| Error::Answer)?;
            files.push(OwnedFd::from(self.objects.descriptor(&folder, &part_name(index))?));
        }
        files.extend(out);
        let secret = Zeroizing::new(hex::encode(self.keys.opener().to_bytes().as_slice()));
        let job = Job {
            header: hex::encode(&envelope.header),
            seal: hex::encode(&envelope.seal),
            sender: sender.to_text(),
            opener: Secret(secret),
            task,
        };
        let sealed: u64 = envelope.parts.iter().map(|(length, _)| *length).sum();
        let data_bytes = BASE_BYTES.saturating_add(sealed.saturating_mul(CONTENT_TIMES));
        let terms = Terms { timeout: self.timeout, data_bytes: Some(data_bytes), apart: false };
        let answer = self.pool.run(&job, files, terms).await.map_err(Error::Worker)?;
        match answer.parse().map_err(|_| Error::Answer)? {
            Answer::Failed(why) => Err(Error::Refused(why)),
            answer => Ok(answer),
        }
    }
}

/// The manifest as the wire's is checked: a worker that met a hostile case is not trusted.
fn checked(manifest: CaseManifest) -> Result<CaseManifest, Error> {
    manifest.validate().map_err(|_| Error::Answer)?;
    Ok(manifest)
}

fn read_images(file: &File, places: &[(u32, u64, u64)]) -> Result<Vec<(u32, Bytes)>, Error> {
    use std::os::unix::fs::FileExt as _;
    let size = file.metadata().map_err(|_| Error::Answer)?.len();
    places
        .iter()
        .map(|(index, offset, length)| {
            if offset.checked_add(*length).is_none_or(|end| end > size) {
                return Err(Error::Answer);
            }
            let mut bytes = vec![0; usize::try_from(*length).map_err(|_| Error::Answer)?];
            file.read_exact_at(&mut bytes, *offset).map_err(|_| Error::Answer)?;
            if !bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
                return Err(Error::Answer);
            }
            Ok((*index, Bytes::from(bytes)))
        })
        .collect()
}

/// A site's public keys as the queue keeps them: verifying, then sealing.
pub(super) fn public_keys(bytes: &[u8]) -> Option<PublicKeys> {
    let (verifying, sealing) = bytes.split_at_checked(VERIFYING_BYTES)?;
    PublicKeys::from_parts(verifying, sealing).ok()
}
