//! The page for people: the queue, a case with its images and draft, sites. The only room that names `axum`.
//!
//! Server-written HTML and a few small modules, embedded. No identity is here to show: cases are named by our own
//! numbers, titles name none. Images are opened by a worker on demand and kept in memory for minutes only.

mod assets;
mod case;
mod door;
mod error;
mod html;
mod images;
mod list;
mod live;
mod sign;
mod sign_in;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use ::sign_in::{IDLE, Settings, SignIn};
use axum::extract::{ConnectInfo, DefaultBodyLimit};
use axum::middleware;
use axum::routing::{get, post};
use axum::{Extension, Router};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use error::Error;
pub use images::{Images, View};

use crate::queue::{Limits, Millis, Queue};

/// What the page works with.
#[derive(Clone)]
pub struct Page {
    queue: Queue,
    images: Arc<images::Kept>,
    limits: Limits,
    /// A TLS proxy stands in front.
    behind_tls: bool,
    clock: fn() -> Millis,
    stop: watch::Receiver<bool>,
    sign_in: Arc<SignIn>,
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Page")
    }
}

/// Bytes of a form.
const FORM_BYTES_MAX: usize = 256 * 1024;
/// The session's cookie.
const COOKIE: &str = "scanside_cloud";

impl Page {
    /// A page over this queue; `images` opens cases, `limits` bound the leases of people.
    pub fn new(
        queue: Queue,
        images: Arc<dyn Images>,
        limits: Limits,
        behind_tls: bool,
        clock: fn() -> Millis,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self {
            queue,
            images: Arc::new(images::Kept::new(images)),
            limits,
            behind_tls,
            clock,
            stop,
            sign_in: Arc::new(SignIn::new(Settings { cookie: COOKIE, behind_tls, idle: IDLE })),
        }
    }

    fn now(&self) -> Millis {
        (self.clock)()
    }

    /// All paths; a function of requests, so that tests need no socket.
    pub fn router(self) -> Router {
        Router::new()
            .route("/", get(list::page))
            .route("/rows", get(list::rows))
            .route("/events", get(live::events))
            .route("/sign-in", get(sign_in::form).post(sign_in::enter))
            .route("/welcome", get(sign_in::welcome).post(sign_in::use_code))
            .route("/welcome/code", post(sign_in::about_code))
            .route("/sign-out", post(sign_in::leave))
            .route("/case/{key}", get(case::page))
            .route("/case/{key}/lease", post(case::lease))
            .route("/case/{key}/renew", post(case::renew))
            .route("/case/{key}/facts", get(case::facts))
            .route("/case/{key}/frame/{index}", get(case::frame))
            .route("/case/{key}/draft", get(sign::draft))
            .route("/case/{key}/sign", post(sign::sign))
            .route("/case/{key}/lower-priority", post(sign::lower))
            .route("/case/{key}/return", post(case::give_back))
            .route("/case/{key}/bury", post(case::bury))
            .route("/assets/{name}", get(assets::asset))
            .route("/favicon.ico", get(assets::favicon))
            .fallback(error::not_found)
            .layer(middleware::from_fn_with_state(self.clone(), door::origin))
            .layer(middleware::from_fn(door::headers))
            .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
            .with_state(self)
    }
}

/// Serves the page on this listener until `stop` resolves, `most` connections at a time; requests under way are finished.
pub async fn serve(page: Page, listener: TcpListener, most: usize, stop: impl Future<Output = ()>) {
    let router = page.router();
    let service =
        |address: SocketAddr| TowerToHyperService::new(router.clone().layer(Extension(ConnectInfo(address))));
    proto::serve::pages(listener, most, service, stop).await;
}
