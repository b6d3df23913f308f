//! The cloud's certificate authority: its own certificate, one for the service, one for each site, revocations.
//!
//! X.509 as profiled by RFC 5280, keys ECDSA P-256. A site's certificate names the site in a subject alternative name
//! of type URI, `urn:scanside:site:<32 hex digits>`, and in nothing else; what the site's request asks for is ignored.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertificateSigningRequestParams,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SanType, SerialNumber,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, CertificateSigningRequestDer, PrivateKeyDer};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use crate::ids::SiteId;
use crate::limits;

const SITE_URN: &str = "urn:scanside:site:";
const AUTHORITY_DAYS: i64 = 3650;
const LEAF_DAYS: i64 = 825;
/// Clocks at sites drift; a certificate issued now must be valid there now.
const SKEW: Duration = Duration::hours(24);
const SERIAL_BYTES: usize = 16;

/// What can go wrong with certificates. No variant carries a name or a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not a certificate, key or request of a supported form.
    #[error("not a certificate, key or request of a supported form")]
    Malformed,
    /// The certificate names no site.
    #[error("the certificate names no site")]
    NoSite,
    /// Making or signing failed.
    #[error("certificate could not be made")]
    Making,
    /// The operating system gave no random bytes.
    #[error("no random bytes from the operating system")]
    NoEntropy,
}

/// Serial number of a certificate, as revoked by it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Serial(pub Vec<u8>);

impl Serial {
    fn random() -> Result<Self, Error> {
        let mut bytes = [0u8; SERIAL_BYTES];
        getrandom::fill(&mut bytes).map_err(|_| Error::NoEntropy)?;
        // Positive, of fixed length and without leading zero (RFC 5280 4.1.2.2), so that its DER form is these bytes.
        bytes[0] = bytes[0] & 0x3f | 0x40;
        Ok(Self(bytes.to_vec()))
    }
}

/// A certificate with its private key, both as PEM; `Debug` is a stub.
pub struct Identity {
    /// Certificate chain, PEM, leaf first.
    pub certificates: String,
    /// Private key, PKCS#8 PEM; for a file of mode 0600.
    pub key: Zeroizing<String>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(..)")
    }
}

/// What the authority issued for a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// Its serial number, kept so that it can be revoked.
    pub serial: Serial,
    /// End of validity, seconds since 1970 UTC.
    pub not_after: i64,
}

/// The authority. `Debug` is a stub.
pub struct Authority {
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority(..)")
    }
}

impl Authority {
    /// A fresh authority, valid for ten years from `now`.
    ///
    /// # Errors
    /// [`Error::Making`], [`Error::NoEntropy`].
    pub fn create(now: OffsetDateTime) -> Result<Self, Error> {
        let key = KeyPair::generate().map_err(|_| Error::Making)?;
        let mut params = params("Scanside authority", now, AUTHORITY_DAYS, &Serial::random()?);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).map_err(|_| Error::Making)?;
        Ok(Self { certificate: certificate.into(), key })
    }

    /// Reads an authority from its two PEM texts.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn from_pem(certificate: &str, key: &str) -> Result<Self, Error> {
        let certificate =
            CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|_| Error::Malformed)?;
        let key = KeyPair::from_pem(key).map_err(|_| Error::Malformed)?;
        let authority = Self { certificate, key };
        authority.issuer()?;
        Ok(authority)
    }

    /// The authority's certificate and key.
    #[must_use]
    pub fn to_identity(&self) -> Identity {
        Identity {
            certificates: pem_text("CERTIFICATE", &self.certificate),
            key: Zeroizing::new(self.key.serialize_pem()),
        }
    }

    /// The authority's certificate, DER.
    #[must_use]
    pub const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    fn issuer(&self) -> Result<Issuer<'static, &KeyPair>, Error> {
        Issuer::from_ca_cert_der(&self.certificate, &self.key).map_err(|_| Error::Malformed)
    }

    /// A certificate for the service under these host names and addresses, with the authority's own behind it in the
    /// chain, so that a site that holds only the authority's digest can check it.
    ///
    /// # Errors
    /// [`Error::Malformed`] for an impossible name, [`Error::Making`], [`Error::NoEntropy`].
    pub fn issue_server(&self, names: &[String], now: OffsetDateTime) -> Result<Identity, Error> {
        let key = KeyPair::generate().map_err(|_| Error::Making)?;
        let mut params = params("Scanside service", now, LEAF_DAYS, &Serial::random()?);
        params.subject_alt_names =
            CertificateParams::new(names).map_err(|_| Error::Malformed)?.subject_alt_names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer()?).map_err(|_| Error::Making)?;
        let certificates = certificate.pem() + &pem_text("CERTIFICATE", &self.certificate);
        Ok(Identity { certificates, key: Zeroizing::new(key.serialize_pem()) })
    }

    /// A certificate for a site's key. Only the key is taken from the request (PKCS#10, DER), whose own signature
    /// proves that the site holds it.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::Making`], [`Error::NoEntropy`].
    pub fn issue_site(&self, request: &[u8], site: SiteId, now: OffsetDateTime) -> Result<Issued, Error> {
        if request.len() > limits::CERTIFICATE_BYTES_MAX {
            return Err(Error::Malformed);
        }
        let mut request =
            CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(request))
                .map_err(|_| Error::Malformed)?;
        let serial = Serial::random()?;
        let mut params = params("Scanside site", now, LEAF_DAYS, &serial);
        let urn = format!("{SITE_URN}{site}").try_into().map_err(|_| Error::Making)?;
        params.subject_alt_names = vec![SanType::URI(urn)];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let not_after = params.not_after.unix_timestamp();
        request.params = params;
        let certificate = request.signed_by(&self.issuer()?).map_err(|_| Error::Making)?;
        Ok(Issued { certificate: certificate.der().to_vec(), serial, not_after })
    }

    /// A revocation list (DER) of these serials; `number` must grow from list to list (RFC 5280 5.2.3).
    ///
    /// # Errors
    /// [`Error::Making`].
    pub fn revocations(
        &self,
        serials: &[Serial],
        number: u64,
        now: OffsetDateTime,
    ) -> Result<Vec<u8>, Error> {
        let revoked = |serial: &Serial| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&serial.0),
            revocation_time: now,
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: now - SKEW,
            next_update: now + Duration::days(LEAF_DAYS),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = params.signed_by(&self.issuer()?).map_err(|_| Error::Making)?;
        Ok(list.der().to_vec())
    }
}

