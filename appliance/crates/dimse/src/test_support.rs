//! A scripted storage provider on loopback: accepts what it is told to, answers each C-STORE as the script says
//! (feature `test-support`).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops where something is not as it must be"
)]

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::command::{self, Command};
use crate::pdu::{
    AssociationAC, Pdu, PresentationContextResult, PresentationContextResultReason as Reason,
    UserVariableItem, read_pdu, write_pdu,
};
use crate::peer::Peer;

/// What the peer does with the n-th C-STORE, counted over all associations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    /// Answers with this status.
    Status(u16),
    /// Aborts instead of answering.
    Abort,
    /// Closes the connection after the first data fragment.
    Hang,
    /// Answers with the message id of another request.
    WrongId,
}

/// One object as it came.
#[derive(Clone, Debug)]
pub struct Got {
    pub instance: String,
    pub data: Vec<u8>,
    pub association: usize,
}

/// Number and SOP Instance UID of an object to what is done with it.
pub type Acts = dyn Fn(usize, &str) -> Act + Send + Sync;

/// How the peer behaves.
#[derive(Clone)]
pub struct Script {
    /// Largest PDU it announces; 0: no limit.
    pub max_pdu: u32,
    /// Transfer syntaxes it accepts; empty: all.
    pub syntaxes: Vec<String>,
    /// A-ASSOCIATE-RJ for so many associations first.
    pub reject: usize,
    pub act: Arc<Acts>,
}

impl Default for Script {
    fn default() -> Self {
        Self { max_pdu: 16_384, syntaxes: Vec::new(), reject: 0, act: Arc::new(|_, _| Act::Status(0)) }
    }
}

/// The running peer.
pub struct Provider {
    pub address: String,
    pub got: Arc<Mutex<Vec<Got>>>,
    pub associations: Arc<Mutex<usize>>,
    pub longest: Arc<Mutex<usize>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Provider {
    pub async fn start(script: Script) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), script)
    }

    pub fn on(listener: TcpListener, script: Script) -> Self {
        let address = listener.local_addr().unwrap().to_string();
        let (got, associations, longest) =
            (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
        let (g, a, l) = (Arc::clone(&got), Arc::clone(&associations), Arc::clone(&longest));
        let task = tokio::spawn(async move {
            let mut tasks = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let number = {
                    let mut count = a.lock().unwrap();
                    *count += 1;
                    *count
                };
                let (script, got, longest) = (script.clone(), Arc::clone(&g), Arc::clone(&l));
                tasks.spawn(async move { Side { stream, script, got, longest, number }.serve().await });
            }
        });
        Self { address, got, associations, longest, task }
    }

    pub fn peer(&self) -> Peer {
        Peer {
            address: self.address.clone(),
            called: "ARCHIVE".into(),
            calling: "BOX".into(),
            patience: std::time::Duration::from_secs(5),
            tls: None,
        }
    }
}

struct Side {
    stream: TcpStream,
    script: Script,
    got: Arc<Mutex<Vec<Got>>>,
    longest: Arc<Mutex<usize>>,
    number: usize,
}

impl Side {
    async fn pdu(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut header = [0; 6];
        self.stream.read_exact(&mut header).await.ok()?;
        let mut body = vec![0; u32::from_be_bytes([header[2], header[3], header[4], header[5]]) as usize];
        self.stream.read_exact(&mut body).await.ok()?;
        Some((header[0], body))
    }

    fn note_length(&self, length: usize) {
        let mut longest = self.longest.lock().unwrap();
        *longest = (*longest).max(length);
    }

    async fn write(&mut self, pdu: &Pdu) {
        let mut bytes = Vec::new();
        write_pdu(&mut bytes, pdu).unwrap();
        let _ = self.stream.write_all(&bytes).await;
    }

