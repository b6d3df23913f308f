//! Why a caller was turned away, in words, on the wire, and with the configuration lines that would admit it.
use std::fmt;
use std::net::IpAddr;

use dimse::pdu::{
    AssociationRJ, AssociationRJResult as Result, AssociationRJServiceProviderASCEReason as AcseReason,
    AssociationRJServiceProviderPresentationReason as PresentationReason,
    AssociationRJServiceUserReason as UserReason, AssociationRJSource as Source, Pdu,
};

use crate::config::IntakeConfig;

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $words:literal),* $(,)?) => {
        /// Why a caller was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Refusal { $($(#[$doc])* $name),* }

        impl Refusal {
            /// Every reason.
            pub const ALL: &'static [Refusal] = &[$(Refusal::$name),*];

            /// In plain words, for the page and `status`.
            pub fn words(self) -> &'static str {
                match self { $(Refusal::$name => $words),* }
            }

            /// The reason's name in capitals and small letters, e.g. `UnknownTitle`.
            pub fn name(self) -> &'static str {
                match self { $(Refusal::$name => stringify!($name)),* }
            }
        }
    };
}

refusals! {
    /// Its AE title is in no `[[intake.callers]]`.
    UnknownTitle = "its AE title is not in the list of callers",
    /// Its AE title is known, from another address.
    WrongAddress = "its AE title is allowed from another address only",
    /// It called another AE title than ours.
    WrongCalledTitle = "it called an AE title that is not ours",
    /// All associations are taken.
    Busy = "all associations are taken",
    /// Its own `max_associations` are taken.
    CallerBusy = "it has as many associations open as it may",
    /// More requests than its `associations_per_minute`.
    TooOften = "it asks for associations more often than it may",
    /// Its `bytes_per_day` are used up.
    QuotaSpent = "it has sent as much today as it may",
    /// It must use the TLS listener.
    TlsOnly = "it is allowed over TLS only and came without",
    /// User identity is checked and it gave none that can be.
    IdentityMissing = "it gave no user name, and user identity is checked",
    /// User identity is checked and does not agree.
    IdentityWrong = "its user name or passcode is not one of ours",
    /// The application context is not DICOM's.
    ApplicationContext = "it does not speak the DICOM application context",
    /// The protocol version is not 1.
    ProtocolVersion = "it does not speak version 1 of the protocol",
    /// A TLS handshake on the plain port.
    TlsAtPlain = "it spoke TLS to the port for plain DICOM",
    /// Plain DICOM on the TLS port.
    PlainAtTls = "it spoke plain DICOM to the port for TLS",
    /// A client certificate is required.
    TlsNoCertificate = "it showed no certificate in the TLS handshake",
    /// The client certificate is not of our authorities, or not valid now.
    TlsUntrusted = "its certificate is not of an authority we know, or not valid now",
    /// No TLS version, cipher suite or key exchange that both have.
    TlsNothingInCommon = "it has no TLS version and cipher suite in common with us",
    /// The peer refused our certificate.
    TlsOursNotTrusted = "it does not trust our certificate",
    /// A handshake that cannot be followed.
    TlsBroken = "its TLS handshake could not be understood",
}

/// A caller that was refused, for a person to see. Holds a name from the wire: show it, never log it.
#[derive(Clone, PartialEq, Eq)]
pub struct RefusedCaller {
    /// The calling AE title, printable ASCII only, at most 16 characters; empty where none was heard.
    pub ae_title: String,
    /// Where it came from.
    pub address: IpAddr,
    /// Why.
    pub reason: Refusal,
    /// The configuration lines (TOML) that would admit it, or what to do at the sender as comments.
    pub config_lines: String,
}

impl fmt::Debug for RefusedCaller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusedCaller")
            .field("address", &self.address)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

