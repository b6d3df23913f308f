//! `run`: builds the rooms bottom up, keeps them alive, drains them top down.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use proto::clock::{self, Beginning, EARLIEST_MS};
use proto::keys::PrivateKeys;
use proto::pki::Authority;
use sandbox::Pool;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing_subscriber::{filter, prelude::*};
use zeroize::Zeroizing;

use super::config::{BackendConfig, Config, LogConfig};
use super::error::Error;
use super::{check, descriptors, output};
use crate::diagnosis::{self, Backend, Breaker, Drafting, Endpoint, Opener, Pauses, Reader, Sealer};
use crate::objects::Objects;
use crate::page::{self, Images, Page, View};
use crate::queue::{Limits, Queue, SiteState};
use crate::service::{self, ServerTls, Service};

/// Time for calls and jobs under way after the signal.
const GRACE: Duration = Duration::from_secs(20);
const SWEEP_EVERY: Duration = Duration::from_secs(2);
/// A certificate of the service is made anew this often, long before it ends.
const RENEW_EVERY_MS: i64 = 24 * 3_600_000;
/// What came of an envelope is deleted after so long without more of it: a site may be without a link for weeks.
const UNFINISHED_MS: i64 = 30 * 24 * 3_600_000;
/// Frames a page opens of one case.
const PAGE_FRAMES_MAX: u32 = 400;
/// Wait after a failed machine attempt, doubled with each one.
const BACKOFF_MS: i64 = 5_000;
/// Between two looks whether a model that is away is back.
const PAUSES: Pauses = Pauses { first: Duration::from_secs(1), longest: Duration::from_secs(60) };

fn limits(config: &Config) -> Limits {
    Limits {
        lease: config.queue.lease_ms,
        attempts: config.queue.attempts,
        longest_wait: config.queue.longest_wait_ms,
        backoff: BACKOFF_MS,
    }
}

/// Everything the tasks share.
struct App {
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
    // A second process that cannot bind must not touch what the running one uses.
    let service = bind(config.service.listen, "service.listen").await?;
    let people = bind(config.page.listen, "page.listen").await?;
    let queue = Queue::open(&config.queue.database, false).await?;
    let objects = Objects::open(&config.objects_url, false)?;
    let keys = Arc::new(check::reader_keys(&config.diagnosis.keys).map_err(Error::Usage)?);
    let authority = Arc::new(check::authority(&config.service.pki).map_err(Error::Usage)?);
    begin_time(&queue, &config).await?;
    queue.forget_readers(is_gone).await?;
    let back = queue.give_back_of_gone(is_gone, proto::clock::now()).await?;
    if back > 0 {
        tracing::info!(cases = back, "cases of an ended service were given back to the queue");
    }
    let (say_stop, stop) = watch::channel(false);
    let mut app = App { config, queue, objects, keys, stop, tasks: JoinSet::new() };
    let tls = ServerTls::open(Arc::clone(&authority), app.config.service.names.clone(), &app.queue);
    let tls = Arc::new(tls.await.map_err(|e| Error::Usage(e.to_string()))?);
    let unknown = |e: std::io::Error| Error::Other(format!("our own address is unknown ({})", e.kind()));
    let at = (service.local_addr().map_err(unknown)?, people.local_addr().map_err(unknown)?);
    app.serve_sites(authority, Arc::clone(&tls), service);
    app.serve_people(people)?;
    let drafting = app.start_readers()?;
    app.start_sweeper(tls);
    let mut broke = None;
    tokio::select! {
        () = signals.come() => {}
        ended = app.tasks.join_next() => broke = Some(ended.and_then(Result::ok).unwrap_or("a room")),
        () = say_ready(drafting, &at) => {}
    }
    // Whoever ended by itself, all stop together; what they hold is given back or finished.
    let _ = say_stop.send(true);
    let drained = tokio::time::timeout(GRACE, async { while app.tasks.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        tracing::warn!("calls were still under way after the grace; they are cut, nothing received is lost");
        app.tasks.shutdown().await;
    }
    let ours = process();
    if let Err(error) = app.queue.forget_readers(|p| p == ours).await {
        tracing::warn!(%error, "the readers of this process stay noted");
    }
    app.queue.close().await;
    match broke {
        None => Ok(()),
        Some(room) => Err(Error::Other(format!("{room} stopped by itself; see the log"))),
    }
}

/// Says once that a case could be drafted; before that, if none can be, what keeps it. Sites and people are served
/// all the time. Never ends.
async fn say_ready(drafting: Option<watch::Receiver<Drafting>>, at: &(SocketAddr, SocketAddr)) {
    let (service, page) = (at.0.to_string(), at.1.to_string());
    let out = output::Output::new(true);
    if let Some(mut drafting) = drafting {
        let first = drafting.wait_for(|d| *d != Drafting::Unknown).await.map(|d| d.clone());
        if let Ok(Drafting::Away(why)) = first {
            out.say(&serde_json::json!({"ready": false, "service": service, "page": page, "why": why}), "");
            // The sender lives as long as the readers, and they as long as the app.
            let _ = drafting.wait_for(|d| *d == Drafting::Works).await;
        }
    }
    tracing::info!(%service, %page, "ready");
    out.say(&serde_json::json!({"ready": true, "service": service, "page": page}), "");
    std::future::pending().await
}

/// Begins with the time of this start, and makes the deadlines of the last run again.
async fn begin_time(queue: &Queue, config: &Config) -> Result<(), Error> {
    let wall = clock::wall();
    clock::begin(Beginning::of(None, None, wall).at);
    if wall < EARLIEST_MS {
        tracing::error!(
            "the machine's clock shows a time before this program was written: set it, best by NTP; until then no \
             certificate is valid here and none that is issued will be anywhere else"
        );
    }
    Ok(queue.start_time(config.queue.lease_ms, proto::clock::now()).await?)
}

async fn bind(address: std::net::SocketAddr, key: &str) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|e| {
        let busy = matches!(e.kind(), std::io::ErrorKind::AddrInUse);
        let words = format!("{key}: {address} cannot be listened on ({})", e.kind());
        if busy { Error::Other(words) } else { Error::Usage(words) }
    })
}

