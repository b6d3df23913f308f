//! The `[intake]` table of the configuration and all its faults at once.
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::callers::Network;
use crate::store::units::Span;

/// `[intake]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntakeConfig {
    /// Address and port to listen on (default `0.0.0.0:11112`).
    #[serde(default = "listen")]
    pub listen: SocketAddr,
    /// Our AE title (default `SCANSIDE`).
    #[serde(default = "ae_title")]
    pub ae_title: String,
    /// Take associations that call another title than ours (default no).
    #[serde(default)]
    pub any_called_title: bool,
    /// Who may send: `[[intake.callers]]`.
    #[serde(default)]
    pub callers: Vec<Caller>,
    /// Private storage SOP classes: UIDs or, ending in a dot, prefixes.
    #[serde(default)]
    pub private_sop_classes: Vec<String>,
    /// Private transfer syntaxes: UIDs or, ending in a dot, prefixes.
    #[serde(default)]
    pub private_transfer_syntaxes: Vec<String>,
    /// Associations at the same time (default 32); more are refused as transient.
    #[serde(default = "max_associations")]
    pub max_associations: usize,
    /// From connection to complete association request (PS3.8 ARTIM; default 30 s).
    #[serde(default = "artim")]
    pub artim_timeout: Span,
    /// For one PDU to arrive inside a message (default 60 s).
    #[serde(default = "read_timeout")]
    pub read_timeout: Span,
    /// For the peer to take an answer (default 30 s).
    #[serde(default = "write_timeout")]
    pub write_timeout: Span,
    /// For an association with nothing to say (default 10 min).
    #[serde(default = "idle_timeout")]
    pub idle_timeout: Span,
    /// For objects in progress when the appliance stops (default 10 s).
    #[serde(default = "drain_timeout")]
    pub drain_timeout: Span,
}

/// `[[intake.callers]]`: one admitted sender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caller {
    /// Its calling AE title, or `"*"` (demonstration only).
    pub ae_title: String,
    /// Its address or network (`"10.0.0.7"`, `"10.0.0.0/8"`, `"fd00::/8"`), or `"*"` (demonstration only).
    pub address: String,
}

/// One fault of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// The key, for example `intake.callers[2].address`.
    pub key: String,
    /// What is wrong and what to write.
    pub words: String,
}

fn listen() -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0], 11112))
}
fn ae_title() -> String {
    "SCANSIDE".to_owned()
}
fn max_associations() -> usize {
    32
}
fn artim() -> Span {
    Span(Duration::from_secs(30))
}
fn read_timeout() -> Span {
    Span(Duration::from_secs(60))
}
fn write_timeout() -> Span {
    Span(Duration::from_secs(30))
}
fn idle_timeout() -> Span {
    Span(Duration::from_secs(600))
}
fn drain_timeout() -> Span {
    Span(Duration::from_secs(10))
}

impl Default for IntakeConfig {
    fn default() -> IntakeConfig {
        IntakeConfig {
            listen: listen(),
            ae_title: ae_title(),
            any_called_title: false,
            callers: Vec::new(),
            private_sop_classes: Vec::new(),
            private_transfer_syntaxes: Vec::new(),
            max_associations: max_associations(),
            artim_timeout: artim(),
            read_timeout: read_timeout(),
            write_timeout: write_timeout(),
            idle_timeout: idle_timeout(),
            drain_timeout: drain_timeout(),
        }
    }
}

