//! `[[forward]]`: where originals go on to, read and checked without touching the network.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::tls_config::DestinationTls;
use dimse::{Peer, host_of};
use store::units::Span;

/// One destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// Its name on the page, in `status` and in logs, and its key in the ledger: keep it.
    pub name: String,
    /// `host:port`; the name is resolved anew for each association.
    pub address: String,
    /// Its AE title.
    pub called_ae_title: String,
    /// Ours towards it (default: `intake.ae_title`).
    #[serde(default)]
    pub calling_ae_title: String,
    /// Only these modalities (default: all). What names no modality goes too: sending too much loses nothing.
    #[serde(default)]
    pub modalities: BTreeSet<String>,
    /// Only what came from these calling AE titles (default: all).
    #[serde(default)]
    pub callers: BTreeSet<String>,
    /// Whether it is asked to commit to what it was given (Storage Commitment, PS3.4 annex J): an original counts as
    /// safe there, and may leave this disk, only once it has.
    #[serde(default)]
    pub commit: bool,
    /// `"as_sent"`, the only value: an original is never converted.
    #[serde(default = "as_sent")]
    pub transfer_syntax: String,
    /// Associations at the same time (default 2).
    #[serde(default = "max_associations")]
    pub max_associations: usize,
    /// Attempts that count before an instance becomes a dead letter (default 10).
    #[serde(default = "max_attempts")]
    pub max_attempts: u32,
    /// First pause after a failure (default 5 s); it doubles.
    #[serde(default = "retry_first")]
    pub retry_first: Span,
    /// Longest pause (default 5 min).
    #[serde(default = "retry_max")]
    pub retry_max: Span,
    /// How long the destination may take for one answer (default 60 s).
    #[serde(default = "timeout")]
    pub timeout: Span,
    /// `[forward.tls]`: only over TLS (default: plain DICOM).
    #[serde(default)]
    pub tls: Option<DestinationTls>,
}

fn as_sent() -> String {
    "as_sent".to_owned()
}
fn max_associations() -> usize {
    2
}
fn max_attempts() -> u32 {
    10
}
fn retry_first() -> Span {
    Span(Duration::from_secs(5))
}
fn retry_max() -> Span {
    Span(Duration::from_secs(300))
}
fn timeout() -> Span {
    Span(Duration::from_secs(60))
}

impl Rule {
    /// Whether an instance of this modality (may be empty) from this calling title goes there.
    #[must_use]
    pub(crate) fn takes(&self, modality: &str, calling: &str) -> bool {
        let modality_fits =
            self.modalities.is_empty() || modality.is_empty() || self.modalities.contains(modality);
        modality_fits && (self.callers.is_empty() || self.callers.contains(calling))
    }

    /// The peer to associate with.
    #[must_use]
    pub(crate) fn peer(&self) -> Peer {
        Peer {
            address: self.address.clone(),
            called: self.called_ae_title.clone(),
            calling: self.calling_ae_title.clone(),
            patience: self.timeout.0,
            tls: self.tls.as_ref().map(DestinationTls::files),
        }
    }
}

/// A fault of one rule: key, what is wrong, what to write.
pub(super) type RuleFault = (String, &'static str, &'static str);

const TITLE: &str = "write 1 to 16 printable ASCII characters without a backslash";

/// Every fault of the rules at once. `ourselves` is where we listen and our AE title.
#[must_use]
pub(crate) fn faults(rules: &[Rule], ourselves: (SocketAddr, &str)) -> Vec<RuleFault> {
    let mut faults: Vec<RuleFault> = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let mut fault =
            |key: &str, wrong, write| faults.push((format!("forward[{index}].{key}"), wrong, write));
        if !is_name(&rule.name) {
            fault("name", "is not a name", "write 1 to 32 letters, digits, - or _, e.g. \"pacs\"");
        }
        if rules.iter().take(index).any(|other| other.name == rule.name) {
            fault("name", "is the name of another rule too", "write a name of its own");
        }
        if !is_address(&rule.address) {
            fault("address", "is not host:port", "write e.g. \"pacs.example:104\" or \"10.0.0.20:104\"");
        } else if goes_round(rule, ourselves) {
            fault("address", "is this appliance itself", "write the address of the archive");
        }
        if !is_title(&rule.called_ae_title) {
            fault("called_ae_title", "is not an AE title", TITLE);
        }
        if !is_title(&rule.calling_ae_title) {
            fault("calling_ae_title", "is not an AE title", TITLE);
        }
        if rule.callers.iter().any(|title| !is_title(title)) {
            fault("callers", "holds what is not an AE title", TITLE);
        }
        // PS3.3 C.7.3.1.1.1: defined terms are upper case letters and digits.
        let is_modality = |m: &String| {
            (1..=16).contains(&m.len()) && m.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        };
        if !rule.modalities.iter().all(is_modality) {
            fault("modalities", "holds what is not a modality", "write e.g. [\"CT\", \"DX\"]");
        }
        if rule.transfer_syntax != "as_sent" {
            fault("transfer_syntax", "would convert originals", "write \"as_sent\", the only value");
        }
        if !(1..=32).contains(&rule.max_associations) {
            fault("max_associations", "is not a number of associations", "write 1 to 32");
        }
        if !(1..=1_000).contains(&rule.max_attempts) {
            fault("max_attempts", "is not a number of attempts", "write 1 to 1000");
        }
        if rule.retry_first.0.is_zero() || rule.retry_first.0 > rule.retry_max.0 {
            fault("retry_first", "is zero or longer than retry_max", "write e.g. \"5s\"");
        }
        if rule.retry_max.0 > Duration::from_secs(24 * 3600) {
            fault("retry_max", "is longer than a day", "write e.g. \"5m\"");
        }
        if rule.timeout.0 < Duration::from_secs(1) || rule.timeout.0 > Duration::from_secs(3600) {
            fault("timeout", "is not between 1s and 1h", "write e.g. \"60s\"");
        }
        for (key, wrong, write) in rule.tls.iter().flat_map(|tls| tls.faults(host_of(&rule.address))) {
            fault(&format!("tls.{key}"), wrong, write);
        }
    }
    faults
}

