//! Taking connections: patience when the system gives none, and the pages of both products behind a bound.

use std::collections::VecDeque;
use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Sleep, sleep, timeout};

/// Pause after the system could give no connection.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a connection may be open without having sent a whole request head, its first or its next; and how long the
/// body may then take.
const IDLE: Duration = Duration::from_secs(30);
/// How long requests under way may take to end after the stop.
const DRAIN: Duration = Duration::from_secs(5);

/// What a loop that accepts connections does when it gets none: it never ends and never spins, and says so once.
#[derive(Debug)]
pub struct Patience {
    what: &'static str,
    told: bool,
}

impl Patience {
    /// `what` names the listener in the log.
    #[must_use]
    pub const fn new(what: &'static str) -> Self {
        Self { what, told: false }
    }

    /// How long to wait before the next try.
    #[must_use]
    pub fn failed(&mut self, error: &io::Error) -> Duration {
        use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
        // A peer that left before it was accepted says nothing about us.
        if matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted) {
            return Duration::ZERO;
        }
        if !self.told {
            self.told = true;
            tracing::warn!(listener = self.what, kind = %error.kind(), "no connection can be accepted; trying again");
        }
        PAUSE
    }

    /// A connection came.
    pub fn well(&mut self) {
        if std::mem::take(&mut self.told) {
            tracing::info!(listener = self.what, "connections are accepted again");
        }
    }
}

type Boxed = Box<dyn StdError + Send + Sync>;

/// A request's body: whole within 30 seconds, or an error.
#[derive(Debug)]
pub struct Timely<B = Incoming> {
    body: B,
    end: Pin<Box<Sleep>>,
}

impl<B> Timely<B> {
    fn new(body: B) -> Self {
        Self { body, end: Box::pin(sleep(IDLE)) }
    }
}

impl<B: Body<Error: Into<Boxed>> + Unpin> Body for Timely<B> {
    type Data = B::Data;
    type Error = Boxed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, Boxed>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        self.end.as_mut().poll(cx).map(|()| Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Notes the first answer on a connection: a request whose body does not come gets none.
struct Heard<S> {
    service: S,
    heard: Arc<AtomicBool>,
}

impl<S: Service<Request<Timely>>> Service<Request<Incoming>> for Heard<S>
where
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let answer = self.service.call(request.map(Timely::new));
        let heard = Arc::clone(&self.heard);
        Box::pin(async move {
            let answer = answer.await;
            heard.store(true, Ordering::Relaxed);
            answer
        })
    }
}

/// Connections that have been answered nothing yet, the oldest first: the first to go when another needs a place.
#[derive(Default)]
struct Silent(VecDeque<(AbortHandle, Arc<AtomicBool>)>);

impl Silent {
    fn one_goes(&mut self) {
        while let Some((connection, heard)) = self.0.pop_front() {
            if !connection.is_finished() && !heard.load(Ordering::Relaxed) {
                return connection.abort();
            }
        }
    }
}

/// Serves HTTP/1.1 until `stop`, `most` connections at a time. Another one takes the place of the oldest that has been
/// answered nothing yet, so that nobody shuts a page by holding it open; without one it waits. One that is silent for 30
/// seconds, before a request or in the midst of it, is closed. Requests under way at the stop are finished, within five seconds. `service` makes what answers a
/// connection from its peer's address.
pub async fn pages<S, B>(
    listener: TcpListener,
    most: usize,
    service: impl Fn(SocketAddr) -> S,
    stop: impl Future<Output = ()>,
) where
    S: Service<Request<Timely>, Response = Response<B>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Boxed>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Boxed>,
{
    let places = Arc::new(Semaphore::new(most));
    let (end, ended) = watch::channel(false);
    let (mut patience, mut silent) = (Patience::new("the page"), Silent::default());
    let mut open = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places, &mut silent) => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, address, place)) => {
                patience.well();
                let heard = Arc::<AtomicBool>::default();
                let service = Heard { service: service(address), heard: Arc::clone(&heard) };
                silent.0.push_back((open.spawn(connection(stream, service, place, ended.clone())), heard));
            }
            Err(error) => {
                let pause = patience.failed(&error);
                if timeout(pause, &mut stop).await.is_ok() {
                    break;
                }
            }
        }
        while open.try_join_next().is_some() {}
        if silent.0.len() > 2 * most {
            silent
                .0
                .retain(|(connection, heard)| !connection.is_finished() && !heard.load(Ordering::Relaxed));
        }
    }
    drop(listener);
    end.send_replace(true);
    // What is left is closed with the set.
    let _ = timeout(DRAIN, async { while open.join_next().await.is_some() {} }).await;
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    silent: &mut Silent,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let (stream, address) = listener.accept().await?;
    if places.available_permits() == 0 {
        silent.one_goes();
    }
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    Ok((stream, address, place))
}

