//! A TCP link in front of the cloud that is cut at seeded random bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proto::tls::CloudUrl;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

struct Shared {
    cuts: watch::Sender<u64>,
    cuts_left: AtomicU64,
    bytes_up: AtomicU64,
}

pub(super) struct CuttingLink {
    port: u16,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for CuttingLink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// SplitMix64: a seed replays the cuts.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl CuttingLink {
    /// Cuts the first `cuts` connections after 0 to `bytes_max` bytes in both directions together.
    pub(super) async fn start(to: u16, seed: u64, cuts: u64, bytes_max: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            cuts: watch::Sender::new(0),
            cuts_left: AtomicU64::new(cuts),
            bytes_up: AtomicU64::new(0),
        });
        let task = tokio::spawn(accept(listener, to, seed, bytes_max, Arc::clone(&shared)));
        Self { port, shared, task }
    }

    pub(super) fn url(&self) -> CloudUrl {
        format!("https://127.0.0.1:{}", self.port).parse().unwrap()
    }

    pub(super) fn cuts(&self) -> u64 {
        *self.shared.cuts.borrow()
    }

    pub(super) fn bytes_up(&self) -> u64 {
        self.shared.bytes_up.load(Ordering::SeqCst)
    }

    pub(super) fn mend(&self) {
        self.shared.cuts_left.store(0, Ordering::SeqCst);
    }

    pub(super) async fn until_cuts(&self, count: u64) {
        self.shared.cuts.subscribe().wait_for(|cuts| *cuts >= count).await.unwrap();
    }
}

async fn accept(listener: TcpListener, to: u16, mut seed: u64, bytes_max: u64, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (near, _) = listener.accept().await.unwrap();
        let cut = shared.cuts_left.load(Ordering::SeqCst) > 0;
        let budget = if cut { next(&mut seed) % (bytes_max + 1) } else { u64::MAX };
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            carry(near, to, budget, &shared).await;
            if cut {
                shared
                    .cuts_left
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                    .ok();
                shared.cuts.send_modify(|cuts| *cuts += 1);
            }
        });
    }
}

/// Carries at most `budget` bytes, then drops both ends without a word.
async fn carry(mut near: TcpStream, to: u16, mut budget: u64, shared: &Shared) {
    let Ok(mut far) = TcpStream::connect(("127.0.0.1", to)).await else { return };
    let (mut up, mut down) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    while budget > 0 {
        let (read, upwards) = tokio::select! {
            read = near.read(&mut up) => (read, true),
            read = far.read(&mut down) => (read, false),
        };
        let Ok(len @ 1..) = read else { return };
        let now = len.min(usize::try_from(budget).unwrap_or(usize::MAX));
        budget -= now as u64;
        let written =
            if upwards { far.write_all(&up[..now]).await } else { near.write_all(&down[..now]).await };
        if written.is_err() {
            return;
        }
        if upwards {
            shared.bytes_up.fetch_add(now as u64, Ordering::SeqCst);
        }
    }
    // A reset rather than a polite end: what a dead router looks like.
    near.set_zero_linger().ok();
    far.set_zero_linger().ok();
}