fn is_name(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        let host_fits = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
            Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
            None => {
                let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.' || b == b'_';
                !host.is_empty() && host.len() <= 253 && host.bytes().all(good)
            }
        };
        host_fits && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

/// Only what is plain from the file: our own port on an address of ours, and our own title.
fn goes_round(rule: &Rule, (listen, title): (SocketAddr, &str)) -> bool {
    let Some((host, port)) = rule.address.rsplit_once(':') else { return false };
    let here = host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback() || ip == listen.ip());
    here && port.parse() == Ok(listen.port()) && rule.called_ae_title == title
}

/// An AE title in configuration (PS3.5 6.2, VR AE).
fn is_title(text: &str) -> bool {
    !text.trim().is_empty()
        && text.trim() == text
        && text.len() <= 16
        && text.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'\\')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be")]
    use super::*;

    fn rule(more: &str) -> Rule {
        let text = "name = \"pacs\"\naddress = \"10.0.0.20:104\"\ncalled_ae_title = \"PACS\"\n";
        let mut rule: Rule = toml::from_str(&format!("{text}{more}")).unwrap();
        rule.calling_ae_title = "SCANSIDE".into();
        rule
    }

    fn ourselves() -> (SocketAddr, &'static str) {
        ("0.0.0.0:11112".parse().unwrap(), "SCANSIDE")
    }

    #[test]
    fn the_shortest_rule_holds_and_takes_everything() {
        let plain = rule("");
        assert_eq!(faults(std::slice::from_ref(&plain), ourselves()), []);
        assert!(plain.takes("CT", "CT1") && plain.takes("", ""));
        assert!(toml::from_str::<Rule>("name = \"x\"\nadress = \"y:1\"").is_err());
    }

    #[test]
    fn a_filter_keeps_out_only_what_it_knows_to_be_something_else() {
        let filtered = rule("modalities = [\"CT\"]\ncallers = [\"CT1\"]");
        assert!(filtered.takes("CT", "CT1"));
        assert!(filtered.takes("", "CT1"));
        assert!(!filtered.takes("MR", "CT1"));
        assert!(!filtered.takes("CT", "CT2"));
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let bad = Rule {
            name: "a:b".into(),
            address: "nowhere".into(),
            called_ae_title: "A TITLE THAT IS TOO LONG".into(),
            calling_ae_title: String::new(),
            modalities: ["ct".to_owned()].into(),
            callers: ["A\\B".to_owned()].into(),
            commit: false,
            transfer_syntax: "explicit".into(),
            max_associations: 0,
            max_attempts: 0,
            retry_first: Span(Duration::from_secs(9)),
            retry_max: Span(Duration::from_secs(8)),
            timeout: Span(Duration::ZERO),
            tls: None,
        };
        let keys: Vec<String> = faults(&[bad], ourselves()).into_iter().map(|f| f.0).collect();
        let expected = [
            "name",
            "address",
            "called_ae_title",
            "calling_ae_title",
            "callers",
            "modalities",
            "transfer_syntax",
            "max_associations",
            "max_attempts",
            "retry_first",
            "timeout",
        ];
        assert_eq!(keys, expected.map(|key| format!("forward[0].{key}")));
        let twice = faults(&[rule(""), rule("")], ourselves());
        assert_eq!(twice.len(), 1);
        for address in ["localhost:11112", "127.0.0.1:11112", "[::1]:11112"] {
            let round = Rule { address: address.into(), called_ae_title: "SCANSIDE".into(), ..rule("") };
            assert_eq!(faults(&[round], ourselves()).len(), 1, "{address}");
        }
        for (address, good) in [
            ("pacs:104", true),
            ("[fd00::5]:104", true),
            ("pacs:0", false),
            (":104", false),
            ("a b:1", false),
        ] {
            let one = Rule { address: address.into(), ..rule("") };
            assert_eq!(faults(&[one], ourselves()).is_empty(), good, "{address}");
        }
    }

    #[test]
    fn the_tls_table_reads_and_its_faults_are_named() {
        let secured = |more: &str| rule(&format!("[tls]\nca = \"ca.pem\"\n{more}"));
        let keys = |rule: Rule| faults(&[rule], ourselves()).into_iter().map(|f| f.0).collect::<Vec<_>>();
        assert!(keys(secured("")).is_empty());
        assert!(keys(secured("certificate = \"c\"\nkey = \"k\"\nserver_name = \"pacs.example\"")).is_empty());
        assert_eq!(keys(secured("certificate = \"c\"")), ["forward[0].tls.key"]);
        assert_eq!(keys(secured("key = \"k\"")), ["forward[0].tls.certificate"]);
        assert_eq!(keys(secured("server_name = \"a b\"")), ["forward[0].tls.server_name"]);
        for (address, host) in [("pacs.example:104", "pacs.example"), ("[fd00::5]:104", "fd00::5")] {
            let rule = Rule { address: address.into(), ..secured("") };
            assert!(rule.peer().tls.is_some() && host_of(&rule.address) == host);
            assert!(keys(rule).is_empty(), "{address}");
        }
        for wrong in ["ca = 5", "cert = \"c\"", ""] {
            let text = format!("name = \"p\"\naddress = \"p:1\"\ncalled_ae_title = \"P\"\n[tls]\n{wrong}");
            assert!(toml::from_str::<Rule>(&text).is_err(), "{wrong}");
        }
    }
}
