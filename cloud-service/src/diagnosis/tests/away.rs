//! Whatever the endpoint does, it buries no case and costs none an attempt; once it is back every case is drafted.
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::StreamExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;

use super::breaker::{rig, until, wall};
use super::*;
use crate::queue::CaseState;

/// What an endpoint in trouble does with a connection.
#[derive(Clone)]
enum Trouble {
    /// Nobody listens.
    Gone,
    /// Ends it before reading.
    HangsUp,
    /// Reads what is asked and ends it.
    Unanswered,
    /// Reads what is asked, writes this and goes on in silence.
    Stalls(&'static str),
    /// Reads what is asked, writes this and ends it.
    Says(Vec<u8>),
}

/// An endpoint that is in trouble until it is mended. `all`: also when only asked whether it is there.
struct Fake {
    url: String,
    mended: watch::Sender<bool>,
    met: Arc<AtomicUsize>,
}

impl Fake {
    fn start(trouble: Trouble, all: bool) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let url = format!("http://{}/v1", socket.local_addr().unwrap());
        let (mended, mut is_mended) = watch::channel(false);
        let met = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&met);
        tokio::spawn(async move {
            // A bound port that nobody listens at refuses connections.
            if matches!(trouble, Trouble::Gone) {
                is_mended.wait_for(|m| *m).await.unwrap();
            }
            let listener = socket.listen(64).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let trouble = (!*is_mended.borrow()).then(|| trouble.clone());
                tokio::spawn(serve(stream, trouble, all, Arc::clone(&count)));
            }
        });
        Self { url, mended, met }
    }
}

async fn serve(mut stream: TcpStream, trouble: Option<Trouble>, all: bool, met: Arc<AtomicUsize>) {
    if all && matches!(trouble, Some(Trouble::HangsUp)) {
        met.fetch_add(1, Ordering::SeqCst);
        return;
    }
    let mut asked = Vec::new();
    loop {
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(got) if got > 0 => asked.extend_from_slice(&piece[..got]),
            _ => return,
        }
        let text = String::from_utf8_lossy(&asked).to_ascii_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|l| l.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |l| l.parse().unwrap()) {
            break;
        }
    }
    let a_question = asked.starts_with(b"POST ");
    let good = http("200 OK", &if a_question { completion(GOOD, "stop") } else { "{}".to_owned() }).unwrap();
    let played = trouble.filter(|_| all || a_question);
    if played.is_some() {
        met.fetch_add(1, Ordering::SeqCst);
    }
    let (answer, then_silent) = match played {
        None => (good, false),
        Some(Trouble::Says(answer)) => (answer, false),
        Some(Trouble::Stalls(start)) => (start.as_bytes().to_vec(), true),
        Some(Trouble::Gone | Trouble::HangsUp | Trouble::Unanswered) => return,
    };
    // The client may have hung up: on an answer that is too long, or out of patience.
    let _ = stream.write_all(&answer).await;
    if then_silent {
        let _ = stream.read(&mut [0; 1]).await;
    }
    let _ = stream.shutdown().await;
}

fn says(status: &str, body: &str) -> Trouble {
    Trouble::Says(http(status, body).unwrap())
}

/// Trouble that is the endpoint's by its own word or silence.
fn its_own() -> Vec<(String, Trouble)> {
    let raw = |text: &str| Trouble::Says(text.as_bytes().to_vec());
    let mut all = vec![
        ("refuses connections".to_owned(), Trouble::Gone),
        ("hangs up at once".to_owned(), Trouble::HangsUp),
        ("hangs up on a question".to_owned(), Trouble::Unanswered),
        ("is silent".to_owned(), Trouble::Stalls("")),
        ("stalls within its head".to_owned(), Trouble::Stalls("HTTP/1.1 200 OK\r\ncontent-")),
        (
            "stalls before its body".to_owned(),
            Trouble::Stalls("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"),
        ),
        ("breaks off in the status line".to_owned(), raw("HTTP/1.1 20")),
        (
            "breaks off in the body".to_owned(),
            raw("HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"choices\""),
        ),
        ("speaks no HTTP".to_owned(), raw("SSH-2.0-OpenSSH_9.2\r\n")),
        ("is a proxy's page".to_owned(), says("200 OK", "<html><h1>Sign in to the network</h1></html>")),
        ("answers with nothing".to_owned(), says("200 OK", "")),
        ("answers with half a document".to_owned(), says("200 OK", &completion(GOOD, "stop")[..40])),
        ("has no content".to_owned(), Trouble::Says(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())),
    ];
    for status in [
        "302 Found",
        "401 Unauthorized",
        "402 Payment Required",
        "403 Forbidden",
        "404 Not Found",
        "405 Method Not Allowed",
        "407 Proxy Authentication Required",
        "408 Request Timeout",
        "410 Gone",
        "425 Too Early",
        "429 Too Many Requests",
        "429 Too Many Requests\r\nretry-after: 0",
        "451 Unavailable For Legal Reasons",
        "500 Internal Server Error",
        "501 Not Implemented",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "503 Service Unavailable\r\nretry-after: Sun, 06 Nov 1994 08:49:37 GMT",
        "504 Gateway Timeout",
        "520 Web Server Returned an Unknown Error",
        "529 Site is overloaded",
    ] {
        all.push((status.to_owned(), says(status, "{\"error\":{\"message\":\"no\"}}")));
    }
    all
}

