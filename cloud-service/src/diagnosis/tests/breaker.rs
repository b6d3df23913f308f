//! The breaker: tripped while the model is away, fair to those who wait, and never in a person's way.
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use fixtures::failing_disk::{FailingDisk, Fault, Lasts};
use futures::FutureExt as _;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::*;
use crate::queue::{CaseState, Millis};

/// The real time: pauses and waits are real here.
pub(super) fn wall() -> Millis {
    i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap()
}

pub(super) async fn until(what: &str, mut seen: impl AsyncFnMut() -> bool) {
    let look = async {
        while !seen().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(60), look).await.is_ok(), "{what}: never seen");
}

/// What a rig's model does with a case.
#[async_trait::async_trait]
pub(super) trait Mind: Send + Sync + 'static {
    async fn there(&self) -> Result<(), Error> {
        Ok(())
    }
    async fn text(&self, case: i64) -> Result<Text, Error>;
}

#[async_trait::async_trait]
impl Mind for Endpoint {
    async fn there(&self) -> Result<(), Error> {
        self.answers().await
    }
    async fn text(&self, _: i64) -> Result<Text, Error> {
        self.draft(&opened(&Case::image(8, 0))).await.map(|(text, _)| text)
    }
}

struct Drafter {
    mind: Box<dyn Mind>,
    drafted: Mutex<Vec<i64>>,
    failed: AtomicUsize,
}

#[async_trait::async_trait]
impl Model for Drafter {
    async fn answers(&self) -> Result<(), Error> {
        self.mind.there().await
    }
    async fn draft(&self, case: i64) -> Result<Made, Error> {
        match self.mind.text(case).await {
            Ok(text) => {
                self.drafted.lock().unwrap().push(case);
                Ok(Made { text, model: json!({}), summary: json!({}) })
            }
            Err(error) => {
                self.failed.fetch_add(1, Ordering::SeqCst);
                Err(error)
            }
        }
    }
}

/// Cases that wait in a queue of their own, and a model for them.
pub(super) struct Rig {
    pub cloud: TestCloud,
    pub keys: Vec<i64>,
    model: Arc<Drafter>,
}

pub(super) async fn rig<M: Mind>(ranks: &[u8], mind: impl FnOnce(&[i64]) -> M) -> Rig {
    rig_in(TestCloud::new().await, ranks, mind).await
}

async fn rig_in<M: Mind>(cloud: TestCloud, ranks: &[u8], mind: impl FnOnce(&[i64]) -> M) -> Rig {
    let site = cloud.site("north-1").await;
    let mut keys = Vec::new();
    for rank in ranks {
        let mut case = Case::image(8, 0);
        case.rank = *rank;
        keys.push(cloud.receive(&site, &case).await);
    }
    let mind = Box::new(mind(&keys));
    let model = Arc::new(Drafter { mind, drafted: Mutex::default(), failed: AtomicUsize::new(0) });
    Rig { cloud, keys, model }
}

