//! What reception knew about a stored instance.

/// What reception knew about one stored instance.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Name of the entry file.
    pub id: String,
    /// Study Instance UID (0020,000D). Identifying.
    pub study_uid: String,
    /// SOP Instance UID (0008,0018). Identifying.
    pub sop_instance_uid: String,
    /// Series Instance UID (0020,000E). Identifying.
    pub series_uid: String,
    /// SOP Class UID (0008,0016).
    pub sop_class: String,
    /// Transfer syntax of the stored data set.
    pub transfer_syntax: String,
    /// Modality (0008,0060) as pre-scanned, may be empty.
    pub modality: String,
    /// Calling AE title.
    pub calling_ae: String,
    /// Peer address without port.
    pub address: String,
    /// Association id.
    pub association: String,
    /// Arrival, ms.
    pub arrived: i64,
    /// Bytes of the data set.
    pub bytes: u64,
    /// BLAKE3 of the data set, hex.
    pub blake3: String,
    /// Whose it is, as [`deid::PatientDigests`] writes it; empty when it does not say. Identifying.
    pub identity: String,
}
