//! Bounded PDU reading and writing: six header bytes first, then no more than was promised, in time.
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use crate::error::{Error, Violation};
use crate::link::Link;
use crate::pdu::{Header, Pdu, Piece, fragment, push_values, write_pdu};

/// Bytes asked of the socket at once while data flows.
const STREAMING: usize = 256 << 10;
/// Bytes asked of the socket at once before an association exists.
const MODEST: usize = 8 << 10;
/// How long and how much we listen after our last word, so that the peer can read it before the connection ends.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 4 << 20;

/// A link with what has been read from it and not been used yet.
pub struct Wire<S> {
    link: S,
    buffer: BytesMut,
    write_timeout: Duration,
    ask: usize,
}

impl<S: Link> Wire<S> {
    /// With nothing read yet; the peer may take `write_timeout` for each thing sent.
    pub fn new(link: S, write_timeout: Duration) -> Wire<S> {
        Wire { link, buffer: BytesMut::new(), write_timeout, ask: MODEST }
    }

    /// From now on data flows: read in larger pieces.
    pub fn stream(&mut self) {
        self.ask = STREAMING;
    }

    /// Bytes that can be taken without waiting.
    pub fn ready(&self) -> usize {
        self.buffer.len()
    }

    /// Wait for at least one more byte; `what` is being waited for. Cancel-safe.
    ///
    /// # Errors
    /// [`Error::TimedOut`], [`Error::Closed`], [`Error::Broken`], [`Error::Tls`].
    pub async fn fill(&mut self, deadline: Instant, what: &'static str) -> Result<(), Error> {
        // The buffer grows with what has arrived, never with what a length field claims.
        if self.buffer.capacity() - self.buffer.len() < self.ask / 4 {
            self.buffer.reserve(self.ask);
        }
        let count = match timeout_at(deadline, self.link.read_buf(&mut self.buffer)).await {
            Err(_) => return Err(Error::TimedOut(what)),
            Ok(Err(error)) => return Err(error.into()),
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
    pub fn take(&mut self, count: usize) -> Bytes {
        self.buffer.split_to(count.min(self.buffer.len())).freeze()
    }

    /// The next PDU's header. Cancel-safe.
    ///
    /// # Errors
    /// As [`Self::fill`].
    pub async fn header(&mut self, deadline: Instant, what: &'static str) -> Result<Header, Error> {
        self.need(6, deadline, what).await?;
        let kind = self.buffer.get_u8();
        self.buffer.advance(1);
        Ok(Header { kind, length: self.buffer.get_u32() })
    }

    /// The next presentation data value's length, context and control byte (PS3.8 9.3.5.1, annex E.2).
    /// The caller has checked that six bytes belong to the PDU.
    ///
    /// # Errors
    /// As [`Self::fill`].
    pub async fn pdv_header(&mut self, deadline: Instant) -> Result<(u32, u8, u8), Error> {
        self.need(6, deadline, RECEIVING).await?;
        Ok((self.buffer.get_u32(), self.buffer.get_u8(), self.buffer.get_u8()))
    }

    /// A whole small PDU body; `what` is being waited for.
    ///
    /// # Errors
    /// [`Violation::PduTooLong`], and as [`Self::fill`].
    pub async fn body(
        &mut self,
        length: u32,
        limit: u32,
        deadline: Instant,
        what: &'static str,
    ) -> Result<Bytes, Error> {
        if length > limit {
            return Err(Violation::PduTooLong.into());
        }
        self.need(length as usize, deadline, what).await?;
        Ok(self.take(length as usize))
    }

    /// Send these bytes.
    ///
    /// # Errors
    /// [`Error::TimedOut`], [`Error::Broken`], [`Error::Tls`].
    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let link = &mut self.link;
        let written = async {
            link.write_all(bytes).await?;
            // TLS may still hold a part of it.
            link.flush().await
        };
        match timeout(self.write_timeout, written).await {
            Err(_) => return Err(Error::TimedOut("taking data")),
            Ok(Err(error)) => return Err(error.into()),
            Ok(Ok(())) => {}
        }
        self.link.acknowledge();
        Ok(())
    }

    /// Send a PDU that is not P-DATA-TF.
    ///
    /// # Errors
    /// [`Error::Unencodable`], and as [`Self::send`].
    pub async fn send_pdu(&mut self, pdu: &Pdu) -> Result<(), Error> {
        let mut bytes = Vec::with_capacity(1024);
        // Its error prints the whole PDU: it is dropped here, unread.
        write_pdu(&mut bytes, pdu).map_err(|_| Error::Unencodable)?;
        self.send(&bytes).await
    }

    /// Send a command set, or the data set that follows one of ours, as P-DATA-TF PDUs no longer than the peer takes
    /// (0: no limit).
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn send_values(
        &mut self,
        context: u8,
        piece: Piece,
        bytes: &[u8],
        peer_max: u32,
    ) -> Result<(), Error> {
        let mut out = Vec::with_capacity(bytes.len() + 64);
        push_values(&mut out, context, piece, bytes, true, fragment(peer_max));
        self.send(&out).await
    }

    /// End the connection so that the peer can still read our last word: closing with unread bytes in the
    /// receive buffer would reset it away.
    pub async fn close(mut self) {
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
pub const RECEIVING: &str = "receiving";
