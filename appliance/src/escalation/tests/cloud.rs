//! A cloud in this process: real TLS, real gRPC, envelopes in memory, every report written by the reader at once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use proto::envelope::{ReportLeaves, Sealer, Verified, open, verify};
use proto::ids::{CaseId, EnvelopeId, SiteId};
use proto::keys::{PrivateKeys, PublicKeys};
use proto::pki::{self, Authority};
use proto::report::{Authority as Standing, Origin, ReportContent, ReportFormat, Sections};
use proto::tls::{CloudUrl, peer_site};
use proto::token::EnrolToken;
use proto::wire::intake_server::{Intake, IntakeServer};
use proto::wire::{self, PartSet, report_piece::Piece};
use time::OffsetDateTime;
use tokio_stream::StreamExt as _;
use tonic::{Request, Response, Status, Streaming};

use super::home::Home;

#[derive(Default)]
struct State {
    tokens: Vec<[u8; 32]>,
    sites: HashMap<SiteId, PublicKeys>,
    arriving: HashMap<EnvelopeId, (Verified, BTreeMap<u32, Vec<u8>>)>,
    committed: HashMap<EnvelopeId, Vec<u8>>,
    commits: Vec<CaseId>,
    doubled: usize,
    reports: BTreeMap<EnvelopeId, (CaseId, Vec<u8>)>,
    confirmed: usize,
    withdrawn: Vec<CaseId>,
    poisoned: HashSet<EnvelopeId>,
    lying: bool,
    stranger: bool,
    superseded: HashSet<EnvelopeId>,
    commits_with_parts_only: bool,
    forgotten_commits: usize,
}

struct Inner {
    authority: Authority,
    reader: PrivateKeys,
    policy: wire::Policy,
    state: Mutex<State>,
}

#[derive(Clone)]
struct Service(Arc<Inner>);

