//! How a page reaches its browser, which decides what its cookie and its origin look like.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, header};

/// The way between page and browser, as the browser sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    /// A proxy in front speaks TLS.
    Tls,
    /// Plain HTTP to an address that never leaves the machine. Browsers treat it as they treat TLS (W3C Secure Contexts,
    /// 3.1) and keep `Secure` and `__Host-` cookies for it.
    Loopback,
    /// Plain HTTP from another machine: only a demonstration listens there.
    Plain,
}

impl Channel {
    /// From the address that the browser asked for.
    pub(crate) fn of(headers: &HeaderMap, behind_tls: bool) -> Self {
        if behind_tls {
            Self::Tls
        } else if only(headers, &header::HOST).is_some_and(is_loopback) {
            Self::Loopback
        } else {
            Self::Plain
        }
    }

    /// Whether a browser keeps `Secure` cookies of this page.
    pub(crate) const fn keeps_secure(self) -> bool {
        matches!(self, Self::Tls | Self::Loopback)
    }
}

/// The value of a header that stands once and is text.
pub(crate) fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut all = headers.get_all(name).iter();
    let value = all.next()?;
    if all.next().is_some() { None } else { value.to_str().ok() }
}

/// Whether a Host header names this machine: `localhost`, a name below it, 127.0.0.0/8 or ::1.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = name.to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