    async fn serve(mut self) {
        let Some((1, body)) = self.pdu().await else { return };
        let mut whole = vec![1, 0];
        whole.extend_from_slice(&(body.len() as u32).to_be_bytes());
        whole.extend_from_slice(&body);
        let Ok(Some(Pdu::AssociationRQ(rq))) = read_pdu(&whole[..], 1 << 20, true) else {
            panic!("no association request")
        };
        assert_eq!((rq.called_ae_title.trim(), rq.calling_ae_title.trim()), ("ARCHIVE", "BOX"));
        if self.number <= self.script.reject {
            let _ = self.stream.write_all(&[3, 0, 0, 0, 0, 4, 0, 2, 3, 1]).await;
            return;
        }
        let results = rq.presentation_contexts.iter().map(|c| {
            let syntax = c.transfer_syntaxes[0].clone();
            let taken = self.script.syntaxes.is_empty() || self.script.syntaxes.contains(&syntax);
            let reason = if taken { Reason::Acceptance } else { Reason::TransferSyntaxesNotSupported };
            PresentationContextResult { id: c.id, reason, transfer_syntax: syntax }
        });
        let answer = AssociationAC {
            protocol_version: 1,
            calling_ae_title: rq.calling_ae_title.clone(),
            called_ae_title: rq.called_ae_title.clone(),
            application_context_name: rq.application_context_name.clone(),
            presentation_contexts: results.collect(),
            user_variables: vec![UserVariableItem::MaxLength(self.script.max_pdu)],
        };
        self.write(&Pdu::AssociationAC(answer)).await;
        while let Some(go_on) = self.message().await {
            if !go_on {
                return;
            }
        }
    }

    /// One request and its answer; `None` when the association is over.
    async fn message(&mut self) -> Option<bool> {
        let (mut command, mut data) = (Vec::new(), Vec::new());
        let (mut context, mut read) = (0, None);
        loop {
            let (kind, body) = self.pdu().await?;
            match kind {
                4 => {}
                5 => {
                    self.write(&Pdu::ReleaseRP).await;
                    return None;
                }
                _ => return None,
            }
            self.note_length(body.len());
            let length = u32::from_be_bytes([body[0], body[1], body[2], body[3]]) as usize;
            assert_eq!(body.len(), length + 4, "one value in each PDU");
            context = body[4].max(context);
            let (is_command, last) = (body[5] & 1 == 1, body[5] & 2 == 2);
            if is_command { &mut command } else { &mut data }.extend_from_slice(&body[6..]);
            if is_command && last {
                read = Command::decode(&command);
            }
            let request = read.as_ref();
            if let Some(request) = request {
                let uid = request.uid(command::AFFECTED_SOP_INSTANCE).unwrap_or_default();
                let turn = self.got.lock().unwrap().len();
                let act = if request.has_data_set() { (self.script.act)(turn, &uid) } else { Act::Status(0) };
                if act == Act::Hang && !is_command {
                    return Some(false);
                }
                if last && is_command != request.has_data_set() {
                    return self.answer(context, &read?, uid, std::mem::take(&mut data), act).await;
                }
            }
        }
    }

    async fn answer(
        &mut self,
        context: u8,
        request: &Command,
        uid: String,
        data: Vec<u8>,
        act: Act,
    ) -> Option<bool> {
        let id = request.us(command::MESSAGE_ID)?;
        if request.has_data_set() {
            self.got.lock().unwrap().push(Got { instance: uid, data, association: self.number });
        }
        let (status, id) = match act {
            Act::Status(status) => (status, id),
            Act::WrongId => (0, id.wrapping_add(1)),
            Act::Abort => {
                let _ = self.stream.write_all(&[7, 0, 0, 0, 0, 4, 0, 0, 2, 0]).await;
                return Some(false);
            }
            Act::Hang => return Some(false),
        };
        let response = Command::new(request.us(command::FIELD)? | command::RESPONSE)
            .with_us(command::RESPONDED_TO, id)
            .with_us(command::STATUS, status)
            .encode();
        // Split as old peers do: header and body in packets of their own.
        let mut bytes = vec![4, 0];
        bytes.extend_from_slice(&(response.len() as u32 + 6).to_be_bytes());
        let _ = self.stream.write_all(&bytes).await;
        let mut bytes = (response.len() as u32 + 2).to_be_bytes().to_vec();
        bytes.extend_from_slice(&[context, 3]);
        bytes.extend_from_slice(&response);
        let _ = self.stream.write_all(&bytes).await;
        Some(true)
    }
}