pub(super) struct Cloud {
    inner: Arc<Inner>,
    port: u16,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn now_ms() -> i64 {
    (OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000) as i64
}

impl Cloud {
    pub(super) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    pub(super) async fn start_with(change: impl FnOnce(&mut wire::Policy)) -> Self {
        let authority = Authority::create(OffsetDateTime::now_utc()).unwrap();
        let identity = authority.issue_server(&["127.0.0.1".into()], OffsetDateTime::now_utc()).unwrap();
        let config = proto::tls::server_config(
            pki::certificates(&identity.certificates).unwrap(),
            pki::private_key(&identity.key).unwrap(),
            authority.certificate().clone(),
            vec![],
        )
        .unwrap();
        let mut policy = wire::Policy { unsigned_drafts: true, content_bytes_max: 1 << 30, poll_seconds: 1 };
        change(&mut policy);
        let reader = PrivateKeys::generate().unwrap();
        let inner = Arc::new(Inner { authority, reader, policy, state: Mutex::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let incoming = proto::tls::incoming(listener, Arc::new(ArcSwap::from_pointee(config)), 16);
        let service = IntakeServer::new(Service(Arc::clone(&inner)))
            .max_decoding_message_size(proto::limits::MESSAGE_BYTES_MAX);
        let task = tokio::spawn(async move {
            proto::tls::server_builder().serve_with_incoming(service, incoming).await.unwrap();
        });
        Self { inner, port, task }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.inner.state.lock().unwrap()
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn url(&self) -> CloudUrl {
        format!("https://127.0.0.1:{}", self.port).parse().unwrap()
    }

    pub(super) fn token(&self) -> EnrolToken {
        let token = EnrolToken::issue(self.inner.authority.certificate()).unwrap();
        self.state().tokens.push(EnrolToken::secret_digest(token.secret()));
        token
    }

    pub(super) fn forget_sites(&self) {
        self.state().sites.clear();
    }

    pub(super) fn poison(&self, envelope: EnvelopeId) {
        self.state().poisoned.insert(envelope);
    }

    pub(super) fn lie_in_receipts(&self, lying: bool) {
        self.state().lying = lying;
    }

    pub(super) fn supersede(&self, envelope: EnvelopeId) {
        self.state().superseded.insert(envelope);
    }

    /// From now on: stops before the next `count` commits, and then commits only when parts come.
    pub(super) fn stop_before_commits(&self, count: usize) {
        let mut state = self.state();
        state.forgotten_commits = count;
        state.commits_with_parts_only = true;
    }

    pub(super) fn answer_as_stranger(&self) {
        self.state().stranger = true;
    }

    pub(super) fn doubled_parts(&self) -> usize {
        self.state().doubled
    }

    /// Cases in the order of their commits.
    pub(super) fn commits(&self) -> Vec<CaseId> {
        self.state().commits.clone()
    }

    pub(super) fn confirmed(&self) -> usize {
        self.state().confirmed
    }

    pub(super) fn withdrawn(&self) -> Vec<CaseId> {
        self.state().withdrawn.clone()
    }

    pub(super) fn assert_each_committed_once(&self, home: &Home) {
        let state = self.state();
        let mut commits = state.commits.clone();
        commits.sort();
        let made = home.made();
        let mut wanted: Vec<_> = made.values().map(|made| made.case).collect();
        wanted.sort();
        assert_eq!(commits, wanted);
        for (envelope, bytes) in &state.committed {
            assert!(&made[envelope].bytes == bytes, "every byte as sealed");
        }
    }
}

impl Inner {
    fn known(&self, request: &Request<impl Sized>) -> Result<(SiteId, PublicKeys), Status> {
        let site = peer_site(request)?;
        let keys = self.state.lock().unwrap().sites.get(&site).cloned();
        keys.map(|keys| (site, keys)).ok_or_else(|| Status::permission_denied("unknown site"))
    }

    fn receipt(&self, state: &State, envelope: EnvelopeId) -> wire::Receipt {
        let mut digest = blake3::hash(&state.committed[&envelope]).as_bytes().to_vec();
        if state.lying {
            digest[0] ^= 1;
        }
        let envelope = envelope.as_bytes().to_vec();
        wire::Receipt { envelope, digest, committed: true, unix_ms: now_ms(), present: vec![] }
    }

    fn commit(&self, state: &mut State, envelope: EnvelopeId, site: &PublicKeys) {
        let (verified, parts) = state.arriving.remove(&envelope).unwrap();
        let whole = [
            verified.header().as_bytes(),
            &parts.into_values().collect::<Vec<_>>().concat(),
            verified.seal().as_bytes(),
        ];
        let whole = whole.concat();
        let (header, content) = open(&whole, site, self.reader.opener()).unwrap();
        assert!(content.first("case.json").is_some());
        let address = header.address();
        state.commits.push(address.case);
        state.committed.insert(envelope, whole);
        let report = ReportContent {
            format: ReportFormat::V1,
            case: address.case,
            revision: address.revision,
            origin: Origin { backend: "reference".into(), model: "m".into(), version: "1".into() },
            authority: Standing::Unsigned {},
            sections: Sections { findings: "One opacity.".into(), impression: "See findings.".into() },
            priority: None,
            closes_flag: false,
            created: "2026-01-01T00:00:00Z".into(),
        };
        let stranger = PrivateKeys::generate().unwrap();
        let signer = if state.stranger { stranger.signer() } else { self.reader.signer() };
        let mut bytes = Vec::new();
        let made = Sealer::new(address, signer, site)
            .seal(&ReportLeaves::new(&report).unwrap(), &mut bytes)
            .unwrap();
        state.reports.insert(made.envelope, (address.case, bytes));
    }
}

#[tonic::async_trait]
impl Intake for Service {
    async fn enrol(
        &self,
        request: Request<wire::EnrolRequest>,
    ) -> Result<Response<wire::EnrolResponse>, Status> {
        let request = request.into_inner();
        let keys = PublicKeys::try_from(request.keys.as_ref().unwrap()).unwrap();
        let site = SiteId::random().unwrap();
        let mut state = self.0.state.lock().unwrap();
        let token = state.tokens.iter().position(|stored| EnrolToken::matches(&request.secret, stored));
        let token = token.ok_or_else(|| Status::permission_denied("token"))?;
        state.tokens.remove(token);
        let issued = self.0.authority.issue_site(&request.request, site, OffsetDateTime::now_utc()).unwrap();
        state.sites.insert(site, keys);
        Ok(Response::new(wire::EnrolResponse {
            site: site.as_bytes().to_vec(),
            certificate: issued.certificate,
            authority: self.0.authority.certificate().to_vec(),
            readers: vec![self.0.reader.public().into()],
            policy: Some(self.0.policy),
        }))
    }

    async fn hello(
        &self,
        request: Request<wire::HelloRequest>,
    ) -> Result<Response<wire::HelloResponse>, Status> {
        self.0.known(&request)?;
        Ok(Response::new(wire::HelloResponse {
            wire_version: proto::WIRE_VERSION,
            software: "test".into(),
            unix_ms: now_ms(),
            readers: vec![self.0.reader.public().into()],
            policy: Some(self.0.policy),
        }))
    }

    async fn which_parts(
        &self,
        request: Request<wire::WhichPartsRequest>,
    ) -> Result<Response<wire::WhichPartsResponse>, Status> {
        let (site, keys) = self.0.known(&request)?;
        let request = request.into_inner();
        let verified =
            verify(&request.header, &request.seal, &keys).map_err(|_| Status::invalid_argument("seal"))?;
        assert_eq!(verified.header().address().site, site);
        let envelope = verified.header().envelope();
        let mut state = self.0.state.lock().unwrap();
        if state.poisoned.contains(&envelope) {
            drop(state);
            panic!("poison: this takes the whole connection down");
        }
        let mut answer = wire::WhichPartsResponse::default();
        if state.superseded.remove(&envelope) {
            answer.superseded = true;
        } else if state.committed.contains_key(&envelope) {
            answer.receipt = Some(self.0.receipt(&state, envelope));
        } else {
            let parts = verified.header().layout().parts();
            let (_, there) = state.arriving.entry(envelope).or_insert((verified, BTreeMap::new()));
            let mut set = PartSet::empty(parts);
            there.keys().for_each(|index| set.insert(*index));
            answer.present = set.to_bytes();
            if set.is_complete() && !state.commits_with_parts_only {
                self.0.commit(&mut state, envelope, &keys);
                answer.receipt = Some(self.0.receipt(&state, envelope));
            }
        }
        Ok(Response::new(answer))
    }

    async fn put_parts(
        &self,
        request: Request<Streaming<wire::Part>>,
    ) -> Result<Response<wire::Receipt>, Status> {
        let (_, keys) = self.0.known(&request)?;
        let mut parts = request.into_inner();
        let mut last = None;
        while let Some(part) = parts.next().await {
            let part = part?;
            let envelope =
                EnvelopeId::from_slice(&part.envelope).map_err(|_| Status::invalid_argument("id"))?;
            let mut state = self.0.state.lock().unwrap();
            let (verified, there) =
                state.arriving.get_mut(&envelope).ok_or_else(|| Status::not_found("envelope"))?;
            verified.check_part(part.index, &part.data).map_err(|_| Status::invalid_argument("part"))?;
            let doubled = there.insert(part.index, part.data).is_some();
            state.doubled += usize::from(doubled);
            last = Some(envelope);
        }
        let envelope = last.ok_or_else(|| Status::internal("no part"))?;
        let mut state = self.0.state.lock().unwrap();
        let (verified, there) = &state.arriving[&envelope];
        let mut set = PartSet::empty(verified.header().layout().parts());
        there.keys().for_each(|index| set.insert(*index));
        if !set.is_complete() {
            let envelope = envelope.as_bytes().to_vec();
            return Ok(Response::new(wire::Receipt {
                envelope,
                present: set.to_bytes(),
                ..Default::default()
            }));
        }
        if state.forgotten_commits > 0 {
            state.forgotten_commits -= 1;
            return Err(Status::unavailable("stopped before the commit"));
        }
        self.0.commit(&mut state, envelope, &keys);
        Ok(Response::new(self.0.receipt(&state, envelope)))
    }

    async fn list_reports(
        &self,
        request: Request<wire::ListReportsRequest>,
    ) -> Result<Response<wire::ListReportsResponse>, Status> {
        self.0.known(&request)?;
        let state = self.0.state.lock().unwrap();
        let entry = |(envelope, (case, bytes)): (&EnvelopeId, &(CaseId, Vec<u8>))| wire::ReportEntry {
            case_id: case.as_bytes().to_vec(),
            revision: 1,
            envelope: envelope.as_bytes().to_vec(),
            digest: blake3::hash(bytes).as_bytes().to_vec(),
            bytes_total: bytes.len() as u64,
        };
        Ok(Response::new(wire::ListReportsResponse {
            reports: state.reports.iter().map(entry).collect(),
            more: false,
        }))
    }

    type FetchReportStream = std::pin::Pin<
        Box<dyn tokio_stream::Stream<Item = Result<wire::ReportPiece, Status>> + Send + 'static>,
    >;

    async fn fetch_report(
        &self,
        request: Request<wire::FetchReportRequest>,
    ) -> Result<Response<Self::FetchReportStream>, Status> {
        self.0.known(&request)?;
        let envelope = EnvelopeId::from_slice(&request.into_inner().envelope).unwrap();
        let state = self.0.state.lock().unwrap();
        let (_, bytes) = state.reports.get(&envelope).ok_or_else(|| Status::not_found("report"))?;
        let header = proto::envelope::Header::parse(&bytes[..proto::envelope::Header::BYTES]).unwrap();
        let layout = header.layout();
        let seal = bytes[layout.seal_offset() as usize..].to_vec();
        let mut pieces = vec![Piece::Head(wire::ReportHead { header: header.as_bytes().to_vec(), seal })];
        for index in 0..layout.parts() {
            let data = bytes[layout.part_offset(index) as usize..][..layout.part_bytes(index)].to_vec();
            pieces.push(Piece::Part(wire::Part { envelope: envelope.as_bytes().to_vec(), index, data }));
        }
        let pieces = pieces.into_iter().map(|piece| Ok(wire::ReportPiece { piece: Some(piece) }));
        Ok(Response::new(Box::pin(tokio_stream::iter(pieces.collect::<Vec<_>>()))))
    }

    async fn confirm_report(
        &self,
        request: Request<wire::ConfirmReportRequest>,
    ) -> Result<Response<wire::ConfirmReportResponse>, Status> {
        self.0.known(&request)?;
        let envelope = EnvelopeId::from_slice(&request.into_inner().envelope).unwrap();
        let mut state = self.0.state.lock().unwrap();
        if state.reports.remove(&envelope).is_some() {
            state.confirmed += 1;
        }
        Ok(Response::new(wire::ConfirmReportResponse {}))
    }

    async fn withdraw(
        &self,
        request: Request<wire::WithdrawRequest>,
    ) -> Result<Response<wire::WithdrawResponse>, Status> {
        self.0.known(&request)?;
        let case = CaseId::from_slice(&request.into_inner().case_id).unwrap();
        self.0.state.lock().unwrap().withdrawn.push(case);
        Ok(Response::new(wire::WithdrawResponse { dropped: 0 }))
    }

    async fn case_states(
        &self,
        request: Request<wire::CaseStatesRequest>,
    ) -> Result<Response<wire::CaseStatesResponse>, Status> {
        self.0.known(&request)?;
        Ok(Response::new(wire::CaseStatesResponse { states: vec![] }))
    }
}