impl App {
    fn serve_sites(&mut self, authority: Arc<Authority>, tls: Arc<ServerTls>, listener: TcpListener) {
        let service = Service::new(
            self.queue.clone(),
            self.objects.clone(),
            authority,
            vec![self.keys.public().clone()],
            self.config.diagnosis.drafts_leave_unsigned,
            proto::clock::now,
        );
        let stop = stopped(self.stop.clone());
        let most = descriptors::of_sites(&self.config, descriptors::PAGE_JOBS, proto::descriptors::raise());
        self.tasks.spawn(async move {
            if let Err(error) = service::serve(service, &tls, listener, most, stop).await {
                tracing::error!(%error, "the service ended");
            }
            "the service"
        });
    }

    fn serve_people(&mut self, listener: TcpListener) -> Result<(), Error> {
        let opener = self.opener(None, descriptors::PAGE_JOBS)?;
        let page = Page::new(
            self.queue.clone(),
            Arc::new(Opening(opener)),
            limits(&self.config),
            self.config.page.behind_tls_proxy,
            proto::clock::now,
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
        let program = diagnosis::program(executable, bundle, library);
        let pool = Arc::new(Pool::new(program, 1, at_once));
        let timeout = Duration::from_millis(u64::try_from(self.config.diagnosis.timeout_ms).unwrap_or(1000));
        Ok(Opener::new(self.queue.clone(), self.objects.clone(), Arc::clone(&self.keys), pool, timeout))
    }

    /// Starts the machine readers and the sealer; gives what is known of the model, if any reader asks it.
    fn start_readers(&mut self) -> Result<Option<watch::Receiver<Drafting>>, Error> {
        let readers = self.config.diagnosis.readers;
        let mut known = None;
        if readers > 0 {
            let model = Arc::new(self.backend(readers as usize)?);
            let breaker = Arc::new(Breaker::new(self.queue.clone(), process(), PAUSES, proto::clock::now));
            known = Some(breaker.known());
            for n in 1..=readers {
                let reader = Reader {
                    name: holder(n),
                    queue: self.queue.clone(),
                    model: Arc::clone(&model) as Arc<dyn diagnosis::Model>,
                    breaker: Arc::clone(&breaker),
                    limits: limits(&self.config),
                    leave_unsigned: self.config.diagnosis.drafts_leave_unsigned,
                    clock: proto::clock::now,
                };
                let stop = self.stop.clone();
                self.tasks.spawn(async move {
                    reader.run(stop).await;
                    "a reader"
                });
            }
        }
        let (queue, objects, keys) = (self.queue.clone(), self.objects.clone(), Arc::clone(&self.keys));
        let sealer = Sealer { queue, objects, keys, clock: proto::clock::now };
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            sealer.run(stop).await;
            "the sealer"
        });
        Ok(known)
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
                let (base_url, model) = (base_url.clone(), model.clone());
                let settings = diagnosis::Settings { base_url, model, api_key, timeout };
                let endpoint = Endpoint::new(settings).map_err(|e| Error::Usage(e.to_string()))?;
                Ok(Backend::OpenAi(self.opener(None, at_once)?, endpoint))
            }
        }
    }

    /// Ended leases, forgotten content, revoked sites, the service's own certificate.
    fn start_sweeper(&mut self, tls: Arc<ServerTls>) {
        let (queue, objects, limits) = (self.queue.clone(), self.objects.clone(), limits(&self.config));
        let mut stop = self.stop.clone();
        self.tasks.spawn(async move {
            if let Err(error) = sweep_orphans(&queue, &objects).await {
                tracing::warn!(%error, "left-over objects could not be swept");
            }
            let (mut revoked, mut renewed) = (0, proto::clock::now());
            // A certificate made by a clock that was wrong is valid at a time that is wrong.
            let (mut watch, mut stale) = (clock::Watch::new(), false);
            while !*stop.borrow() {
                if let Err(error) = sweep(&queue, &objects, &limits).await {
                    tracing::error!(%error, "a sweep failed");
                }
                if let Some(by) = watch.look() {
                    note_set(&queue, by).await;
                    stale = true;
                }
                let now_revoked = queue
                    .sites()
                    .await
                    .map_or(revoked, |s| s.iter().filter(|s| s.state == SiteState::Revoked).count());
                if stale || now_revoked != revoked || proto::clock::now() - renewed > RENEW_EVERY_MS {
                    match tls.reload(&queue).await {
                        Ok(()) => (stale, revoked, renewed) = (false, now_revoked, proto::clock::now()),
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
    format!("{}-{number}", process())
}

/// The readers of this process.
fn process() -> String {
    format!("reader-{}", std::process::id())
}

/// Whether the process of a holder, or of readers, has ended. Called before our own readers start: our own number is of an earlier life.
pub(super) fn is_gone(name: &str) -> bool {
    let id =
        name.strip_prefix("reader-").and_then(|rest| rest.split('-').next()).and_then(|id| id.parse().ok());
    let Some(pid) = id.and_then(rustix::process::Pid::from_raw) else { return false };
    pid == rustix::process::getpid()
        || rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH)
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // The sender lives as long as the app; its end means stop as well.
    let _ = stop.wait_for(|s| *s).await;
}

/// Writes down that the machine's clock was set.
async fn note_set(queue: &Queue, by: i64) {
    let how = clock::words(by);
    tracing::warn!(%how, "the machine's clock was set");
    if let Err(error) = queue.note(proto::clock::now(), "service", "clock-set", None, &how).await {
        tracing::error!(%error, "that the clock was set could not be audited");
    }
}

pub(super) async fn sweep(queue: &Queue, objects: &Objects, limits: &Limits) -> Result<(), Error> {
    let ours = process();
    queue.forget_readers(|p| p != ours && is_gone(p)).await?;
    queue.expire_leases(limits, proto::clock::now()).await?;
    let forgotten = queue.forget_unfinished(proto::clock::now() - UNFINISHED_MS, proto::clock::now()).await?;
    if forgotten > 0 {
        tracing::info!(
            envelopes = forgotten,
            "what arrived of envelopes that were never finished is deleted"
        );
    }
    for folder in queue.doomed().await? {
        objects.delete_folder(&folder).await?;
        queue.folder_gone(&folder).await?;
    }
    Ok(())
}

/// Folders no row knows: a crash came between object and row. Only those quiet for an hour.
async fn sweep_orphans(queue: &Queue, objects: &Objects) -> Result<(), Error> {
    for folder in objects.quiet_folders(clock::wall()).await? {
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
    let level = config.level.parse().unwrap_or(filter::LevelFilter::OFF);
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let log = tracing_subscriber::registry().with(filter::Targets::new().with_target("scanside", level));
    // A second subscriber in one process (tests) keeps the first.
    let _ = if config.json { log.with(layer.json()).try_init() } else { log.with(layer).try_init() };
}
