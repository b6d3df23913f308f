//! `run`: builds the rooms bottom up, keeps them alive, drains them top down.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use models::sandbox::Pool;
use proto::keys::PrivateKeys;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use super::config::{BackendConfig, Config, LogConfig};
use super::{Error, check, descriptors, now_ms};
use crate::diagnosis::{self, Backend, Endpoint, Opener, Reader, Sealer, Settings};
use crate::objects::Objects;
use crate::page::{self, Images, Page, View};
use crate::queue::{Limits, Queue, SiteState};
use crate::service::{self, Door, Service};

/// Time for calls and jobs under way after the signal.
const GRACE: Duration = Duration::from_secs(20);
const SWEEP_EVERY: Duration = Duration::from_secs(2);
/// A certificate of the service is made anew this often, long before it ends.
const RENEW_EVERY_MS: i64 = 24 * 3_600_000;
/// Frames a page opens of one case.
const PAGE_FRAMES_MAX: u32 = 400;
pub(super) const PAGE_JOBS: usize = 2;
/// Wait after a failed machine attempt, doubled with each one.
const BACKOFF_MS: i64 = 5_000;

fn limits(config: &Config) -> Limits {
    Limits {
        lease: config.queue.lease_ms,
        attempts: config.queue.attempts,
        longest_wait: config.queue.longest_wait_ms,
        backoff: BACKOFF_MS,
    }
}

/// Everything the tasks share.
struct House {
    config: Config,
    queue: Queue,
    objects: Objects,
    keys: Arc<PrivateKeys>,
    stop: watch::Receiver<bool>,
    tasks: JoinSet<&'static str>,
}

pub(super) async fn run(config: Config) -> Result<(), Error> {
    follow_log(&config.log);
    // Before anything says ready: a signal that comes at once must find us listening for it.
    let mut signals = Signals::new()?;
    let queue = Queue::open(&config.queue.database, false).await?;
    let objects = Objects::open(&config.objects_url, false)?;
    let keys = Arc::new(check::reader_keys(&config.diagnosis.keys).map_err(Error::Usage)?);
    let authority = Arc::new(check::authority(&config.service.pki).map_err(Error::Usage)?);
    let back = queue.give_back_of_gone(holder_is_gone, now_ms()).await?;
    if back > 0 {
        tracing::info!(cases = back, "cases of an ended service were given back to the queue");
    }
    let (say_stop, stop) = watch::channel(false);
    let mut house = House { config, queue, objects, keys, stop, tasks: JoinSet::new() };
    let door = Door::open(Arc::clone(&authority), house.config.service.names.clone(), &house.queue);
    let door = Arc::new(door.await.map_err(|e| Error::Usage(e.to_string()))?);
    let service = bind(house.config.service.listen, "service.listen").await?;
    let people = bind(house.config.page.listen, "page.listen").await?;
    let at = (service.local_addr(), people.local_addr());
    house.serve_sites(authority, Arc::clone(&door), service);
    house.serve_people(people)?;
    house.start_readers()?;
    house.start_sweeper(door);
    if let (Ok(service), Ok(page)) = at {
        tracing::info!(%service, %page, "ready");
        let ready =
            serde_json::json!({"ready": true, "service": service.to_string(), "page": page.to_string()});
        super::Output::new(true).say(&ready, "");
    }
    let broke = tokio::select! {
        () = signals.come() => None,
        ended = house.tasks.join_next() => Some(ended.and_then(Result::ok).unwrap_or("a room")),
    };
    // Whoever ended by itself, all stop together; what they hold is given back or finished.
    let _ = say_stop.send(true);
    let drained =
        tokio::time::timeout(GRACE, async { while house.tasks.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        tracing::warn!("calls were still under way after the grace; they are cut, nothing received is lost");
        house.tasks.shutdown().await;
    }
    house.queue.close().await;
    match broke {
        None => Ok(()),
        Some(room) => Err(Error::Other(format!("{room} stopped by itself; see the log"))),
    }
}

async fn bind(address: std::net::SocketAddr, key: &str) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|e| {
        let busy = matches!(e.kind(), std::io::ErrorKind::AddrInUse);
        let words = format!("{key}: {address} cannot be listened on ({})", e.kind());
        if busy { Error::Other(words) } else { Error::Usage(words) }
    })
}

