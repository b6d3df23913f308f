//! Why a job could not be done, and whether the same job may succeed later.

use domain::job::MAX_PSEUDONYMS;

/// Why a job could not be done as a whole. Ours, unless a variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Fewer or more descriptors than the job names.
    #[error("the job and its descriptors do not fit each other")]
    Descriptors,
    /// Policy or pseudonym key.
    #[error("de-identification could not begin: {0}")]
    Deid(#[from] deid::Error),
    /// De-identification gives another plan than the one recorded, of this digest: nothing of it may leave unseen.
    #[error("de-identification gave another plan than the one recorded with the disposition")]
    OtherPlan(String),
    /// More pseudonyms than the vault takes of one case: without its re-identification map nothing leaves.
    #[error(
        "the study names more UIDs than the vault takes of one case ({MAX_PSEUDONYMS}); nothing was sealed"
    )]
    TooManyPseudonyms,
    /// The bundle could not run.
    #[error("the bundle could not run")]
    Model(#[from] models::Error),
    /// Nothing to send: the frames could not be read, or no bundle encodes them. The sender's doing.
    #[error("{0}")]
    NoFrames(String),
    /// A removed value was found in the bytes about to be sealed; nothing was sealed.
    #[error("a removed value was found {0} times in the content; nothing was sealed")]
    IdentityFound(usize),
    /// A removed value stands in the technician's note; nothing was sealed.
    #[error(
        "the note holds what identifies the patient, {0} times; nothing was sealed: take names, numbers and dates out \
         of the note, then try again"
    )]
    IdentityInNote(usize),
    /// The manifest is outside its bounds.
    #[error("the case manifest is out of bounds: {0}")]
    Manifest(#[from] proto::case::Error),
    /// Keys that cannot be read.
    #[error("the keys could not be read")]
    Keys,
    /// The envelope could not be made.
    #[error("the case could not be sealed: {0}")]
    Envelope(#[from] proto::envelope::Error),
    /// The frame of a frame job. The sender's doing.
    #[error(transparent)]
    Pixels(#[from] pixels::Error),
    /// The instance of a frame job. The sender's doing.
    #[error("the instance cannot be read: {0}")]
    Dicom(#[from] dicom::Error),
    /// The frame of a frame job takes more bytes than were asked for.
    #[error("the image is too large to be shown at full size")]
    TooLarge,
    /// The frame of a frame job is not the one that its preview was made of.
    #[error("the image that is stored now is not the one that the preview was made of")]
    OtherImage,
    /// The output descriptor failed.
    #[error("the output could not be written: {0:?}")]
    Output(std::io::ErrorKind),
}

impl Error {
    /// Whether the same job may succeed later: only where reading or writing failed.
    pub(crate) fn may_retry(&self) -> bool {
        match self {
            Self::Output(_) | Self::Pixels(pixels::Error::Read) => true,
            Self::Envelope(error) => error.retry(),
            Self::Dicom(error) => error.may_retry(),
            Self::Deid(error) => error.may_retry(),
            _ => false,
        }
    }
}
