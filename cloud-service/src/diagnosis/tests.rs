//! The endpoint's client against a fake endpoint, and the sealer against a real queue and store.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;
use std::time::Duration;

use proto::case::Priority;
use proto::report::{REPORT_JSON, ReportContent};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::queue::{Draft, Limits, Text};
use crate::testing::{Case, Site, TestCloud, clock};

const LIMITS: Limits = Limits { lease: 60_000, attempts: 3, longest_wait: 60_000, backoff: 10 };

/// Answers one request with these bytes (nothing: stays silent) and gives back the request's body.
async fn endpoint(answer: Option<Vec<u8>>) -> (String, tokio::task::JoinHandle<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        let body = loop {
            let mut piece = [0; 4096];
            let got = stream.read(&mut piece).await.unwrap();
            assert!(got > 0, "the request ended early");
            bytes.extend_from_slice(&piece[..got]);
            let text = String::from_utf8_lossy(&bytes);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head
                .lines()
                .find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
            assert!(head.starts_with("POST /v1/chat/completions "));
            if body.len() >= length.unwrap().parse::<usize>().unwrap() {
                break body.to_owned();
            }
        };
        match answer {
            Some(answer) => {
                // The client may hang up on an answer that is too long: that is the point of one test.
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            }
            None => {
                // Silent until the client gives up.
                let mut rest = Vec::new();
                let _ = stream.read_to_end(&mut rest).await;
            }
        }
        serde_json::from_str(&body).unwrap()
    });
    (url, task)
}

fn http(status: &str, body: &str) -> Option<Vec<u8>> {
    Some(
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
            .into_bytes(),
    )
}

fn completion(content: &str, finish: &str) -> String {
    json!({"choices": [{"finish_reason": finish, "message": {"role": "assistant", "content": content}}]})
        .to_string()
}

fn opened(case: &Case) -> Opened {
    let view = case.view();
    Opened { manifest: view.manifest, images: view.images }
}

async fn ask(url: String, timeout_ms: u64) -> Result<Text, Error> {
    let timeout = Duration::from_millis(timeout_ms);
    let settings = Settings { base_url: url, model: "seer".into(), api_key: None, timeout };
    Endpoint::new(settings).unwrap().draft(&opened(&Case::image(8, 0))).await.map(|(text, _)| text)
}

const GOOD: &str = r#"{"findings":"A patch.","impression":"Look again.","priority":"URGENT"}"#;

#[tokio::test]
async fn the_endpoint_gets_images_and_a_schema_but_no_id() {
    let (url, task) = endpoint(http("200 OK", &completion(GOOD, "stop"))).await;
    let text = ask(url, 5_000).await.unwrap();
    assert_eq!((text.findings.as_str(), text.priority), ("A patch.", Some(Priority::Urgent)));
    let question = task.await.unwrap();
    let content = &question["messages"][1]["content"];
    assert!(content[1]["image_url"]["url"].as_str().unwrap().starts_with("data:image/png;base64,iVBOR"));
    assert_eq!(question["response_format"]["json_schema"]["schema"]["additionalProperties"], false);
    assert_eq!(question["model"], "seer");
    let told = content[0]["text"].as_str().unwrap();
    assert!(told.contains("Lung opacity") && !told.contains("P0001"));
}