impl House {
    fn serve_sites(&mut self, authority: Arc<proto::pki::Authority>, door: Arc<Door>, listener: TcpListener) {
        let service = Service::new(
            self.queue.clone(),
            self.objects.clone(),
            authority,
            vec![self.keys.public().clone()],
            self.config.diagnosis.drafts_leave_unsigned,
            now_ms,
        );
        let stop = stopped(self.stop.clone());
        let most = descriptors::of_sites(&self.config, PAGE_JOBS, proto::descriptors::raise());
        self.tasks.spawn(async move {
            if let Err(error) = service::serve(service, &door, listener, most, stop).await {
                tracing::error!(%error, "the service ended");
            }
            "the service"
        });
    }

    fn serve_people(&mut self, listener: TcpListener) -> Result<(), Error> {
        let opener = self.opener(None, PAGE_JOBS)?;
        let page = Page::new(
            self.queue.clone(),
            Arc::new(Opening(opener)),
            limits(&self.config),
            self.config.page.behind_tls_proxy,
            now_ms,
            self.stop.clone(),
        );
        let stop = stopped(self.stop.clone());
        self.tasks.spawn(async move {
            page::serve(page, listener, descriptors::PAGE, stop).await;
            "the page"
        });
        Ok(())
    }

    fn opener(&self, bundle: Option<&std::path::Path>, at_once: usize) -> Result<Opener, Error> {
        let executable = std::env::current_exe()
            .map_err(|e| Error::Other(format!("our own path is unknown ({})", e.kind())))?;
        let library = self.config.diagnosis.onnxruntime.as_deref();
        let program =
            diagnosis::program(executable, bundle, library).map_err(|e| Error::Usage(e.to_string()))?;
        let pool = Arc::new(Pool::new(program, 1, at_once));
        let timeout = Duration::from_millis(u64::try_from(self.config.diagnosis.timeout_ms).unwrap_or(1000));
        Ok(Opener::new(self.queue.clone(), self.objects.clone(), Arc::clone(&self.keys), pool, timeout))
    }

    fn start_readers(&mut self) -> Result<(), Error> {
        let readers = self.config.diagnosis.readers;
        if readers > 0 {
            let backend = self.backend(readers as usize)?;
            for n in 1..=readers {
                let reader = Reader {
                    name: holder(n),
                    queue: self.queue.clone(),
                    backend: backend.clone(),
                    limits: limits(&self.config),
                    leave_unsigned: self.config.diagnosis.drafts_leave_unsigned,
                    clock: now_ms,
                };
                let stop = self.stop.clone();
                self.tasks.spawn(async move {
                    reader.run(stop).await;
                    "a reader"
                });
            }
        }
        let (queue, objects, keys) = (self.queue.clone(), self.objects.clone(), Arc::clone(&self.keys));
        let sealer = Sealer { queue, objects, keys, clock: now_ms };
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            sealer.run(stop).await;
            "the sealer"
        });
        Ok(())
    }

    fn backend(&self, at_once: usize) -> Result<Backend, Error> {
        match &self.config.diagnosis.backend {
            BackendConfig::Reference => {
                Ok(Backend::Reference(self.opener(Some(&self.config.diagnosis.bundle), at_once)?))
            }
            BackendConfig::OpenAi { base_url, model, api_key_file } => {
                let read = |path: &std::path::PathBuf| {
                    let key = std::fs::read_to_string(path).map_err(|e| {
                        Error::Usage(format!("{} cannot be read ({})", path.display(), e.kind()))
                    })?;
                    Ok::<_, Error>(Zeroizing::new(Zeroizing::new(key).trim().to_owned()))
                };
                let api_key = api_key_file.as_ref().map(read).transpose()?;
                let timeout =
                    Duration::from_millis(u64::try_from(self.config.diagnosis.timeout_ms).unwrap_or(1000));
                let settings =
                    Settings { base_url: base_url.clone(), model: model.clone(), api_key, timeout };
                let endpoint = Endpoint::new(settings).map_err(|e| Error::Usage(e.to_string()))?;
                Ok(Backend::OpenAi(self.opener(None, at_once)?, endpoint))
            }
        }
    }

    /// Ended leases, forgotten content, revoked sites, the service's own certificate.
    fn start_sweeper(&mut self, door: Arc<Door>) {
        let (queue, objects, limits) = (self.queue.clone(), self.objects.clone(), limits(&self.config));
        let mut stop = self.stop.clone();
        self.tasks.spawn(async move {
            if let Err(error) = sweep_orphans(&queue, &objects).await {
                tracing::warn!(%error, "left-over objects could not be swept");
            }
            let (mut revoked, mut renewed) = (0, now_ms());
            while !*stop.borrow() {
                if let Err(error) = sweep(&queue, &objects, &limits).await {
                    tracing::error!(%error, "a sweep failed");
                }
                let now_revoked = queue
                    .sites()
                    .await
                    .map_or(revoked, |s| s.iter().filter(|s| s.state == SiteState::Revoked).count());
                if now_revoked != revoked || now_ms() - renewed > RENEW_EVERY_MS {
                    match door.reload(&queue).await {
                        Ok(()) => (revoked, renewed) = (now_revoked, now_ms()),
                        Err(error) => tracing::error!(%error, "certificate and revocations were not renewed"),
                    }
                }
                tokio::select! {
                    _ = stop.changed() => {}
                    () = tokio::time::sleep(SWEEP_EVERY) => {}
                }
            }
            "the sweeper"
        });
    }
}

