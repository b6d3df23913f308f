//! The courier's rounds: connect, greet, send the most urgent case, bring reports home, wait, begin again.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use proto::clock;
use proto::ids::{CaseId, EnvelopeId};
use proto::limits;
use proto::tls::{self, CloudUrl};
use proto::wire::intake_client::IntakeClient;
use proto::wire::{self};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use super::backoff::Backoff;
use super::deliver::{self, Step};
use super::fetch::{self, Brought};
use super::time_limit::with_time_limit;
use super::{Away, CaseQueue, Config, Error, Identity, Link, Phase, Refusal};

pub(super) const SOFTWARE: &str = concat!("scanside-appliance/", env!("CARGO_PKG_VERSION"));
const CALL_LIMIT: Duration = Duration::from_secs(30);
/// Reports asked for in one listing.
const REPORTS_A_ROUND: u32 = 32;
const POLL_DEFAULT: Duration = Duration::from_secs(5);
const POLL_MAX: Duration = Duration::from_secs(60);
const GREET_EVERY: Duration = Duration::from_secs(60);
const PAUSE_MIN: Duration = Duration::from_millis(10);

/// Wakes the courier: a case was sealed, a person took one back or asked for a retry. Never blocks, never lost.
#[derive(Debug, Clone)]
pub(crate) struct Wake(Arc<Notify>);

impl Wake {
    /// Wakes the courier, now or at its next wait.
    pub(crate) fn wake(&self) {
        self.0.notify_one();
    }
}

/// Carries cases to one cloud and reports home, until told to stop.
pub(crate) struct Courier {
    queue: CaseQueue,
    identity: Arc<Identity>,
    url: CloudUrl,
    transport: Arc<ArcSwap<rustls::ClientConfig>>,
    backoff: Backoff,
    wake: Arc<Notify>,
    link: Option<Link>,
    /// Reports left with the cloud; asked for again after a restart only.
    left: HashSet<Vec<u8>>,
}

impl std::fmt::Debug for Courier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Courier({:?})", self.identity)
    }
}

/// Now by the steady clock: a pause lasts as long as it should although somebody sets the clock.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(clock::now()).unwrap_or(0))
}

impl Courier {
    /// A courier between this site and the configured cloud.
    ///
    /// # Errors
    /// [`Error::Identity`] when no cloud is configured.
    pub(crate) fn new(config: &Config, identity: Arc<Identity>, queue: CaseQueue) -> Result<Self, Error> {
        let url = config.cloud.clone().ok_or(Error::Identity)?;
        let transport = Arc::new(ArcSwap::from_pointee(identity.transport()));
        let backoff = Backoff { first: config.retry_first, max: config.retry_max };
        let wake = Arc::new(Notify::new());
        Ok(Self { queue, identity, url, transport, backoff, wake, link: None, left: HashSet::new() })
    }

    /// What others wake it with.
    #[must_use]
    pub(crate) fn waker(&self) -> Wake {
        Wake(Arc::clone(&self.wake))
    }

    /// Woken by the same as another one, whose place it takes.
    #[must_use]
    pub(crate) fn woken_by(self, wake: &Wake) -> Self {
        Self { wake: Arc::clone(&wake.0), ..self }
    }

