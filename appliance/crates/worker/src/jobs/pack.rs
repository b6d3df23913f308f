//! The pack job: de-identify again, prepare frames, search the bytes, seal them into the output.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;

use proto::case::{Age, CaseManifest, Sex};
use proto::envelope::{Address, Sealer};
use proto::ids::StatementDigest;
use proto::keys::{PublicKeys, Signer};
use proto::limits::{LINE_CHARS_MAX, WORD_CHARS_MAX};
use zeroize::Zeroizing;

use super::deid::write;
use crate::error::Error;
use crate::instances::Instances;
use crate::packed::{Entry, Nature, PackedCase};
use crate::prepared::prepare_frames;
use crate::survey::{Seen, Survey, each_plan, policy_and_keys, survey};
use crate::tools::Tools;
use crate::triage::Item;
use deid::{
    self, Area, CaseFacts, DetectorUsed, PixelBox, Region, RemovedKind, RemovedValue, Search, Statement,
};
use dicom::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};
use domain::job::{MAX_PSEUDONYMS, PackAnswer, PackJob, RedactedArea};
use pixels::TextDetector;

/// Does the job.
pub(crate) fn run(
    job: &PackJob,
    files: &[File],
    tools: &mut Tools,
    touching: &dyn Fn(u32),
) -> Result<PackAnswer, Error> {
    let (output, mut instances) = Instances::split(files, &job.instances)?;
    let (signer, reader) = keys(job)?;
    let found = survey(&mut instances, &job.deid, 0, &tools.text_detector.numbers, touching)?;
    if hex::encode(found.digest) != job.plan_digest {
        return Err(Error::OtherPlan(hex::encode(found.digest)));
    }
    if found.map.len() > MAX_PSEUDONYMS {
        return Err(Error::TooManyPseudonyms);
    }
    let redacted = redacted(&job.areas, &found.items);
    let mut boxes = found.black.clone();
    for (instance, parts) in &redacted {
        boxes.entry(*instance).or_default().extend(parts);
    }
    let prepared = prepare_frames(job.transport, &found.items, (&mut instances, &boxes), tools, touching)?;
    let mut manifest = job.manifest.clone();
    fill(&mut manifest, &found);
    let removed = wanted(&found, &manifest);
    look_at_note(manifest.note.as_deref(), &removed)?;
    let statement =
        statement(job, &found, &redacted, (&tools.text_detector.used, removed.len() as u64))?.to_json();
    let digest = StatementDigest::from_bytes(*blake3::hash(statement.as_bytes()).as_bytes());
    manifest.statement = digest;
    manifest.transport = job.transport;
    manifest.frames = prepared.frames;
    let mut entries = vec![Entry {
        name: proto::case::CASE_JSON.to_owned(),
        bytes: manifest.to_json()?,
        nature: Nature::Text,
    }];
    entries.extend(prepared.entries);
    if job.with_p10 {
        entries.extend(p10(job, &mut instances, &redacted, &tools.text_detector.numbers, touching)?);
    }
    let content = PackedCase::prove(entries, &Search::new(&removed))?;
    let address = Address { site: job.site, case: manifest.case, revision: manifest.revision };
    let sealed = Sealer::new(&address, &signer, &reader).seal(&content, BufWriter::new(output))?;
    Ok(PackAnswer {
        envelope: sealed.envelope.to_string(),
        digest: sealed.digest.to_string(),
        plain_bytes: sealed.content_bytes,
        sealed_bytes: sealed.bytes,
        searched: removed.len() as u64,
        image_bytes: prepared.image_bytes,
        frame_bytes: prepared.frame_bytes,
        statement,
        reidentification_map: found.map,
        signature: hex::encode(signer.sign(&deid::statement_message(digest.as_bytes()))),
    })
}

/// The note is searched by itself first: whoever wrote it can mend it, and is told so.
fn look_at_note(note: Option<&str>, removed: &[RemovedValue]) -> Result<(), Error> {
    let found = note.map_or(0, |note| Search::new(removed).scan(note.as_bytes(), Region::Text).len());
    if found > 0 { Err(Error::IdentityInNote(found)) } else { Ok(()) }
}

/// What was done to this case, without any value of it.
fn statement(
    job: &PackJob,
    found: &Survey,
    redacted: &Boxes,
    (detector, searched): (&DetectorUsed, u64),
) -> Result<Statement, Error> {
    let (policy, _) = policy_and_keys(&job.deid)?;
    let areas = |boxes: &Boxes| -> Vec<Area> {
        boxes.iter().flat_map(|(at, boxes)| boxes.iter().map(|part| Area::of(*at, part))).collect()
    };
    let by_hand = areas(redacted).into_iter().map(|area| Area { redacted: true, ..area });
    Ok(Statement {
        case: job.manifest.case.to_string(),
        revision: job.manifest.revision,
        pixel_text: job.deid.pixel_text.as_str().to_owned(),
        text_detector: Some(detector.clone()),
        faces: job.deid.faces.as_str().to_owned(),
        defaced: found.defaced,
        instances: found.planned,
        unreadable: u32::try_from(found.unreadable.len()).unwrap_or(u32::MAX),
        boxes: areas(&found.boxes).into_iter().chain(by_hand).collect(),
        held_for: found.holds.clone(),
        searched,
        plan: job.plan_digest.clone(),
        ..Statement::new(&policy, &found.attributes)
    })
}