/// SIGTERM and SIGINT, from the moment this is made.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self, Error> {
        let none = |_| Error::Other("signals cannot be waited for".to_owned());
        let terminate = signal(SignalKind::terminate()).map_err(none)?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt()).map_err(none)? })
    }

    async fn come(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// A reader's name in the leases: with our process, so that after a crash the next start knows what was ours.
fn holder(number: u32) -> String {
    format!("reader-{}-{number}", std::process::id())
}

/// Whether a holder's process has ended. Called before our own readers start: our own number is of an earlier life.
fn holder_is_gone(name: &str) -> bool {
    let id = name
        .strip_prefix("reader-")
        .and_then(|rest| rest.split_once('-'))
        .and_then(|(id, _)| id.parse().ok());
    let Some(pid) = id.and_then(rustix::process::Pid::from_raw) else { return false };
    pid == rustix::process::getpid()
        || rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH)
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // The sender lives as long as the house; its end means stop as well.
    let _ = stop.wait_for(|s| *s).await;
}

async fn sweep(queue: &Queue, objects: &Objects, limits: &Limits) -> Result<(), Error> {
    queue.expire_leases(limits, now_ms()).await?;
    for folder in queue.doomed().await? {
        objects.delete_folder(&folder).await?;
        queue.folder_gone(&folder).await?;
    }
    Ok(())
}

/// Folders no row knows: a crash came between object and row. Only those quiet for an hour.
async fn sweep_orphans(queue: &Queue, objects: &Objects) -> Result<(), Error> {
    for folder in objects.quiet_folders(now_ms()).await? {
        if !queue.folder_in_use(&folder).await? {
            objects.delete_folder(&folder).await?;
        }
    }
    Ok(())
}

/// The page's way to a worker; the two rooms do not know each other.
struct Opening(Opener);

#[async_trait::async_trait]
impl Images for Opening {
    async fn open(&self, case: i64) -> Result<View, String> {
        let opened = self.0.images(case, PAGE_FRAMES_MAX).await.map_err(|e| e.to_string())?;
        Ok(View { manifest: opened.manifest, images: opened.images })
    }
}

/// Only our own targets reach the log: what other crates print may hold what a peer sent.
fn follow_log(config: &LogConfig) {
    let level = &config.level;
    let filter = format!("off,cloud_service={level},models={level},proto={level}");
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second subscriber in one process (tests) keeps the first.
    let _ = if config.json { builder.json().try_init() } else { builder.try_init() };
}
