//! The byte stream under an association, plain or within TLS.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A byte stream that may want to be told that we have read.
pub trait Link: AsyncRead + AsyncWrite + Unpin + Send {
    /// Acknowledge what has arrived now. A peer with Nagle's algorithm holds its next small packet until then, and
    /// the system would otherwise wait up to 40 ms.
    fn acknowledge(&self) {}
}

impl Link for TcpStream {
    #[cfg(target_os = "linux")]
    fn acknowledge(&self) {
        // Only a hint: a system that refuses it is slower, not wrong.
        let _ = rustix::net::sockopt::set_tcp_quickack(self, true);
    }
}

impl Link for tokio_rustls::server::TlsStream<TcpStream> {
    fn acknowledge(&self) {
        self.get_ref().0.acknowledge();
    }
}

impl Link for tokio_rustls::client::TlsStream<TcpStream> {
    fn acknowledge(&self) {
        self.get_ref().0.acknowledge();
    }
}

impl Link for Box<dyn Link> {
    fn acknowledge(&self) {
        self.as_ref().acknowledge();
    }
}
