//! What is known of each instance of a request: refused, still open, or committed by every archive that must.

use std::collections::BTreeMap;

use super::{Delivery, Engine, ms};
use crate::commitment::{Reason, Reference};
use crate::conveyor::now;
use crate::intake::STORAGE_SOP_CLASSES;
use crate::ledger::{CommitmentItem, CommitmentRow, Error, Held, Standing, UpstreamItem, new_id};
use crate::store;

/// Instances to ask each archive about.
type ToAsk = BTreeMap<String, BTreeMap<String, Reference>>;

impl Engine {
    /// Looks at every request that is not decided.
    pub(super) async fn judge_all(&self) -> Result<(), Error> {
        let mut ask = ToAsk::new();
        for row in self.opened.ledger.undecided_commitments().await? {
            self.judge(&row, &mut ask).await?;
        }
        for (archive, items) in ask {
            let items: Vec<UpstreamItem> =
                items.into_iter().map(|(instance, reference)| UpstreamItem { instance, reference }).collect();
            for batch in items.chunks(1_000) {
                let uid = transaction_uid()?;
                self.opened.ledger.make_upstream(&archive, &uid, batch, now()).await?;
            }
        }
        Ok(())
    }

    async fn judge(&self, row: &CommitmentRow, ask: &mut ToAsk) -> Result<(), Error> {
        let ledger = &self.opened.ledger;
        let over = now().saturating_sub(row.asked_at) > ms(self.config.give_up);
        let mut found = Vec::new();
        for mut item in ledger.commitment_items(&row.id).await? {
            if item.verdict.is_some() {
                continue;
            }
            let (knew, mut verdict) = (item.instance.is_some(), None);
            if !knew {
                verdict = self.find(&mut item).await?;
            }
            if let (None, Some(instance)) = (verdict, item.instance.clone()) {
                verdict = self.archived(&item, &instance, ask).await?;
            }
            if verdict.is_none() && over {
                verdict = Some(Reason::PROCESSING.0);
            }
            item.verdict = verdict;
            if item.verdict.is_some() || !knew {
                found.push(item);
            }
        }
        if ledger.judge_commitment(&row.id, &found, now()).await? {
            tracing::info!(commitment = %row.id, "a commitment request is decided");
        }
        Ok(())
    }

    /// Looks an instance up and reads it once, byte by byte: a promise about damaged bytes is none.
    async fn find(&self, item: &mut CommitmentItem) -> Result<Option<u16>, Error> {
        let held = self.opened.ledger.held_under(&item.sop_instance_uid).await?;
        let one = match choose(&item.sop_class, &held) {
            Ok(one) => one.id.clone(),
            Err(reason) => return Ok(Some(reason.0)),
        };
        let (inbox, id) = (self.opened.store.inbox(), one.parse().map_err(|_| Error::Row("instance"))?);
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

    /// What the archives say. Committed is what all of them have committed.
    async fn archived(
        &self,
        item: &CommitmentItem,
        instance: &str,
        ask: &mut ToAsk,
    ) -> Result<Option<u16>, Error> {
        let (mut meant, mut committed) = (0, 0);
        for archive in self.archives.names() {
            match self.archives.delivery(&archive, instance).await? {
                Delivery::NotMeant => continue,
                Delivery::Dead => return Ok(Some(Reason::PROCESSING.0)),
                Delivery::Waiting => meant += 1,
                Delivery::Delivered => {
                    meant += 1;
                    match self.opened.ledger.upstream_standing(&archive, instance).await? {
                        Standing::Committed => committed += 1,
                        Standing::Refused(reason) => return Ok(Some(reason.0)),
                        Standing::Open => {}
                        Standing::NotAsked => {
                            let reference = Reference {
                                sop_class: item.sop_class.clone(),
                                sop_instance: item.sop_instance_uid.clone(),
                            };
                            ask.entry(archive).or_default().insert(instance.to_owned(), reference);
                        }
                    }
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
        [one] if one.sop_class == sop_class => Ok(one),
        [_] => Err(Reason::CLASS_CONFLICT),
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
        let held = |class: &str| Held { id: "0".into(), sop_class: class.into() };
        let reason = |class: &str, held: &[Held]| choose(class, held).err();
        assert_eq!(reason(CT, &[]), Some(Reason::NO_SUCH_INSTANCE));
        assert_eq!(reason("1.2.3", &[]), Some(Reason::CLASS_NOT_SUPPORTED));
        assert_eq!(reason(CT, &[held("1.2.840.10008.5.1.4.1.1.4")]), Some(Reason::CLASS_CONFLICT));
        assert_eq!(reason(CT, &[held(CT), held(CT)]), Some(Reason::PROCESSING));
        assert_eq!(reason(CT, &[held(CT)]), None);
        // A private class that is here is as good as any.
        assert_eq!(reason("1.2.3", &[held("1.2.3")]), None);
    }
}
