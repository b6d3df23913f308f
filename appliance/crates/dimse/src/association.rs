//! One association as its requestor: negotiated, messages out and in, data sets streamed with bounded memory.
//!
//! Any service class can use it: [`Association::open`], then [`Association::send`] and [`Association::receive`]
//! for requests and responses, [`Association::store`] for C-STORE, [`Association::release`] at the end. Dropping
//! it closes the connection. Nothing from the wire is kept in errors or logs.

use std::io::Read;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout};

use crate::command::{self, Command};
use crate::connect::connect;
use crate::error::{Error, Violation};
use crate::items::Context;
use crate::link::Link;
use crate::negotiation::{Accepted, OUR_MAX_PDU, accepted, rejected, request};
use crate::pdu::{
    ABORT, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, Piece, RELEASE_RP, RELEASE_RQ, fragment, push_values,
};
use crate::peer::{Peer, Proposal};
use crate::wire::Wire;

/// Bytes of a data set read from disk at once; up to four such pieces are in memory.
const PIECE: usize = 256 << 10;
/// Pieces read ahead of the network.
const AHEAD: usize = 2;
/// Longest data set taken in a response or a request of the peer.
const DATA_LIMIT: usize = 1 << 20;
/// Longest PDU taken; generous towards peers that do not keep to the maximum length we announce.
const PDU_LIMIT: u32 = 1 << 20;
/// Longest wait for the answer to a release: what was stored is stored whatever becomes of it.
const RELEASE: Duration = Duration::from_secs(5);

/// A message as it came: a response, or a request of the peer.
#[derive(Debug)]
pub struct Message {
    /// Presentation context id.
    pub context: u8,
    /// The command set.
    pub command: Command,
    /// The data set in the context's transfer syntax, at most 1 MiB.
    pub data: Option<Vec<u8>>,
}

/// An established association. Calls are not cancel-safe: drop the association when one was interrupted.
pub struct Association {
    wire: Wire<Box<dyn Link>>,
    contexts: Vec<Context>,
    /// Most bytes of data in one presentation data value.
    fragment: usize,
    patience: Duration,
    message_id: u16,
    out: Vec<u8>,
}

impl std::fmt::Debug for Association {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Association").field("contexts", &self.contexts.len()).finish_non_exhaustive()
    }
}

impl Association {
    /// Resolves, connects, over TLS where the peer has files of it, and negotiates.
    ///
    /// # Errors
    /// [`Error`]; no accepted context is not one.
    pub async fn open(peer: &Peer, proposals: &[Proposal]) -> Result<Self, Error> {
        // What cannot be asked for is known before anybody is disturbed.
        request(peer, proposals)?;
        Self::negotiate(connect(peer).await?, peer, proposals).await
    }

    async fn negotiate(link: Box<dyn Link>, peer: &Peer, proposals: &[Proposal]) -> Result<Self, Error> {
        let mut association = Self {
            wire: Wire::new(link, peer.patience),
            contexts: Vec::new(),
            fragment: 0,
            patience: peer.patience,
            message_id: 0,
            out: Vec::new(),
        };
        association.wire.send(&request(peer, proposals)?).await?;
        let (kind, body) = association.pdu("association").await?;
        match kind {
            ASSOCIATE_AC => {
                let Accepted { contexts, peer_max } = accepted(&body, proposals)?;
                association.fragment = fragment(peer_max);
                association.contexts = contexts;
                Ok(association)
            }
            ASSOCIATE_RJ => Err(rejected(&body)),
            ABORT => Err(Error::Aborted),
            _ => Err(Violation::UnexpectedPdu.into()),
        }
    }

    /// The accepted context of a class in a transfer syntax.
    #[must_use]
    pub fn context(&self, abstract_syntax: &str, transfer_syntax: &str) -> Option<u8> {
        let fits =
            |c: &&Context| c.abstract_syntax == abstract_syntax && c.transfer_syntax == transfer_syntax;
        self.contexts.iter().find(fits).map(|c| c.id)
    }

    /// A fresh message id.
    pub(crate) fn next_message_id(&mut self) -> u16 {
        self.message_id = self.message_id.checked_add(1).unwrap_or(1);
        self.message_id
    }

    /// Sends a message whose data set, if any, is in memory.
    ///
    /// # Errors
    /// [`Error::Broken`], [`Error::Tls`], [`Error::TimedOut`].
    pub async fn send(&mut self, context: u8, command: &Command, data: Option<&[u8]>) -> Result<(), Error> {
        self.push(context, Piece::Command, &command.encode(), true);
        if let Some(data) = data {
            self.push(context, Piece::Data, data, true);
        }
        self.flush().await
    }

