//! What `run` leaves alone, and what its sweep takes away.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::objects;
use crate::queue::{Limits, Queue, Readers};
use crate::testing::{TestCloud, clock};

#[tokio::test]
async fn a_second_service_on_the_same_database_touches_nothing_of_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let cloud = TestCloud::new().await;
    let authority = cloud.authority.to_identity();
    std::fs::create_dir(at("pki")).unwrap();
    std::fs::write(at("pki/authority.pem"), &*authority.certificates).unwrap();
    std::fs::write(at("pki/authority.key"), &*authority.key).unwrap();
    std::fs::write(at("reader.keys"), &*cloud.reader.to_text()).unwrap();
    std::fs::set_permissions(at("reader.keys"), std::fs::Permissions::from_mode(0o600)).unwrap();
    objects::Objects::open(&format!("file://{}", at("objects").display()), true).unwrap();
    let first = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let text = format!(
        "[service]\nlisten = \"{}\"\npki = \"pki\"\n[queue]\ndatabase = \"sqlite://q.sqlite\"\n\
         [objects]\nurl = \"file://objects\"\n[diagnosis]\nkeys = \"reader.keys\"\nreaders = 0\n\
         [page]\nlisten = \"127.0.0.1:1\"\n",
        first.local_addr().unwrap()
    );
    std::fs::write(at("cloud.toml"), text).unwrap();
    let queue = Queue::open(&format!("sqlite://{}", at("q.sqlite").display()), true).await.unwrap();
    queue.add_user("ada", "code", true, i64::MAX, clock()).await.unwrap();
    // As of a cloud that is ahead of the wall: a start would end this session.
    let ahead = clock() + 3_600_000;
    queue.open_session("ada", "token", "csrf", ahead + 1_000, ahead).await.unwrap();

    let refused = run::run(Config::read(&at("cloud.toml")).unwrap()).await.unwrap_err();
    assert!(refused.to_string().contains("service.listen"), "{refused}");
    assert!(queue.session("token", clock()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_sweep_forgets_the_last_word_of_a_process_that_ended_and_no_others() {
    let cloud = TestCloud::new().await;
    let mut ended = std::process::Command::new("true").spawn().unwrap();
    ended.wait().unwrap();
    let (ended, ours) = (format!("reader-{}", ended.id()), format!("reader-{}", std::process::id()));
    for process in [&ended, &ours] {
        let away = Readers { process: process.clone(), away_since: Some(1), why: String::new() };
        cloud.queue.say_readers(&away).await.unwrap();
    }
    let limits = Limits { lease: 1_000, attempts: 3, longest_wait: 60_000, backoff: 10 };
    run::sweep(&cloud.queue, &cloud.objects, &limits).await.unwrap();
    let left: Vec<String> = cloud.queue.readers().await.unwrap().into_iter().map(|r| r.process).collect();
    assert_eq!(left, [ours]);
}