    /// Carries until `stop`; then returns at once, wherever it is. Nothing is lost by that: see [`CaseQueue`].
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let _ = stop.run_until_cancelled_owned(self.rounds()).await;
    }

    async fn rounds(&mut self) {
        let mut failures = 0u32;
        loop {
            let mut greeted = false;
            let Err(error) = self.session(&mut greeted).await;
            failures = if greeted { 1 } else { failures.saturating_add(1) };
            let why = match error {
                Error::Transport(tls::Error::Handshake | tls::Error::Configuration) => Some(Away::Handshake),
                Error::Transport(tls::Error::Clock) => Some(Away::Clock),
                Error::SiteRefused => Some(Away::Refused),
                Error::Version => Some(Away::Version),
                // Our own trouble says nothing about the cloud.
                Error::Queue => None,
                _ => Some(Away::Unreachable),
            };
            if let Some(why) = why {
                self.away(why).await;
            }
            let pause = self.backoff.pause_now(failures);
            tracing::debug!(%error, failures, pause_ms = pause.as_millis(), "courier pauses");
            // Waking does not shorten this: a busy scanner must not turn the pause into a hammer.
            tokio::time::sleep(pause).await;
        }
    }

    /// One connection's life. Ends with the error that ended it.
    async fn session(&mut self, greeted: &mut bool) -> Result<std::convert::Infallible, Error> {
        let channel = tls::connect(&self.url, Arc::clone(&self.transport)).await?;
        let mut client = IntakeClient::new(channel)
            .max_decoding_message_size(limits::MESSAGE_BYTES_MAX)
            .max_encoding_message_size(limits::MESSAGE_BYTES_MAX);
        let mut poll = self.greet(&mut client).await?;
        let mut greeted_at = tokio::time::Instant::now();
        *greeted = true;
        loop {
            if greeted_at.elapsed() >= GREET_EVERY {
                // The cloud's people see how much waits here, and since when.
                poll = self.greet(&mut client).await?;
                greeted_at = tokio::time::Instant::now();
            }
            self.withdraw(&mut client).await?;
            while self.send_one(&mut client).await? {}
            self.bring_home(&mut client).await?;
            self.ask_phases(&mut client).await?;
            self.rest(poll).await?;
        }
    }

    async fn greet(&mut self, client: &mut IntakeClient<Channel>) -> Result<Duration, Error> {
        let backlog = self.queue.backlog().await?;
        let wall = clock::wall();
        let hello = wire::HelloRequest {
            wire_version: proto::WIRE_VERSION,
            software: SOFTWARE.to_owned(),
            unix_ms: wall,
            waiting: backlog.waiting,
            oldest_seconds: backlog.oldest_seconds,
        };
        let answer = with_time_limit(CALL_LIMIT, client.hello(hello)).await?;
        if answer.wire_version != proto::WIRE_VERSION {
            return Err(Error::Version);
        }
        let known: HashSet<_> = self.identity.readers().iter().map(proto::keys::PublicKeys::id).collect();
        let told = answer.readers.iter().filter_map(|keys| proto::keys::PublicKeys::try_from(keys).ok());
        if told.map(|keys| keys.id()).any(|id| !known.contains(&id)) {
            // Keys are taken at enrolment only: a cloud that could swap them by a message could read the cases.
            tracing::warn!(
                "the cloud names reader keys this site was not enrolled with; enrol again to take them"
            );
        }
        if !matches!(self.link, Some(Link::Up { .. })) {
            let skew_ms = answer.unix_ms.saturating_sub(wall);
            self.set_link(Link::Up { since: now(), skew_ms }).await;
        }
        let poll =
            answer.policy.map_or(POLL_DEFAULT, |policy| Duration::from_secs(policy.poll_seconds.into()));
        Ok(if poll.is_zero() { POLL_DEFAULT } else { poll.min(POLL_MAX) })
    }

    async fn away(&mut self, why: Away) {
        let since = match self.link {
            // Still away: since when stays, why may change.
            Some(Link::Away { since, .. }) => since,
            _ => now(),
        };
        self.set_link(Link::Away { since, why }).await;
    }

    async fn set_link(&mut self, link: Link) {
        if self.link == Some(link) {
            return;
        }
        // An appliance that cannot record it will be told again with the next change; the light is no promise.
        if self.queue.link(link).await.is_ok() {
            self.link = Some(link);
        }
    }

    async fn withdraw(&self, client: &mut IntakeClient<Channel>) -> Result<(), Error> {
        for (case, revision) in self.queue.withdrawals().await? {
            let request = wire::WithdrawRequest { case_id: case.as_bytes().to_vec(), revision };
            match with_time_limit(CALL_LIMIT, client.withdraw(request)).await {
                // A case the cloud does not know is as good as taken back.
                Ok(_) | Err(Error::Unknown) => self.queue.withdrawn(case).await?,
                Err(error) if error.ends_session() => return Err(error),
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// One step of the most urgent due case; false when none is due.
    async fn send_one(&self, client: &mut IntakeClient<Channel>) -> Result<bool, Error> {
        let due = self.queue.due(now(), 1).await?;
        let Some(due) = due.first() else { return Ok(false) };
        match deliver::step(client, &self.queue, due).await {
            Ok(Step::Progress | Step::Done) => Ok(true),
            Err(Error::CaseRefused) => {
                self.queue.refused(due.envelope, Refusal::ByCloud).await?;
                Ok(true)
            }
            Err(error) => {
                self.postpone(due.envelope, due.failures).await?;
                if error.ends_session() { Err(error) } else { Ok(true) }
            }
        }
    }

    /// A case that failed makes room for the others, also when it took the link with it: one poisoned case must not
    /// stop a queue.
    async fn postpone(&self, envelope: EnvelopeId, failures: u32) -> Result<(), Error> {
        let failures = failures.saturating_add(1);
        let not_before = now() + self.backoff.pause_now(failures);
        Ok(self.queue.postponed(envelope, failures, not_before).await?)
    }

    async fn bring_home(&mut self, client: &mut IntakeClient<Channel>) -> Result<(), Error> {
        for (envelope, digest) in self.queue.unconfirmed().await? {
            match fetch::confirm(client, &self.queue, envelope, digest).await {
                Err(error) if error.ends_session() => return Err(error),
                _ => {}
            }
        }
        let request =
            wire::ListReportsRequest { limit: REPORTS_A_ROUND + u32::try_from(self.left.len()).unwrap_or(0) };
        let listing = with_time_limit(CALL_LIMIT, client.list_reports(request)).await?;
        for entry in listing.reports.iter().take(limits::LISTING_COUNT_MAX) {
            if self.left.contains(&entry.envelope) {
                continue;
            }
            match fetch::report(client, &self.queue, &self.identity, entry).await {
                Ok(Brought::Home) => {}
                Ok(Brought::Left) | Err(Error::CaseRefused | Error::Contract) => {
                    tracing::warn!("a report was left with the cloud");
                    self.left.insert(entry.envelope.clone());
                }
                Err(error) if error.ends_session() => return Err(error),
                Err(error) => tracing::warn!(%error, "a report could not be fetched yet"),
            }
        }
        Ok(())
    }

    async fn ask_phases(&self, client: &mut IntakeClient<Channel>) -> Result<(), Error> {
        if self.queue.backlog().await?.awaiting_report == 0 {
            return Ok(());
        }
        let answer = match with_time_limit(
            CALL_LIMIT,
            client.case_states(wire::CaseStatesRequest { case_ids: vec![] }),
        )
        .await
        {
            Err(error) if !error.ends_session() => return Ok(()),
            other => other?,
        };
        let read = |state: wire::CaseState| {
            Some(Phase {
                case: CaseId::from_slice(&state.case_id).ok()?,
                revision: state.revision,
                phase: state.phase(),
                attempts: state.attempts,
                reason: state
                    .reason
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(limits::LINE_CHARS_MAX)
                    .collect(),
            })
        };
        let phases = answer.states.into_iter().take(limits::LISTING_COUNT_MAX).filter_map(read).collect();
        // What the cloud says of a case is for the page only: not recorded now, it is said again next round.
        if self.queue.phases(phases).await.is_err() {
            tracing::warn!("where the cases are in the cloud could not be recorded");
        }
        Ok(())
    }

    /// Waits for a wake, a postponed case that becomes due, or the next listing.
    async fn rest(&self, poll: Duration) -> Result<(), Error> {
        let until_due = self.queue.next_due().await?.map(|due| due.duration_since(now()).unwrap_or_default());
        // Never zero: an appliance whose two answers disagree must not make this loop spin.
        let pause = until_due.map_or(poll, |until| until.min(poll)).max(PAUSE_MIN);
        tokio::select! {
            () = self.wake.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
        Ok(())
    }
}