    /// Waits for the next message.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn receive(&mut self) -> Result<Message, Error> {
        let (mut context, mut command) = (None, None);
        let (mut gathered, mut data) = (Vec::new(), Vec::new());
        loop {
            let (kind, body) = self.pdu("response").await?;
            match kind {
                P_DATA => {}
                ABORT => return Err(Error::Aborted),
                RELEASE_RQ => {
                    self.wire.send(&[RELEASE_RP, 0, 0, 0, 0, 4, 0, 0, 0, 0]).await?;
                    return Err(Error::Aborted);
                }
                _ => return Err(Violation::UnexpectedPdu.into()),
            }
            let mut rest = &body[..];
            while let [a, b, c, d, tail @ ..] = rest {
                let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
                let (value, after) = tail.split_at_checked(length).ok_or(Violation::PdvLength)?;
                let [id, control, bytes @ ..] = value else { return Err(Violation::PdvLength.into()) };
                rest = after;
                if *context.get_or_insert(*id) != *id {
                    return Err(Violation::Context.into());
                }
                let (is_command, is_last) = (control & 1 == 1, control & 2 == 2);
                let (into, limit, too_long) = if is_command {
                    (&mut gathered, command::LIMIT, Violation::CommandTooLong)
                } else {
                    (&mut data, DATA_LIMIT, Violation::DataTooLong)
                };
                if is_command != command.is_none() {
                    return Err(Violation::Order.into());
                }
                if into.len() + bytes.len() > limit {
                    return Err(too_long.into());
                }
                into.extend_from_slice(bytes);
                if is_last && is_command {
                    command = Some(Command::decode(&gathered).ok_or(Violation::Command)?);
                }
                let complete = match &command {
                    Some(c) if is_last => is_command != c.has_data_set(),
                    _ => false,
                };
                if complete && let (Some(command), true) = (command.take(), rest.is_empty()) {
                    let data = command.has_data_set().then_some(data);
                    return Ok(Message { context: *id, command, data });
                } else if complete {
                    return Err(Violation::Order.into());
                }
            }
            if !rest.is_empty() {
                return Err(Violation::PdvLength.into());
            }
        }
    }

    /// Sends a request without a data set and waits for its response's status.
    ///
    /// # Errors
    /// [`Error`]; a status is an answer, not an error.
    pub async fn ask(
        &mut self,
        context: u8,
        command: Command,
        data: Option<&[u8]>,
    ) -> Result<Message, Error> {
        let id = self.next_message_id();
        let command = command.with_us(command::MESSAGE_ID, id);
        self.send(context, &command, data).await?;
        let field = command.us(command::FIELD).unwrap_or_default();
        self.response(context, field, id).await
    }

    /// C-STORE (PS3.7 9.1.1) of `length` bytes from `source`, which is read ahead of the network by a thread of
    /// its own: at most about 1 MiB is in memory. Returns the status of the response.
    ///
    /// # Errors
    /// [`Error::Source`] when the source fails or ends early: the association is to be aborted then, since half a
    /// data set has left.
    pub async fn store<R>(
        &mut self,
        context: u8,
        sop_class: &str,
        sop_instance: &str,
        length: u64,
        source: R,
    ) -> Result<u16, Error>
    where
        R: Read + Send + 'static,
    {
        let id = self.next_message_id();
        let command = Command::new(command::C_STORE_RQ)
            .with_uid(command::AFFECTED_SOP_CLASS, sop_class)
            .with_us(command::MESSAGE_ID, id)
            .with_us(command::PRIORITY, 0)
            .with_uid(command::AFFECTED_SOP_INSTANCE, sop_instance)
            .with_data_set();
        let (give, mut pieces) = tokio::sync::mpsc::channel(AHEAD);
        let reader = tokio::task::spawn_blocking(move || read_pieces(source, length, &give));
        self.push(context, Piece::Command, &command.encode(), true);
        let mut left = length;
        loop {
            let piece: Vec<u8> = pieces.recv().await.ok_or(Error::Source)??;
            left = left.saturating_sub(piece.len() as u64);
            self.push(context, Piece::Data, &piece, left == 0);
            self.flush().await?;
            if left == 0 {
                break;
            }
        }
        drop(reader);
        let answer = self.response(context, command::C_STORE_RQ, id).await?;
        answer.command.us(command::STATUS).ok_or(Violation::NoStatus.into())
    }

    async fn response(&mut self, context: u8, field: u16, id: u16) -> Result<Message, Error> {
        let answer = self.receive().await?;
        let ours = answer.context == context
            && answer.command.us(command::FIELD) == Some(field | command::RESPONSE)
            && answer.command.us(command::RESPONDED_TO) == Some(id);
        if ours { Ok(answer) } else { Err(Violation::OtherRequest.into()) }
    }

    /// A-RELEASE. What was acknowledged is acknowledged whatever becomes of it, so nothing is returned.
    pub async fn release(mut self) {
        if self.wire.send(&[RELEASE_RQ, 0, 0, 0, 0, 4, 0, 0, 0, 0]).await.is_ok() {
            let _ = timeout(RELEASE, self.pdu("release")).await;
        }
    }

    /// A-ABORT (PS3.8 9.3.8), as a service user.
    pub async fn abort(mut self) {
        let _ = timeout(RELEASE, self.wire.send(&[ABORT, 0, 0, 0, 0, 4, 0, 0, 0, 0])).await;
    }

    /// Appends to what is to be written.
    fn push(&mut self, context: u8, piece: Piece, bytes: &[u8], ends: bool) {
        push_values(&mut self.out, context, piece, bytes, ends, self.fragment);
    }

    async fn flush(&mut self) -> Result<(), Error> {
        let done = self.wire.send(&self.out).await;
        self.out.clear();
        done
    }

    /// The next PDU's type and body; one deadline for all of it.
    async fn pdu(&mut self, what: &'static str) -> Result<(u8, Bytes), Error> {
        let deadline = Instant::now() + self.patience;
        let header = self.wire.header(deadline, what).await?;
        let body = self.wire.body(header.length, PDU_LIMIT, deadline, what).await?;
        Ok((header.kind, body))
    }
}

/// Reads `length` bytes in pieces; the first error, or an early end, is the last thing given.
fn read_pieces(mut source: impl Read, length: u64, give: &tokio::sync::mpsc::Sender<Result<Vec<u8>, Error>>) {
    let mut left = length;
    loop {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE);
        let mut piece = vec![0; count];
        let read = source.read_exact(&mut piece).map(|()| piece).map_err(|_| Error::Source);
        left -= count as u64;
        let end = left == 0 || read.is_err();
        // A closed channel: the association has ended, nobody wants the rest.
        if give.blocking_send(read).is_err() || end {
            return;
        }
    }
}

/// What is announced as our own limit must fit what is taken.
const _: () = assert!(OUR_MAX_PDU <= PDU_LIMIT);
