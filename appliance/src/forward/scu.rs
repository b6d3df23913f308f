//! One association as its requestor: negotiated, messages out and in, data sets streamed with bounded memory.
//!
//! Any service class can use it: [`Association::open`], then [`Association::send`] and [`Association::receive`]
//! for requests and responses, [`Association::store`] for C-STORE, [`Association::release`] at the end. Dropping
//! it closes the connection. Nothing from the wire is kept in errors or logs.

use std::io::Read;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::command::{self, Command};
use super::error::Error;
use super::link::connect;
use super::negotiation::{Accepted, Context, OUR_MAX_PDU, accepted, rejected, request};

pub use super::link::Link;

/// Longest P-DATA-TF we send, whatever the peer takes.
const MOST_PDU: u32 = 128 << 10;
/// Bytes of a data set read from disk at once; up to four such pieces are in memory.
const PIECE: usize = 256 << 10;
/// Pieces read ahead of the network.
const AHEAD: usize = 2;
/// Longest data set taken in a response or a request of the peer.
const DATA_LIMIT: usize = 1 << 20;
/// Longest PDU taken; generous towards peers that do not keep to the maximum length we announce.
const PDU_LIMIT: usize = 1 << 20;
/// Longest wait for the answer to a release: what was stored is stored whatever becomes of it.
const RELEASE: Duration = Duration::from_secs(5);

const ASSOCIATE_AC: u8 = 0x02;
const ASSOCIATE_RJ: u8 = 0x03;
const P_DATA: u8 = 0x04;
const RELEASE_RQ: u8 = 0x05;
const RELEASE_RP: u8 = 0x06;
const ABORT: u8 = 0x07;

/// A peer, the titles to use and how long it may take. `Debug` prints a stub.
#[derive(Clone)]
pub struct Peer {
    /// `host:port`; the name is resolved anew for each association.
    pub address: String,
    /// Its AE title.
    pub called: String,
    /// Ours.
    pub calling: String,
    /// How long it may take to answer, or to take what we send.
    pub patience: Duration,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Peer")
    }
}

/// A presentation context to propose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Abstract syntax (SOP class UID).
    pub abstract_syntax: String,
    /// Transfer syntax UIDs in order of preference.
    pub transfer_syntaxes: Vec<String>,
    /// We are the provider of this class on an association of our own (role selection, PS3.7 D.3.3.4): for
    /// N-EVENT-REPORT on a new association.
    pub as_provider: bool,
}

