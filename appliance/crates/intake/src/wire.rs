//! Bounded PDU reading and writing: six header bytes first, then no more than was promised, in time.
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use dicom_ul::pdu::{Pdu, write_pdu};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::error::{Error, Violation};

/// Bytes asked of the socket at once while data flows.
const STREAMING: usize = 256 << 10;
/// Bytes asked of the socket at once before an association exists.
const MODEST: usize = 8 << 10;
/// How long and how much we listen after our last word, so that the peer can read it before the connection ends.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 4 << 20;

pub(crate) const ASSOCIATE_RQ: u8 = 0x01;
pub(crate) const P_DATA: u8 = 0x04;
pub(crate) const RELEASE_RQ: u8 = 0x05;
pub(crate) const ABORT: u8 = 0x07;

/// A byte stream that may want to be told that we have read.
pub(crate) trait Link: AsyncRead + AsyncWrite + Unpin + Send {
    /// Acknowledge what has arrived now. A sender with Nagle's algorithm holds its next small packet until then,
    /// and the system would otherwise wait up to 40 ms.
    fn acknowledge(&self) {}
}

impl Link for TcpStream {
    #[cfg(target_os = "linux")]
    fn acknowledge(&self) {
        // Only a hint: a system that refuses it is slower, not wrong.
        let _ = rustix::net::sockopt::set_tcp_quickack(self, true);
    }
}

/// The first six bytes of a PDU (PS3.8 9.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: u8,
    pub(crate) length: u32,
}

/// A link with what has been read from it and not been used yet.
pub(crate) struct Wire<S> {
    link: S,
    buffer: BytesMut,
    write_timeout: Duration,
    ask: usize,
}

impl<S: Link> Wire<S> {
    pub(crate) fn new(link: S, write_timeout: Duration) -> Wire<S> {
        Wire { link, buffer: BytesMut::new(), write_timeout, ask: MODEST }
    }

    /// From now on data flows: read in larger pieces.
    pub(crate) fn stream(&mut self) {
        self.ask = STREAMING;
    }

    /// Bytes that can be taken without waiting.
    pub(crate) fn ready(&self) -> usize {
        self.buffer.len()
    }

    /// Wait for at least one more byte. Cancel-safe.
    pub(crate) async fn fill(&mut self, deadline: Instant, what: &'static str) -> Result<(), Error> {
        // The buffer grows with what has arrived, never with what a length field claims.
        if self.buffer.capacity() - self.buffer.len() < self.ask / 4 {
            self.buffer.reserve(self.ask);
        }
        let count = match timeout_at(deadline, self.link.read_buf(&mut self.buffer)).await {
            Err(_) => return Err(Error::TimedOut(what)),
            Ok(Err(error)) => return Err(Error::Broken(error.kind())),
            Ok(Ok(count)) => count,
        };
        self.link.acknowledge();
        if count == 0 { Err(Error::Closed) } else { Ok(()) }
    }

    async fn need(&mut self, count: usize, deadline: Instant, what: &'static str) -> Result<(), Error> {
        while self.buffer.len() < count {
            self.fill(deadline, what).await?;
        }
        Ok(())
    }

    /// Take up to `count` bytes of what is there.
    pub(crate) fn take(&mut self, count: usize) -> Bytes {
        self.buffer.split_to(count.min(self.buffer.len())).freeze()
    }

    /// The next PDU's header. Cancel-safe.
    pub(crate) async fn header(&mut self, deadline: Instant, what: &'static str) -> Result<Header, Error> {
        self.need(6, deadline, what).await?;
        let kind = self.buffer.get_u8();
        self.buffer.advance(1);
        Ok(Header { kind, length: self.buffer.get_u32() })
    }

    /// The next presentation data value's length, context and control byte (PS3.8 9.3.5.1, annex E.2).
    /// The caller has checked that six bytes belong to the PDU.
    pub(crate) async fn pdv_header(&mut self, deadline: Instant) -> Result<(u32, u8, u8), Error> {
        self.need(6, deadline, RECEIVING).await?;
        Ok((self.buffer.get_u32(), self.buffer.get_u8(), self.buffer.get_u8()))
    }

    /// A whole small PDU body.
    pub(crate) async fn body(&mut self, length: u32, limit: u32, deadline: Instant) -> Result<Bytes, Error> {
        if length > limit {
            return Err(Violation::PduTooLong.into());
        }
        self.need(length as usize, deadline, RECEIVING).await?;
        Ok(self.take(length as usize))
    }

    /// Send these bytes.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let link = &mut self.link;
        let written = async {
            link.write_all(bytes).await?;
            // TLS may still hold a part of it.
            link.flush().await
        };
        match timeout(self.write_timeout, written).await {
            Err(_) => return Err(Error::TimedOut("sending")),
            Ok(Err(error)) => return Err(Error::Broken(error.kind())),
            Ok(Ok(())) => {}
        }
        self.link.acknowledge();
        Ok(())
    }

    /// Send a PDU that is not P-DATA-TF.
    pub(crate) async fn send_pdu(&mut self, pdu: &Pdu) -> Result<(), Error> {
        let mut bytes = Vec::with_capacity(1024);
        // Its error prints the whole PDU: it is dropped here, unread.
        write_pdu(&mut bytes, pdu).map_err(|_| Error::Internal("a PDU of ours could not be encoded"))?;
        self.send(&bytes).await
    }

    /// Send a command set as P-DATA-TF PDUs no longer than the peer takes (0: no limit).
    pub(crate) async fn send_command(
        &mut self,
        context: u8,
        command: &[u8],
        peer_max: u32,
    ) -> Result<(), Error> {
        self.send_values(context, command, 0b01, peer_max).await
    }

    /// Send the data set that follows a command set of ours.
    pub(crate) async fn send_data(&mut self, context: u8, data: &[u8], peer_max: u32) -> Result<(), Error> {
        self.send_values(context, data, 0b00, peer_max).await
    }

    async fn send_values(
        &mut self,
        context: u8,
        command: &[u8],
        control: u8,
        peer_max: u32,
    ) -> Result<(), Error> {
        let most = if peer_max == 0 { usize::MAX } else { (peer_max as usize).saturating_sub(6).max(2) };
        let mut bytes = Vec::with_capacity(command.len() + 64);
        let mut rest = command;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(most));
            rest = after;
            bytes.extend_from_slice(&[P_DATA, 0]);
            bytes.extend_from_slice(&(piece.len() as u32 + 6).to_be_bytes());
            bytes.extend_from_slice(&(piece.len() as u32 + 2).to_be_bytes());
            bytes.push(context);
            bytes.push(if rest.is_empty() { control | 0b10 } else { control });
            bytes.extend_from_slice(piece);
        }
        self.send(&bytes).await
    }

    /// End the connection so that the peer can still read our last word: closing with unread bytes in the
    /// receive buffer would reset it away.
    pub(crate) async fn close(mut self) {
        let deadline = Instant::now() + LINGER;
        if !matches!(timeout_at(deadline, self.link.shutdown()).await, Ok(Ok(()))) {
            return;
        }
        let mut thrown = 0;
        while thrown < LINGER_BYTES {
            self.buffer.clear();
            match timeout_at(deadline, self.link.read_buf(&mut self.buffer)).await {
                Ok(Ok(count)) if count > 0 => thrown += count,
                _ => break,
            }
        }
    }
}

/// What a time-out inside a message was waiting for.
pub(crate) const RECEIVING: &str = "receiving";
