//! What is known of each instance of a request: refused, still open, or committed by every archive that must.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Engine, ms};
use dicom::STORAGE_SOP_CLASSES;
use dicom::commitment::Reason;
use domain::forward_state::ForwardState;
use ledger::{CommitmentItem, CommitmentRow, Error, Held, Standing, new_id};
use proto::clock::now;

/// Entries to ask each archive about.
type ToAsk = BTreeMap<String, BTreeSet<String>>;

/// How long what an archive has taken waits for more of its study before it is asked.
const GATHER: Duration = Duration::from_secs(20);
/// An archive that refused to commit is asked again after so long: it may have stored it since.
const ASK_REFUSED: Duration = Duration::from_secs(3_600);

impl Engine {
    /// Looks at every request that is not decided.
    pub(crate) async fn judge_all(&self) -> Result<(), Error> {
        let mut ask = ToAsk::new();
        for row in self.site.ledger.undecided_commitments().await? {
            self.judge(&row, &mut ask).await?;
        }
        for (archive, instances) in ask {
            let instances: Vec<String> = instances.into_iter().collect();
            for batch in instances.chunks(1_000) {
                let uid = transaction_uid()?;
                self.site.ledger.make_upstream(&archive, &uid, batch, now()).await?;
            }
        }
        Ok(())
    }

    async fn judge(&self, row: &CommitmentRow, ask: &mut ToAsk) -> Result<(), Error> {
        let ledger = &self.site.ledger;
        let over = now().saturating_sub(row.asked_at) > ms(self.config.give_up);
        let mut found = Vec::new();
        for mut item in ledger.commitment_items(row.id).await? {
            if item.verdict.is_some() {
                continue;
            }
            let (knew, mut verdict) = (item.instance.is_some(), None);
            if !knew {
                verdict = self.find(&mut item).await?;
            }
            if let (None, Some(instance)) = (verdict, item.instance.clone()) {
                verdict = self.archived(&instance, row.asked_at, ask).await?;
            }
            if verdict.is_none() && over {
                verdict = Some(Reason::PROCESSING.0);
            }
            item.verdict = verdict;
            if item.verdict.is_some() || !knew {
                found.push(item);
            }
        }
        if ledger.judge_commitment(row.id, &found, now()).await? {
            tracing::info!(commitment = %row.id, "a commitment request is decided");
        }
        Ok(())
    }

    /// Looks an instance up and reads it once, byte by byte: a promise about damaged bytes is none.
    async fn find(&self, item: &mut CommitmentItem) -> Result<Option<u16>, Error> {
        let held = self.site.ledger.held_under(&item.sop_instance_uid).await?;
        let one = match choose(&item.sop_class, &held) {
            // What has left this disk did so because the archive has it: the archive's word decides.
            Ok(one) if one.evicted => {
                item.instance = Some(one.id.clone());
                return Ok(None);
            }
            Ok(one) => one.id.clone(),
            Err(reason) => return Ok(Some(reason.0)),
        };
        let (inbox, id) = (self.site.store.inbox(), one.parse().map_err(|_| Error::Row("instance"))?);
        let whole = tokio::task::spawn_blocking(move || inbox.verify(id)).await;
        match whole {
            Ok(Ok(_)) => {
                item.instance = Some(one);
                Ok(None)
            }
            Ok(Err(store::Error::Damaged(_) | store::Error::Unknown)) => Ok(Some(Reason::PROCESSING.0)),
            // The disk does not answer now: looked up again, until the time is over.
            Ok(Err(_)) | Err(_) => Ok(None),
        }
    }

    /// Asks the archives about what they have taken, whether or not a scanner asks us: it may leave this disk only
    /// once they have committed.
    pub(crate) async fn ask_about_taken(&self) -> Result<(), Error> {
        let at = now();
        for archive in self.site.forwards.committing() {
            let (before, again) = (at.saturating_sub(ms(GATHER)), at.saturating_sub(ms(ASK_REFUSED)));
            let instances = self.site.ledger.uncommitted(&archive, before, again).await?;
            if !instances.is_empty() {
                self.site.ledger.make_upstream(&archive, &transaction_uid()?, &instances, at).await?;
            }
        }
        Ok(())
    }