/// Readers at work.
pub(super) struct Started {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Started {
    pub(super) async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Rig {
    pub(crate) fn drafted(&self) -> Vec<i64> {
        self.model.drafted.lock().unwrap().clone()
    }

    fn breaker(&self) -> Breaker {
        let pauses = Pauses { first: Duration::from_millis(2), longest: Duration::from_millis(8) };
        Breaker::new(self.cloud.queue.clone(), "reader-1".to_owned(), pauses, wall)
    }

    pub(super) fn start(&self, readers: u32) -> Started {
        let breaker = Arc::new(self.breaker());
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for n in 0..readers {
            let reader = Reader {
                name: format!("reader-1-{n}"),
                queue: self.cloud.queue.clone(),
                model: Arc::clone(&self.model) as Arc<dyn Model>,
                breaker: Arc::clone(&breaker),
                limits: LIMITS,
                leave_unsigned: false,
                clock: wall,
            };
            tasks.spawn(reader.run(stopped.clone()));
        }
        Started { stop, tasks }
    }

    fn failed(&self) -> usize {
        self.model.failed.load(Ordering::SeqCst)
    }

    /// What the audit says of a case, in its order, without its arrival.
    async fn told(&self, key: i64) -> Vec<String> {
        let timeline = self.cloud.queue.timeline(key).await.unwrap();
        timeline.into_iter().filter(|a| a.actor == "reader").map(|a| a.action).collect()
    }

    async fn until_state(&self, key: i64, state: CaseState) {
        until(state.word(), async || self.cloud.queue.case(key).await.unwrap().state == state).await;
    }
}

/// Fails on one case, always in the same way.
struct Stumbles {
    on: i64,
    with: Error,
}

#[async_trait::async_trait]
impl Mind for Stumbles {
    async fn text(&self, case: i64) -> Result<Text, Error> {
        if case == self.on { Err(self.with.clone()) } else { Ok(text(Priority::Routine)) }
    }
}

#[tokio::test]
async fn a_case_that_is_refused_while_others_are_drafted_spends_its_attempts() {
    let d = rig(&[0, 2, 2, 2], |keys| Stumbles { on: keys[0], with: Error::Question }).await;
    let readers = d.start(1);
    for key in &d.keys[1..] {
        d.until_state(*key, CaseState::Drafted).await;
    }
    d.until_state(d.keys[0], CaseState::Buried).await;
    readers.stop().await;
    assert_eq!(d.failed(), 4, "the first, before anything was drafted, was free");
    let told = d.told(d.keys[0]).await;
    assert_eq!(told.iter().filter(|a| *a == "attempt-failed").count(), 2);
    assert_eq!((told.last().map(String::as_str), told[1].as_str()), (Some("buried"), "returned"));
}

#[tokio::test]
async fn a_case_that_breaks_the_model_again_and_again_lets_others_go_first_and_is_not_buried() {
    let trouble = Error::Endpoint { what: "broke off", pause: None };
    let d = rig(&[0, 2, 2, 2], |keys| Stumbles { on: keys[0], with: trouble }).await;
    let readers = d.start(2);
    for key in &d.keys[1..] {
        d.until_state(*key, CaseState::Drafted).await;
    }
    until("five failures", async || d.failed() >= 5).await;
    readers.stop().await;
    let case = d.cloud.queue.case(d.keys[0]).await.unwrap();
    assert_eq!((case.state, case.attempts), (CaseState::Ready, 0));
    assert!(case.reason.contains("broke off"));
}

#[tokio::test]
async fn a_refusal_counts_against_no_case_that_is_alone() {
    let d = rig(&[0], |keys| Stumbles { on: keys[0], with: Error::Draft("it is empty") }).await;
    let readers = d.start(1);
    until("five failures", async || d.failed() >= 5).await;
    readers.stop().await;
    let case = d.cloud.queue.case(d.keys[0]).await.unwrap();
    assert_eq!((case.state, case.attempts), (CaseState::Ready, 0));
}

/// Away, by its own word, until it is told otherwise; counts the looks and keeps when they came.
struct Away {
    looks: Arc<Mutex<Vec<tokio::time::Instant>>>,
    pause: Option<Duration>,
}

#[async_trait::async_trait]
impl Mind for Away {
    async fn there(&self) -> Result<(), Error> {
        self.looks.lock().unwrap().push(tokio::time::Instant::now());
        Err(Error::Endpoint { what: "is busy", pause: self.pause })
    }
    async fn text(&self, _: i64) -> Result<Text, Error> {
        Err(Error::Question)
    }
}

#[tokio::test]
async fn while_the_model_is_away_nothing_is_leased_and_a_person_reads_and_signs() {
    let looks = Arc::<Mutex<Vec<_>>>::default();
    let d = rig(&[0, 2], |_| Away { looks: Arc::clone(&looks), pause: None }).await;
    let q = &d.cloud.queue;
    let readers = d.start(3);
    until("ten looks", async || looks.lock().unwrap().len() >= 10).await;
    let said = q.readers().await.unwrap();
    assert_eq!((said.len(), said[0].process.as_str()), (1, "reader-1"));
    assert!(said[0].away_since.unwrap() <= wall());
    assert!(said[0].why.contains("is busy; look after the endpoint"), "{}", said[0].why);
    q.claim_case(d.keys[0], "ada", "ta", false, &LIMITS, wall()).await.unwrap();
    q.images_opened(d.keys[0], "ada", wall()).await.unwrap();
    q.sign(d.keys[0], "ta", "ada", &text(Priority::Stat), wall()).await.unwrap();
    readers.stop().await;
    for key in &d.keys {
        assert!(d.told(*key).await.is_empty(), "no reader touched it");
    }
    q.forget_readers(|p| p == "reader-1").await.unwrap();
    assert!(q.readers().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_pause_that_the_endpoint_asks_for_is_kept() {
    let looks = Arc::<Mutex<Vec<_>>>::default();
    let asked = Duration::from_millis(300);
    let d = rig(&[0], |_| Away { looks: Arc::clone(&looks), pause: Some(asked) }).await;
    let readers = d.start(3);
    until("three looks", async || looks.lock().unwrap().len() >= 3).await;
    readers.stop().await;
    let looks = looks.lock().unwrap();
    assert!(looks.windows(2).all(|pair| pair[1] - pair[0] >= asked), "{looks:?}");
}

#[tokio::test]
async fn who_waits_at_the_breaker_goes_on_as_soon_as_another_reader_resets_it() {
    let looks = Arc::<Mutex<Vec<_>>>::default();
    let d = rig(&[0, 0], |_| Away { looks: Arc::clone(&looks), pause: None }).await;
    let breaker = d.breaker();
    let busy = Error::Endpoint { what: "is busy", pause: Some(Duration::from_secs(600)) };
    // Two cases are under way: one is refused for ten minutes, the other comes back drafted.
    breaker.failed(d.keys[0], &busy, &LIMITS).await;
    let (mut first, mut second) =
        (pin!(breaker.pass(d.model.as_ref())), pin!(breaker.pass(d.model.as_ref())));
    assert!(first.as_mut().now_or_never().is_none(), "it has the turn and waits for its time");
    assert!(second.as_mut().now_or_never().is_none(), "it waits for the turn");
    breaker.drafted(d.keys[1]).await;
    let both = async { (first.await, second.await) };
    assert!(tokio::time::timeout(Duration::from_secs(60), both).await.is_ok(), "they sleep on");
    assert!(looks.lock().unwrap().is_empty(), "nobody had to ask");
}

/// Drafts, while the disk of the queue fills up.
struct Fills(Arc<FailingDisk>, Lasts);

#[async_trait::async_trait]
impl Mind for Fills {
    async fn text(&self, _: i64) -> Result<Text, Error> {
        self.0.fail(0, Fault::Full, self.1);
        Ok(text(Priority::Routine))
    }
}

async fn rig_that_fills(lasts: Lasts) -> (Rig, Arc<FailingDisk>) {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(FailingDisk::under(dir.path()).unwrap());
    let mind = Fills(Arc::clone(&disk), lasts);
    (rig_in(TestCloud::within(dir).await, &[0], |_| mind).await, disk)
}

#[tokio::test]
async fn a_draft_that_the_queue_cannot_store_is_stored_once_there_is_room() {
    let (d, disk) = rig_that_fills(Lasts::Once).await;
    let readers = d.start(1);
    d.until_state(d.keys[0], CaseState::Drafted).await;
    readers.stop().await;
    assert!(disk.heal(), "the disk was full");
    assert_eq!((d.drafted(), d.failed()), (d.keys.clone(), 0), "it was asked for once");
}

#[tokio::test]
async fn a_draft_that_cannot_be_stored_keeps_no_service_from_stopping() {
    let (d, disk) = rig_that_fills(Lasts::On).await;
    let readers = d.start(1);
    until("a draft", async || !d.drafted().is_empty()).await;
    assert!(tokio::time::timeout(Duration::from_secs(60), readers.stop()).await.is_ok());
    disk.heal();
}

#[test]
fn only_what_is_a_cases_own_is_blamed_on_it() {
    use sandbox::{Death, DeathKind};
    let death = |kind| Error::Worker(Death { kind, touching: None, call: None, detail: None });
    for (error, blame) in [
        (death(DeathKind::NotStarted), Blame::Service),
        (death(DeathKind::Killed(9)), Blame::Service),
        (death(DeathKind::OutOfMemory), Blame::Case),
        (death(DeathKind::Seccomp), Blame::Case),
        (Error::Objects(crate::objects::Error::Read), Blame::Service),
        (Error::Objects(crate::objects::Error::Full), Blame::Service),
        (Error::Objects(crate::objects::Error::Missing), Blame::Case),
        (Error::System("memory"), Blame::Service),
        (Error::Refused(job::Why::Model), Blame::Case),
        (Error::Refused(job::Why::Envelope), Blame::Hopeless),
        (Error::Question, Blame::Case),
    ] {
        assert_eq!(error.blame(), blame, "{error}");
    }
}
