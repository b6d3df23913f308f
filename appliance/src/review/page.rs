//! The page's server: its addresses, the check that every request passes, bind and run.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::app::{App, Refusal};
use super::words::say;
use super::{Backend, Config, assets, routes, sign_in, stream};

/// Longest body of a request in bytes.
const BODY_BYTES_MAX: usize = 16 << 10;

/// Nothing inline, nothing from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Headers that every answer carries, refusals included.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The page as a function of a request, and the looks at the ledger that open pages live on: whoever serves the page
/// runs both until `stop`, and neither without the other.
pub fn router<H: Backend>(
    backend: Arc<H>,
    stop: CancellationToken,
) -> (Router, impl Future<Output = ()> + Send) {
    let app = Arc::new(App::new(backend, stop));
    let looks = stream::run(Arc::clone(&app));
    let router = Router::new()
        .route("/", get(routes::home::<H>))
        .route("/study/{id}", get(routes::study_page::<H>))
        .route("/login", get(routes::sign_in_page::<H>))
        .route("/setup", get(routes::sign_in_page::<H>))
        .route("/assets/{name}", get(assets::asset))
        .route("/metrics", get(routes::metrics::<H>))
        .route("/favicon.ico", get(assets::favicon))
        .route("/api/sign-in", post(sign_in::enter::<H>))
        .route("/api/setup", post(sign_in::setup::<H>))
        .route("/api/sign-out", post(sign_in::leave::<H>))
        .route("/api/live", get(stream::stream::<H>))
        .route("/api/list", get(stream::list::<H>))
        .route("/api/find", post(routes::find::<H>))
        .route("/api/study/{id}", get(routes::study::<H>))
        .route("/api/study/{id}/frame/{index}", get(routes::frame::<H>))
        .route("/api/study/{id}/full/{index}", get(routes::full::<H>))
        .route("/study/{id}/statement", get(routes::statement::<H>))
        .route("/api/study/{id}/name", post(routes::name::<H>))
        .route("/api/study/{id}/attributes", post(routes::attributes::<H>))
        .route("/api/study/{id}/process", post(routes::process::<H>))
        .route("/api/decide", post(routes::decide::<H>))
        .fallback(|| async { Refusal::new(StatusCode::NOT_FOUND, say::UNKNOWN) })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), check_request::<H>))
        .with_state(app);
    (router, looks)
}

/// Every request passes here: changes only from our own page, and the headers on every answer.
async fn check_request<H: Backend>(State(app): State<Arc<App<H>>>, request: Request, next: Next) -> Response {
    let tls = app.backend.config().behind_tls;
    let ours = ::sign_in::from_our_page(request.method(), request.headers(), tls);
    let mut answer = if ours {
        next.run(request).await
    } else {
        Refusal::new(StatusCode::FORBIDDEN, say::FOREIGN).into_response()
    };
    for (name, value) in HEADERS {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// A bound page.
pub struct Page<H> {
    listener: TcpListener,
    address: SocketAddr,
    backend: Arc<H>,
}

impl<H> std::fmt::Debug for Page<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").field("address", &self.address).finish_non_exhaustive()
    }
}

impl<H: Backend> Page<H> {
    /// Binds the configured address.
    ///
    /// # Errors
    /// How the system refused it.
    pub async fn bind(config: Config, backend: Arc<H>) -> Result<Self, std::io::ErrorKind> {
        let listener = TcpListener::bind(config.listen).await.map_err(|e| e.kind())?;
        let address = listener.local_addr().map_err(|e| e.kind())?;
        Ok(Self { listener, address, backend })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, `most` connections at a time; open streams end with it.
    pub async fn run(self, most: usize, stop: CancellationToken) {
        let (router, looks) = router(self.backend, stop.clone());
        let service = |address: SocketAddr| {
            TowerToHyperService::new(router.clone().layer(Extension(ConnectInfo(address))))
        };
        let serving = proto::serve::pages(self.listener, most, service, stop.cancelled_owned());
        tokio::pin!(serving);
        // The looks end with `stop`, and serving then takes its time; serving that ends by itself ends all.
        tokio::select! {
            () = &mut serving => {}
            () = looks => serving.await,
        }
    }
}