/// A site's fresh transport key and the request for its certificate.
pub struct SiteRequest {
    /// Private key, PKCS#8 PEM; for a file of mode 0600.
    pub key: Zeroizing<String>,
    /// PKCS#10 request, DER.
    pub request: Vec<u8>,
}

impl std::fmt::Debug for SiteRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SiteRequest(..)")
    }
}

impl SiteRequest {
    /// Makes both.
    ///
    /// # Errors
    /// [`Error::Making`].
    pub fn create() -> Result<Self, Error> {
        let key = KeyPair::generate().map_err(|_| Error::Making)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name("Scanside site");
        let request = params.serialize_request(&key).map_err(|_| Error::Making)?;
        Ok(Self { key: Zeroizing::new(key.serialize_pem()), request: request.der().to_vec() })
    }
}

/// The site a client certificate (DER) was issued to, and its serial number. Call it only on a certificate whose chain
/// was verified.
///
/// # Errors
/// [`Error::Malformed`], [`Error::NoSite`] when it names none or more than one.
pub fn site_of(certificate: &[u8]) -> Result<(SiteId, Serial), Error> {
    use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(|_| Error::Malformed)?;
    let names = parsed.subject_alternative_name().map_err(|_| Error::Malformed)?.ok_or(Error::NoSite)?;
    match names.value.general_names.as_slice() {
        [GeneralName::URI(uri)] => {
            let site = uri.strip_prefix(SITE_URN).and_then(|hex| hex.parse().ok()).ok_or(Error::NoSite)?;
            Ok((site, Serial(parsed.raw_serial().to_vec())))
        }
        _ => Err(Error::NoSite),
    }
}

/// A certificate, DER.
pub type Certificate = CertificateDer<'static>;
/// A private key, DER.
pub type PrivateKey = PrivateKeyDer<'static>;

/// When a certificate (DER) ends, in seconds since 1970 UTC.
///
/// # Errors
/// [`Error::Malformed`].
pub fn ends(certificate: &[u8]) -> Result<i64, Error> {
    use x509_parser::prelude::{FromDer as _, X509Certificate};
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(|_| Error::Malformed)?;
    Ok(parsed.validity().not_after.timestamp())
}

/// The certificates in a PEM text.
///
/// # Errors
/// [`Error::Malformed`] when there is none.
pub fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    read.ok().filter(|list| !list.is_empty()).ok_or(Error::Malformed)
}

/// The private key in a PEM text.
///
/// # Errors
/// [`Error::Malformed`].
pub fn private_key(pem: &str) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| Error::Malformed)
}

/// PEM text (RFC 7468) of DER bytes.
#[must_use]
pub fn pem_text(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for (index, letter) in body.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text + &format!("\n-----END {label}-----\n")
}

fn common_name(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject
}

fn params(name: &str, now: OffsetDateTime, days: i64, serial: &Serial) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = now - SKEW;
    params.not_after = now + Duration::days(days);
    params.serial_number = Some(SerialNumber::from_slice(&serial.0));
    params.distinguished_name = common_name(name);
    params
}
