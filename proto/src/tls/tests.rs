//! Behaviours of the transport, over real sockets on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::CertificateRevocationListDer;
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_stream::StreamExt as _;

use super::*;
use crate::ids::SiteId;
use crate::pki::{self, Authority, Issued, SiteRequest};

struct Cloud {
    authority: Authority,
    config: Arc<ArcSwap<ServerConfig>>,
    url: CloudUrl,
    incoming: Incoming,
}

fn config_of(authority: &Authority, revoked: &[Issued]) -> ServerConfig {
    config_at(authority, revoked, OffsetDateTime::now_utc())
}

/// As a service makes it whose clock shows `now`.
fn config_at(authority: &Authority, revoked: &[Issued], now: OffsetDateTime) -> ServerConfig {
    let identity = authority.issue_server(&["127.0.0.1".into()], now).unwrap();
    let serials: Vec<_> = revoked.iter().map(|issued| issued.serial.clone()).collect();
    let list = authority.revocations(&serials, 1, now).unwrap();
    server_config(
        pki::certificates(&identity.certificates).unwrap(),
        pki::private_key(&identity.key).unwrap(),
        authority.certificate().clone(),
        vec![CertificateRevocationListDer::from(list)],
    )
    .unwrap()
}

async fn cloud() -> Cloud {
    let authority = Authority::create(OffsetDateTime::now_utc()).unwrap();
    let config = Arc::new(ArcSwap::from_pointee(config_of(&authority, &[])));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port()).parse().unwrap();
    let incoming = incoming(listener, config.clone(), 16);
    Cloud { authority, config, url, incoming }
}

fn site_config(trusted: &Authority, issuer: &Authority, site: SiteId) -> (ClientConfig, Issued) {
    let request = SiteRequest::create().unwrap();
    let issued = issuer.issue_site(&request.request, site, OffsetDateTime::now_utc()).unwrap();
    let chain = vec![issued.certificate.clone().into()];
    let key = pki::private_key(&request.key).unwrap();
    (client_config(trusted.certificate().clone(), chain, key).unwrap(), issued)
}

/// Connects and exchanges one byte, so that the client sees whether its certificate was taken (TLS 1.3 tells it late).
async fn exchange(cloud: &mut Cloud, config: ClientConfig) -> Result<Option<SiteId>, std::io::Error> {
    let port = cloud.url.to_string().rsplit_once(':').unwrap().1.parse().unwrap();
    let client = async {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let name = "127.0.0.1".try_into().unwrap();
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        stream.write_all(b"?").await?;
        let mut answer = [0];
        stream.read_exact(&mut answer).await?;
        Ok::<_, std::io::Error>(())
    };
    let server = async {
        let mut connection = cloud.incoming.next().await.unwrap().unwrap();
        let mut byte = [0];
        connection.read_exact(&mut byte).await.unwrap();
        connection.write_all(&byte).await.unwrap();
        connection.flush().await.unwrap();
        use tonic::transport::server::Connected as _;
        (connection.connect_info().site(), connection)
    };
    tokio::pin!(client, server);
    tokio::select! {
        refused = &mut client => { refused?; panic!("the client cannot be done before the server") }
        (site, connection) = &mut server => { client.await?; drop(connection); Ok(site) }
    }
}

#[tokio::test]
async fn an_enrolled_site_is_known_by_name() {
    let mut cloud = cloud().await;
    let site = SiteId::random().unwrap();
    let (config, _) = site_config(&cloud.authority, &cloud.authority, site);
    assert_eq!(exchange(&mut cloud, config).await.unwrap(), Some(site));
}

#[tokio::test]
async fn an_enrolling_site_trusts_only_the_pinned_authority() {
    let mut cloud = cloud().await;
    let pinned = enrol_config(crate::token::authority_digest(cloud.authority.certificate())).unwrap();
    assert_eq!(exchange(&mut cloud, pinned).await.unwrap(), None);
    let other = Authority::create(OffsetDateTime::now_utc()).unwrap();
    let wrong = enrol_config(crate::token::authority_digest(other.certificate())).unwrap();
    assert!(exchange(&mut cloud, wrong).await.is_err());
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let mut cloud = cloud().await;
    let other = Authority::create(OffsetDateTime::now_utc()).unwrap();
    let (config, _) = site_config(&cloud.authority, &other, SiteId::random().unwrap());
    assert!(exchange(&mut cloud, config).await.is_err());
    let (config, _) = site_config(&other, &cloud.authority, SiteId::random().unwrap());
    assert!(exchange(&mut cloud, config).await.is_err());
}