impl Refusal {
    /// A-ASSOCIATE-RJ (PS3.8 table 9-21). Transient is only what may get better by itself.
    pub(crate) fn rejection(self) -> Pdu {
        let user = |reason| (Result::Permanent, Source::ServiceUser(reason));
        let provider = |reason| (Result::Transient, Source::ServiceProviderPresentation(reason));
        let (result, source) = match self {
            // The peer is not told whether title or address was wrong; our own page is.
            Refusal::UnknownTitle | Refusal::WrongAddress => user(UserReason::CallingAETitleNotRecognized),
            Refusal::WrongCalledTitle => user(UserReason::CalledAETitleNotRecognized),
            Refusal::ApplicationContext => user(UserReason::ApplicationContextNameNotSupported),
            Refusal::Busy | Refusal::CallerBusy | Refusal::QuotaSpent => {
                provider(PresentationReason::LocalLimitExceeded)
            }
            Refusal::TooOften => provider(PresentationReason::TemporaryCongestion),
            Refusal::ProtocolVersion => {
                (Result::Permanent, Source::ServiceProviderASCE(AcseReason::ProtocolVersionNotSupported))
            }
            _ => user(UserReason::NoReasonGiven),
        };
        Pdu::AssociationRJ(AssociationRJ { result, source })
    }

    /// Whether it is told by A-ASSOCIATE-RJ; the others end before there is a request.
    pub(crate) fn is_answered(self) -> bool {
        !matches!(
            self,
            Refusal::TlsAtPlain
                | Refusal::TlsNoCertificate
                | Refusal::TlsUntrusted
                | Refusal::TlsNothingInCommon
                | Refusal::TlsOursNotTrusted
                | Refusal::TlsBroken
        )
    }

    /// The refusal as a person should see it, with the lines that would admit the caller.
    pub(crate) fn explain(self, calling: &str, address: IpAddr, config: &IntakeConfig) -> RefusedCaller {
        let printable = |c: &char| c.is_ascii_graphic() || *c == ' ';
        let ae_title: String = calling.chars().filter(printable).take(16).collect();
        let address = address.to_canonical();
        let config_lines = self.lines(&ae_title, address, config);
        RefusedCaller { ae_title, address, reason: self, config_lines }
    }

