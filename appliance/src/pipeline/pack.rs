//! From a case that may leave to its envelope in the outbox; and what start-up does with half of one.

use proto::case::{CaseFormat, CaseManifest};
use proto::envelope::{Inspection, inspect};
use proto::ids::EnvelopeId;

use super::{Error, Outcome, Pipeline, Unopened, now};
use crate::escalation::Identity;
use deid::ReidentificationMap;
use domain::case_state::CaseState;
use domain::job::{Answer, DeidOrder, Failure, Job, PackAnswer, PackJob, Secret};
use ledger::{CaseRow, Contradiction, DispositionRow, InstanceRow, Sealed};
use store::Id;

/// The policy, or this software, has changed since a person looked, or since it was held or not.
const REPLANNED: &str = "De-identification has changed since this case was looked at: look at it again.";

/// What packing came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packed {
    /// The envelope is durable and the case waits for the link.
    Sealed,
    /// A person was first, or the case cannot be packed; the ledger says why.
    NotNow,
    /// The site is not enrolled with any reader: it waits.
    NoReader,
}

impl Pipeline {
    /// Packs a case whose time has come.
    ///
    /// # Errors
    /// The appliance's own faults; the case is left for the next start or attempt.
    pub(crate) async fn pack(&self, case: &CaseRow) -> Result<Packed, Error> {
        let Some(identity) = self.identity.clone().filter(|i| i.reader().is_ok()) else {
            return Ok(Packed::NoReader);
        };
        if !self.ledger.begin_packing(&case.id).await? {
            return Ok(Packed::NotNow);
        }
        let packed = self.pack_moved(case, &identity).await;
        if packed.is_err()
            // The appliance's own fault, e.g. a worker killed from outside: the case is due again, not stuck.
            && let Err(error) = self.ledger.repack(&case.id, now()).await
        {
            // Not even that could be written: the next try begins with it, see [`Conveyor::pack_again`].
            tracing::warn!(%error, "a case stays marked as being packed until the ledger can be written");
        }
        packed
    }

    /// Packs a case that is marked as being packed while nobody packs it: the ledger could not be written when the try
    /// before failed.
    ///
    /// # Errors
    /// As [`Conveyor::pack`].
    pub(crate) async fn pack_again(&self, case: &CaseRow) -> Result<Packed, Error> {
        if self.ledger.repack(&case.id, now()).await? { self.pack(case).await } else { Ok(Packed::NotNow) }
    }

    async fn pack_moved(&self, case: &CaseRow, identity: &Identity) -> Result<Packed, Error> {
        let Some(disposition) = self.ledger.disposition(&case.study, case.revision).await? else {
            return self.give_up(case, "the case has no disposition").await;
        };
        let rows: Vec<InstanceRow> = self
            .ledger
            .instances(&case.study, case.revision)
            .await?
            .into_iter()
            .filter(InstanceRow::counts)
            .collect();
        let (instances, files) = match self.hand_over(&rows) {
            Ok(handed) => handed,
            Err(Unopened::Missing(_)) => {
                return self.give_up(case, "a file of it is missing from the store").await;
            }
            Err(Unopened::Store(error)) => return Err(error),
        };
        let areas = self.ledger.areas(&case.id).await?;
        let job = match self.pack_job(case, &disposition, identity, instances) {
            Ok(job) => Job::Pack(Box::new(PackJob { areas, ..job })),
            Err(words) => return self.give_up(case, words).await,
        };
        let output = self.store.outbox().begin()?;
        match self.ask(&job, &output, files, &rows).await? {
            Outcome::Answered(Answer::Pack(sealed)) => {
                let Ok(id) = sealed.envelope.parse::<Id>() else {
                    return self.give_up(case, "the envelope has no proper name").await;
                };
                // Before the envelope has its name: an envelope that start-up adopts has its statement and its
                // re-identification map already.
                let released =
                    |c: Contradiction| disposition.verdict.holds.iter().any(|hold| hold == c.words());
                let map = (&sealed.reidentification_map, disposition.pseudonym_key.as_str());
                if let Some(said) =
                    self.ledger.keep_reidentification_map(map.0, map.1, released, now()).await?
                {
                    return self.hold_again(case, None, said.words()).await;
                }
                let statement = (sealed.statement.as_str(), sealed.signature.as_str());
                self.ledger
                    .keep_statement(&case.id, case.revision, &sealed.envelope, statement, now())
                    .await?;
                output.adopt(id)?;
                self.record(case, &sealed, id).await
            }
            // The disk was full or failed: the case stays where it was and is packed later.
            Outcome::Answered(Answer::Failed(failure)) if failure.retry => Err(Error::Store),
            Outcome::Answered(Answer::Failed(Failure { replanned: Some(digest), .. })) => {
                self.hold_again(case, Some(&digest), REPLANNED).await
            }
            Outcome::Answered(Answer::Failed(failure)) => self.give_up(case, &failure.reason).await,
            Outcome::Answered(_) => self.give_up(case, "the answer did not fit").await,
            Outcome::Died(death) => self.give_up(case, death.words).await,
        }
    }

