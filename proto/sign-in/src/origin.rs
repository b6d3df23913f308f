//! Whether a request that changes something was made by a page of this very host and scheme (RFC 6454; Fetch 3.2).

use http::{HeaderMap, HeaderName, Method, header};

use crate::channel::only;

static SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a request may go on: it changes nothing, or one of our own pages sent it. `behind_tls`: a proxy in front
/// speaks TLS, so our pages are of `https`; otherwise they are of `http`. A request without `Origin` changes nothing.
#[must_use]
pub fn from_our_page(method: &Method, headers: &HeaderMap, behind_tls: bool) -> bool {
    if matches!(*method, Method::GET | Method::HEAD) {
        return true;
    }
    // Browsers that know the header send it with every request; another word is another site's page.
    if headers.contains_key(&SITE) && only(headers, &SITE) != Some("same-origin") {
        return false;
    }
    let (Some(origin), Some(host)) = (only(headers, &header::ORIGIN), only(headers, &header::HOST)) else {
        return false;
    };
    let scheme = if behind_tls { "https" } else { "http" };
    !host.is_empty() && origin.split_once("://") == Some((scheme, host))
}
