//! The way to a peer: resolved anew each time, every address tried in turn, secured where the peer asks for it.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::error::Error;
use crate::link::Link;
use crate::peer::Peer;
use crate::tls;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Connects, and does the handshake where the peer has files of TLS: nothing is ever sent in the clear to such a one.
pub(crate) async fn connect(peer: &Peer) -> Result<Box<dyn Link>, Error> {
    let Some(files) = &peer.tls else { return Ok(Box::new(reach(peer).await?)) };
    // What our own files lack is known before anybody is disturbed.
    let session = tls::session(files).await?;
    let stream = reach(peer).await?;
    let name = files.server_name.as_deref().unwrap_or_else(|| peer.host());
    let handshake = tls::handshake(session, name, stream);
    let secured = timeout(peer.patience, handshake).await.map_err(|_| Error::TimedOut("TLS handshake"))?;
    Ok(Box::new(secured?))
}

async fn reach(peer: &Peer) -> Result<TcpStream, Error> {
    let wait = CONNECT.min(peer.patience);
    let found = timeout(wait, tokio::net::lookup_host(&peer.address)).await;
    let addresses: Vec<_> = found.map_err(|_| Error::NotResolved)?.map_err(|_| Error::NotResolved)?.collect();
    let mut last = Error::NotResolved;
    for address in addresses {
        match timeout(wait, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Each of our messages is written at once and waited for. Only a hint.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = Error::Unreachable(error.kind()),
            Err(_) => last = Error::Unreachable(std::io::ErrorKind::TimedOut),
        }
    }
    Err(last)
}
