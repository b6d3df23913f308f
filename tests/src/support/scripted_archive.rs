//! An archive that keeps everything it is given, as it came, and answers what it is told to (a scripted storage SCP).

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use fixtures::scanner::pdu::{self, NO_DATA_SET, STORE_REQUEST, command_value, item, pdv};

use crate::{Error, Result};

/// From what was kept before, and a data set that comes, to the status of its C-STORE response.
type Statuses = dyn Fn(&[Vec<u8>], &[u8]) -> u16 + Send + Sync;

/// The archive; it ends when dropped.
pub struct ScriptedArchive {
    /// Where it takes DICOM.
    pub port: u16,
    kept: Arc<Mutex<Vec<Vec<u8>>>>,
    stop: Arc<AtomicBool>,
    listening: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for ScriptedArchive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ScriptedArchive({})", self.port)
    }
}

/// Longest silence of a peer.
const PATIENCE: Duration = Duration::from_secs(20);

impl ScriptedArchive {
    /// Listens on a free loopback port.
    ///
    /// # Errors
    /// When there is none.
    pub fn start(statuses: impl Fn(&[Vec<u8>], &[u8]) -> u16 + Send + Sync + 'static) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(Error::io("an archive's port"))?;
        let port = listener.local_addr().map_err(Error::io("an archive's port"))?.port();
        let (kept, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (keep, end, statuses): (_, _, Arc<Statuses>) =
            (Arc::clone(&kept), Arc::clone(&stop), Arc::new(statuses));
        let listening = std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if end.load(Ordering::Relaxed) {
                    return;
                }
                let side = Side { stream, kept: Arc::clone(&keep), statuses: Arc::clone(&statuses) };
                std::thread::spawn(move || side.serve());
            }
        });
        Ok(Self { port, kept, stop, listening: Some(listening) })
    }

    /// Data sets as they came, in order, those it refused included.
    #[must_use]
    pub fn kept(&self) -> Vec<Vec<u8>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for ScriptedArchive {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

/// One association.
struct Side {
    stream: TcpStream,
    kept: Arc<Mutex<Vec<Vec<u8>>>>,
    statuses: Arc<Statuses>,
}

impl Side {
    /// Serves until the peer releases, or says what it should not.
    fn serve(mut self) -> Option<()> {
        self.stream.set_read_timeout(Some(PATIENCE)).ok()?;
        let (1, request) = self.read()? else { return None };
        self.stream.write_all(&accept(&request)?).ok()?;
        let (mut command, mut data) = (Vec::new(), Vec::new());
        loop {
            let (kind, body) = self.read()?;
            match kind {
                4 => {}
                5 => return self.stream.write_all(&pdu::pdu(6, &[0; 4])).ok(),
                _ => return None,
            }
            let mut rest = body.as_slice();
            while let Some((head, after)) = rest.split_first_chunk::<6>() {
                let [l0, l1, l2, l3, context, control] = *head;
                let length = (u32::from_be_bytes([l0, l1, l2, l3]) as usize).checked_sub(2)?;
                let (value, next) = after.split_at_checked(length)?;
                rest = next;
                let (is_command, last) = (control & 1 == 1, control & 2 == 2);
                if is_command { &mut command } else { &mut data }.extend_from_slice(value);
                let alone = command_value(&command, 0x0800) == Some(NO_DATA_SET);
                if last && (alone || !is_command) {
                    self.answer(context, &std::mem::take(&mut command), std::mem::take(&mut data))?;
                }
            }
        }
    }

    fn answer(&mut self, context: u8, command: &[u8], data: Vec<u8>) -> Option<()> {
        let field = command_value(command, 0x0100)?;
        let mut status = 0;
        if field == STORE_REQUEST {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            status = (self.statuses)(&kept, &data);
            kept.push(data);
        }
        let response = pdu::command(&[
            (0x0100, (field | 0x8000).to_le_bytes().to_vec()),
            (0x0120, command_value(command, 0x0110)?.to_le_bytes().to_vec()),
            (0x0800, NO_DATA_SET.to_le_bytes().to_vec()),
            (0x0900, status.to_le_bytes().to_vec()),
        ]);
        self.stream.write_all(&pdu::p_data(&[pdv(context, true, true, &response)])).ok()
    }

    /// Type and body of the next PDU.
    fn read(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut head = [0; 6];
        self.stream.read_exact(&mut head).ok()?;
        let [kind, _, l0, l1, l2, l3] = head;
        let mut body = vec![0; u32::from_be_bytes([l0, l1, l2, l3]) as usize];
        self.stream.read_exact(&mut body).ok()?;
        Some((kind, body))
    }
}

/// A-ASSOCIATE-AC that takes every context in the first transfer syntax proposed (PS3.8 9.3.3).
fn accept(request: &[u8]) -> Option<Vec<u8>> {
    let (head, items) = request.split_at_checked(68)?;
    let mut body = head.to_vec();
    body.extend(item(0x10, b"1.2.840.10008.3.1.1.1"));
    for (kind, content) in each_item(items) {
        if kind == 0x20 {
            let (context, inside) = content.split_at_checked(4)?;
            let (_, syntax) = each_item(inside).into_iter().find(|(kind, _)| *kind == 0x40)?;
            let mut answer = vec![*context.first()?, 0, 0, 0];
            answer.extend(item(0x40, syntax));
            body.extend(item(0x21, &answer));
        }
    }
    let mut user = item(0x51, &16_384_u32.to_be_bytes());
    user.extend(item(0x52, b"2.25.329800735698586629295641978511506172918"));
    body.extend(item(0x50, &user));
    Some(pdu::pdu(2, &body))
}

/// Items with their types.
fn each_item(mut rest: &[u8]) -> Vec<(u8, &[u8])> {
    let mut found = Vec::new();
    while let Some((head, after)) = rest.split_first_chunk::<4>() {
        let [kind, _, l0, l1] = *head;
        let Some((content, next)) = after.split_at_checked(usize::from(u16::from_be_bytes([l0, l1]))) else {
            break;
        };
        found.push((kind, content));
        rest = next;
    }
    found
}
