//! Bringing one report home: fetch, verify, open, hand over, confirm, in this order.

use std::time::Duration;

use proto::envelope::{Header, Kind, Verified, verify};
use proto::ids::{CaseId, EnvelopeDigest, EnvelopeId};
use proto::limits;
use proto::report::{REPORT_JSON, ReportContent};
use proto::wire::intake_client::IntakeClient;
use proto::wire::{self, report_piece::Piece};
use tonic::transport::Channel;

use super::time_limit::with_time_limit;
use super::{CaseQueue, Error, HomeReport, Identity, Refusal, Stored};

const CALL_LIMIT: Duration = Duration::from_secs(120);
/// Framing of the plain content beside `report.json`.
const FRAMING_BYTES: u64 = 256;

/// What came of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brought {
    /// Stored and confirmed.
    Home,
    /// Not taken; it stays with the cloud, and is not asked for again in this run.
    Left,
}

/// Brings one listed report home.
pub(super) async fn report(
    client: &mut IntakeClient<Channel>,
    queue: &CaseQueue,
    identity: &Identity,
    entry: &wire::ReportEntry,
) -> Result<Brought, Error> {
    let case = CaseId::from_slice(&entry.case_id).map_err(|_| Error::Contract)?;
    let envelope = EnvelopeId::from_slice(&entry.envelope).map_err(|_| Error::Contract)?;
    let report = match fetch(client, identity, case, entry.revision, envelope).await {
        Ok(report) if report.digest.as_bytes().as_slice() == entry.digest => report,
        Ok(_) | Err(Error::Report) => {
            queue.report_refused(case, Refusal::Report).await?;
            return Ok(Brought::Left);
        }
        Err(error) => return Err(error),
    };
    let digest = report.digest;
    match queue.store_report(report).await? {
        Stored::Unknown => return Ok(Brought::Left),
        Stored::Kept => {}
    }
    // Durable here; only now may the cloud forget it.
    confirm(client, queue, envelope, digest).await?;
    Ok(Brought::Home)
}

/// Tells the cloud that it may forget a report that is durable here.
pub(super) async fn confirm(
    client: &mut IntakeClient<Channel>,
    queue: &CaseQueue,
    envelope: EnvelopeId,
    digest: EnvelopeDigest,
) -> Result<(), Error> {
    let confirmation = wire::ConfirmReportRequest {
        envelope: envelope.as_bytes().to_vec(),
        digest: digest.as_bytes().to_vec(),
    };
    match with_time_limit(CALL_LIMIT, client.confirm_report(confirmation)).await {
        // A report the cloud does not know any more was forgotten at an earlier confirmation.
        Ok(_) | Err(Error::Unknown) => Ok(queue.confirmed(envelope).await?),
        Err(error) => Err(error),
    }
}

async fn fetch(
    client: &mut IntakeClient<Channel>,
    identity: &Identity,
    case: CaseId,
    revision: u32,
    envelope: EnvelopeId,
) -> Result<HomeReport, Error> {
    let question = wire::FetchReportRequest { envelope: envelope.as_bytes().to_vec(), first_part: 0 };
    let mut pieces = with_time_limit(CALL_LIMIT, client.fetch_report(question)).await?;
    let mut next = async || -> Result<Option<Piece>, Error> {
        let message =
            tokio::time::timeout(CALL_LIMIT, pieces.message()).await.map_err(|_| Error::LinkLost)?;
        Ok(message.map_err(Error::from)?.and_then(|message| message.piece))
    };
    let Some(Piece::Head(head)) = next().await? else { return Err(Error::Contract) };
    let verified = check_head(&head, identity)?;
    let header = verified.header();
    let address = header.address();
    let expected = address.site == identity.site()
        && (address.case, address.revision, header.envelope()) == (case, revision, envelope);
    if !expected {
        return Err(Error::Report);
    }
    let mut whole = blake3::Hasher::new();
    whole.update(header.as_bytes());
    let mut opener = verified.opener(identity.opener()).map_err(|_| Error::Report)?;
    for index in 0..header.layout().parts() {
        let Some(Piece::Part(part)) = next().await? else { return Err(Error::LinkLost) };
        if part.index != index {
            return Err(Error::Contract);
        }
        opener.push(&part.data).map_err(|_| Error::Report)?;
        whole.update(&part.data);
    }
    whole.update(verified.seal().as_bytes());
    let content = opener.finish().map_err(|_| Error::Report)?;
    let json = content.first(REPORT_JSON).ok_or(Error::Report)?;
    let content = ReportContent::from_json(json).map_err(|_| Error::Report)?;
    if content.is_unsigned() && !identity.unsigned_drafts() {
        // The site never agreed to drafts; the cloud must not send one.
        return Err(Error::Report);
    }
    let digest = EnvelopeDigest::from_bytes(*whole.finalize().as_bytes());
    Ok(HomeReport { case, revision, envelope, digest, bytes: header.layout().total_bytes(), content })
}

fn check_head(head: &wire::ReportHead, identity: &Identity) -> Result<Verified, Error> {
    let header = Header::parse(&head.header).map_err(|_| Error::Report)?;
    let small = header.content_bytes() <= limits::REPORT_BYTES_MAX as u64 + FRAMING_BYTES;
    if header.kind() != Kind::Report || !small {
        return Err(Error::Report);
    }
    let reader =
        identity.readers().iter().find(|reader| reader.id() == header.sender()).ok_or(Error::Report)?;
    verify(&head.header, &head.seal, reader).map_err(|_| Error::Report)
}