impl IntakeConfig {
    /// Every fault at once; binds nothing. `demo` admits `"*"`.
    pub fn check(&self, demo: bool) -> Vec<ConfigFault> {
        let mut faults = Vec::new();
        let mut fault = |key: String, words: &str| faults.push(ConfigFault { key, words: words.to_owned() });
        if !is_title(&self.ae_title) {
            fault("intake.ae_title".into(), TITLE_RULE);
        }
        if self.max_associations == 0 || self.max_associations > 1024 {
            fault("intake.max_associations".into(), "write a number from 1 to 1024");
        }
        for (index, caller) in self.callers.iter().enumerate() {
            let wild = |value: &str| value == "*";
            if !(is_title(&caller.ae_title) || wild(&caller.ae_title) && demo) {
                let rule = if wild(&caller.ae_title) { STAR_RULE } else { TITLE_RULE };
                fault(format!("intake.callers[{index}].ae_title"), rule);
            }
            if !(caller.address.parse::<Network>().is_ok() || wild(&caller.address) && demo) {
                let rule = if wild(&caller.address) { STAR_RULE } else { ADDRESS_RULE };
                fault(format!("intake.callers[{index}].address"), rule);
            }
        }
        for (key, uids) in [
            ("intake.private_sop_classes", &self.private_sop_classes),
            ("intake.private_transfer_syntaxes", &self.private_transfer_syntaxes),
        ] {
            for (index, uid) in uids.iter().enumerate() {
                let digits = uid.bytes().all(|b| b.is_ascii_digit() || b == b'.');
                if !digits || uid.len() < 3 || uid.len() > 64 || uid.starts_with('.') {
                    fault(format!("{key}[{index}]"), "write a UID, or a prefix that ends in a dot");
                }
            }
        }
        for (key, span) in [
            ("intake.artim_timeout", self.artim_timeout),
            ("intake.read_timeout", self.read_timeout),
            ("intake.write_timeout", self.write_timeout),
            ("intake.idle_timeout", self.idle_timeout),
        ] {
            if span.0.is_zero() {
                fault(key.into(), "write more than 0s");
            }
        }
        faults
    }
}

const TITLE_RULE: &str = "write 1 to 16 printable ASCII characters without a backslash";
const STAR_RULE: &str = "\"*\" is for the demonstration only; write the sender's own value";
const ADDRESS_RULE: &str = "write an address or a network, for example \"10.0.0.7\" or \"10.0.0.0/8\"";

/// An AE title in configuration (PS3.5 6.2, VR AE); `"*"` alone is kept for "everybody".
fn is_title(text: &str) -> bool {
    text != "*"
        && !text.trim().is_empty()
        && text.trim() == text
        && text.len() <= 16
        && text.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'\\')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_table_of_the_handbook_reads() {
        let config: IntakeConfig = toml::from_str(
            "listen = \"127.0.0.1:0\"\nae_title = \"BOX\"\nidle_timeout = \"5m\"\n\
             [[callers]]\nae_title = \"CT1\"\naddress = \"10.0.0.0/8\"\n",
        )
        .unwrap();
        assert_eq!(config.check(false), []);
        assert_eq!(config.idle_timeout.0, Duration::from_secs(300));
        assert!(toml::from_str::<IntakeConfig>("ae_titel = \"X\"").is_err());
        assert!(toml::from_str::<IntakeConfig>("[[callers]]\nae_title = \"A\"").is_err());
    }

    #[test]
    fn everybody_is_admitted_in_the_demonstration_only() {
        let star = Caller { ae_title: "*".into(), address: "*".into() };
        let config = IntakeConfig { callers: vec![star], ..IntakeConfig::default() };
        assert_eq!(config.check(true), []);
        assert_eq!(config.check(false).len(), 2);
    }

    #[test]
    fn all_faults_are_reported_at_once() {
        let config = IntakeConfig {
            ae_title: "A TITLE THAT IS TOO LONG".into(),
            max_associations: 0,
            callers: vec![Caller { ae_title: "A\\B".into(), address: "10.0.0.0/33".into() }],
            private_sop_classes: vec!["one.two".into()],
            read_timeout: Span(Duration::ZERO),
            ..IntakeConfig::default()
        };
        let keys: Vec<String> = config.check(true).into_iter().map(|fault| fault.key).collect();
        assert_eq!(
            keys,
            [
                "intake.ae_title",
                "intake.max_associations",
                "intake.callers[0].ae_title",
                "intake.callers[0].address",
                "intake.private_sop_classes[0]",
                "intake.read_timeout"
            ]
        );
        // Nobody may send yet: right for a new site, whose page shows each refused caller with the lines to add.
        assert_eq!(IntakeConfig::default().check(false), []);
    }
}