async fn connection<S, B>(
    stream: TcpStream,
    service: Heard<S>,
    place: OwnedSemaphorePermit,
    mut ended: watch::Receiver<bool>,
) where
    S: Service<Request<Timely>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: Into<Boxed>,
    B: Body + 'static,
    B::Error: Into<Boxed>,
{
    // Only a hint: refused, answers are slower, not wrong.
    let _ = stream.set_nodelay(true);
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(IDLE);
    let mut serving = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
    let stopped = async { drop(ended.wait_for(|ended| *ended).await) };
    // How it ends is the peer's affair, and the text of an error may hold what the peer sent.
    let over = tokio::select! {
        _ = serving.as_mut() => true,
        () = stopped => false,
    };
    if !over {
        serving.as_mut().graceful_shutdown();
        let _ = serving.await;
    }
    drop(place);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use hyper::service::service_fn;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::{mpsc, oneshot};

    use super::*;

    async fn ask(address: SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn who_asks_nothing_holds_no_page_and_no_stop() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let answer = |from: SocketAddr| {
            service_fn(
                move |_| async move { Ok::<_, std::convert::Infallible>(Response::new(from.to_string())) },
            )
        };
        let serving = tokio::spawn(pages(listener, 2, answer, async move { drop(stopped.await) }));
        let mut silent = Vec::new();
        for _ in 0..10 {
            silent.push(TcpStream::connect(address).await.unwrap());
            let mut drips = TcpStream::connect(address).await.unwrap();
            drips.write_all(b"GET /").await.unwrap();
            silent.push(drips);
        }
        let said = timeout(Duration::from_secs(20), ask(address)).await.unwrap();
        assert!(said.starts_with("HTTP/1.1 200") && said.contains("127.0.0.1:"), "{said}");
        stop.send(()).unwrap();
        timeout(Duration::from_secs(20), serving).await.unwrap().unwrap();
    }

    async fn whole<B: Body<Error: Into<Boxed>> + Unpin>(mut body: B) -> Result<(), Boxed> {
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            frame.map_err(Into::into)?;
        }
        Ok(())
    }

    #[tokio::test]
    async fn who_ends_no_request_holds_no_page_either() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (head, mut heads) = mpsc::unbounded_channel();
        let answer = move |_| {
            let head = head.clone();
            service_fn(move |request: Request<Timely>| {
                let _ = head.send(());
                async { whole(request.into_body()).await.map(|()| Response::new(String::from("whole"))) }
            })
        };
        let serving = tokio::spawn(pages(listener, 2, answer, std::future::pending()));
        let mut halves = Vec::new();
        for _ in 0..2 {
            let mut half = TcpStream::connect(address).await.unwrap();
            half.write_all(b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 9\r\n\r\n1234").await.unwrap();
            timeout(Duration::from_secs(20), heads.recv()).await.unwrap().unwrap();
            halves.push(half);
        }
        let said = timeout(Duration::from_secs(20), ask(address)).await.unwrap();
        assert!(said.starts_with("HTTP/1.1 200") && said.ends_with("whole"), "{said}");
        serving.abort();
    }

    /// A body that never comes.
    struct Never;

    impl Body for Never {
        type Data = &'static [u8];
        type Error = Boxed;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<&'static [u8]>, Boxed>>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_ends_also_where_the_connection_was_answered_before() {
        let late = Timely { body: Never, end: Box::pin(sleep(Duration::from_millis(10))) };
        let ended = timeout(Duration::from_secs(20), whole(late)).await.unwrap().unwrap_err();
        assert_eq!(ended.downcast::<io::Error>().unwrap().kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn a_door_that_gets_no_connection_pauses_and_a_peer_that_left_costs_none() {
        let mut patience = Patience::new("a test");
        assert_eq!(patience.failed(&io::ErrorKind::ConnectionAborted.into()), Duration::ZERO);
        assert!(!patience.told);
        let none_left = io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error());
        assert_eq!(patience.failed(&none_left), PAUSE);
        assert!(patience.told);
        patience.well();
        assert!(!patience.told);
    }
}