    fn lines(self, title: &str, address: IpAddr, config: &IntakeConfig) -> String {
        let quoted = toml::Value::String(title.to_owned()).to_string();
        let tls_port = config.tls.as_ref().map(|tls| tls.listen.port());
        let block = |lines: &str| format!("# in the [[intake.callers]] block of {quoted}:\n{lines}\n");
        match self {
            // Bytes that are no ASCII were read as backslashes, which no title of ours may hold.
            Refusal::UnknownTitle | Refusal::WrongAddress
                if title.trim().is_empty() || title.contains('\\') =>
            {
                "# set an AE title of 1 to 16 ASCII characters at the sender: this one cannot be configured\n".to_owned()
            }
            Refusal::UnknownTitle | Refusal::WrongAddress => {
                format!("[[intake.callers]]\nae_title = {quoted}\naddress = \"{address}\"\n")
            }
            Refusal::WrongCalledTitle => {
                let ours = &config.ae_title;
                format!("# set the called AE title at the sender to {ours}, or:\n[intake]\nany_called_title = true\n")
            }
            Refusal::Busy => {
                let more = (config.max_associations * 2).min(1024);
                format!("[intake]\nmax_associations = {more}\n")
            }
            Refusal::CallerBusy => block("max_associations = 8        # more than now"),
            Refusal::TooOften => block("associations_per_minute = 600    # more than now"),
            Refusal::QuotaSpent => block("bytes_per_day = \"500GiB\"    # more than now"),
            Refusal::TlsOnly => {
                let port = tls_port.unwrap_or(2762);
                format!("# switch TLS on at the sender and set its port to {port}, or ")
                    + block("tls_only = false").trim_start_matches("# ")
            }
            Refusal::IdentityMissing | Refusal::IdentityWrong => {
                "# give the sender a user name and passcode of [[intake.identity.users]], or:\n[intake.identity]\nmode = \"ignore\"\n".to_owned()
            }
            Refusal::ApplicationContext | Refusal::ProtocolVersion => {
                "# no configuration of ours helps: this is not a DICOM sender, or a broken one\n".to_owned()
            }
            Refusal::TlsAtPlain => match tls_port {
                Some(port) => format!("# set the sender's port to {port}, where TLS is spoken\n"),
                None => "[intake.tls]\nlisten = \"0.0.0.0:2762\"\ncertificate = \"tls/certificate.pem\"\nkey = \"tls/key.pem\"\n# and set the sender's port to 2762\n".to_owned(),
            },
            Refusal::PlainAtTls => {
                let port = config.listen.port();
                format!("# switch TLS on at the sender, or set its port to {port}, where plain DICOM is spoken\n")
            }
            Refusal::TlsNoCertificate => {
                "# give the sender a certificate of an authority in the file of intake.tls.client_ca, or:\n[intake.tls]\nclient_certificate = \"optional\"\n".to_owned()
            }
            Refusal::TlsUntrusted => {
                "# add the authority of the sender's certificate to the file of intake.tls.client_ca,\n# or look at the dates of that certificate and at the clocks\n".to_owned()
            }
            Refusal::TlsNothingInCommon => {
                "# update the sender: TLS 1.2 with ECDHE and AES-GCM, or TLS 1.3, is needed (PS3.15 B.12)\n".to_owned()
            }
            Refusal::TlsOursNotTrusted => {
                "# give the sender the authority of the certificate in intake.tls.certificate,\n# and look at the names and dates in that certificate\n".to_owned()
            }
            Refusal::TlsBroken => "# no configuration of ours helps: see which program uses this port\n".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be")]
    use super::*;
    use crate::callers::Callers;

    #[derive(serde::Deserialize)]
    struct File {
        #[serde(default)]
        intake: IntakeConfig,
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_lines_shown_would_admit_the_caller() {
        let config = IntakeConfig::default();
        for title in ["CT9", "A\"B", "A # B"] {
            let refused = Refusal::UnknownTitle.explain(title, ip("::ffff:10.1.2.3"), &config);
            let file: File = toml::from_str(&refused.config_lines).unwrap();
            assert_eq!(file.intake.check(false), [], "{title}");
            assert!(Callers::new(&file.intake).admit(title, "SCANSIDE", ip("10.1.2.3"), false).is_ok());
        }
        let refused = Refusal::Busy.explain("PLANTED", ip("1.1.1.1"), &config);
        assert!(!format!("{refused:?}").contains("PLANTED"));
    }

    #[test]
    fn every_reason_has_words_lines_that_are_toml_and_a_rejection() {
        let config = IntakeConfig::default();
        for reason in Refusal::ALL {
            let refused = reason.explain("A\"\nB\\", ip("10.0.0.1"), &config);
            assert!(!refused.config_lines.is_empty() && !reason.words().is_empty(), "{reason:?}");
            // What is no comment is a piece of the configuration file that reads.
            let text = refused.config_lines.replace("# in the [[intake.callers]]", "[[intake.callers]]\n#");
            let table: toml::Table = toml::from_str(&text).unwrap();
            assert!(table.keys().all(|key| key == "intake" || !table.contains_key("intake")), "{reason:?}");
            assert!(matches!(reason.rejection(), Pdu::AssociationRJ(_)));
        }
        let bare = Refusal::UnknownTitle.explain("", ip("10.0.0.1"), &config);
        assert!(bare.config_lines.starts_with('#'), "no block without a title");
        let strange = Refusal::UnknownTitle.explain("A\\B", ip("10.0.0.1"), &config);
        assert!(strange.config_lines.starts_with('#'), "no block that `check` would refuse");
    }
}
