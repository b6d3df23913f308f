//! The technician's note: free text that travels with a case to whoever reads it.

use sqlx::{AssertSqlSafe, Sqlite, Transaction};

use crate::columns::CASE_NOTE;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::sealer::Sealer;
use crate::word::{Word, case_states};
use domain::case_state::CaseState;

impl Ledger {
    /// Keeps what `who` wrote; an empty note takes the former one away. What was sealed without it does not leave any
    /// more: undo leads past that.
    ///
    /// # Errors
    /// [`Error::Refused`] when the case is being packed or has left, [`Error::Unknown`] when there is none.
    pub async fn set_note(&self, case: &str, who: &str, note: &str, now: i64) -> Result<()> {
        let sql = format!(
            "UPDATE cases SET note = ?1, note_by = ?2, note_at = ?3,
             before = replace(replace(before, ?5, ?7), ?6, ?7) WHERE id = ?4 AND state IN {}",
            case_states(CaseState::takes_note)
        );
        let done = sqlx::query(AssertSqlSafe(sql))
            .bind(sealed(&self.sealer, case, note)?)
            .bind((!note.is_empty()).then_some(who))
            .bind((!note.is_empty()).then_some(now))
            .bind(case)
            .bind(Word(CaseState::Sealed))
            .bind(Word(CaseState::Sending))
            .bind(Word(CaseState::Leaving))
            .execute(&self.pool)
            .await?;
        if done.rows_affected() == 1 {
            return Ok(());
        }
        let now = self.case(case).await?.state;
        Err(Error::Refused(format!("the case is {now} by now: its note cannot be changed")))
    }
}

fn sealed(sealer: &Sealer, case: &str, note: &str) -> Result<String> {
    if note.is_empty() { Ok(String::new()) } else { sealer.seal(CASE_NOTE, case, note) }
}

/// A case of a new revision begins with the note of the one before: it is about the same study.
pub(super) async fn carry(
    tx: &mut Transaction<'_, Sqlite>,
    sealer: &Sealer,
    to: &str,
    (study, revision): (&str, u32),
) -> Result<()> {
    let before: Option<(String, String, Option<String>, Option<i64>)> = sqlx::query_as(
        "SELECT id, note, note_by, note_at FROM cases WHERE study = ? AND revision < ?
         ORDER BY revision DESC LIMIT 1",
    )
    .bind(study)
    .bind(revision)
    .fetch_optional(&mut **tx)
    .await?;
    let Some((from, note, by, at)) = before else { return Ok(()) };
    let note = sealer.open(CASE_NOTE, &from, &note)?;
    if note.is_empty() {
        return Ok(());
    }
    sqlx::query("UPDATE cases SET note = ?, note_by = ?, note_at = ? WHERE id = ?")
        .bind(sealed(sealer, to, &note)?)
        .bind(by)
        .bind(at)
        .bind(to)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Arrival, NewCase, NewDisposition, Sealed};
    use proto::case::{Priority, Transport};

    const KEY: [u8; 32] = [7; 32];

    async fn arrive(ledger: &Ledger, n: u32) -> String {
        let arrival = Arrival {
            id: format!("{n:032x}"),
            study_uid: "1.2.3".into(),
            sop_instance_uid: format!("1.2.4.{n}"),
            series_uid: "1.2.5".into(),
            sop_class: "1.2.840.10008.5.1.4.1.1.2".into(),
            transfer_syntax: "1.2.840.10008.1.2.1".into(),
            modality: "CT".into(),
            calling_ae: "CT1".into(),
            address: "192.0.2.1".into(),
            association: "1".into(),
            arrived: i64::from(n),
            bytes: 5,
            blake3: format!("{n:064x}"),
            identity: String::new(),
        };
        let study = ledger.record_arrivals(&[arrival]).await.unwrap().remove(0).study;
        ledger.make_revision(&study, "quiet", 1).await.unwrap();
        study
    }

    async fn answer(ledger: &Ledger, study: &str, revision: u32, state: CaseState) -> String {
        let case = NewCase {
            study: study.to_owned(),
            revision,
            state,
            priority: Priority::Urgent,
            reason: "r".into(),
            transport: Transport::Image,
            leaves_at: Some(1),
        };
        let record = NewDisposition::no_flag(None);
        assert!(ledger.record_disposition(study, revision, &record, Some(&case), 1).await.unwrap());
        ledger.case_of(study, revision).await.unwrap().unwrap().id
    }

    #[tokio::test]
    async fn a_note_says_who_and_when_is_sealed_on_disk_and_goes_on_to_the_next_revision() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let ledger = Ledger::create(&path, &KEY).await.unwrap();
        let study = arrive(&ledger, 1).await;
        let case = answer(&ledger, &study, 1, CaseState::Review).await;
        ledger.set_note(&case, "ada", "PLANTED left side\nplease", 5).await.unwrap();
        let row = ledger.case(&case).await.unwrap();
        assert_eq!((row.note.as_str(), row.note_by.as_deref()), ("PLANTED left side\nplease", Some("ada")));
        assert_eq!(row.note_at, Some(5));
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(7).any(|w| w == b"PLANTED"), "plain on the disk");
        }
        arrive(&ledger, 2).await;
        let next = answer(&ledger, &study, 2, CaseState::Review).await;
        let row = ledger.case(&next).await.unwrap();
        assert_eq!((row.note.as_str(), row.note_at), ("PLANTED left side\nplease", Some(5)));
        ledger.set_note(&next, "bo", "", 6).await.unwrap();
        let row = ledger.case(&next).await.unwrap();
        assert_eq!((row.note.as_str(), row.note_by, row.note_at), ("", None, None), "taken away");
        assert!(matches!(ledger.set_note("none", "bo", "x", 7).await, Err(Error::Unknown(_))));
    }

    #[tokio::test]
    async fn what_was_sealed_without_the_note_never_leaves_once_there_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::create(&folder.path().join("ledger.db"), &KEY).await.unwrap();
        let study = arrive(&ledger, 1).await;
        let case = answer(&ledger, &study, 1, CaseState::Leaving).await;
        assert!(ledger.begin_packing(&case).await.unwrap());
        assert!(matches!(ledger.set_note(&case, "ada", "x", 5).await, Err(Error::Refused(_))));
        let sealed = Sealed {
            envelope: "ab".repeat(16).parse().unwrap(),
            digest: "cd".repeat(32).parse().unwrap(),
            plain_bytes: 1,
            sealed_bytes: 1,
            image_bytes: 1,
            frame_bytes: 1,
            searched: 1,
        };
        ledger.record_sealed(&case, &sealed).await.unwrap();
        let refused = ledger.set_note(&case, "ada", "x", 5).await.unwrap_err();
        assert_eq!(refused.to_string(), "the case is sealed by now: its note cannot be changed");
        ledger.move_case(&case, &[CaseState::Sealed], CaseState::Stopped, None).await.unwrap();
        ledger.set_note(&case, "ada", "x", 5).await.unwrap();
        assert_eq!(ledger.undo_case(&case).await.unwrap(), Some(CaseState::Review), "not sealed again");
    }
}
