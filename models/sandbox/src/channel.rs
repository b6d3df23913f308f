//! Length-prefixed, bounded messages with file descriptors over a Unix socket pair, for both ends.
//!
//! A frame is a header of 8 bytes (length of the body as u32, count of files as u16, kind, version 1; little-endian),
//! then the files in groups of at most 64, one byte and one SCM_RIGHTS message each, then the body.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::UnixStream;

const VERSION: u8 = 1;
const HEADER: usize = 8;
const GROUP: usize = 64;
const SPACE: usize = rustix::cmsg_space!(ScmRights(GROUP));

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Worker: locked down, waiting for a job.
    Ready = 1,
    /// Worker: a note on the way.
    Note = 2,
    /// Worker: the answer.
    Answer = 3,
    /// Parent: the job.
    Job = 4,
    /// Parent, to a zygote: fork a worker on the channel and the standard error that come with it.
    Fork = 5,
    /// Zygote: the number of the new process.
    Forked = 6,
    /// Parent, to a zygote: this process has ended, collect it.
    Collect = 7,
    /// Zygote: its status, as wait(2) gives it.
    Collected = 8,
}

/// How much one end takes from the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of a body.
    pub bytes: u32,
    /// Files of a frame.
    pub files: u16,
}

impl Default for Bounds {
    /// 16 MiB and 4096 files.
    fn default() -> Self {
        Self { bytes: 16 << 20, files: 4096 }
    }
}

/// One frame.
#[derive(Debug)]
pub struct Frame {
    /// What it is.
    pub kind: Kind,
    /// Its body, JSON.
    pub body: Vec<u8>,
    /// The files that came with it, in order.
    pub files: Vec<OwnedFd>,
}

/// What can be wrong with a channel.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The other end is gone.
    #[error("the other end is gone")]
    Closed,
    /// A header that is none, a body or count over its bound, files missing.
    #[error("a frame is not as agreed: {0}")]
    Frame(&'static str),
    /// The system refused.
    #[error("the channel failed: {0}")]
    System(io::ErrorKind),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
                Self::Closed
            }
            kind => Self::System(kind),
        }
    }
}

impl From<rustix::io::Errno> for Error {
    fn from(error: rustix::io::Errno) -> Self {
        io::Error::from(error).into()
    }
}

fn header(kind: Kind, body: &[u8], files: usize, bounds: Bounds) -> Result<[u8; HEADER], Error> {
    let length = u32::try_from(body.len())
        .ok()
        .filter(|l| *l <= bounds.bytes)
        .ok_or(Error::Frame("the body is too long"))?;
    let files = u16::try_from(files)
        .ok()
        .filter(|f| *f <= bounds.files)
        .ok_or(Error::Frame("there are too many files"))?;
    let ([a, b, c, d], [e, f]) = (length.to_le_bytes(), files.to_le_bytes());
    Ok([a, b, c, d, e, f, kind as u8, VERSION])
}

fn parse(
    [a, b, c, d, e, f, kind, version]: [u8; HEADER],
    bounds: Bounds,
) -> Result<(Kind, usize, usize), Error> {
    let kind = match (kind, version) {
        (1, VERSION) => Kind::Ready,
        (2, VERSION) => Kind::Note,
        (3, VERSION) => Kind::Answer,
        (4, VERSION) => Kind::Job,
        (5, VERSION) => Kind::Fork,
        (6, VERSION) => Kind::Forked,
        (7, VERSION) => Kind::Collect,
        (8, VERSION) => Kind::Collected,
        _ => return Err(Error::Frame("its kind is unknown")),
    };
    let (length, files) = (u32::from_le_bytes([a, b, c, d]), u16::from_le_bytes([e, f]));
    if length > bounds.bytes {
        return Err(Error::Frame("the body is too long"));
    }
    if files > bounds.files {
        return Err(Error::Frame("there are too many files"));
    }
    Ok((kind, length as usize, usize::from(files)))
}

/// The worker's end: blocking, on the socket it was started with.
#[derive(Debug)]
pub struct Blocking {
    socket: OwnedFd,
}

