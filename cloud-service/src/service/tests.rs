//! The service over real TLS on loopback, with a throwaway authority.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use proto::keys::PrivateKeys;
use proto::token::EnrolToken;
use proto::wire::intake_client::IntakeClient;
use proto::wire::report_piece::Piece;
use proto::wire::*;
use tokio::net::TcpListener;
use tonic::Code;
use tonic::transport::Channel;

use super::{ServerTls, Service, serve};
use crate::queue::{Draft, Invitation, Limits, Millis, SealedReport};
use crate::testing::{Case, Parts, Site, TestCloud, clock};

const LIMITS: Limits = Limits { lease: 60_000, attempts: 3, longest_wait: 60_000, backoff: 10 };

struct Running {
    cloud: TestCloud,
    address: SocketAddr,
    tls: Arc<ServerTls>,
    stop: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

async fn running() -> Running {
    running_by(clock).await
}

async fn running_by(clock: fn() -> Millis) -> Running {
    let cloud = TestCloud::new().await;
    let readers = vec![cloud.reader.public().clone()];
    let service = Service::new(
        cloud.queue.clone(),
        cloud.objects.clone(),
        Arc::clone(&cloud.authority),
        readers,
        false,
        clock,
    );
    let names = vec!["localhost".to_owned()];
    let tls = Arc::new(ServerTls::open(Arc::clone(&cloud.authority), names, &cloud.queue).await.unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let at = Arc::clone(&tls);
    let task = tokio::spawn(async move {
        serve(service, &at, listener, 16, async { drop(stopped.await) }).await.unwrap();
    });
    Running { cloud, address, tls, stop, task }
}

impl Running {
    fn url(&self) -> proto::tls::CloudUrl {
        format!("https://localhost:{}", self.address.port()).parse().unwrap()
    }

    async fn invite(&self, name: &str) -> EnrolToken {
        self.invite_until(name, i64::MAX).await
    }

    async fn invite_until(&self, name: &str, until: Millis) -> EnrolToken {
        let token = EnrolToken::issue(self.cloud.authority.certificate()).unwrap();
        let id = proto::ids::SiteId::random().unwrap().to_string();
        let token_hash = EnrolToken::secret_digest(token.secret());
        let i = Invitation { id: &id, name, token_hash, until };
        self.cloud.queue.invite_site(&i, clock()).await.unwrap();
        token
    }

    async fn strangers_client(&self) -> IntakeClient<Channel> {
        let digest = proto::token::authority_digest(self.cloud.authority.certificate());
        let config = Arc::new(ArcSwap::from_pointee(proto::tls::enrol_config(digest).unwrap()));
        IntakeClient::new(proto::tls::connect(&self.url(), config).await.unwrap())
    }

    async fn enrol(&self, name: &str) -> (Site, IntakeClient<Channel>) {
        self.enrol_with(&self.invite(name).await).await
    }

    async fn enrol_with(&self, token: &EnrolToken) -> (Site, IntakeClient<Channel>) {
        let keys = PrivateKeys::generate().unwrap();
        let csr = proto::pki::SiteRequest::create().unwrap();
        let request = enrol_request(token, &keys, csr.request.clone());
        let got = self.strangers_client().await.enrol(request).await.unwrap().into_inner();
        assert_eq!(got.readers[0], PublicKeys::from(self.cloud.reader.public()));
        let authority = got.authority.clone().into();
        let key = proto::pki::private_key(&csr.key).unwrap();
        let config = proto::tls::client_config(authority, vec![got.certificate.clone().into()], key).unwrap();
        let config = Arc::new(ArcSwap::from_pointee(config));
        let channel = proto::tls::connect(&self.url(), config).await.unwrap();
        let id = proto::ids::SiteId::from_slice(&got.site).unwrap();
        (Site { id, keys }, IntakeClient::new(channel))
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }
}

fn enrol_request(token: &EnrolToken, keys: &PrivateKeys, request: Vec<u8>) -> EnrolRequest {
    EnrolRequest {
        secret: token.secret().to_vec(),
        request,
        keys: Some(keys.public().into()),
        wire_version: proto::WIRE_VERSION,
        software: "test 1".into(),
    }
}

fn offer(parts: &Parts, digest: &[u8]) -> WhichPartsRequest {
    WhichPartsRequest {
        header: parts.header.clone(),
        seal: parts.seal.clone(),
        digest: digest.to_vec(),
        priority: Priority::Stat.into(),
        modality: "DX".into(),
    }
}

fn stream(
    envelope: &[u8],
    parts: &Parts,
    which: &[u32],
) -> impl futures::Stream<Item = Part> + Send + 'static {
    let all: Vec<Part> = which
        .iter()
        .map(|n| Part { envelope: envelope.to_vec(), index: *n, data: parts.parts[*n as usize].clone() })
        .collect();
    futures::stream::iter(all)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_enrols_one_site_and_nobody_calls_without_a_certificate() {
    let r = running().await;
    let mut stranger = r.strangers_client().await;
    let hello = HelloRequest { wire_version: proto::WIRE_VERSION, ..HelloRequest::default() };
    assert_eq!(stranger.hello(hello.clone()).await.unwrap_err().code(), Code::Unauthenticated);
    let (_, mut site) = r.enrol("north-1").await;
    let said = HelloRequest { waiting: 3, oldest_seconds: 60, software: "x\u{7}y".into(), ..hello.clone() };
    let answer = site.hello(said).await.unwrap().into_inner();
    assert_eq!(answer.policy.unwrap().content_bytes_max, proto::limits::CONTENT_BYTES_MAX);
    let row = r.cloud.queue.sites().await.unwrap().remove(0);
    assert_eq!((row.waiting, row.client_version.as_str()), (3, "xy"));
    assert_eq!(site.hello(HelloRequest::default()).await.unwrap_err().code(), Code::FailedPrecondition);
    // The token is used up for anybody else's keys; a wrong one is never good.
    let token = r.invite("south-2").await;
    let keys = PrivateKeys::generate().unwrap();
    let csr = proto::pki::SiteRequest::create().unwrap();
    stranger.enrol(enrol_request(&token, &keys, csr.request.clone())).await.unwrap();
    let thief = PrivateKeys::generate().unwrap();
    let stolen = stranger.enrol(enrol_request(&token, &thief, csr.request.clone())).await.unwrap_err();
    assert_eq!(stolen.code(), Code::Unauthenticated);
    let other = EnrolToken::issue(b"x").unwrap();
    let wrong = stranger.enrol(enrol_request(&other, &keys, csr.request)).await.unwrap_err();
    assert_eq!(wrong.code(), Code::Unauthenticated);
    r.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_site_is_refused_on_its_open_connection_and_at_the_next_handshake() {
    let r = running().await;
    let (_, mut site) = r.enrol("north-1").await;
    r.cloud.queue.revoke_site("north-1", clock()).await.unwrap();
    let hello = HelloRequest { wire_version: proto::WIRE_VERSION, ..HelloRequest::default() };
    assert_eq!(site.hello(hello.clone()).await.unwrap_err().code(), Code::PermissionDenied);
    r.tls.reload(&r.cloud.queue).await.unwrap();
    let (_, mut other) = r.enrol("south-2").await;
    other.hello(hello).await.unwrap();
    r.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_cut_anywhere_resumes_and_its_receipt_repeats() {
    let r = running().await;
    let (site, mut client) = r.enrol("north-1").await;
    let case = Case::image(64, 3 << 20);
    let (bytes, sealed) = case.seal(&site, r.cloud.reader.public());
    let parts = Parts::of(&bytes);
    let (id, digest) = (sealed.envelope.as_bytes().to_vec(), sealed.digest.as_bytes().to_vec());
    let first = client.which_parts(offer(&parts, &digest)).await.unwrap().into_inner();
    assert!(first.receipt.is_none() && !first.superseded);
    let partial = client.put_parts(stream(&id, &parts, &[2, 0])).await.unwrap().into_inner();
    assert!(!partial.committed);
    assert!(partial.digest.is_empty());
    let again = client.which_parts(offer(&parts, &digest)).await.unwrap().into_inner();
    let missing: Vec<u32> = PartSet::from_bytes(&again.present, 4).missing().collect();
    assert_eq!(missing, [1, 3]);
    // The same part twice is fine; a damaged one is refused and stores nothing.
    let mut damaged = parts.parts[1].clone();
    damaged[5] ^= 1;
    let bad = Part { envelope: id.clone(), index: 1, data: damaged };
    let refused = client.put_parts(futures::stream::iter(vec![bad])).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let receipt = client.put_parts(stream(&id, &parts, &[0, 3, 1])).await.unwrap().into_inner();
    assert!(receipt.committed);
    assert_eq!((receipt.envelope.clone(), receipt.digest.clone()), (id.clone(), digest.clone()));
    // The receipt was lost on the way: offered again, sent again, it is the same.
    let repeat = client.which_parts(offer(&parts, &digest)).await.unwrap().into_inner();
    assert_eq!(repeat.receipt.unwrap(), receipt);
    assert_eq!(client.put_parts(stream(&id, &parts, &[1])).await.unwrap().into_inner(), receipt);
    // Another envelope of the same case and revision is answered with the one that is here.
    let (bytes, sealed) = case.seal(&site, r.cloud.reader.public());
    let second =
        client.which_parts(offer(&Parts::of(&bytes), sealed.digest.as_bytes())).await.unwrap().into_inner();
    assert!(second.superseded);
    assert_eq!(second.receipt.unwrap().envelope, id);
    let rows = r.cloud.queue.cases(&crate::queue::CaseFilter::default()).await.unwrap();
    assert_eq!((rows.len(), rows[0].priority, rows[0].state), (1, 0, crate::queue::CaseState::Ready));
    r.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_sites_own_signed_case_for_our_reader_is_taken() {
    let r = running().await;
    let (site, mut client) = r.enrol("north-1").await;
    let (other, _) = r.enrol("south-2").await;
    let case = Case::image(8, 0);
    let code = |parts: Parts, digest: [u8; 32]| {
        let mut client = client.clone();
        async move { client.which_parts(offer(&parts, &digest)).await.unwrap_err().code() }
    };
    // Signed by another site's key.
    let (bytes, s) = case.seal(&other, r.cloud.reader.public());
    assert_eq!(code(Parts::of(&bytes), *s.digest.as_bytes()).await, Code::PermissionDenied);
    // Our key, another site's address.
    let mixed = Site { id: other.id, keys: site.keys.clone() };
    let (bytes, s) = case.seal(&mixed, r.cloud.reader.public());
    assert_eq!(code(Parts::of(&bytes), *s.digest.as_bytes()).await, Code::PermissionDenied);
    // Sealed to nobody we know.
    let (bytes, s) = case.seal(&site, PrivateKeys::generate().unwrap().public());
    assert_eq!(code(Parts::of(&bytes), *s.digest.as_bytes()).await, Code::FailedPrecondition);
    // A header that is none.
    let (bytes, s) = case.seal(&site, r.cloud.reader.public());
    let mut parts = Parts::of(&bytes);
    parts.header[40] ^= 1;
    assert_eq!(code(parts, *s.digest.as_bytes()).await, Code::PermissionDenied);
    // A whole digest that is not the one of these bytes: never committed.
    let parts = Parts::of(&bytes);
    client.which_parts(offer(&parts, &[9; 32])).await.unwrap();
    let refused = client.put_parts(stream(s.envelope.as_bytes(), &parts, &[0])).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    r.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_is_fetched_confirmed_and_only_then_forgotten() {
    let r = running().await;
    let (site, mut client) = r.enrol("north-1").await;
    let (_, mut other) = r.enrol("south-2").await;
    let queue = &r.cloud.queue;
    let case = r.cloud.receive(&site, &Case::image(8, 0)).await;
    let claim = queue.claim_next("m", "t", &LIMITS, clock()).await.unwrap().unwrap();
    let draft = Draft { text: crate::queue::Text::default(), model: "{}".into(), made_at: clock() };
    queue.store_draft(case, &claim.token, &draft, "{}", true).await.unwrap();
    let id = proto::ids::EnvelopeId::random().unwrap();
    r.cloud.objects.put(&format!("reports/{id}"), "000000", vec![4, 5].into()).await.unwrap();
    let sealed = SealedReport {
        id: id.to_string(),
        case,
        header: vec![1],
        seal: vec![2],
        digest: vec![7; 32],
        parts: 1,
        bytes: 2,
    };
    queue.store_report(&sealed, clock()).await.unwrap();
    let listed = client.list_reports(ListReportsRequest::default()).await.unwrap().into_inner();
    assert_eq!((listed.reports.len(), listed.more), (1, false));
    assert_eq!(
        other.list_reports(ListReportsRequest::default()).await.unwrap().into_inner().reports.len(),
        0
    );
    let fetch = FetchReportRequest { envelope: id.as_bytes().to_vec(), first_part: 0 };
    assert_eq!(other.fetch_report(fetch.clone()).await.unwrap_err().code(), Code::NotFound);
    let mut pieces = client.fetch_report(fetch).await.unwrap().into_inner();
    let Some(Piece::Head(head)) = pieces.message().await.unwrap().unwrap().piece else { panic!("no head") };
    assert_eq!((head.header, head.seal), (vec![1], vec![2]));
    let Some(Piece::Part(part)) = pieces.message().await.unwrap().unwrap().piece else { panic!("no part") };
    assert_eq!(part.data, [4, 5]);
    assert!(pieces.message().await.unwrap().is_none());
    let confirm =
        |digest: u8| ConfirmReportRequest { envelope: id.as_bytes().to_vec(), digest: vec![digest; 32] };
    assert_eq!(client.confirm_report(confirm(6)).await.unwrap_err().code(), Code::InvalidArgument);
    assert!(queue.doomed().await.unwrap().is_empty());
    client.confirm_report(confirm(7)).await.unwrap();
    client.confirm_report(confirm(7)).await.unwrap();
    assert_eq!(queue.doomed().await.unwrap().len(), 2);
    r.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_hears_of_a_burial_and_may_take_a_case_back() {
    let r = running().await;
    let (site, mut client) = r.enrol("north-1").await;
    let (one, two) = (Case::image(8, 0), Case::image(8, 0));
    let key = r.cloud.receive(&site, &one).await;
    r.cloud.receive(&site, &two).await;
    r.cloud.queue.bury(key, "ada", "images\ncut off", clock()).await.unwrap();
    let states = client.case_states(CaseStatesRequest::default()).await.unwrap().into_inner().states;
    assert_eq!(states.len(), 2);
    assert_eq!(states[0].phase, i32::from(CasePhase::Buried));
    assert_eq!(states[0].reason, "images cut off");
    let back = WithdrawRequest { case_id: two.id.as_bytes().to_vec(), revision: 0 };
    assert_eq!(client.withdraw(back.clone()).await.unwrap().into_inner().dropped, 1);
    assert_eq!(client.withdraw(back).await.unwrap().into_inner().dropped, 0);
    let ask = CaseStatesRequest { case_ids: vec![two.id.as_bytes().to_vec()] };
    let states = client.case_states(ask).await.unwrap().into_inner().states;
    assert_eq!(states[0].phase, i32::from(CasePhase::Withdrawn));
    r.end().await;
}

/// A cloud service that was started while the machine's clock was three months ahead.
fn ahead() -> Millis {
    clock() + 90 * 24 * 3_600_000
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_house_of_another_time_gives_certificates_and_judges_tokens_by_the_wall() {
    let r = running_by(ahead).await;
    let (token, late) =
        (r.invite_until("north-1", clock() + 3_600_000).await, r.invite_until("south-2", 1).await);
    let (_, mut site) = r.enrol_with(&token).await;
    let hello = HelloRequest { wire_version: proto::WIRE_VERSION, ..HelloRequest::default() };
    let answer = site.hello(hello).await.unwrap().into_inner();
    assert!((answer.unix_ms - proto::clock::wall()).abs() < 3_600_000);
    let row = r.cloud.queue.site("north-1").await.unwrap();
    assert!(row.enrolled_at.unwrap() > proto::clock::wall() + 3_600_000, "rows are of the steady clock");
    let keys = PrivateKeys::generate().unwrap();
    let csr = proto::pki::SiteRequest::create().unwrap();
    let request = enrol_request(&late, &keys, csr.request);
    let refused = r.strangers_client().await.enrol(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    r.end().await;
}
