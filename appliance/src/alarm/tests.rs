//! Calls reach a webhook and a mail server on loopback, and say nothing about who the study is of.
#![allow(clippy::unwrap_used, clippy::panic)]

use proto::case::Priority;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::*;

fn message() -> Message {
    Message::new("North 1", &"a".repeat(32), Priority::Stat, 31 * 60_000, 2)
}

fn contact(webhook: Option<String>, email: Option<&str>) -> Contact {
    Contact { name: "reading room".into(), webhook, email: email.map(str::to_owned) }
}

/// A server that takes one request and answers with `status`; gives back what it was sent.
async fn webhook(status: &'static str) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let taken = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut text = String::new();
        let mut bytes = [0_u8; 4096];
        loop {
            let n = stream.read(&mut bytes).await.unwrap();
            text.push_str(&String::from_utf8_lossy(bytes.get(..n).unwrap()));
            if n == 0 || text.contains("\"text\"") && text.ends_with('}') {
                break;
            }
        }
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        text
    });
    (format!("http://{address}/hook"), taken)
}

#[tokio::test]
async fn a_webhook_is_told_which_study_waits_and_nothing_else() {
    let (url, taken) = webhook("204 No Content").await;
    let caller = Caller::new(&Config::default()).unwrap();
    assert_eq!(caller.call(&contact(Some(url), None), &message()).await, Ok(()));
    let text = taken.await.unwrap();
    let body: serde_json::Value = serde_json::from_str(text.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let keys: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["call", "open_minutes", "priority", "site", "study", "text"]);
    assert_eq!((body["open_minutes"].as_i64(), body["priority"].as_str()), (Some(31), Some("STAT")));
}

#[tokio::test]
async fn a_trial_call_is_about_no_study_and_says_so() {
    let (url, taken) = webhook("204 No Content").await;
    let trial = Message::trial("North 1");
    let caller = Caller::new(&Config::default()).unwrap();
    assert_eq!(caller.call(&contact(Some(url), None), &trial).await, Ok(()));
    let text = taken.await.unwrap();
    let body: serde_json::Value = serde_json::from_str(text.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!((body["call"].as_i64(), body["study"].as_str()), (Some(0), Some("")));
    assert!(body["text"].as_str().unwrap().contains("trial") && trial.subject().contains("Trial"));
}

#[tokio::test]
async fn a_webhook_that_refuses_or_is_not_there_is_a_failed_call() {
    let (url, _taken) = webhook("500 Oh").await;
    let caller = Caller::new(&Config::default()).unwrap();
    assert_eq!(caller.call(&contact(Some(url), None), &message()).await, Err(Error::Refused));
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    assert_eq!(caller.call(&contact(Some(gone), None), &message()).await, Err(Error::Unreachable));
    assert_eq!(caller.call(&contact(None, None), &message()).await, Err(Error::NoWay));
}

/// A mail server that takes one message and gives back what it was sent.
async fn mail_server() -> (u16, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let taken = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let (mut text, mut in_data) = (String::new(), false);
        write.write_all(b"220 mail\r\n").await.unwrap();
        while let Some(line) = lines.next_line().await.unwrap() {
            text.push_str(&line);
            text.push('\n');
            let answer: &[u8] = match line.split(' ').next().unwrap() {
                _ if in_data && line != "." => continue,
                "." => {
                    in_data = false;
                    b"250 taken\r\n"
                }
                "EHLO" => b"250 mail\r\n",
                "DATA" => {
                    in_data = true;
                    b"354 go on\r\n"
                }
                "QUIT" => {
                    write.write_all(b"221 bye\r\n").await.unwrap();
                    break;
                }
                _ => b"250 ok\r\n",
            };
            write.write_all(answer).await.unwrap();
        }
        text
    });
    (port, taken)
}

#[tokio::test]
async fn an_e_mail_leaves_by_the_sites_own_server() {
    let (port, taken) = mail_server().await;
    let smtp = Smtp {
        server: "127.0.0.1".into(),
        port,
        security: Security::None,
        from: "scanside@clinic.example".into(),
        user: None,
        password: None,
    };
    let config = Config { smtp: Some(smtp), ..Config::default() };
    let caller = Caller::new(&config).unwrap();
    let sent = caller.call(&contact(None, Some("duty@clinic.example")), &message()).await;
    assert_eq!(sent, Ok(()));
    drop(caller);
    let text = taken.await.unwrap();
    assert!(text.contains("RCPT TO:<duty@clinic.example>"), "{text}");
    assert!(text.contains("Subject: STAT study not acknowledged at North 1"), "{text}");
}

#[test]
fn a_contact_needs_one_way_and_a_mail_server_when_it_is_mail() {
    let with = |contact: Contact| Config { contact: vec![contact], ..Config::default() };
    let keys = |c: &Config| c.faults().into_iter().map(|f| f.0).collect::<Vec<_>>();
    assert_eq!(keys(&with(contact(None, None))), ["contact[0].webhook"]);
    assert_eq!(keys(&with(contact(None, Some("duty@clinic.example")))), ["contact[0].email"]);
    assert_eq!(keys(&with(contact(Some("ftp://x".into()), None))), ["contact[0].webhook"]);
    assert_eq!(keys(&with(contact(Some("http://user:secret@host/".into()), None))), ["contact[0].webhook"]);
    assert!(keys(&with(contact(Some("https://pager.example/hook".into()), None))).is_empty());
}

#[test]
fn assist_needs_a_contact_and_every_target() {
    let mut config = Config::default();
    assert_eq!(config.lacks().map(|l| l.0), Some("alarm.contact"));
    config.contact.push(contact(Some("https://pager.example".into()), None));
    assert_eq!(config.lacks().map(|l| l.0), Some("alarm.stat"));
    let read: Config = toml::from_str(
        "stat = \"30m\"\nurgent = \"4h\"\nroutine = \"24h\"\n[[contact]]\nname = \"a\"\nwebhook = \"https://pager.example\"",
    )
    .unwrap();
    assert_eq!((read.lacks(), read.faults().len()), (None, 0));
}
