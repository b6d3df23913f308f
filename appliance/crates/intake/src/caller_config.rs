//! `[[intake.callers]]`: one admitted sender, what it may use, and what must be forgiven it.
use serde::{Deserialize, Serialize};

use crate::config_rules::{ADDRESS_RULE, MAX_PDU_RULE, STAR_RULE, TITLE_RULE, is_max_pdu, is_title};
use crate::error::ConfigFault;
use crate::network::Network;
use store::units::Size;

/// `[[intake.callers]]`: one admitted sender. The first block that fits title and address counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caller {
    /// Its calling AE title, or `"*"` (demonstration only).
    pub ae_title: String,
    /// Its address or network (`"10.0.0.7"`, `"10.0.0.0/8"`, `"fd00::/8"`), or `"*"` (demonstration only).
    pub address: String,
    /// Only over `[intake.tls]` (default no).
    #[serde(default)]
    pub tls_only: bool,
    /// Associations at the same time (default: as many as all together).
    #[serde(default)]
    pub max_associations: Option<usize>,
    /// Association requests a minute (default: any number).
    #[serde(default)]
    pub associations_per_minute: Option<u32>,
    /// Data set bytes from midnight to midnight UTC, counted since our start (default: any number).
    #[serde(default)]
    pub bytes_per_day: Option<Size>,
    /// Largest PDU we offer to take from it (default: `intake.max_pdu`).
    #[serde(default)]
    pub max_pdu: Option<Size>,
    /// What must be forgiven it.
    #[serde(default)]
    pub quirks: Vec<Quirk>,
}

macro_rules! quirks {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal),* $(,)?) => {
        /// Something a sender does that the standard does not ask for, or does not do that it asks for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Quirk { $($(#[doc = $doc])* $name),* }

        impl Quirk {
            /// Every quirk with its name in the configuration and what it does.
            pub const ALL: &'static [(Quirk, &'static str, &'static str)] =
                &[$((Quirk::$name, $text, concat!($($doc),*))),*];
        }
    };
}

quirks! {
    /// Whatever AE title it calls is taken for ours.
    AnyCalledTitle = "any-called-title",
    /// Its calling and called AE titles are compared without regard to upper and lower case.
    TitleCaseIgnored = "title-case-ignored",
    /// Implicit VR Little Endian is accepted before every other transfer syntax it proposes.
    PreferImplicit = "prefer-implicit",
    /// The first transfer syntax it proposes and we know is accepted, whichever it is.
    FirstSyntax = "first-syntax",
    /// Its asynchronous operations window is not answered, which leaves one operation at a time.
    NoWindow = "no-window",
    /// An abort or a closed connection between two messages counts as a release.
    AbortIsRelease = "abort-is-release",
}

impl Caller {
    /// With a title and an address, and nothing else said.
    pub fn new(ae_title: impl Into<String>, address: impl Into<String>) -> Caller {
        Caller { ae_title: ae_title.into(), address: address.into(), ..Caller::default() }
    }

    /// Whether it has this quirk.
    pub(crate) fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// Faults of one block; `star` says whether `"*"` is admitted.
    pub(super) fn check(&self, index: usize, star: bool, tls: bool, faults: &mut Vec<ConfigFault>) {
        let mut fault = |key: &str, words: &str| {
            faults.push(ConfigFault { key: format!("intake.callers[{index}].{key}"), words: words.into() });
        };
        let wild = |value: &str| value == "*";
        if !(is_title(&self.ae_title) || wild(&self.ae_title) && star) {
            fault("ae_title", if wild(&self.ae_title) { STAR_RULE } else { TITLE_RULE });
        }
        if !(self.address.parse::<Network>().is_ok() || wild(&self.address) && star) {
            fault("address", if wild(&self.address) { STAR_RULE } else { ADDRESS_RULE });
        }
        if self.tls_only && !tls {
            fault("tls_only", "there is no [intake.tls] to come by; add it, or take this out");
        }
        if self.max_associations == Some(0) || self.max_associations.is_some_and(|most| most > 1024) {
            fault("max_associations", "write a number from 1 to 1024");
        }
        if self.associations_per_minute == Some(0) {
            fault("associations_per_minute", "write at least 1");
        }
        if self.bytes_per_day == Some(Size(0)) {
            fault("bytes_per_day", "write a size, for example \"200GiB\"");
        }
        if self.max_pdu.is_some_and(|size| !is_max_pdu(size)) {
            fault("max_pdu", MAX_PDU_RULE);
        }
    }
}
