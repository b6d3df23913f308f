//! A TCP link in the middle that can be cut, mended, and cut after so many bytes.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Error, Result};

/// No cut is armed.
const NEVER: i64 = i64::MAX;

#[derive(Debug)]
struct State {
    target: SocketAddr,
    cut: AtomicBool,
    ended: AtomicBool,
    up: AtomicU64,
    until_cut: AtomicI64,
    cuts: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
}

/// A listener on loopback that passes every connection on.
#[derive(Debug)]
pub struct Link {
    /// Where to connect to.
    pub address: SocketAddr,
    state: Arc<State>,
}

impl Link {
    /// A link to `target`, mended.
    ///
    /// # Errors
    /// When no port is free.
    pub fn to(target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(Error::io("a link"))?;
        let address = listener.local_addr().map_err(Error::io("a link"))?;
        let state = Arc::new(State {
            target,
            cut: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            up: AtomicU64::new(0),
            until_cut: AtomicI64::new(NEVER),
            cuts: AtomicU64::new(0),
            open: Mutex::new(Vec::new()),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(std::result::Result::ok) {
                if shared.ended.load(Ordering::SeqCst) {
                    break;
                }
                // A connection that is dropped here is what a cut or a stopped peer looks like.
                let _ = shared.pass(near);
            }
        });
        Ok(Self { address, state })
    }

    /// Cuts every connection; new ones end at once.
    pub fn cut(&self) {
        self.state.cut();
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.state.until_cut.store(NEVER, Ordering::SeqCst);
        self.state.cut.store(false, Ordering::SeqCst);
    }

    /// Cuts once `bytes` more have gone towards the target: inside whatever is being sent then.
    pub fn cut_after(&self, bytes: u64) {
        self.state.until_cut.store(i64::try_from(bytes).unwrap_or(NEVER), Ordering::SeqCst);
    }

    /// Whether it is cut.
    pub fn is_cut(&self) -> bool {
        self.state.cut.load(Ordering::SeqCst)
    }

    /// How often it was cut.
    pub fn cuts(&self) -> u64 {
        self.state.cuts.load(Ordering::SeqCst)
    }

    /// Bytes that went towards the target.
    pub fn bytes_up(&self) -> u64 {
        self.state.up.load(Ordering::SeqCst)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        self.state.cut();
        // Wakes the acceptor, which then ends.
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    fn cut(&self) {
        if !self.cut.swap(true, Ordering::SeqCst) {
            self.cuts.fetch_add(1, Ordering::SeqCst);
        }
        for stream in self.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn pass(self: &Arc<Self>, near: TcpStream) -> std::io::Result<()> {
        if self.cut.load(Ordering::SeqCst) {
            return near.shutdown(Shutdown::Both);
        }
        let far = TcpStream::connect(self.target)?;
        near.set_nodelay(true)?;
        far.set_nodelay(true)?;
        {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.push(near.try_clone()?);
            open.push(far.try_clone()?);
        }
        let (near_too, far_too) = (near.try_clone()?, far.try_clone()?);
        let (up, down) = (Arc::clone(self), Arc::clone(self));
        std::thread::spawn(move || up.pump(near, far, true));
        std::thread::spawn(move || down.pump(far_too, near_too, false));
        Ok(())
    }

    fn pump(&self, mut from: TcpStream, mut to: TcpStream, upwards: bool) {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(count) = from.read(&mut buffer) {
            let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
            let mut pass = bytes;
            if upwards && self.until_cut.load(Ordering::SeqCst) != NEVER {
                let left = self.until_cut.fetch_sub(i64::try_from(count).unwrap_or(0), Ordering::SeqCst);
                if let Ok(left) = usize::try_from(left)
                    && left < count
                {
                    pass = bytes.get(..left).unwrap_or_default();
                }
                if pass.len() < count {
                    let _ = to.write_all(pass);
                    self.up.fetch_add(pass.len() as u64, Ordering::SeqCst);
                    self.cut();
                    return;
                }
            }
            if upwards {
                self.up.fetch_add(count as u64, Ordering::SeqCst);
            }
            if to.write_all(pass).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    }
}