/// Trouble that might be a case's, were it not every case's.
fn everybodys() -> Vec<(String, Trouble)> {
    let answer = |content: Value, finish: &str| {
        json!({"choices": [{"finish_reason": finish, "message": {"content": content}}]}).to_string()
    };
    let mut all = vec![
        ("writes another schema".to_owned(), says("200 OK", &completion("{\"report\":\"x\"}", "stop"))),
        ("writes prose".to_owned(), says("200 OK", &completion("Sure! Here it is", "stop"))),
        ("never ends".to_owned(), says("200 OK", &completion(GOOD, "length"))),
        ("filters everything".to_owned(), says("200 OK", &answer(Value::Null, "content_filter"))),
        ("writes nothing".to_owned(), says("200 OK", &answer(Value::Null, "stop"))),
        ("errs with success".to_owned(), says("200 OK", "{\"error\":{\"message\":\"no images\"}}")),
        ("writes without end".to_owned(), says("200 OK", &completion(&"y".repeat(2 << 20), "stop"))),
    ];
    for status in ["400 Bad Request", "413 Content Too Large", "422 Unprocessable Content"] {
        all.push((status.to_owned(), says(status, "{}")));
    }
    all
}

/// Cases wait, some of them STAT, while the endpoint is in this trouble; then it is mended.
async fn outlived((name, trouble): (String, Trouble), all: bool) {
    let gone = matches!(trouble, Trouble::Gone);
    let fake = Fake::start(trouble, all);
    let settings = Settings {
        base_url: fake.url.clone(),
        model: "seer".into(),
        api_key: None,
        timeout: Duration::from_millis(150),
    };
    // Nobody being there is the trouble that comes most often: it is met by a full queue.
    let ranks = if gone { [2, 2, 2, 1, 2, 2, 2, 0].repeat(6) } else { vec![2, 0, 1, 2] };
    let rig = rig(&ranks, |_| Endpoint::new(settings).unwrap()).await;
    let q = &rig.cloud.queue;
    let readers = rig.start(if gone { 1 } else { 2 });
    if gone {
        until(&name, async || q.readers().await.unwrap().iter().any(|r| r.away_since.is_some())).await;
    } else {
        until(&name, async || fake.met.load(Ordering::SeqCst) >= 6).await;
    }
    for key in &rig.keys {
        let case = q.case(*key).await.unwrap();
        assert!(matches!(case.state, CaseState::Ready | CaseState::Leased), "{name}: {:?}", case.state);
        assert_eq!(case.attempts, u32::from(case.state == CaseState::Leased), "{name}");
    }
    fake.mended.send_replace(true);
    for key in &rig.keys {
        until(&name, async || q.case(*key).await.unwrap().state == CaseState::Drafted).await;
        assert_eq!(q.case(*key).await.unwrap().attempts, 1, "{name}");
        let timeline = q.timeline(*key).await.unwrap();
        assert!(timeline.iter().all(|a| a.action != "attempt-failed" && a.action != "buried"), "{name}");
    }
    until(&name, async || q.readers().await.unwrap().iter().all(|r| r.away_since.is_none())).await;
    if gone {
        let stat = rig.keys.iter().zip(&ranks).filter(|(_, rank)| **rank == 0).map(|(key, _)| *key);
        let stat: Vec<i64> = stat.collect();
        assert_eq!(rig.drafted()[..stat.len()], stat, "{name}: STAT comes first");
    }
    readers.stop().await;
}

async fn all_outlived(troubles: Vec<(String, Trouble)>, all: bool) {
    assert!(troubles.len() >= 10);
    let each = troubles.into_iter().map(|trouble| outlived(trouble, all));
    futures::stream::iter(each).buffer_unordered(8).collect::<Vec<()>>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_in_trouble_costs_no_case_anything() {
    all_outlived(its_own(), true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_is_there_and_drafts_nothing_costs_no_case_anything() {
    let questions = its_own().into_iter().filter(|(_, t)| !matches!(t, Trouble::Gone | Trouble::HangsUp));
    all_outlived(questions.collect(), false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_endpoint_does_to_every_case_counts_against_none() {
    all_outlived(everybodys(), false).await;
}

#[test]
fn a_pause_is_asked_for_in_seconds_or_by_a_date() {
    let now = time::OffsetDateTime::from_unix_timestamp(784_111_767).unwrap();
    for (value, seconds) in [
        ("7", Some(7)),
        (" 120 ", Some(120)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(10)),
        ("Sun, 06 Nov 1994 08:49:17 GMT", None),
        ("-3", None),
        ("soon", None),
        ("", None),
    ] {
        assert_eq!(openai::retry_after(value, now), seconds.map(Duration::from_secs), "{value}");
    }
    assert!(wall() > 0);
}