    /// What the archives say. Committed is what all of them have committed.
    async fn archived(&self, instance: &str, asked_at: i64, ask: &mut ToAsk) -> Result<Option<u16>, Error> {
        let (mut meant, mut committed) = (0, 0);
        let committing = self.site.forwards.committing();
        for row in self.site.ledger.forwards_of(instance).await? {
            if !row.commit_due && !committing.contains(&row.destination) {
                continue;
            }
            // Others of its UID went there too: what the archive commits to may be any of them.
            if row.collision {
                return Ok(Some(Reason::PROCESSING.0));
            }
            meant += 1;
            match row.state {
                ForwardState::Delivered => {}
                ForwardState::Dead | ForwardState::GivenUp => return Ok(Some(Reason::PROCESSING.0)),
                ForwardState::Waiting | ForwardState::Replaced => continue,
            }
            match self.site.ledger.upstream_standing(&row.destination, instance, asked_at).await? {
                Standing::Committed => committed += 1,
                Standing::Refused(reason) => return Ok(Some(reason.0)),
                Standing::Open => {}
                Standing::NotAsked => {
                    ask.entry(row.destination).or_default().insert(instance.to_owned());
                }
            }
        }
        Ok(match (meant, committed) {
            // No archive will ever hold it: nobody but us would, and that is not what a commitment says.
            (0, _) => Some(Reason::PROCESSING.0),
            (meant, committed) if meant == committed => Some(0),
            _ => None,
        })
    }
}

/// The one instance a request means, or why there is none (PS3.3 C.14.1.1).
fn choose<'a>(sop_class: &str, held: &'a [Held]) -> Result<&'a Held, Reason> {
    match held {
        [] if !STORAGE_SOP_CLASSES.iter().any(|(uid, _)| *uid == sop_class) => {
            Err(Reason::CLASS_NOT_SUPPORTED)
        }
        [] => Err(Reason::NO_SUCH_INSTANCE),
        // The same bytes again after the first ones had left: one content.
        [one, rest @ ..] if rest.iter().all(|other| other.blake3 == one.blake3) => {
            if one.sop_class == sop_class { Ok(one) } else { Err(Reason::CLASS_CONFLICT) }
        }
        // Two contents under one UID: which of them the scanner would delete cannot be told.
        _ => Err(Reason::PROCESSING),
    }
}

/// A fresh Transaction UID (PS3.5 B.2).
fn transaction_uid() -> Result<String, Error> {
    let hex = new_id()?;
    let number = u128::from_str_radix(&hex, 16).map_err(|_| Error::Row("transaction"))?;
    Ok(format!("2.25.{number}"))
}

#[cfg(test)]
mod unit {
    use super::*;

    const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

    #[test]
    fn each_failure_has_the_reason_of_the_standard() {
        let content = |class: &str, blake3: &str, evicted| Held {
            id: blake3.into(),
            sop_class: class.into(),
            blake3: blake3.into(),
            evicted,
        };
        let held = |class: &str| content(class, "a", false);
        let reason = |class: &str, held: &[Held]| choose(class, held).err();
        assert_eq!(reason(CT, &[]), Some(Reason::NO_SUCH_INSTANCE));
        assert_eq!(reason("1.2.3", &[]), Some(Reason::CLASS_NOT_SUPPORTED));
        assert_eq!(reason(CT, &[held("1.2.840.10008.5.1.4.1.1.4")]), Some(Reason::CLASS_CONFLICT));
        assert_eq!(reason(CT, &[held(CT), content(CT, "b", false)]), Some(Reason::PROCESSING));
        assert_eq!(reason(CT, &[held(CT), content(CT, "b", true)]), Some(Reason::PROCESSING));
        assert_eq!(reason(CT, &[held(CT), content(CT, "a", true)]), None);
        assert_eq!(reason(CT, &[held(CT)]), None);
        // A private class that is here is as good as any.
        assert_eq!(reason("1.2.3", &[held("1.2.3")]), None);
    }
}
