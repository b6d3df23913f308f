//! The `[intake]` table of the configuration and all its faults at once.
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::caller_config::Caller;
use crate::config_rules::{MAX_PDU_RULE, TITLE_RULE, is_max_pdu, is_title};
use crate::error::ConfigFault;
use crate::identity_config::IdentityConfig;
use crate::tls_config::TlsConfig;
use dimse::pdu::MAX_PDU;
use store::units::{Size, Span};

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
    /// Take performed procedure steps as a signal that a study is complete (default yes).
    #[serde(default = "yes")]
    pub mpps: bool,
    /// Which parts of storage commitment are offered; not configured here: `[commitment]` and `[[forward]]` say it.
    #[serde(skip)]
    pub commitment: Commitment,
    /// Private storage SOP classes: UIDs or, ending in a dot, prefixes.
    #[serde(default)]
    pub private_sop_classes: Vec<String>,
    /// Private transfer syntaxes: UIDs or, ending in a dot, prefixes.
    #[serde(default)]
    pub private_transfer_syntaxes: Vec<String>,
    /// Largest PDU we offer to take (default and most 128 KiB).
    #[serde(default = "max_pdu")]
    pub max_pdu: Size,
    /// `[intake.identity]`: what becomes of a user identity in an association request.
    #[serde(default)]
    pub identity: IdentityConfig,
    /// `[intake.tls]`: a second listener, for TLS.
    #[serde(default)]
    pub tls: Option<TlsConfig>,
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

/// Which parts of storage commitment are offered; the appliance says it before reception is bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Commitment {
    /// Scanners may ask us (we are the provider).
    pub provide: bool,
    /// Archives may report to us on associations of their own (we are the user).
    pub user: bool,
}

fn listen() -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0], 11112))
}
fn ae_title() -> String {
    "SCANSIDE".to_owned()
}
fn yes() -> bool {
    true
}
fn max_pdu() -> Size {
    Size(u64::from(MAX_PDU))
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
            mpps: true,
            commitment: Commitment::default(),
            private_sop_classes: Vec::new(),
            private_transfer_syntaxes: Vec::new(),
            max_pdu: max_pdu(),
            identity: IdentityConfig::default(),
            tls: None,
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
    /// Whether only this machine can reach us.
    pub fn is_local(&self) -> bool {
        self.listen.ip().is_loopback() && self.tls.as_ref().is_none_or(|tls| tls.listen.ip().is_loopback())
    }

    /// Every fault at once; binds nothing and reads no file. `demo` admits `"*"`, on loopback.
    pub fn check(&self, demo: bool) -> Vec<ConfigFault> {
        let mut faults = Vec::new();
        let mut fault = |key: String, words: &str| faults.push(ConfigFault { key, words: words.to_owned() });
        if !is_title(&self.ae_title) {
            fault("intake.ae_title".into(), TITLE_RULE);
        }
        if self.max_associations == 0 || self.max_associations > 1024 {
            fault("intake.max_associations".into(), "write a number from 1 to 1024");
        }
        if !is_max_pdu(self.max_pdu) {
            fault("intake.max_pdu".into(), MAX_PDU_RULE);
        }
        // An empty list admits nobody, which is safe anywhere; `"*"` is not, beyond loopback.
        for (index, caller) in self.callers.iter().enumerate() {
            caller.check(index, demo && self.is_local(), self.tls.is_some(), &mut faults);
        }
        if let Some(tls) = &self.tls {
            tls.check(self.listen, &mut faults);
        }
        self.identity.check(&mut faults);
        let mut fault = |key: String, words: &str| faults.push(ConfigFault { key, words: words.to_owned() });
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be")]
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
    fn everybody_is_admitted_in_the_demonstration_on_loopback_only() {
        let star = Caller::new("*", "*");
        let local: SocketAddr = ([127, 0, 0, 1], 11112).into();
        let open = IntakeConfig { callers: vec![star], ..IntakeConfig::default() };
        let config = IntakeConfig { listen: local, ..open.clone() };
        assert_eq!(config.check(true), []);
        assert_eq!(config.check(false).len(), 2);
        assert_eq!(open.check(true).len(), 2, "beyond loopback not even the demonstration");
        let mut tls = config.clone();
        tls.tls = Some(TlsConfig::new("c.pem".into(), "k.pem".into()));
        assert_eq!(tls.check(true).len(), 2, "TLS listens beyond loopback");
    }

    #[test]
    fn beyond_loopback_only_those_named_are_admitted() {
        for (listen, faults) in
            [("127.0.0.1:0", 0), ("[::1]:0", 0), ("0.0.0.0:0", 2), ("10.0.0.1:0", 2), ("[::]:0", 2)]
        {
            let listen = listen.parse().unwrap();
            let named = IntakeConfig {
                listen,
                callers: vec![Caller::new("CT1", "10.0.0.0/8")],
                ..IntakeConfig::default()
            };
            let open = IntakeConfig { callers: vec![Caller::new("*", "*")], ..named.clone() };
            let nobody = IntakeConfig { callers: Vec::new(), ..named.clone() };
            assert_eq!((named.check(false).len(), nobody.check(false).len()), (0, 0), "{listen}");
            assert_eq!(open.check(true).len(), faults, "{listen}");
        }
    }

    #[test]
    fn tls_and_the_limits_of_a_caller_read_and_are_checked() {
        let text = "listen = \"127.0.0.1:11112\"\nmax_pdu = \"64KiB\"\n[tls]\ncertificate = \"c\"\nkey = \"k\"\n\
             client_ca = \"a\"\nclient_certificate = \"required\"\nreload = \"1m\"\n\
             [[callers]]\nae_title = \"CT1\"\naddress = \"10.0.0.7\"\ntls_only = true\nmax_associations = 2\n\
             associations_per_minute = 60\nbytes_per_day = \"200GiB\"\nmax_pdu = 16384\n\
             quirks = [\"abort-is-release\", \"prefer-implicit\"]\n";
        let config: IntakeConfig = toml::from_str(text).unwrap();
        assert_eq!(config.check(false), []);
        let mut bad = config.clone();
        bad.max_pdu = Size(1 << 20);
        bad.callers[0] = Caller {
            max_associations: Some(0),
            associations_per_minute: Some(0),
            bytes_per_day: Some(Size(0)),
            max_pdu: Some(Size(1)),
            ..bad.callers[0].clone()
        };
        bad.tls.as_mut().unwrap().client_ca = None;
        bad.tls.as_mut().unwrap().listen = ([127, 0, 0, 1], 11112).into();
        bad.tls.as_mut().unwrap().reload = Span(Duration::ZERO);
        assert_eq!(bad.check(false).len(), 8);
        bad.tls = None;
        assert!(bad.check(false).iter().any(|fault| fault.key == "intake.callers[0].tls_only"));
        for quirk in ["nothing-known", "AnyCalledTitle"] {
            assert!(toml::from_str::<IntakeConfig>(&text.replace("prefer-implicit", quirk)).is_err());
        }
        for (quirk, name, about) in crate::caller_config::Quirk::ALL {
            assert_eq!(toml::Value::try_from(quirk).unwrap().as_str(), Some(*name));
            assert!(about.trim().ends_with('.'));
        }
    }

    #[test]
    fn all_faults_are_reported_at_once() {
        let config = IntakeConfig {
            ae_title: "A TITLE THAT IS TOO LONG".into(),
            max_associations: 0,
            callers: vec![Caller::new("A\\B", "10.0.0.0/33")],
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
