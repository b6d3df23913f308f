//! Released texts sealed to their sites, signed by the reader, stored and offered for collection.

use std::sync::Arc;
use std::time::Duration;

use proto::envelope::{Address, Header, ReportLeaves};
use proto::keys::PrivateKeys;
use proto::report::{Authority, Origin, ReportContent, ReportFormat, Sections};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::watch;

use super::Error;
use super::opening::public_keys;
use crate::objects::{Objects, part_name};
use crate::queue::{self, Millis, Queue, Release, SealedReport};

const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Pause after queue or store failed.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
const AT_ONCE: u32 = 16;

/// Seals what was released.
#[derive(Debug)]
pub struct Sealer {
    /// The queue.
    pub queue: Queue,
    /// The store.
    pub objects: Objects,
    /// The reader's keys: reports are signed with them.
    pub keys: Arc<PrivateKeys>,
    /// The clock.
    pub clock: fn() -> Millis,
}

impl Sealer {
    /// Works until `stop` turns true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut changes = self.queue.changes();
        while !*stop.borrow() {
            changes.mark_unchanged();
            if let Err(error) = self.once().await {
                tracing::error!(%error, "a report could not be sealed yet");
                // Each attempt writes its parts anew: on a disk that is nearly full they must not follow close.
                tokio::select! {
                    _ = stop.changed() => {}
                    () = tokio::time::sleep(AFTER_FAILURE) => {}
                }
                continue;
            }
            tokio::select! {
                _ = stop.changed() => {}
                _ = changes.changed() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }

    /// Seals everything that waits; gives how many.
    ///
    /// # Errors
    /// Those of queue and store; what was not sealed waits on.
    pub async fn once(&self) -> Result<usize, Error> {
        let waiting = self.queue.to_seal(AT_ONCE).await?;
        let mut done = 0;
        for release in &waiting {
            match self.seal(release).await {
                Ok(()) => done += 1,
                // Another replica was faster.
                Err(Error::Queue(queue::Error::Taken)) => {}
                Err(Error::Draft(why)) => {
                    let reason = format!("the text could not be sealed: {why}");
                    self.queue.bury(release.case, "reader", &reason, (self.clock)()).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    async fn seal(&self, release: &Release) -> Result<(), Error> {
        let report = report_of(release)?;
        let site = public_keys(&release.site_keys).ok_or(Error::Draft("the site's keys do not read"))?;
        let address = Address {
            site: release.site.parse().map_err(|_| Error::Draft("the site's id does not read"))?,
            case: report.case,
            revision: report.revision,
        };
        let leaves = ReportLeaves::new(&report).map_err(|_| Error::Draft("it is out of bounds"))?;
        let mut bytes = Vec::new();
        let sealed = proto::envelope::Sealer::new(&address, self.keys.signer(), &site)
            .seal(&leaves, &mut bytes)
            // What this machine lacks is no fault of the text: it waits.
            .map_err(|e| {
                if e.retry() { Error::System("random bytes") } else { Error::Draft("sealing failed") }
            })?;
        let cut = |from: usize, length: usize| bytes.get(from..from + length).map(<[u8]>::to_vec);
        let header = cut(0, Header::BYTES).ok_or(Error::Answer)?;
        let layout = Header::parse(&header).map_err(|_| Error::Answer)?.layout();
        let id = sealed.envelope.to_string();
        let mut length = 0;
        for index in 0..layout.parts() {
            let from = usize::try_from(layout.part_offset(index)).map_err(|_| Error::Answer)?;
            let part = cut(from, layout.part_bytes(index)).ok_or(Error::Answer)?;
            length += part.len() as u64;
            self.objects.put(&format!("reports/{id}"), &part_name(index), part.into()).await?;
        }
        let from = usize::try_from(layout.seal_offset()).map_err(|_| Error::Answer)?;
        let seal = cut(from, layout.seal_bytes()).ok_or(Error::Answer)?;
        let report = SealedReport {
            id,
            case: release.case,
            header,
            seal,
            digest: sealed.digest.as_bytes().to_vec(),
            parts: layout.parts(),
            bytes: length,
        };
        self.queue.store_report(&report, (self.clock)()).await?;
        Ok(())
    }
}

/// What wrote the draft, as the queue keeps it.
#[derive(Deserialize)]
struct Model {
    backend: String,
    model: String,
    version: String,
}

/// The report of a release. An unsigned one can lower no priority and close no flag, whatever the draft says.
pub(super) fn report_of(r: &Release) -> Result<ReportContent, Error> {
    let (text, current) = (&r.text, queue::priority_of(r.priority)?);
    // What leaves carries what the machine's clock says, not the service's own time.
    let at = instant(r.released_at.saturating_add(proto::clock::ahead()))?;
    let (authority, priority, closes_flag) = match &r.signed_by {
        Some(by) => (Authority::Signed { by: by.clone(), at: at.clone() }, text.priority, text.closes_flag),
        None => (Authority::Unsigned {}, text.priority.filter(|p| *p >= current), false),
    };
    let model = r.model.as_deref().and_then(|m| serde_json::from_str::<Model>(m).ok());
    let origin = model.map_or_else(
        || Origin { backend: "person".into(), model: "none".into(), version: "none".into() },
        |m| Origin { backend: m.backend, model: m.model, version: m.version },
    );
    let report = ReportContent {
        format: ReportFormat::V1,
        case: r.case_id.parse().map_err(|_| Error::Draft("the case's id does not read"))?,
        revision: r.revision,
        origin,
        authority,
        sections: Sections { findings: text.findings.clone(), impression: text.impression.clone() },
        priority,
        closes_flag,
        created: at,
    };
    report.validate_for(current).map_err(|_| Error::Draft("it is out of bounds"))?;
    Ok(report)
}

fn instant(ms: Millis) -> Result<String, Error> {
    OffsetDateTime::from_unix_timestamp(ms / 1000)
        .ok()
        .and_then(|t| t.format(&Rfc3339).ok())
        .ok_or(Error::System("a time"))
}
