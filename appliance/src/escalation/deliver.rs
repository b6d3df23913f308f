//! Delivering one envelope: ask which parts are there, send the rest, believe only a receipt with the right digest.

use std::fs::File;
use std::io::SeekFrom;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proto::envelope::{Header, Layout};
use proto::ids::EnvelopeDigest;
use proto::wire::intake_client::IntakeClient;
use proto::wire::{self, PartSet};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

use super::time_limit::with_time_limit;
use super::{CaseQueue, DueCase, Error, Refusal};

/// Parts sent in one call. After each call the courier looks again which case is the most urgent, so a STAT case waits
/// for at most this many MiB of another.
const PARTS_A_CALL: usize = 8;
/// A call may take this long plus the time its bytes need on the slowest link we serve.
const CALL_LIMIT: Duration = Duration::from_secs(120);
const SLOWEST_BYTES_A_SECOND: u64 = 16 * 1024;

/// What one call came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Some parts more; the case stays due.
    Progress,
    /// Committed, superseded, or set aside: the case is no longer due.
    Done,
}

/// An envelope file with what its header and seal say.
struct Envelope {
    file: tokio::fs::File,
    layout: Layout,
    header: Vec<u8>,
    seal: Vec<u8>,
}

impl Envelope {
    async fn read(file: File, due: &DueCase) -> Result<Self, Error> {
        let mut file = tokio::fs::File::from_std(file);
        let bytes = read_at(&mut file, 0, Header::BYTES).await?;
        let header = Header::parse(&bytes).map_err(|_| Error::CaseRefused)?;
        let address = header.address();
        let named =
            header.envelope() == due.envelope && address.case == due.case && address.revision == due.revision;
        let layout = header.layout();
        let length = file.metadata().await.map_err(|_| Error::Queue)?.len();
        if !named || length != layout.total_bytes() {
            return Err(Error::CaseRefused);
        }
        let seal = read_at(&mut file, layout.seal_offset(), layout.seal_bytes()).await?;
        Ok(Self { file, layout, header: bytes, seal })
    }
}

async fn read_at(file: &mut tokio::fs::File, offset: u64, len: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; len];
    file.seek(SeekFrom::Start(offset)).await.map_err(|_| Error::Queue)?;
    match file.read_exact(&mut bytes).await {
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(Error::CaseRefused),
        Err(_) => Err(Error::Queue),
    }
}

/// One step of one case. Whatever ends it early, the next step asks the cloud again and repeats at most the part that
/// was under way.
pub(super) async fn step(
    client: &mut IntakeClient<Channel>,
    queue: &CaseQueue,
    due: &DueCase,
) -> Result<Step, Error> {
    // A file that cannot be opened concerns this case alone; it must not stop the others.
    let file = queue.open(due.envelope).await.map_err(|_| Error::CaseLater)?;
    let envelope = match Envelope::read(file, due).await {
        Err(Error::CaseRefused) => {
            queue.refused(due.envelope, Refusal::Damaged).await?;
            return Ok(Step::Done);
        }
        other => other?,
    };
    let question = wire::WhichPartsRequest {
        header: envelope.header.clone(),
        seal: envelope.seal.clone(),
        digest: due.digest.as_bytes().to_vec(),
        priority: wire::Priority::from(due.priority).into(),
        modality: due.modality.clone(),
    };
    let answer = with_time_limit(CALL_LIMIT, client.which_parts(question)).await?;
    if answer.superseded {
        let committed = answer.receipt.is_some_and(|receipt| receipt.committed);
        queue.superseded(due.envelope, committed).await?;
        return Ok(Step::Done);
    }
    if let Some(receipt) = answer.receipt.filter(|receipt| receipt.committed) {
        return accept(queue, due, &receipt).await;
    }
    let there = PartSet::from_bytes(&answer.present, envelope.layout.parts());
    put(client, queue, due, envelope, &there).await
}

async fn put(
    client: &mut IntakeClient<Channel>,
    queue: &CaseQueue,
    due: &DueCase,
    envelope: Envelope,
    there: &PartSet,
) -> Result<Step, Error> {
    let layout = envelope.layout;
    let mut wanted: Vec<u32> = there.missing().take(PARTS_A_CALL).collect();
    if wanted.is_empty() {
        // Every part is there and no receipt: the call was cut before the commit. The last part again asks for it.
        wanted.push(layout.parts().saturating_sub(1));
    }
    let bytes: u64 = wanted.iter().map(|index| layout.part_bytes(*index) as u64).sum();
    let sent = Arc::new(AtomicU64::new(0));
    let (sender, parts) = mpsc::channel(1);
    let feeding = feed(envelope.file, layout, wanted, due.envelope, sender, Arc::clone(&sent));
    let limit = CALL_LIMIT + Duration::from_secs(bytes / SLOWEST_BYTES_A_SECOND);
    let call = with_time_limit(limit, client.put_parts(ReceiverStream::new(parts)));
    // The stream is gone with the call, so feeding ends by itself; a failed read is ours to report first.
    let (outcome, fed) = tokio::join!(call, feeding);
    let sent = sent.load(Ordering::Relaxed);
    let receipt = match (outcome, fed) {
        (_, Err(error)) => return Err(error),
        (Err(error), Ok(())) => return Err(error),
        (Ok(receipt), Ok(())) => receipt,
    };
    if receipt.envelope != due.envelope.as_bytes() {
        return Err(Error::Contract);
    }
    if receipt.committed {
        queue.sent(due.envelope, layout.parts(), layout.parts(), sent).await?;
        return accept(queue, due, &receipt).await;
    }
    let now = PartSet::from_bytes(&receipt.present, layout.parts());
    let missing = |set: &PartSet| u32::try_from(set.missing().count()).unwrap_or(u32::MAX);
    if missing(&now) >= missing(there) {
        // Nothing came of it: not progress, or the courier would spin.
        return Err(Error::CaseLater);
    }
    queue.sent(due.envelope, layout.parts().saturating_sub(missing(&now)), layout.parts(), sent).await?;
    Ok(Step::Progress)
}

/// Reads the wanted parts one at a time and hands them to the call; ends when the call does.
async fn feed(
    mut file: tokio::fs::File,
    layout: Layout,
    wanted: Vec<u32>,
    envelope: proto::ids::EnvelopeId,
    sender: mpsc::Sender<wire::Part>,
    sent: Arc<AtomicU64>,
) -> Result<(), Error> {
    for index in wanted {
        let data = read_at(&mut file, layout.part_offset(index), layout.part_bytes(index)).await?;
        let len = data.len() as u64;
        if sender.send(wire::Part { envelope: envelope.as_bytes().to_vec(), index, data }).await.is_err() {
            return Ok(());
        }
        sent.fetch_add(len, Ordering::Relaxed);
    }
    Ok(())
}

async fn accept(queue: &CaseQueue, due: &DueCase, receipt: &wire::Receipt) -> Result<Step, Error> {
    let same = EnvelopeDigest::from_slice(&receipt.digest).is_ok_and(|digest| digest == due.digest)
        && receipt.envelope == due.envelope.as_bytes();
    if !same {
        return Err(Error::Receipt);
    }
    queue.received(due.envelope).await?;
    Ok(Step::Done)
}
