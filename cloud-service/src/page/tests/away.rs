//! While no machine drafts, the page says since when, why, and that people can go on.
use super::*;
use crate::queue::Readers;

#[tokio::test]
async fn the_page_says_since_when_no_draft_is_made_and_that_people_can_sign() {
    let case = Case::image(8, 0);
    let d = rig_with(&case).await;
    let site = d.cloud.site("north-1").await;
    let key = d.cloud.receive(&site, &case).await;
    let (cookie, csrf) = d.person("ada").await;
    let away = Readers {
        process: "reader-1".into(),
        away_since: Some(784_111_767_000),
        why: "the model's endpoint <b>broke off</b>; look after it".into(),
    };
    d.cloud.queue.say_readers(&away).await.unwrap();
    let page = d.get("/rows", &cookie).await.body;
    assert!(page.contains("No draft is made since 1994-11-06 08:49:27 UTC"), "{page}");
    assert!(page.contains("&lt;b&gt;broke off&lt;/b&gt;; look after it") && page.contains("nothing is lost"));
    // And so they can: the case is free, its images open, a text without a draft is signed.
    let base = format!("/case/{key}");
    d.post(&format!("{base}/lease"), &cookie, &format!("csrf={csrf}")).await;
    d.get(&format!("{base}/frame/0"), &cookie).await;
    assert!(d.get(&format!("{base}/draft"), &cookie).await.body.contains("No machine draft"));
    let signed =
        d.post(&format!("{base}/sign"), &cookie, &format!("csrf={csrf}&findings=a&impression=b")).await;
    assert_eq!((signed.status, signed.goes_to()), (StatusCode::SEE_OTHER, "/"));
    d.cloud.queue.say_readers(&Readers { away_since: None, why: String::new(), ..away }).await.unwrap();
    assert!(!d.get("/rows", &cookie).await.body.contains("No draft is made"));
}
