//! The receiving end of an association: scans and stores what arrives, on the association's own thread.
use crate::element::Found;
use crate::prescan::Prescan;
use crate::statuses::status_of;
use deid::PatientDigests;
use dicom::transfer_syntaxes::coding;
use dimse::Status;
use store::{Id, Inbox, Incoming, Reception};

/// What is known of an instance before its data set.
pub(crate) struct Announced {
    pub(crate) sop_class: String,
    pub(crate) sop_instance: String,
    pub(crate) transfer_syntax: String,
    pub(crate) calling: String,
    pub(crate) called: String,
    pub(crate) address: String,
    pub(crate) association: u64,
}

/// The receiving end of an association: one object at a time, scanned and stored on the association's own thread
/// as its bytes arrive. Dropping it in mid-object removes the object.
pub(crate) struct Receiver {
    inbox: Inbox,
    current: Option<Current>,
}

impl Receiver {
    pub(crate) fn new(inbox: Inbox) -> Receiver {
        Receiver { inbox, current: None }
    }

    /// An object begins; one that was not finished is dropped.
    pub(crate) fn begin(&mut self, announced: Announced) {
        self.current = None;
        let prescan = Prescan::new(coding(&announced.transfer_syntax));
        let incoming = self.inbox.begin().map_err(|error| refuse(&error));
        self.current = Some(Current { announced, prescan, incoming });
    }

    /// The next bytes of the data set. Blocks while the disk is behind: the sender is then slowed down by TCP.
    pub(crate) fn take(&mut self, piece: &[u8]) {
        let Some(current) = &mut self.current else { return };
        let Ok(incoming) = &mut current.incoming else { return };
        current.prescan.feed(piece);
        // What is too long, or finds no room, is refused before its bytes reach the disk.
        let roomy = current.prescan.declared().map_or(Ok(()), |length| incoming.expect(length));
        if let Err(error) = roomy.and_then(|()| incoming.write(piece)) {
            // Dropping the incoming entry removes it and gives its room back at once.
            current.incoming = Err(refuse(&error));
        }
    }

    /// The data set is complete: durable when this returns `Ok`.
    pub(crate) fn finish(&mut self) -> Result<Reception, Status> {
        self.current.take().map_or(Err(Status::OUT_OF_RESOURCES), finish)
    }

    /// Remove an entry that is not needed.
    pub(crate) fn remove(&self, id: Id) -> Result<(), store::Error> {
        self.inbox.remove(id)
    }
}

/// An instance that is arriving, or the reason why the rest of it is only read past.
struct Current {
    announced: Announced,
    prescan: Prescan,
    incoming: Result<Incoming, Status>,
}

fn refuse(error: &store::Error) -> Status {
    tracing::warn!(%error, "an instance could not be stored");
    status_of(error)
}

fn finish(current: Current) -> Result<Reception, Status> {
    let incoming = current.incoming?;
    let announced = current.announced;
    let found = current.prescan.finish();
    let pixel_data = found.pixel_data;
    let prescan_ok = found.ok;
    let identity = found.patient.as_ref().map(PatientDigests::to_text);
    let uids = agree(&announced, found)?;
    let reception = Reception {
        sop_class: announced.sop_class,
        sop_instance_uid: announced.sop_instance,
        study_uid: uids.study,
        series_uid: uids.series,
        modality: uids.modality,
        transfer_syntax: announced.transfer_syntax,
        calling_ae: announced.calling,
        called_ae: announced.called,
        address: announced.address,
        association: announced.association,
        arrived: proto::clock::now(),
        prescan_ok,
        pixel_data,
        identity,
        ..Reception::default()
    };
    incoming.commit(reception).map(|stored| stored.reception).map_err(|error| refuse(&error))
}

struct Filed {
    study: String,
    series: String,
    modality: String,
}

/// Command and data set must name the same instance, and the data set must say where it belongs.
fn agree(announced: &Announced, found: Found) -> Result<Filed, Status> {
    let differs = |found: &Option<String>, said: &str| found.as_deref().is_some_and(|found| found != said);
    if differs(&found.sop_class, &announced.sop_class)
        || differs(&found.sop_instance, &announced.sop_instance)
    {
        return Err(Status::MISMATCH);
    }
    match (found.study, found.series, found.sop_instance) {
        (Some(study), Some(series), Some(_)) => {
            Ok(Filed { study, series, modality: found.modality.unwrap_or_default() })
        }
        _ => Err(Status::CANNOT_UNDERSTAND),
    }
}
