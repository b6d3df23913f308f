//! Behaviour: a planted identity is in no log at level trace, no status, no page before login, no plain content that left.

use std::time::Duration;

use fixtures::planted::{Planted, Searcher};
use fixtures::scanner::raw::RawPeer;
use fixtures::scanner::{Outgoing, Scanner, pdu};
use fixtures::study::{Encoding, Study, StudyKind, StudySpec};
use scanside_tests::support::{EnvelopeCopies, LIMIT, Pair, Terms, open_kept, site_keys, until};

fn studies() -> Vec<Study> {
    let chest = |kind, seed, encoding| StudySpec::new(kind, seed).with_encoding(encoding);
    let specs = [
        // The chest bundle is not sure of the first and not made for the second: they leave, as embeddings.
        chest(StudyKind::Cr, 296, Encoding::ImplicitLittle),
        chest(StudyKind::Cr, 314, Encoding::Deflated),
        StudySpec::new(StudyKind::HeadCt, 3).with_slices(6).with_bleed(None).with_encoding(Encoding::JpegLs),
        StudySpec::new(StudyKind::HeadCt, 6)
            .with_size(64, 64)
            .with_slices(6)
            .with_encoding(Encoding::ExplicitBig),
        StudySpec::new(StudyKind::SecondaryCapture, 9),
        StudySpec::new(StudyKind::Ultrasound, 12).with_encoding(Encoding::Rle),
    ];
    specs.iter().map(|spec| spec.build().unwrap()).collect()
}

/// Associations that fail, with identity in every place a peer can write.
fn failing(pair: &Pair, study: &Study, titles: &[String; 2]) {
    let address = pair.appliance.intake.to_string();
    let [called, calling] = titles;
    // Titles of ours in a rejected association, and in PDUs that are none.
    assert!(Scanner::new(&address, called, calling).echo().is_err());
    let patience = Duration::from_secs(10);
    let mut peer = RawPeer::connect(&address, patience).unwrap();
    let _ = peer.write(&pdu::pdu(0x77, study.planted.values.join(" ").as_bytes()));
    let _ = peer.half_close();
    assert!(peer.closed_by_peer());
    // A data set that is not the instance its command names is refused; one that ends inside its pixels is set aside by
    // whoever reads it.
    let instance = &study.instances[0];
    let send = |uid: &str, data: &[u8]| {
        let item = Outgoing::raw(&instance.sop_class_uid, uid, &instance.transfer_syntax_uid, data.to_vec());
        pair.appliance.scanner().send_watched(&[item], |_| Ok(()))
    };
    let refused = send("1.2.3.4", instance.data_set());
    assert!(refused.outcomes.iter().all(|outcome| outcome.status == 0xA900), "{refused:?}");
    let data = instance.data_set();
    send(&instance.sop_instance_uid, &data[..data.len() / 2]).complete().unwrap();
}

#[test]
fn a_planted_identity_appears_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let terms = Terms { log: "trace", embed: vec!["CR"], ..Terms::default() };
    let mut pair = Pair::start(folder.path(), &terms).unwrap();
    let left = folder.path().join("left");
    let watch = EnvelopeCopies::begin(
        &pair.appliance.store_path().unwrap(),
        &left,
        site_keys(&pair.appliance).unwrap(),
    )
    .unwrap();

    let studies = studies();
    let mut planted: Vec<Planted> = studies.iter().map(|study| study.planted.clone()).collect();
    let titles = ["QVLTHORZAAL".to_owned(), "BRXWENDIKO".to_owned()];
    let broken = StudySpec::new(StudyKind::Cr, 15).with_size(200, 240).build().unwrap();
    planted.push(broken.planted.clone());
    failing(&pair, &broken, &titles);
    for study in &studies {
        for outcome in pair.appliance.scanner().send(&study.instances).unwrap() {
            assert!(outcome.acknowledged());
        }
    }
    let mut ledger = pair.appliance.ledger().unwrap();
    let rows = until("everything is at rest", LIMIT, || {
        let rows = ledger.rows()?;
        Ok((rows.len() > studies.len() && rows.iter().all(|row| row.at_rest())).then_some(rows))
    })
    .unwrap();
    let home = rows.iter().filter(|row| row.report.is_some()).count();
    assert!(home >= 3, "too little left for a test: {rows:#?}");
    assert!(rows.iter().any(|row| row.plan.as_deref() == Some("embedding") && row.report.is_some()));

    let searcher = Searcher::new(&planted);
    let status = format!("{}{:?}", pair.appliance.status().unwrap(), pair.appliance.cases().unwrap());
    let cloud = format!("{}{:?}", pair.cloud.status().unwrap(), pair.cloud.cases().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let get = |address| {
        let url = format!("http://{address}/");
        runtime.block_on(async { reqwest::get(url).await.unwrap().bytes().await.unwrap() })
    };
    let pages = [get(pair.appliance.page), get(pair.cloud.page)];
    pair.appliance.stop().unwrap();
    pair.cloud.stop().unwrap();
    watch.end();
    let mut searched = vec![
        ("status".to_owned(), status.into_bytes()),
        ("cloud status".to_owned(), cloud.into_bytes()),
        ("appliance page".to_owned(), pages[0].to_vec()),
        ("cloud page".to_owned(), pages[1].to_vec()),
    ];
    let entries = open_kept(&left, &pair.appliance, &pair.cloud).unwrap();
    assert!(
        entries.iter().filter(|entry| entry.name == "case.json").count() >= home,
        "an envelope was not kept"
    );
    searched.extend(entries.into_iter().map(|entry| (format!("left: {}", entry.name), entry.bytes)));
    // At rest too: received objects, their headers, previews, whatever lies in the store's folder.
    let store = pair.appliance.store_path().unwrap();
    for file in walkdir::WalkDir::new(store).into_iter().map(Result::unwrap) {
        if file.file_type().is_file() {
            searched.push((format!("store: {}", file.path().display()), std::fs::read(file.path()).unwrap()));
        }
    }
    for (place, bytes) in &searched {
        let hits = searcher.search(bytes);
        assert!(hits.is_empty(), "{place}: {hits:?}");
    }

    // The titles are shown on the page to whoever adds a scanner, but no log has them.
    let mut of_titles = Planted::default();
    titles.iter().for_each(|title| of_titles.plant(title));
    planted.push(of_titles);
    let searcher = Searcher::new(&planted);
    for log in ["appliance.log", "cloud.log", "appliance/audit.jsonl", "appliance/ledger.db"] {
        let bytes = std::fs::read(folder.path().join(log)).unwrap();
        assert!(log.ends_with("jsonl") || bytes.len() > 1_000, "{log} says too little for a test");
        let hits = searcher.search(&bytes);
        assert!(hits.is_empty(), "{log}: {hits:?}");
    }
}