#[tokio::test]
async fn a_revoked_certificate_is_refused_from_the_next_connection_on() {
    let mut cloud = cloud().await;
    let (config, issued) = site_config(&cloud.authority, &cloud.authority, SiteId::random().unwrap());
    assert!(exchange(&mut cloud, config.clone()).await.is_ok());
    cloud.config.store(Arc::new(config_of(&cloud.authority, &[issued])));
    assert!(exchange(&mut cloud, config).await.is_err());
}

#[tokio::test]
async fn a_certificate_of_a_clock_that_is_wrong_is_named_as_such_and_shuts_nothing_for_good() {
    let cloud = cloud().await;
    let (config, _) = site_config(&cloud.authority, &cloud.authority, SiteId::random().unwrap());
    let config = Arc::new(ArcSwap::from_pointee(config));
    for years in [-3, 3] {
        let wrong = OffsetDateTime::now_utc() + ::time::Duration::days(365 * years);
        cloud.config.store(Arc::new(config_at(&cloud.authority, &[], wrong)));
        let refused = connect(&cloud.url, Arc::clone(&config)).await;
        assert_eq!(refused.err(), Some(Error::Clock), "{years} years");
    }
    cloud.config.store(Arc::new(config_of(&cloud.authority, &[])));
    assert!(connect(&cloud.url, config).await.is_ok(), "the very next connection, with nothing changed here");
}

#[tokio::test]
async fn a_client_without_post_quantum_key_exchange_is_refused() {
    let mut cloud = cloud().await;
    let mut roots = RootCertStore::empty();
    roots.add(cloud.authority.certificate().clone()).unwrap();
    let groups = [
        (vec![aws_lc_rs::kx_group::X25519], false),
        (vec![aws_lc_rs::kx_group::SECP256R1], false),
        (vec![aws_lc_rs::kx_group::X25519, aws_lc_rs::kx_group::X25519MLKEM768], true),
    ];
    for (kx_groups, accepted) in groups {
        let provider = Arc::new(CryptoProvider { kx_groups, ..aws_lc_rs::default_provider() });
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        assert_eq!(exchange(&mut cloud, config).await.is_ok(), accepted);
    }
}

#[tokio::test]
async fn tls_1_2_is_refused() {
    let mut cloud = cloud().await;
    let mut roots = RootCertStore::empty();
    roots.add(cloud.authority.certificate().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    assert!(exchange(&mut cloud, config).await.is_err());
}

#[tokio::test]
async fn silent_and_babbling_peers_delay_nobody() {
    let mut cloud = cloud().await;
    let port: u16 = cloud.url.to_string().rsplit_once(':').unwrap().1.parse().unwrap();
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
    }
    let mut babbling = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    babbling.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let site = SiteId::random().unwrap();
    let (config, _) = site_config(&cloud.authority, &cloud.authority, site);
    assert_eq!(exchange(&mut cloud, config).await.unwrap(), Some(site));
}

#[tokio::test]
async fn a_site_certificate_names_what_the_authority_said_whatever_was_asked() {
    let authority = Authority::create(OffsetDateTime::now_utc()).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let other = SiteId::random().unwrap();
    let mut asked = rcgen::CertificateParams::new(vec!["cloud.example".into()]).unwrap();
    asked.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    asked
        .subject_alt_names
        .push(rcgen::SanType::URI(format!("urn:scanside:site:{other}").try_into().unwrap()));
    let request = asked.serialize_request(&key).unwrap();
    let site = SiteId::random().unwrap();
    let issued = authority.issue_site(request.der(), site, OffsetDateTime::now_utc()).unwrap();
    let (named, serial) = pki::site_of(&issued.certificate).unwrap();
    assert_eq!((named, &serial), (site, &issued.serial));
    let (_, parsed) = x509_parser::parse_x509_certificate(&issued.certificate).unwrap();
    assert!(!parsed.is_ca());
    assert!(pki::site_of(authority.certificate()).is_err());
    assert!(authority.issue_site(b"not a request", site, OffsetDateTime::now_utc()).is_err());
}

#[test]
fn only_plain_https_addresses_are_taken() {
    for (text, shown) in [
        ("https://cloud.example", Some("https://cloud.example:443")),
        ("https://127.0.0.1:8443/", Some("https://127.0.0.1:8443")),
        ("https://[::1]:8443", Some("https://[::1]:8443")),
        ("http://cloud.example", None),
        ("https://user@cloud.example", None),
        ("https://cloud.example/path", None),
        ("cloud.example", None),
    ] {
        assert_eq!(text.parse::<CloudUrl>().ok().map(|url| url.to_string()).as_deref(), shown, "{text}");
    }
}