/// Boxes by instance.
type Boxes = BTreeMap<u32, Vec<PixelBox>>;

/// What a person has blacked out, on the images it belongs to, within them, on every frame.
fn redacted(areas: &[RedactedArea], items: &[Item]) -> Boxes {
    let mut boxes = Boxes::new();
    for area in areas {
        let size = |item: &Item| (item.facts.rows, item.facts.columns);
        let Some(of) = items.iter().find(|item| item.instance == area.instance) else { continue };
        for item in
            items.iter().filter(|i| i.instance == area.instance || (area.everywhere && size(i) == size(of)))
        {
            let (rows, columns) = size(item);
            let (x1, y1) = (area.x1.min(columns), area.y1.min(rows));
            boxes.entry(item.instance).or_default().push(PixelBox {
                frame: None,
                x0: area.x0,
                y0: area.y0,
                x1,
                y1,
            });
        }
    }
    boxes
}

fn keys(job: &PackJob) -> Result<(Signer, PublicKeys), Error> {
    let bytes = Zeroizing::new(hex::decode(job.signing_key.expose()).map_err(|_| Error::Keys)?);
    let signer = Signer::from_bytes(&bytes).map_err(|_| Error::Keys)?;
    Ok((signer, PublicKeys::from_text(&job.reader_key).map_err(|_| Error::Keys)?))
}

/// Puts in what de-identification released, and nothing else of the study.
fn fill(manifest: &mut CaseManifest, found: &Survey) {
    let nothing = CaseFacts::default();
    let facts: &CaseFacts = found.released.as_deref().unwrap_or(&nothing);
    // A reason of several bundles can be longer than a line of the manifest.
    for reason in &mut manifest.reasons {
        *reason = reason.chars().filter(|c| !c.is_control()).take(LINE_CHARS_MAX).collect();
    }
    manifest.modality = word(&facts.modality).unwrap_or_else(|| "OT".to_owned());
    manifest.body_part = facts.body_part.as_deref().and_then(word);
    manifest.view = facts.view.as_deref().and_then(word);
    manifest.age = facts.age_years.and_then(|years| {
        let text = if years >= 90 { "90+".to_owned() } else { format!("{years:03}Y") };
        Age::try_from(text).ok()
    });
    manifest.sex = facts.sex.map(|sex| match sex {
        deid::Sex::Male => Sex::M,
        deid::Sex::Female => Sex::F,
        deid::Sex::Other => Sex::O,
    });
}

/// A code word that the manifest takes; anything else is left out.
fn word(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty()
        && text.chars().count() <= WORD_CHARS_MAX
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b" _-.".contains(&b));
    fits.then(|| text.to_owned())
}

/// The values to search for. A description that says no more than a code word which the plan itself keeps
/// (a Study Description "Thorax" beside Body Part Examined THORAX) is no identity and would be found every time;
/// so would our own implementation's names, which stand in every file we write and in one we get back.
fn wanted(found: &Survey, manifest: &CaseManifest) -> Vec<RemovedValue> {
    let kept = [Some(&manifest.modality), manifest.body_part.as_ref(), manifest.view.as_ref()];
    let is_kept = |value: &RemovedValue| {
        value.kind == RemovedKind::Text
            && kept.iter().flatten().any(|k| k.eq_ignore_ascii_case(value.text.trim()))
    };
    let is_ours = |value: &RemovedValue| {
        [IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME].contains(&&*value.text)
    };
    found.removed.iter().filter(|value| !is_kept(value) && !is_ours(value)).cloned().collect()
}

/// Every instance as a de-identified P10 file.
fn p10(
    job: &PackJob,
    instances: &mut Instances<'_>,
    redacted: &Boxes,
    detector: &TextDetector,
    touching: &dyn Fn(u32),
) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::new();
    each_plan(instances, &job.deid, false, detector, touching, |instance, seen| {
        if let Seen::Planned(parsed, source, plan, _) = seen {
            let mut plan = plan.clone();
            plan.black_out(redacted.get(&instance).map(Vec::as_slice).unwrap_or_default());
            let mut bytes = Vec::new();
            write(parsed, source, &plan, &mut bytes)?;
            // Blackened pixels are written, not copied: all of such a file is searched like a header.
            let copied =
                plan.is_untouched().then(|| plan.copies.iter().map(|range| range.length).sum::<u64>());
            let copied = copied.unwrap_or(0);
            let header = bytes.len().saturating_sub(usize::try_from(copied).unwrap_or(usize::MAX));
            let name = format!("instance-{:04}.dcm", entries.len());
            entries.push(Entry { name, bytes, nature: Nature::File(header) });
        }
        Ok(())
    })?;
    Ok(entries)
}
