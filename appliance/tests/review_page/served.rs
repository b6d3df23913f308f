//! The page as it is served on a socket.

use std::sync::Arc;

use scanside_appliance::review::{Config, Page};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::backend::{HOST, backend};
use super::client::Client;

#[tokio::test]
async fn a_page_that_can_no_longer_look_at_the_ledger_ends_and_does_not_go_on_with_old_rows() {
    let backend = backend().await;
    let client = Client::signed_in(&backend, "ada").await;
    let config = Config { listen: "127.0.0.1:0".parse().unwrap(), ..backend.config.clone() };
    let page = Page::bind(config, Arc::clone(&backend)).await.unwrap();
    let address = page.local_addr();
    let serving = tokio::spawn(page.run(8, CancellationToken::new()));

    let mut open = TcpStream::connect(address).await.unwrap();
    let cookie = client.cookie.clone().unwrap();
    let asked = format!("GET /api/live HTTP/1.1\r\nhost: {HOST}\r\ncookie: {cookie}\r\n\r\n");
    open.write_all(asked.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    while !String::from_utf8_lossy(&heard).contains("event: snapshot") {
        assert_ne!(open.read_buf(&mut heard).await.unwrap(), 0, "{}", String::from_utf8_lossy(&heard));
    }

    // The next look panics: a lock that another thread left behind in the middle of a change.
    let fault = Arc::clone(&backend);
    let left = std::thread::spawn(move || {
        let _away = fault.away.lock().unwrap();
        panic!("a fault of this test's making");
    });
    assert!(left.join().is_err());
    assert!(serving.await.unwrap_err().is_panic(), "whoever runs the page sees it");
}