    async fn record(&self, case: &CaseRow, s: &PackAnswer, id: Id) -> Result<Packed, Error> {
        let Ok(digest) = s.digest.parse() else {
            self.store.outbox().remove(id)?;
            return self.give_up(case, "the envelope has no proper digest").await;
        };
        let sealed = Sealed {
            envelope: EnvelopeId::from_bytes(*id.as_bytes()),
            digest,
            plain_bytes: s.plain_bytes,
            sealed_bytes: s.sealed_bytes,
            image_bytes: s.image_bytes,
            frame_bytes: s.frame_bytes,
            searched: s.searched,
        };
        match self.ledger.record_sealed(&case.id, &sealed).await {
            Ok(()) => {
                self.ledger
                    .add_event(&case.study, "appliance", "de-identified, searched and sealed", now())
                    .await?;
                Ok(Packed::Sealed)
            }
            // Stopped while it was packed: nothing of it stays.
            Err(ledger::Error::Refused(_)) => {
                self.store.outbox().remove(id)?;
                Ok(Packed::NotNow)
            }
            Err(e) => Err(e.into()),
        }
    }

    /// Somebody must look again, whatever was decided before.
    async fn hold_again(&self, case: &CaseRow, digest: Option<&str>, why: &str) -> Result<Packed, Error> {
        if self.ledger.hold_packing(case, digest, why).await? {
            self.ledger.add_event(&case.study, "appliance", why, now()).await?;
        }
        Ok(Packed::NotNow)
    }

    async fn give_up(&self, case: &CaseRow, words: &str) -> Result<Packed, Error> {
        self.ledger.fail_case(&case.id, words).await?;
        self.ledger
            .add_event(&case.study, "appliance", &format!("could not be packed: {words}"), now())
            .await?;
        Ok(Packed::NotNow)
    }

    fn pack_job(
        &self,
        case: &CaseRow,
        d: &DispositionRow,
        identity: &Identity,
        instances: Vec<domain::job::InstanceRef>,
    ) -> Result<PackJob, &'static str> {
        let reader = identity.reader().map_err(|_| "the site is not enrolled with a reader")?;
        let transport = case.transport;
        let manifest = CaseManifest {
            format: CaseFormat::V1,
            case: case.id.parse().map_err(|_| "the case has no proper name")?,
            revision: case.revision,
            study: case.study.clone(),
            modality: String::new(),
            body_part: None,
            view: None,
            age: None,
            sex: None,
            priority: case.priority,
            findings: d.verdict.findings.clone(),
            disposition: d.verdict.disposition,
            reasons: vec![case.reason.clone()],
            note: (!case.note.is_empty()).then(|| case.note.clone()),
            statement: d.verdict.plan_digest.parse().map_err(|_| "the disposition has no plan digest")?,
            transport,
            frames: Vec::new(),
        };
        Ok(PackJob {
            instances,
            deid: DeidOrder { under: Some(d.pseudonym_key.clone()), ..self.deid.clone() },
            plan_digest: d.verdict.plan_digest.clone(),
            areas: Vec::new(),
            manifest,
            transport,
            with_p10: self.rules.with_p10,
            site: identity.site(),
            reader_key: reader.to_text(),
            signing_key: Secret::new(hex::encode(identity.signer().to_bytes().as_slice())),
        })
    }

    /// At start: a complete envelope without its row is adopted, everything else without a row is deleted, and
    /// cases that were being packed, or whose envelope is not here, begin again: a restored ledger may name one that
    /// was delivered since, and the cloud then says so.
    ///
    /// # Errors
    /// The ledger's or the store's refusal.
    pub(crate) async fn tidy_outbox(&self) -> Result<(), Error> {
        let outbox = self.store.outbox();
        let in_use: std::collections::BTreeSet<String> =
            self.ledger.envelopes_in_use().await?.into_iter().collect();
        let mut here = std::collections::BTreeSet::new();
        for (id, _) in outbox.list()? {
            if !in_use.contains(&id.to_string()) && !self.adopt_envelope(id).await? {
                outbox.remove(id)?;
            }
            here.insert(id.to_string());
        }
        for envelope in in_use.difference(&here) {
            self.ledger.record_let_go(envelope).await?;
        }
        for case in self.ledger.cases_in(CaseState::Packing).await? {
            self.ledger.repack(&case.id, now()).await?;
        }
        Ok(())
    }

    /// Gives an envelope found in the outbox back to the case that was being packed when the process ended.
    async fn adopt_envelope(&self, id: Id) -> Result<bool, Error> {
        let Some(identity) = &self.identity else { return Ok(false) };
        let outbox = self.store.outbox();
        let Ok(Inspection::Complete { verified, digest, bytes }) =
            inspect(outbox.open(id)?, identity.public())
        else {
            return Ok(false);
        };
        let header = verified.header();
        if header.envelope() != EnvelopeId::from_bytes(*id.as_bytes()) {
            return Ok(false);
        }
        let packing = self.ledger.cases_in(CaseState::Packing).await?;
        let address = header.address();
        let Some(case) =
            packing.iter().find(|c| c.id == address.case.to_string() && c.revision == address.revision)
        else {
            return Ok(false);
        };
        let sealed = PackAnswer {
            envelope: id.to_string(),
            digest: digest.to_string(),
            plain_bytes: header.content_bytes(),
            sealed_bytes: bytes,
            searched: 0,
            image_bytes: 0,
            frame_bytes: 0,
            reidentification_map: ReidentificationMap::default(),
            statement: String::new(),
            signature: String::new(),
        };
        Ok(self.record(case, &sealed, id).await? == Packed::Sealed)
    }
}