impl Blocking {
    /// The channel on standard input, where [`super::Program`] puts it.
    ///
    /// # Errors
    /// When standard input is not open.
    pub(crate) fn on_stdin() -> Result<Self, Error> {
        let socket = io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Self { socket })
    }

    /// A channel on a connected Unix stream socket.
    #[must_use]
    pub fn new(socket: OwnedFd) -> Self {
        Self { socket }
    }

    /// Send a frame without files.
    ///
    /// # Errors
    /// When the body is over the bound or the other end is gone.
    pub fn send(&self, kind: Kind, body: &[u8], bounds: Bounds) -> Result<(), Error> {
        self.write_all(&header(kind, body, 0, bounds)?)?;
        self.write_all(body)
    }

    /// Wait for a frame.
    ///
    /// # Errors
    /// When it is not as agreed or the other end is gone.
    pub fn receive(&self, bounds: Bounds) -> Result<Frame, Error> {
        let mut head = [0; HEADER];
        self.read_exact(&mut head)?;
        let (kind, length, count) = parse(head, bounds)?;
        let mut files = Vec::with_capacity(count);
        while files.len() < count {
            let group = (count - files.len()).min(GROUP);
            receive_group(self.socket.as_fd(), group, &mut files)?;
        }
        let mut body = vec![0; length];
        self.read_exact(&mut body)?;
        Ok(Frame { kind, body, files })
    }

    fn write_all(&self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let sent = retry(|| rustix::net::send(&self.socket, bytes, SendFlags::NOSIGNAL))?;
            bytes = bytes.get(sent..).unwrap_or_default();
        }
        Ok(())
    }

    fn read_exact(&self, mut bytes: &mut [u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let (_, got) = retry(|| rustix::net::recv(&self.socket, &mut *bytes, RecvFlags::empty()))?;
            if got == 0 {
                return Err(Error::Closed);
            }
            bytes = bytes.get_mut(got..).unwrap_or_default();
        }
        Ok(())
    }
}

fn retry<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> Result<T, Error> {
    loop {
        match call() {
            Err(rustix::io::Errno::INTR) => {}
            other => return Ok(other?),
        }
    }
}

fn receive_group(socket: BorrowedFd<'_>, count: usize, files: &mut Vec<OwnedFd>) -> Result<(), Error> {
    let mut space = [MaybeUninit::uninit(); SPACE];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut mark = [0_u8];
    let got = retry(|| {
        rustix::net::recvmsg(socket, &mut [IoSliceMut::new(&mut mark)], &mut control, RecvFlags::CMSG_CLOEXEC)
    })?;
    if got.bytes == 0 {
        return Err(Error::Closed);
    }
    let before = files.len();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            files.extend(received);
        }
    }
    // A receiver at its limit of open files gets fewer than were sent.
    if got.flags.contains(ReturnFlags::CTRUNC) || files.len() - before != count {
        return Err(Error::Frame("files are missing"));
    }
    Ok(())
}

fn send_group(socket: BorrowedFd<'_>, files: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); SPACE];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(files)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok(rustix::net::sendmsg(socket, &[IoSlice::new(b"F")], &mut control, SendFlags::NOSIGNAL)?)
}

/// The parent's end, under tokio.
#[derive(Debug)]
pub struct Async {
    stream: UnixStream,
}

impl Async {
    /// A channel on a connected stream.
    #[must_use]
    pub fn new(stream: UnixStream) -> Self {
        Self { stream }
    }

    /// Send a frame with files; they may be closed afterwards. Not to be dropped half way.
    ///
    /// # Errors
    /// When something is over the bounds or the other end is gone.
    pub async fn send(
        &mut self,
        kind: Kind,
        body: &[u8],
        files: &[OwnedFd],
        bounds: Bounds,
    ) -> Result<(), Error> {
        self.stream.write_all(&header(kind, body, files.len(), bounds)?).await?;
        for group in files.chunks(GROUP) {
            let group: Vec<BorrowedFd<'_>> = group.iter().map(AsFd::as_fd).collect();
            let stream = &self.stream;
            stream.async_io(Interest::WRITABLE, || send_group(stream.as_fd(), &group)).await?;
        }
        self.stream.write_all(body).await?;
        Ok(())
    }

    /// Wait for a frame; a worker sends no files. Not to be dropped half way.
    ///
    /// # Errors
    /// When it is not as agreed or the other end is gone.
    pub async fn receive(&mut self, bounds: Bounds) -> Result<Frame, Error> {
        let mut head = [0; HEADER];
        self.stream.read_exact(&mut head).await?;
        let (kind, length, _) = parse(head, Bounds { files: 0, ..bounds })?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        Ok(Frame { kind, body, files: Vec::new() })
    }
}
