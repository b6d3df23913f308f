//! The byte stream under an association, and the way to it: resolved anew each time, every address tried in turn.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::error::Error;
use super::scu::Peer;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// A byte stream that may want to be told that we have read.
pub trait Link: AsyncRead + AsyncWrite + Unpin + Send {
    /// Acknowledge what has arrived now: a peer with Nagle's algorithm holds the second half of its response
    /// until then, and the system would otherwise wait up to 40 ms.
    fn acknowledge(&self) {}
}

impl Link for TcpStream {
    #[cfg(target_os = "linux")]
    fn acknowledge(&self) {
        // Only a hint: a system that refuses it is slower, not wrong.
        let _ = rustix::net::sockopt::set_tcp_quickack(self, true);
    }
}

/// Connects over plain TCP.
pub(super) async fn connect(peer: &Peer) -> Result<TcpStream, Error> {
    let wait = CONNECT.min(peer.patience);
    let found = timeout(wait, tokio::net::lookup_host(&peer.address)).await;
    let addresses: Vec<_> = found.map_err(|_| Error::NotResolved)?.map_err(|_| Error::NotResolved)?.collect();
    let mut last = Error::NotResolved;
    for address in addresses {
        match timeout(wait, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = Error::Unreachable(error.kind()),
            Err(_) => last = Error::Unreachable(std::io::ErrorKind::TimedOut),
        }
    }
    Err(last)
}
