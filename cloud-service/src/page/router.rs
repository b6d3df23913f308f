//! The page's paths, and serving them.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, DefaultBodyLimit};
use axum::middleware;
use axum::routing::{get, post};
use axum::{Extension, Router};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

use super::{Page, assets, case, error, layers, list, live, sign, sign_in};

/// Bytes of a form.
const FORM_BYTES_MAX: usize = 256 * 1024;
impl Page {
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
            .layer(middleware::from_fn_with_state(self.clone(), layers::origin))
            .layer(middleware::from_fn(layers::headers))
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
