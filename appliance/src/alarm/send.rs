//! Makes a call: POST to a webhook, or an e-mail by SMTP.

use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::{Config, Contact, Message, Security, Smtp};

/// Longest time for one call.
const CALL: Duration = Duration::from_secs(15);

/// Why a call did not get through. The far end's own words are never kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nobody listens there.
    #[error("the address does not answer")]
    Unreachable,
    /// It listens and does not want it.
    #[error("the far end refused it")]
    Refused,
    /// It took too long.
    #[error("no answer within 15 s")]
    Late,
    /// The mail server's password file cannot be read.
    #[error("the file of alarm.smtp.password cannot be read")]
    Password,
    /// The configuration names no way.
    #[error("the configuration names no way to it")]
    NoWay,
    /// TLS or the client cannot be set up here.
    #[error("the connection cannot be set up on this machine")]
    Local,
}

/// What makes calls.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    http: reqwest::Client,
    smtp: Option<Smtp>,
}

impl Caller {
    /// A caller with the site's mail server.
    ///
    /// # Errors
    /// [`Error::Local`] when TLS cannot be set up.
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        // A redirect or a proxy would take the message elsewhere than the site wrote.
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(CALL)
            .build()
            .map_err(|_| Error::Local)?;
        Ok(Self { http, smtp: config.smtp.clone() })
    }

    /// Calls a contact. Done when the far end has taken the message; whether a person saw it only acknowledging tells.
    ///
    /// # Errors
    /// Why it did not get through.
    pub(crate) async fn call(&self, contact: &Contact, message: &Message) -> Result<(), Error> {
        let call = async {
            match (&contact.webhook, &contact.email) {
                (Some(url), _) => self.post(url, message).await,
                (None, Some(email)) => self.mail(email, message).await,
                (None, None) => Err(Error::NoWay),
            }
        };
        tokio::time::timeout(CALL, call).await.map_err(|_| Error::Late)?
    }

    async fn post(&self, url: &str, message: &Message) -> Result<(), Error> {
        let sent = self.http.post(url).json(message).send().await;
        match sent {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(_) => Err(Error::Refused),
            Err(e) if e.is_timeout() => Err(Error::Late),
            Err(_) => Err(Error::Unreachable),
        }
    }

    async fn mail(&self, to: &str, message: &Message) -> Result<(), Error> {
        let smtp = self.smtp.as_ref().ok_or(Error::NoWay)?;
        let email = lettre::Message::builder()
            .from(smtp.from.parse().map_err(|_| Error::NoWay)?)
            .to(to.parse().map_err(|_| Error::NoWay)?)
            .subject(message.subject())
            .body(message.text.clone())
            .map_err(|_| Error::NoWay)?;
        match transport(smtp)?.send(email).await {
            Ok(_) => Ok(()),
            Err(e) if e.is_timeout() => Err(Error::Late),
            Err(e) if e.is_permanent() || e.is_transient() => Err(Error::Refused),
            Err(_) => Err(Error::Unreachable),
        }
    }
}

fn transport(smtp: &Smtp) -> Result<AsyncSmtpTransport<Tokio1Executor>, Error> {
    let tls = || TlsParameters::new(smtp.server.clone()).map_err(|_| Error::Local);
    let protection = match smtp.security {
        Security::Tls => Tls::Wrapper(tls()?),
        Security::Starttls => Tls::Required(tls()?),
        Security::None => Tls::None,
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.server)
        .port(smtp.port)
        .tls(protection)
        .timeout(Some(CALL));
    if let (Some(user), Some(file)) = (&smtp.user, &smtp.password) {
        let password = std::fs::read_to_string(file).map_err(|_| Error::Password)?;
        builder = builder.credentials(Credentials::new(user.clone(), password.trim_end().to_owned()));
    }
    Ok(builder.build())
}