#[tokio::test]
async fn malformed_answers_are_refused_whole() {
    let long = format!("{{\"findings\":\"{}\",\"impression\":\"\",\"priority\":null}}", "x".repeat(16_001));
    let bell = "{\"findings\":\"a\\u0007\",\"impression\":\"\",\"priority\":null}";
    for (body, words) in [
        ("{}".to_owned(), "no choice"),
        (completion(GOOD, "length"), "cut off"),
        (
            json!({"choices": [{"finish_reason": "stop", "message": {"content": null}}]}).to_string(),
            "no text",
        ),
        (completion("Sure! Here is the report", "stop"), "schema"),
        (
            completion(r#"{"findings":"a","impression":"b"}"#, "stop")
                .replace("b\\\"}", "b\\\",\\\"x\\\":1}"),
            "schema",
        ),
        (completion(r#"{"findings":"a","impression":"b","priority":"NOW"}"#, "stop"), "schema"),
        (completion(r#"{"findings":" ","impression":"","priority":null}"#, "stop"), "empty"),
        (completion(&long, "stop"), "too long"),
        (completion(bell, "stop"), "control"),
        (completion(&"y".repeat(2 << 20), "stop"), "too long"),
    ] {
        let (url, task) = endpoint(http("200 OK", &body)).await;
        let error = ask(url, 5_000).await.unwrap_err();
        assert!(matches!(&error, Error::Draft(_)), "{error}");
        assert!(error.to_string().contains(words), "{error} against {words}");
        assert_eq!(error.blame(), Blame::Case);
        task.await.unwrap();
    }
}

#[tokio::test]
async fn a_busy_silent_or_absent_endpoint_is_named_and_blamed() {
    for (answer, words) in [
        (http("429 Too Many Requests", "secret words"), "is busy"),
        (http("500 Internal Server Error", "secret words"), "failed"),
        (http("401 Unauthorized", "secret words"), "refused our key"),
        (http("302 Found\r\nlocation: http://127.0.0.1:1/", ""), "elsewhere"),
        (http("200 OK", "<html>secret words</html>"), "no JSON"),
        (None, "in time"),
    ] {
        let (url, task) = endpoint(answer).await;
        let error = ask(url, 700).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error} against {words}");
        assert_eq!(error.blame(), Blame::Service);
        assert!(!error.to_string().contains("secret"));
        task.await.unwrap();
    }
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", gone.local_addr().unwrap());
    drop(gone);
    for url in [url.clone(), url.replace("http:", "https:"), "http://no-such-host.invalid/v1".to_owned()] {
        let error = ask(url, 5_000).await.unwrap_err();
        assert!(
            error.to_string().contains("cannot be reached") && error.blame() == Blame::Service,
            "{error}"
        );
    }
}

/// A released case, sealed; gives the report as the site opens it.
async fn sealed_report(
    cloud: &TestCloud,
    site: &Site,
    text: &Text,
    signed_by: Option<&str>,
) -> ReportContent {
    let key = cloud.receive(site, &Case::image(8, 0)).await;
    let q = &cloud.queue;
    let claim = q.claim_next("m", "tm", &LIMITS, clock()).await.unwrap().unwrap();
    let model = json!({"backend": "reference", "model": "reference", "version": "0.1.0"}).to_string();
    let draft = Draft { text: text.clone(), model, made_at: clock() };
    q.store_draft(key, &claim.token, &draft, "{}", signed_by.is_none()).await.unwrap();
    if let Some(who) = signed_by {
        q.claim_case(key, who, "tp", false, &LIMITS, clock()).await.unwrap();
        q.images_opened(key, who, clock()).await.unwrap();
        q.sign(key, "tp", who, text, clock()).await.unwrap();
    }
    let keys = Arc::new(cloud.reader.clone());
    let sealer = Sealer { queue: q.clone(), objects: cloud.objects.clone(), keys, clock };
    assert_eq!(sealer.once().await.unwrap(), 1);
    assert_eq!(sealer.once().await.unwrap(), 0);
    let row = q.reports_to_collect(&site.id.to_string(), 9).await.unwrap().pop().unwrap();
    let part = cloud.objects.get(&format!("reports/{}", row.id), "000000", 1 << 20).await.unwrap();
    let bytes = [row.header.as_slice(), &part, &row.seal].concat();
    assert_eq!(blake3::hash(&bytes).as_bytes().as_slice(), row.digest);
    let (header, content) = proto::envelope::open(&bytes, cloud.reader.public(), site.keys.opener()).unwrap();
    assert_eq!(header.address().site, site.id);
    ReportContent::from_json(content.first(REPORT_JSON).unwrap()).unwrap()
}

fn text(priority: Priority) -> Text {
    Text { findings: "F\ng".into(), impression: "I".into(), priority: Some(priority), closes_flag: true }
}

#[tokio::test]
async fn an_unsigned_draft_says_so_in_every_line_and_lowers_nothing() {
    let cloud = TestCloud::new().await;
    let site = cloud.site("north-1").await;
    let report = sealed_report(&cloud, &site, &text(Priority::Stat), None).await;
    assert!(report.is_unsigned() && !report.closes_flag);
    assert_eq!(report.priority, Some(Priority::Stat));
    assert!(report.lines().iter().all(|l| l.starts_with("UNSIGNED MACHINE DRAFT")));
    assert_eq!(report.origin.backend, "reference");
}

#[tokio::test]
async fn a_signed_report_carries_its_signer_and_what_they_decided() {
    let cloud = TestCloud::new().await;
    let site = cloud.site("north-1").await;
    let report = sealed_report(&cloud, &site, &text(Priority::Routine), Some("ada")).await;
    assert_eq!(report.signed_by(), Some("ada"));
    assert!(report.closes_flag);
    assert_eq!(report.priority, Some(Priority::Routine));
}

#[test]
fn a_lower_priority_of_an_unsigned_draft_is_dropped() {
    let release = crate::queue::Release {
        case: 1,
        site: String::new(),
        site_keys: Vec::new(),
        case_id: "00".repeat(16),
        revision: 1,
        priority: 1,
        text: text(Priority::Routine),
        signed_by: None,
        released_at: 1_000,
        model: None,
        summary: "{}".into(),
    };
    let report = sealer::report_of(&release).unwrap();
    assert_eq!((report.priority, report.closes_flag), (None, false));
    let signed = crate::queue::Release { signed_by: Some("ada".into()), ..release };
    assert_eq!(sealer::report_of(&signed).unwrap().priority, Some(Priority::Routine));
}

mod away;
mod breaker;
