//! Who may send: calling AE titles with the networks they come from.
use std::net::IpAddr;
use std::sync::Arc;

use crate::caller_config::{Caller, Quirk};
use crate::caller_refusal::Refusal;
use crate::config::IntakeConfig;
use crate::limits::Account;
use crate::network::Network;

/// The allow-list, parsed. `None` stands for `"*"`.
pub(crate) struct Callers {
    list: Vec<Entry>,
    our_title: String,
    any_called_title: bool,
}

struct Entry {
    title: Option<String>,
    network: Option<Network>,
    account: Arc<Account>,
}

impl Callers {
    /// From a checked configuration; entries that do not parse admit nobody.
    pub(crate) fn new(config: &IntakeConfig) -> Callers {
        let entry = |caller: &Caller| {
            let title = (caller.ae_title != "*").then(|| caller.ae_title.clone());
            let network = match caller.address.as_str() {
                "*" => None,
                text => Some(text.parse::<Network>().ok()?),
            };
            Some(Entry { title, network, account: Account::new(caller.clone()) })
        };
        Callers {
            list: config.callers.iter().filter_map(entry).collect(),
            our_title: config.ae_title.clone(),
            any_called_title: config.any_called_title,
        }
    }

    /// Whether any caller may come from this address.
    pub(crate) fn may_come_from(&self, address: IpAddr) -> bool {
        self.list.iter().any(|entry| entry.network.is_none_or(|network| network.contains(address)))
    }

    /// Whose account the association is on, or why there is none. `secured`: over TLS.
    pub(crate) fn admit(
        &self,
        calling: &str,
        called: &str,
        address: IpAddr,
        secured: bool,
    ) -> Result<&Arc<Account>, Refusal> {
        let mut refusal = Refusal::UnknownTitle;
        for entry in &self.list {
            let rules = &entry.account.rules;
            let no_case = rules.has(Quirk::TitleCaseIgnored);
            let same = |a: &str, b: &str| a == b || no_case && a.eq_ignore_ascii_case(b);
            if !entry.title.as_deref().is_none_or(|title| same(title, calling)) {
                continue;
            }
            if !entry.network.is_none_or(|network| network.contains(address)) {
                refusal = Refusal::WrongAddress;
                continue;
            }
            let any = self.any_called_title || rules.has(Quirk::AnyCalledTitle);
            return if rules.tls_only && !secured {
                Err(Refusal::TlsOnly)
            } else if any || same(called, &self.our_title) {
                Ok(&entry.account)
            } else {
                Err(Refusal::WrongCalledTitle)
            };
        }
        Err(refusal)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be")]
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_contain_what_they_say() {
        let net = |text: &str| text.parse::<Network>().unwrap();
        assert!(net("10.0.0.0/8").contains(ip("10.255.1.2")));
        assert!(!net("10.0.0.0/8").contains(ip("11.0.0.1")));
        assert!(net("10.0.0.7").contains(ip("::ffff:10.0.0.7")));
        assert!(!net("10.0.0.7").contains(ip("10.0.0.8")));
        assert!(net("fd00::/8").contains(ip("fd12::1")));
        assert!(!net("fd00::/8").contains(ip("10.0.0.1")));
        assert!(net("0.0.0.0/0").contains(ip("1.2.3.4")));
        assert!(!net("0.0.0.0/0").contains(ip("2001:db8::1")));
        assert!(net("::/0").contains(ip("1.2.3.4")));
        for bad in ["", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::/129", "host", "10.0.0.0/+8"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_caller_needs_title_and_address_and_ours() {
        let config = IntakeConfig {
            callers: vec![Caller::new("CT1", "10.0.0.0/24"), Caller::new("MR1", "10.0.1.5")],
            ..IntakeConfig::default()
        };
        let callers = Callers::new(&config);
        let admit = |calling, called, from| callers.admit(calling, called, ip(from), false).map(|_| ()).err();
        assert_eq!(admit("CT1", "SCANSIDE", "10.0.0.9"), None);
        assert_eq!(admit("CT1", "OTHER", "10.0.0.9"), Some(Refusal::WrongCalledTitle));
        assert_eq!(admit("CT1", "SCANSIDE", "10.0.1.5"), Some(Refusal::WrongAddress));
        assert_eq!(admit("XX", "SCANSIDE", "10.0.0.9"), Some(Refusal::UnknownTitle));
        assert_eq!(admit("ct1", "SCANSIDE", "10.0.0.9"), Some(Refusal::UnknownTitle));
        assert_eq!(admit("", "SCANSIDE", "10.0.0.9"), Some(Refusal::UnknownTitle));
    }

    #[test]
    fn quirks_forgive_titles_and_tls_may_be_demanded() {
        let forgiven = Caller {
            quirks: vec![Quirk::AnyCalledTitle, Quirk::TitleCaseIgnored],
            ..Caller::new("CT1", "10.0.0.1")
        };
        let secret = Caller { tls_only: true, ..Caller::new("MR1", "10.0.0.2") };
        let config = IntakeConfig { callers: vec![forgiven, secret], ..IntakeConfig::default() };
        let callers = Callers::new(&config);
        assert!(callers.admit("ct1", "ANY", ip("10.0.0.1"), false).is_ok());
        assert_eq!(callers.admit("MR1", "SCANSIDE", ip("10.0.0.2"), false).err(), Some(Refusal::TlsOnly));
        assert!(callers.admit("MR1", "SCANSIDE", ip("10.0.0.2"), true).is_ok());
        assert_eq!(callers.admit("MR1", "x", ip("10.0.0.2"), true).err(), Some(Refusal::WrongCalledTitle));
    }

    #[test]
    fn the_first_block_that_fits_counts() {
        let narrow = Caller { max_associations: Some(1), ..Caller::new("CT1", "10.0.0.1") };
        let wide = Caller { max_associations: Some(9), ..Caller::new("CT1", "10.0.0.0/8") };
        let config = IntakeConfig { callers: vec![narrow, wide], ..IntakeConfig::default() };
        let callers = Callers::new(&config);
        let most = |from| {
            callers
                .admit("CT1", "SCANSIDE", ip(from), false)
                .map(|a| a.rules.max_associations)
                .unwrap_or(None)
        };
        assert_eq!((most("10.0.0.1"), most("10.0.0.2")), (Some(1), Some(9)));
    }
}