impl Proposal {
    /// A class in one transfer syntax, as its user.
    #[must_use]
    pub fn new(abstract_syntax: &str, transfer_syntax: &str) -> Self {
        Self {
            abstract_syntax: abstract_syntax.to_owned(),
            transfer_syntaxes: vec![transfer_syntax.to_owned()],
            as_provider: false,
        }
    }
}

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
    link: Box<dyn Link>,
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
    /// Resolves, connects and negotiates over plain TCP.
    ///
    /// # Errors
    /// [`Error`]; no accepted context is not one.
    pub async fn open(peer: &Peer, proposals: &[Proposal]) -> Result<Self, Error> {
        // What cannot be asked for is known before anybody is disturbed.
        request(peer, proposals)?;
        let stream = connect(peer).await?;
        // Each of our messages is written at once and waited for. Only a hint.
        let _ = stream.set_nodelay(true);
        Self::negotiate(Box::new(stream), peer, proposals).await
    }

    /// Negotiates over a link that is there already.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn negotiate(link: Box<dyn Link>, peer: &Peer, proposals: &[Proposal]) -> Result<Self, Error> {
        let mut association = Self {
            link,
            contexts: Vec::new(),
            fragment: 0,
            patience: peer.patience,
            message_id: 0,
            out: Vec::new(),
        };
        association.write(&request(peer, proposals)?).await?;
        let (kind, body) = association.pdu("association").await?;
        match kind {
            ASSOCIATE_AC => {
                let Accepted { contexts, peer_max } = accepted(&body, proposals)?;
                let most = if peer_max == 0 { MOST_PDU } else { peer_max.min(MOST_PDU) };
                // Six bytes of header per value (PS3.8 D.1); fragments are even (PS3.8 E.2).
                association.fragment = (most.saturating_sub(6) & !1) as usize;
                association.contexts = contexts;
                Ok(association)
            }
            ASSOCIATE_RJ => Err(rejected(&body)),
            ABORT => Err(Error::Aborted),
            _ => Err(Error::Protocol("answer to an association request")),
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
    pub fn next_message_id(&mut self) -> u16 {
        self.message_id = self.message_id.checked_add(1).unwrap_or(1);
        self.message_id
    }

    /// Sends a message whose data set, if any, is in memory.
    ///
    /// # Errors
    /// [`Error::Broken`], [`Error::TimedOut`].
    pub async fn send(&mut self, context: u8, command: &Command, data: Option<&[u8]>) -> Result<(), Error> {
        self.push_values(context, true, &command.encode(), true);
        if let Some(data) = data {
            self.push_values(context, false, data, true);
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
                    self.write(&[RELEASE_RP, 0, 0, 0, 0, 4, 0, 0, 0, 0]).await?;
                    return Err(Error::Aborted);
                }
                _ => return Err(Error::Protocol("PDU type")),
            }
            let mut rest = body.as_slice();
            while let [a, b, c, d, tail @ ..] = rest {
                let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
                let (value, after) = tail.split_at_checked(length).ok_or(Error::Protocol("value length"))?;
                let [id, control, bytes @ ..] = value else { return Err(Error::Protocol("value length")) };
                rest = after;
                if *context.get_or_insert(*id) != *id {
                    return Err(Error::Protocol("context changes inside a message"));
                }
                let (is_command, is_last) = (control & 1 == 1, control & 2 == 2);
                let (into, limit) =
                    if is_command { (&mut gathered, command::LIMIT) } else { (&mut data, DATA_LIMIT) };
                if is_command != command.is_none() || into.len() + bytes.len() > limit {
                    return Err(Error::Protocol("message"));
                }
                into.extend_from_slice(bytes);
                if is_last && is_command {
                    command = Some(Command::decode(&gathered).ok_or(Error::Protocol("command set"))?);
                }
                let complete = match &command {
                    Some(c) if is_last => is_command != c.has_data_set(),
                    _ => false,
                };
                if complete && let (Some(command), true) = (command.take(), rest.is_empty()) {
                    let data = command.has_data_set().then_some(data);
                    return Ok(Message { context: *id, command, data });
                } else if complete {
                    return Err(Error::Protocol("more than one message at a time"));
                }
            }
            if !rest.is_empty() {
                return Err(Error::Protocol("value length"));
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
        self.push_values(context, true, &command.encode(), true);
        let mut left = length;
        loop {
            let piece: Vec<u8> = pieces.recv().await.ok_or(Error::Source)??;
            left = left.saturating_sub(piece.len() as u64);
            self.push_values(context, false, &piece, left == 0);
            self.flush().await?;
            if left == 0 {
                break;
            }
        }
        drop(reader);
        let answer = self.response(context, command::C_STORE_RQ, id).await?;
        answer.command.us(command::STATUS).ok_or(Error::Protocol("response without status"))
    }

    async fn response(&mut self, context: u8, field: u16, id: u16) -> Result<Message, Error> {
        let answer = self.receive().await?;
        let ours = answer.context == context
            && answer.command.us(command::FIELD) == Some(field | command::RESPONSE)
            && answer.command.us(command::RESPONDED_TO) == Some(id);
        if ours { Ok(answer) } else { Err(Error::Protocol("answer to another request")) }
    }

    /// A-RELEASE. What was acknowledged is acknowledged whatever becomes of it, so nothing is returned.
    pub async fn release(mut self) {
        if self.write(&[RELEASE_RQ, 0, 0, 0, 0, 4, 0, 0, 0, 0]).await.is_ok() {
            let _ = timeout(RELEASE, self.pdu("release")).await;
        }
    }

    /// A-ABORT (PS3.8 9.3.8), as a service user.
    pub async fn abort(mut self) {
        let _ = timeout(RELEASE, self.write(&[ABORT, 0, 0, 0, 0, 4, 0, 0, 0, 0])).await;
    }

    /// Appends P-DATA-TF PDUs of one value each to what is to be written.
    fn push_values(&mut self, context: u8, is_command: bool, bytes: &[u8], ends: bool) {
        let mut rest = bytes;
        loop {
            let (piece, after) = rest.split_at(rest.len().min(self.fragment));
            rest = after;
            let last = ends && rest.is_empty();
            let length = u32::try_from(piece.len()).unwrap_or(u32::MAX);
            self.out.extend_from_slice(&[P_DATA, 0]);
            self.out.extend_from_slice(&length.saturating_add(6).to_be_bytes());
            self.out.extend_from_slice(&length.saturating_add(2).to_be_bytes());
            self.out.extend_from_slice(&[context, u8::from(is_command) | u8::from(last) << 1]);
            self.out.extend_from_slice(piece);
            if rest.is_empty() {
                break;
            }
        }
    }

    async fn flush(&mut self) -> Result<(), Error> {
        let mut out = std::mem::take(&mut self.out);
        let done = self.write(&out).await;
        out.clear();
        self.out = out;
        done
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match timeout(self.patience, self.link.write_all(bytes)).await {
            Err(_) => Err(Error::TimedOut("taking data")),
            Ok(Err(_)) => Err(Error::Broken),
            Ok(Ok(())) => Ok(()),
        }
    }

    /// The next PDU's type and body; one deadline for all of it.
    async fn pdu(&mut self, what: &'static str) -> Result<(u8, Vec<u8>), Error> {
        let patience = self.patience;
        let read = async {
            let mut header = [0_u8; 6];
            self.fill(&mut header).await?;
            let [kind, _, a, b, c, d] = header;
            let length = u32::from_be_bytes([a, b, c, d]) as usize;
            if length > PDU_LIMIT {
                return Err(Error::Protocol("PDU length"));
            }
            let mut body = vec![0; length];
            self.fill(&mut body).await?;
            Ok((kind, body))
        };
        timeout(patience, read).await.map_err(|_| Error::TimedOut(what))?
    }

    async fn fill(&mut self, buffer: &mut [u8]) -> Result<(), Error> {
        let mut at = 0;
        while let Some(rest) = buffer.get_mut(at..).filter(|rest| !rest.is_empty()) {
            match self.link.read(rest).await {
                Ok(0) | Err(_) => return Err(Error::Broken),
                Ok(count) => at += count,
            }
            self.link.acknowledge();
        }
        Ok(())
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
const _: () = assert!(OUR_MAX_PDU as usize <= PDU_LIMIT);
