//! `[review]` of the configuration.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Who decides that a case leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// A person decides on every case.
    Required,
    /// A case leaves after a visible countdown unless somebody objects; never for what is held.
    Veto,
}

/// `[review]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the page listens.
    pub listen: SocketAddr,
    /// Who decides.
    pub mode: Mode,
    /// The countdown of `veto`, and of "send" on the page: the time in which U undoes it.
    #[serde(with = "proto::units::duration")]
    pub countdown: Duration,
    /// The telephone of the reading room, shown with held STAT studies and while the cloud is away.
    pub reading_room: String,
    /// What has asked for a person so long comes right after STAT in the list, whatever its priority.
    #[serde(with = "proto::units::duration")]
    pub longest_wait: Duration,
    /// How long a session lasts without being used; it ends twelve hours after signing in all the same.
    #[serde(with = "proto::units::duration")]
    pub session: Duration,
    /// `true` when a proxy in front of the page speaks TLS: our pages are then of `https`.
    pub behind_tls: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            mode: Mode::Required,
            countdown: Duration::from_secs(8),
            reading_room: String::new(),
            longest_wait: Duration::from_secs(4 * 3600),
            session: sign_in::IDLE,
            behind_tls: false,
        }
    }
}

impl Config {
    /// What is wrong with the values, as key, what is wrong, what to write.
    #[must_use]
    pub fn faults(&self, demo: bool) -> Vec<(&'static str, &'static str, &'static str)> {
        let mut faults = Vec::new();
        if !self.listen.ip().is_loopback() && !self.behind_tls && !demo {
            faults.push((
                "listen",
                "would send passwords in the open beyond this machine",
                "listen on 127.0.0.1 behind a proxy that speaks TLS, and set behind_tls = true",
            ));
        }
        if self.countdown > Duration::from_secs(600) {
            faults.push(("countdown", "is longer than ten minutes", "write for example \"8s\""));
        }
        if self.longest_wait < Duration::from_secs(60) {
            faults.push(("longest_wait", "is shorter than a minute", "write for example \"4h\""));
        }
        if self.session < Duration::from_secs(60) {
            faults.push(("session", "is shorter than a minute", "write for example \"8h\""));
        }
        faults
    }
}
