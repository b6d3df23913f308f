//! `[alarm]`: until when a flag must be acknowledged, and whom to call then.

use std::path::PathBuf;
use std::time::Duration;

use proto::case::Priority;
use serde::{Deserialize, Serialize};

/// Contacts at most.
const CONTACTS_MAX: usize = 16;

/// `[alarm]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Within what time a STAT flag is to be acknowledged. The site chooses: no authority names one.
    #[serde(with = "maybe")]
    pub stat: Option<Duration>,
    /// The same of an URGENT flag.
    #[serde(with = "maybe")]
    pub urgent: Option<Duration>,
    /// The same of every other flag.
    #[serde(with = "maybe")]
    pub routine: Option<Duration>,
    /// Whom to call, the first first.
    pub contact: Vec<Contact>,
    /// How e-mail leaves.
    pub smtp: Option<Smtp>,
}

/// Somebody to call: by `webhook` or by `email`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contact {
    /// A name for the timeline, such as `reading room`.
    pub name: String,
    /// Address that takes a POST with JSON.
    #[serde(default)]
    pub webhook: Option<String>,
    /// E-mail address.
    #[serde(default)]
    pub email: Option<String>,
}

/// The mail server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Smtp {
    /// Host name.
    pub server: String,
    /// Port.
    pub port: u16,
    /// How the connection is protected.
    #[serde(default)]
    pub security: Security,
    /// Sender.
    pub from: String,
    /// Login name, where the server asks for one.
    #[serde(default)]
    pub user: Option<String>,
    /// File that holds the password.
    #[serde(default)]
    pub password: Option<PathBuf>,
}

/// How a mail connection is protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Security {
    /// TLS from the first byte (port 465, RFC 8314).
    #[default]
    Tls,
    /// TLS after STARTTLS, never without (port 587).
    Starttls,
    /// None: for a relay on this machine or its own network. The messages hold no identity.
    None,
}

impl Config {
    /// Within what time a flag of this priority is to be acknowledged.
    #[must_use]
    pub(crate) fn target(&self, priority: Priority) -> Option<Duration> {
        match priority {
            Priority::Stat => self.stat,
            Priority::Urgent => self.urgent,
            Priority::Routine => self.routine,
        }
    }

    /// What keeps `assist` and `settle` from being used: a flag must end somewhere.
    #[must_use]
    pub(crate) fn lacks(&self) -> Option<(&'static str, &'static str)> {
        if self.contact.is_empty() {
            return Some(("alarm.contact", "a flag must end somewhere: nobody is named to call"));
        }
        let missing =
            [("alarm.stat", self.stat), ("alarm.urgent", self.urgent), ("alarm.routine", self.routine)];
        let (key, _) = missing.into_iter().find(|(_, target)| target.is_none())?;
        Some((key, "the site has not said until when a flag must be acknowledged"))
    }

    /// What is wrong with the values, as key, what is wrong, what to write.
    #[must_use]
    pub(crate) fn faults(&self) -> Vec<(String, &'static str, &'static str)> {
        let mut faults = Vec::new();
        for (key, target) in [("stat", self.stat), ("urgent", self.urgent), ("routine", self.routine)] {
            if target.is_some_and(|t| t < Duration::from_secs(10) || t > Duration::from_secs(7 * 86_400)) {
                faults.push((key.to_owned(), "is no time a person can keep", "write \"10s\" to \"168h\""));
            }
        }
        if self.contact.len() > CONTACTS_MAX {
            faults.push(("contact".into(), "has too many entries", "name at most 16"));
        }
        for (at, contact) in self.contact.iter().enumerate() {
            let mut fault = |key: &str, what, todo| faults.push((format!("contact[{at}].{key}"), what, todo));
            if !(1..=40).contains(&contact.name.chars().count()) || contact.name.chars().any(char::is_control)
            {
                fault("name", "is no name", "write 1 to 40 characters");
            }
            match (&contact.webhook, &contact.email) {
                (Some(url), None) if !is_url(url) => {
                    fault(
                        "webhook",
                        "is no address",
                        "write https://… (or http://… within the site's own network)",
                    );
                }
                (None, Some(email)) if !is_email(email) => {
                    fault("email", "is no e-mail address", "write name@host")
                }
                (None, Some(_)) if self.smtp.is_none() => {
                    fault(
                        "email",
                        "cannot be reached: there is no [alarm.smtp]",
                        "add [alarm.smtp] with server, port, from",
                    );
                }
                (Some(_), None) | (None, Some(_)) => {}
                _ => fault("webhook", "or email: one of them is needed", "write one of the two"),
            }
        }
        if let Some(smtp) = &self.smtp {
            if !is_email(&smtp.from) {
                faults.push(("smtp.from".into(), "is no e-mail address", "write name@host"));
            }
            if smtp.user.is_some() != smtp.password.is_some() {
                faults.push(("smtp.user".into(), "and password belong together", "write both, or none"));
            }
        }
        faults
    }
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|r| !r.is_empty() && !r.contains(char::is_whitespace) && !r.contains('@'))
        && text.len() <= 500
}

fn is_email(text: &str) -> bool {
    text.len() <= 254 && text.parse::<lettre::Address>().is_ok()
}

/// A duration that may be missing.
mod maybe {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Whole(#[serde(with = "proto::units::duration")] Duration);

    pub(super) fn serialize<S: Serializer>(value: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        value.map(Whole).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        Ok(Some(Whole::deserialize(from)?.0))
    }
}
