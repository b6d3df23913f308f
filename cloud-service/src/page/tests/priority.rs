//! The report form raises or leaves a priority; lowering is a form of its own, with a reason.
use proto::case::Priority;

use super::*;

/// What a form offers in its choice of priorities, and which of it is chosen before anybody chose.
fn offered(form: &str) -> (Vec<&str>, bool) {
    let choice = form.split("<select name=\"priority\"").nth(1).unwrap().split("</select>").next().unwrap();
    let values = choice.split("<option value=\"").skip(1).map(|o| o.split('"').next().unwrap()).collect();
    (values, choice.contains("selected"))
}

#[tokio::test]
async fn a_stat_case_is_signed_as_stat_whatever_the_draft_suggests() {
    let mut case = Case::image(8, 0);
    case.rank = 0;
    let d = rig_with(&case).await;
    let key = d.drafted(&case, &Text { priority: Some(Priority::Urgent), ..text() }).await;
    let (cookie, csrf) = d.person("ada").await;
    let base = format!("/case/{key}");
    d.post(&format!("{base}/lease"), &cookie, &format!("csrf={csrf}")).await;
    d.get(&format!("{base}/frame/0"), &cookie).await;
    let form = d.get(&format!("{base}/draft"), &cookie).await.body;
    assert_eq!(offered(&form), (vec![""], false), "as it stands, and nothing lower");
    assert!(
        form.contains("stays STAT")
            && form.contains("The draft suggests URGENT: a signature lowers nothing.")
    );
    // A form that says otherwise, however it came about, is refused with words and loses nothing.
    for lower in ["URGENT", "ROUTINE"] {
        let forged = format!("csrf={csrf}&findings=a&impression=b&priority={lower}");
        let refused = d.post(&format!("{base}/sign"), &cookie, &forged).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("a signature lowers no priority"));
    }
    assert_eq!(d.cloud.queue.case(key).await.unwrap().state, CaseState::Leased);
    // One Enter: what the form sends before anybody chose anything.
    let entered = format!("csrf={csrf}&findings=a&impression=b&priority=");
    assert_eq!(d.post(&format!("{base}/sign"), &cookie, &entered).await.status, StatusCode::SEE_OTHER);
    let release = d.cloud.queue.to_seal(9).await.unwrap().remove(0);
    assert_eq!((release.text.priority, release.priority), (None, 0));
}

#[tokio::test]
async fn lowering_is_a_form_of_its_own_with_a_reason_and_is_signed_for() {
    let mut case = Case::image(8, 0);
    case.rank = 0;
    let d = rig_with(&case).await;
    let key = d.drafted(&case, &text()).await;
    let (cookie, csrf) = d.person("ada").await;
    let base = format!("/case/{key}");
    d.post(&format!("{base}/lease"), &cookie, &format!("csrf={csrf}")).await;
    let page = d.get(&base, &cookie).await.body;
    assert_eq!(offered(&page), (vec!["", "URGENT", "ROUTINE"], false), "nothing is chosen beforehand");
    let lower = |form: &'static str| {
        let (d, cookie, path, csrf) = (&d, &cookie, format!("{base}/lower-priority"), &csrf);
        async move { d.post(&path, cookie, &format!("csrf={csrf}&{form}")).await.status }
    };
    let early = lower("priority=URGENT&reason=old").await;
    assert_eq!(early, StatusCode::UNPROCESSABLE_ENTITY, "before the images");
    d.get(&format!("{base}/frame/0"), &cookie).await;
    for wrong in ["priority=URGENT&reason=+", "priority=&reason=old", "priority=STAT&reason=old"] {
        assert_eq!(lower(wrong).await, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let foreign =
        d.post(&format!("{base}/lower-priority"), &cookie, "csrf=x&priority=URGENT&reason=old").await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    assert_eq!(d.cloud.queue.case(key).await.unwrap().priority, 0);
    assert_eq!(lower("priority=URGENT&reason=an+old+fracture").await, StatusCode::SEE_OTHER);
    let page = d.get(&base, &cookie).await.body;
    assert!(page.contains("STAT to URGENT: an old fracture"), "in the timeline");
    let form = d.get(&format!("{base}/draft"), &cookie).await.body;
    assert_eq!(offered(&form), (vec!["", "STAT"], false));
    let entered = format!("csrf={csrf}&findings=a&impression=b&priority=");
    d.post(&format!("{base}/sign"), &cookie, &entered).await;
    let release = d.cloud.queue.to_seal(9).await.unwrap().remove(0);
    assert_eq!(release.text.priority, Some(Priority::Urgent));
}
