//! Who may send: calling AE titles with the networks they come from.
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use super::config::{Caller, IntakeConfig};
use super::{Refusal, RefusedCaller};

/// An IP network in CIDR form; IPv4 and IPv4-mapped IPv6 are one and the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    bits: u128,
    prefix: u32,
}

/// Text that is no address or network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotANetwork;

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

impl Network {
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let mask = u128::MAX.checked_shl(128 - self.prefix).unwrap_or(0);
        self.bits & mask == bits(address) & mask
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Network, NotANetwork> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) if !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_digit()) => {
                (address, Some(prefix.parse::<u32>().map_err(|_| NotANetwork)?))
            }
            Some(_) => return Err(NotANetwork),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(width);
        if prefix > width {
            return Err(NotANetwork);
        }
        Ok(Network { bits: bits(address), prefix: prefix + (128 - width) })
    }
}

/// The allow-list, parsed. `None` stands for `"*"`.
pub(crate) struct Callers {
    list: Vec<(Option<String>, Option<Network>)>,
    our_title: String,
    any_called_title: bool,
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
            Some((title, network))
        };
        Callers {
            list: config.callers.iter().filter_map(entry).collect(),
            our_title: config.ae_title.clone(),
            any_called_title: config.any_called_title,
        }
    }

    /// Whether this caller may associate.
    pub(crate) fn admit(&self, calling: &str, called: &str, address: IpAddr) -> Result<(), Refusal> {
        let mut title_known = false;
        let mut admitted = false;
        for (title, network) in &self.list {
            let title_fits = title.as_deref().is_none_or(|title| title == calling);
            title_known |= title_fits;
            admitted |= title_fits && network.is_none_or(|network| network.contains(address));
        }
        match (admitted, title_known) {
            (true, _) if self.any_called_title || called == self.our_title => Ok(()),
            (true, _) => Err(Refusal::WrongCalledTitle),
            (false, true) => Err(Refusal::WrongAddress),
            (false, false) => Err(Refusal::UnknownTitle),
        }
    }

    /// The refusal as a person should see it, with the lines that would admit the caller.
    pub(crate) fn explain(&self, calling: &str, address: IpAddr, reason: Refusal) -> RefusedCaller {
        let printable = |c: &char| c.is_ascii_graphic() || *c == ' ';
        let ae_title: String = calling.chars().filter(printable).take(16).collect();
        let address = address.to_canonical();
        let config_lines = match reason {
            Refusal::UnknownTitle | Refusal::WrongAddress => {
                let quoted = ae_title.replace('\\', "\\\\").replace('"', "\\\"");
                format!("[[intake.callers]]\nae_title = \"{quoted}\"\naddress = \"{address}\"\n")
            }
            Refusal::WrongCalledTitle => {
                format!(
                    "# set the called AE title at the sender to {}, or:\n[intake]\nany_called_title = true\n",
                    self.our_title
                )
            }
            Refusal::Busy => "[intake]\nmax_associations = 64\n".to_owned(),
            Refusal::ApplicationContext | Refusal::ProtocolVersion => String::new(),
        };
        RefusedCaller { ae_title, address, reason, config_lines }
    }
}

/// The peer's address as we compare, keep and show it.
pub(crate) fn canonical(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => Ipv6Addr::to_canonical(&v6),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
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
            callers: vec![
                Caller { ae_title: "CT1".into(), address: "10.0.0.0/24".into() },
                Caller { ae_title: "MR1".into(), address: "10.0.1.5".into() },
            ],
            ..IntakeConfig::default()
        };
        let callers = Callers::new(&config);
        assert_eq!(callers.admit("CT1", "SCANSIDE", ip("10.0.0.9")), Ok(()));
        assert_eq!(callers.admit("CT1", "OTHER", ip("10.0.0.9")), Err(Refusal::WrongCalledTitle));
        assert_eq!(callers.admit("CT1", "SCANSIDE", ip("10.0.1.5")), Err(Refusal::WrongAddress));
        assert_eq!(callers.admit("XX", "SCANSIDE", ip("10.0.0.9")), Err(Refusal::UnknownTitle));
        assert_eq!(callers.admit("", "SCANSIDE", ip("10.0.0.9")), Err(Refusal::UnknownTitle));
    }

    #[test]
    fn the_lines_shown_would_admit_the_caller() {
        let callers = Callers::new(&IntakeConfig::default());
        for title in ["CT9", "A\"B", "A # B"] {
            let refused = callers.explain(title, ip("::ffff:10.1.2.3"), Refusal::UnknownTitle);
            #[derive(serde::Deserialize)]
            struct File {
                intake: IntakeConfig,
            }
            let file: File = toml::from_str(&refused.config_lines).unwrap();
            assert_eq!(file.intake.check(false), [], "{title}");
            assert_eq!(Callers::new(&file.intake).admit(title, "SCANSIDE", ip("10.1.2.3")), Ok(()));
        }
        assert!(
            !format!("{:?}", callers.explain("PLANTED", ip("1.1.1.1"), Refusal::Busy)).contains("PLANTED")
        );
    }
}
