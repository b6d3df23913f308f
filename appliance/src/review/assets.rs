//! The files of the page, as they are in the source tree: one table.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::app::Refusal;
use super::words::say;

/// The page; `{{csrf}}`, `{{study}}`, `{{user}}` and `{{site}}` are filled in.
pub(super) const PAGE: &str = include_str!("assets/page.html");
/// The page to sign in; `{{demo}}` and `{{site}}` are filled in.
pub(super) const SIGN_IN: &str = include_str!("assets/sign_in.html");

const MODULE: &str = "text/javascript; charset=utf-8";

/// Name, type, bytes.
const FILES: [(&str, &str, &[u8]); 15] = [
    ("page.css", "text/css; charset=utf-8", include_bytes!("assets/page.css")),
    ("icon.svg", "image/svg+xml", include_bytes!("assets/icon.svg")),
    ("page.js", MODULE, include_bytes!("assets/page.js")),
    ("strings.js", MODULE, include_bytes!("assets/strings.js")),
    ("ask.js", MODULE, include_bytes!("assets/ask.js")),
    ("live.js", MODULE, include_bytes!("assets/live.js")),
    ("list.js", MODULE, include_bytes!("assets/list.js")),
    ("study.js", MODULE, include_bytes!("assets/study.js")),
    ("note.js", MODULE, include_bytes!("assets/note.js")),
    ("attributes.js", MODULE, include_bytes!("assets/attributes.js")),
    ("window.js", MODULE, include_bytes!("assets/window.js")),
    ("image.js", MODULE, include_bytes!("assets/image.js")),
    ("places.js", MODULE, include_bytes!("assets/places.js")),
    ("theme.js", MODULE, include_bytes!("assets/theme.js")),
    ("sign_in.js", MODULE, include_bytes!("assets/sign_in.js")),
];

/// `GET /assets/{name}`.
pub(super) async fn asset(Path(name): Path<String>) -> Result<Response, Refusal> {
    file(&name)
}

/// `GET /favicon.ico`: browsers ask for it whatever the page says.
pub(super) async fn favicon() -> Result<Response, Refusal> {
    file("icon.svg")
}

fn file(name: &str) -> Result<Response, Refusal> {
    let found = FILES.iter().find(|f| f.0 == name);
    let (_, kind, bytes) = found.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, say::UNKNOWN))?;
    Ok(([(header::CONTENT_TYPE, *kind)], *bytes).into_response())
}
