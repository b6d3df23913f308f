//! The files of the page, embedded.

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};

use super::Error;

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const FILES: &[(&str, &str, &[u8])] = &[
    ("page.css", "text/css; charset=utf-8", include_bytes!("assets/page.css")),
    ("list.js", JAVASCRIPT, include_bytes!("assets/list.js")),
    ("case.js", JAVASCRIPT, include_bytes!("assets/case.js")),
    ("image.js", JAVASCRIPT, include_bytes!("assets/image.js")),
    ("window.js", JAVASCRIPT, include_bytes!("assets/window.js")),
    ("welcome.js", JAVASCRIPT, include_bytes!("assets/welcome.js")),
    ("favicon.svg", "image/svg+xml", include_bytes!("assets/favicon.svg")),
];

pub(super) async fn asset(Path(name): Path<String>) -> Result<Response, Error> {
    let (_, kind, bytes) = FILES.iter().find(|(n, ..)| *n == name).ok_or(Error::NotFound)?;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    // They change with the binary and name no version: ask again each time, they are small.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

pub(super) async fn favicon() -> Result<Response, Error> {
    asset(Path("favicon.svg".to_owned())).await
}
