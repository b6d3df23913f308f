//! What the cookie looks like, and which requests come from a page of ours.

use http::Method;

use super::*;
use crate::channel::Channel;
use crate::cookie::Cookie;

const TOKEN: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn cookie(host: &str, behind_tls: bool) -> Cookie {
    Cookie::new("page", Channel::of(&headers(&[("host", host)]), behind_tls))
}

#[test]
fn behind_tls_and_on_loopback_the_cookie_is_bound_to_the_host() {
    let all = [
        ("clinic.example", true),
        ("127.0.0.1:8080", false),
        ("127.0.0.2", false),
        ("localhost:8080", false),
        ("LOCALHOST", false),
        ("page.localhost:1", false),
        ("[::1]:8080", false),
    ];
    for (host, behind_tls) in all {
        let set = cookie(host, behind_tls).set(TOKEN).unwrap();
        let wanted = format!("__Host-page={TOKEN}; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure");
        assert_eq!(set.to_str().unwrap(), wanted, "{host}");
        let gone = cookie(host, behind_tls).clear().unwrap();
        assert_eq!(
            gone.to_str().unwrap(),
            "__Host-page=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; Secure"
        );
    }
}

#[test]
fn only_plain_http_from_another_machine_has_a_cookie_that_a_browser_keeps_there() {
    for host in
        ["192.0.2.7:8080", "clinic.example", "localhost.example", "127.0.0.1.example", "[2001:db8::1]", ""]
    {
        let set = cookie(host, false).set(TOKEN).unwrap();
        let wanted = format!("page={TOKEN}; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200");
        assert_eq!(set.to_str().unwrap(), wanted, "{host}");
    }
}

#[test]
fn only_the_cookie_of_the_channel_is_read_and_two_are_none() {
    let read =
        |text: &str| cookie("localhost", false).token(&headers(&[("host", "localhost"), ("cookie", text)]));
    assert_eq!(read(&format!("a=b; __Host-page={TOKEN}; c=d")).as_deref(), Some(TOKEN));
    assert_eq!(read(&format!("page={TOKEN}")), None, "anybody may have set it");
    assert_eq!(read(&format!("__Host-page={}", &TOKEN[1..])), None);
    assert_eq!(read(&format!("__Host-page={}g", &TOKEN[1..])), None);
    assert_eq!(read(&format!("__Host-page={TOKEN}; __Host-page={TOKEN}")), None);
    assert_eq!(read(""), None);
}

#[test]
fn a_change_comes_from_our_host_and_our_scheme() {
    let from = |tls: bool, all: &[(&'static str, &str)]| {
        let mut pairs = vec![("host", "clinic.example")];
        pairs.extend_from_slice(all);
        from_our_page(&Method::POST, &headers(&pairs), tls)
    };
    let (plain, tls) = (("origin", "http://clinic.example"), ("origin", "https://clinic.example"));
    assert!(from(false, &[plain]) && from(true, &[tls]));
    assert!(!from(true, &[plain]), "an http origin is foreign behind TLS");
    assert!(!from(false, &[tls]), "an https origin is foreign without");
    assert!(from(true, &[tls, ("sec-fetch-site", "same-origin")]));
    for site in ["cross-site", "same-site", "none", "", "\u{e9}"] {
        assert!(!from(true, &[tls, ("sec-fetch-site", site)]), "{site}");
    }
    assert!(!from(true, &[]), "no origin");
    for origin in [
        "null",
        "",
        "clinic.example",
        "https://",
        "https://evil.example",
        "https://clinic.example.evil.example",
        "https://clinic.example:444",
        "ftp://clinic.example",
    ] {
        assert!(!from(true, &[("origin", origin)]), "{origin}");
    }
    assert!(!from(true, &[tls, ("origin", "https://evil.example")]), "two origins");
    assert!(!from(true, &[tls, ("host", "clinic.example")]), "two hosts");
    assert!(!from_our_page(&Method::POST, &headers(&[tls]), true), "no host");
}

#[test]
fn whatever_is_no_reading_is_a_change() {
    let bare = headers(&[("host", "clinic.example")]);
    for method in [Method::GET, Method::HEAD] {
        assert!(from_our_page(&method, &bare, true), "{method}");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS, Method::TRACE] {
        assert!(!from_our_page(&method, &bare, true), "{method}");
    }
}
