//! The session's cookie: for this host alone, never read by scripts, never sent with another site's request.

use http::{HeaderMap, HeaderValue, header};

use crate::Error;
use crate::channel::Channel;
use crate::session::{LONGEST_MS, is_token};

/// The cookie of one product on one channel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cookie {
    product: &'static str,
    channel: Channel,
}

impl Cookie {
    pub(crate) const fn new(product: &'static str, channel: Channel) -> Self {
        Self { product, channel }
    }

    /// The prefix binds it to the host, its whole path and TLS (RFC 6265bis 4.1.3.2). Only where no browser would keep such
    /// a cookie it has none.
    fn name(self) -> String {
        let prefix = if self.channel.keeps_secure() { "__Host-" } else { "" };
        format!("{prefix}{}", self.product)
    }

    /// `Set-Cookie` for a token.
    ///
    /// # Errors
    /// `NoRandom` for a token that is not ours.
    pub(crate) fn set(self, token: &str) -> Result<HeaderValue, Error> {
        self.header(token, LONGEST_MS / 1_000)
    }

    /// `Set-Cookie` that takes it away.
    pub(crate) fn clear(self) -> Result<HeaderValue, Error> {
        self.header("", 0)
    }

    fn header(self, token: &str, seconds: i64) -> Result<HeaderValue, Error> {
        let secure = if self.channel.keeps_secure() { "; Secure" } else { "" };
        let name = self.name();
        let text = format!("{name}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
        HeaderValue::from_str(&text).map_err(|_| Error::NoRandom)
    }

    /// The token in a request. Two cookies of the name are none: one of them was put there by somebody else.
    pub(crate) fn token(self, headers: &HeaderMap) -> Option<String> {
        let name = self.name();
        let texts = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
        let pairs = texts.flat_map(|v| v.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut ours = pairs.filter(|(n, _)| *n == name).map(|(_, token)| token);
        let token = ours.next().filter(|token| is_token(token))?.to_owned();
        if ours.next().is_some() { None } else { Some(token) }
    }
}
