//! What C-STORE, C-ECHO and other requests are answered with: the one table that maps our errors to statuses.
use dimse::Status;

/// Error Comment (0000,0902), at most 64 characters, for the person at the sender.
pub(crate) fn comment(status: Status) -> Option<&'static str> {
    match status {
        Status::OUT_OF_RESOURCES => Some("Receiver cannot store now; keep the object and send again"),
        Status::TOO_LONG => Some("Object is longer than the receiver takes; see store.max_object"),
        Status::MISMATCH => Some("UIDs of command and data set differ"),
        Status::CANNOT_UNDERSTAND => Some("Study, Series or SOP Instance UID not found in data set"),
        Status::SOP_CLASS_NOT_SUPPORTED => Some("SOP class is not the one of this presentation context"),
        Status::MISSING_ATTRIBUTE => Some("Affected SOP Class or Instance UID missing in command"),
        Status::UNRECOGNISED_OPERATION => Some("This operation is not offered for this SOP class"),
        _ => None,
    }
}

/// What a failing store means to the sender.
pub(crate) fn status_of(error: &store::Error) -> Status {
    match error {
        // A field longer than the standard allows: the sender's data set, not our disk.
        store::Error::HeaderTooLong => Status::CANNOT_UNDERSTAND,
        store::Error::TooLong => Status::TOO_LONG,
        _ => Status::OUT_OF_RESOURCES,
    }
}

/// What C-STORE, C-ECHO and other requests are answered with: status, meaning, when.
pub(crate) const ANSWERED: &[(Status, &str, &str)] = &[
    (Status::SUCCESS, "Success", "the instance and its place on disk are synced; C-ECHO"),
    (
        Status::OUT_OF_RESOURCES,
        "Refused: out of resources",
        "disk below its watermark, full or failing, or without room for this object; the caller's bytes of the day are used up",
    ),
    (
        Status::TOO_LONG,
        "Refused: out of resources",
        "the object has, or its Pixel Data says that it has, more bytes than `[store] max_object`",
    ),
    (
        Status::MISMATCH,
        "Error: data set does not match SOP class",
        "SOP Class or SOP Instance UID of command and data set differ",
    ),
    (
        Status::CANNOT_UNDERSTAND,
        "Error: cannot understand",
        "no Study, Series or SOP Instance UID is found in the data set, or there is no data set",
    ),
    (Status::MISSING_ATTRIBUTE, "Missing attribute", "the command lacks SOP Class or SOP Instance UID"),
    (
        Status::SOP_CLASS_NOT_SUPPORTED,
        "Refused: SOP class not supported",
        "the command's SOP class is not the one of its presentation context",
    ),
    (Status::UNRECOGNISED_OPERATION, "Unrecognized operation", "any other request"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_fit_their_attribute() {
        for (status, ..) in ANSWERED {
            assert!(comment(*status).is_none_or(|text| text.len() <= 64), "{status}");
            assert_eq!(comment(*status).is_none(), *status == Status::SUCCESS);
        }
    }
}
