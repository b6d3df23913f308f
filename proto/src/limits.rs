//! Every bound of the contract, with its unit in its name; relations between them hold at compile time.

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Plain bytes in every part of an envelope but the last.
pub(crate) const PART_PLAIN_BYTES: usize = MIB;
/// The AES-256-GCM tag at the end of every part.
pub const PART_TAG_BYTES: usize = 16;
/// Sealed bytes of a full part: what one message of the wire carries.
pub const PART_SEALED_BYTES_MAX: usize = PART_PLAIN_BYTES + PART_TAG_BYTES;
/// Parts of one envelope.
pub const PARTS_COUNT_MAX: u32 = 512;
/// Plain content of one envelope, framing included.
pub const CONTENT_BYTES_MAX: u64 = 512 * MIB as u64;
/// Envelope header.
pub(crate) const HEADER_BYTES_MAX: usize = 2 * KIB;
/// Envelope seal: part digests, total, signature.
pub(crate) const SEAL_BYTES_MAX: usize = 32 * KIB;

/// Entries of the plain content (manifest, frames, instances).
pub(crate) const ENTRIES_COUNT_MAX: usize = 4096;
/// Name of one entry.
pub(crate) const ENTRY_NAME_BYTES_MAX: usize = 64;
/// `case.json`.
pub(crate) const MANIFEST_BYTES_MAX: usize = MIB;
/// `report.json`.
pub const REPORT_BYTES_MAX: usize = 256 * KIB;
/// Frames listed by a case manifest.
pub(crate) const FRAMES_COUNT_MAX: usize = 4000;
/// Rows or columns of one frame.
pub(crate) const FRAME_SIDE_PIXELS_MAX: u32 = 16_384;
/// Encoded bytes of one frame.
pub(crate) const FRAME_BYTES_MAX: u64 = 256 * MIB as u64;
/// Findings in a case manifest.
pub(crate) const FINDINGS_COUNT_MAX: usize = 64;
/// Reasons in a case manifest.
pub(crate) const REASONS_COUNT_MAX: usize = 16;
/// A coded word: modality, body part, view, scheme, code, photometric interpretation (PS3.5 6.2: CS and SH are 16).
pub const WORD_CHARS_MAX: usize = 16;
/// A name or reason shown on one line.
pub const LINE_CHARS_MAX: usize = 256;
/// The technician's note.
pub const NOTE_CHARS_MAX: usize = 2000;
/// One section of a report.
pub const SECTION_CHARS_MAX: usize = 16_000;

/// One gRPC message in either direction.
pub const MESSAGE_BYTES_MAX: usize = 2 * MIB;
/// Cases or reports in one listing.
pub const LISTING_COUNT_MAX: usize = 256;
/// Reader keys a site may know at once.
pub(crate) const READERS_COUNT_MAX: usize = 16;
/// The secret inside an enrolment token.
pub const TOKEN_SECRET_BYTES: usize = 20;
/// The text form of an enrolment token.
pub(crate) const TOKEN_CHARS_MAX: usize = 128;
/// A key file as text.
pub const KEY_FILE_BYTES_MAX: u64 = 64 * KIB as u64;
/// A certificate, signing request or revocation list.
pub(crate) const CERTIFICATE_BYTES_MAX: usize = 64 * KIB;

/// Time a peer has for the TLS handshake.
pub(crate) const HANDSHAKE_SECONDS_MAX: u64 = 10;
/// Handshakes under way at once; more wait in the listen queue.
pub(crate) const HANDSHAKES_COUNT_MAX: usize = 64;

const _: () =
    assert!(PARTS_COUNT_MAX as u64 * PART_PLAIN_BYTES as u64 >= CONTENT_BYTES_MAX, "parts hold the content");
const _: () =
    assert!(PARTS_COUNT_MAX as usize * 32 + 256 <= SEAL_BYTES_MAX, "the seal holds a digest per part");
const _: () =
    assert!(PART_SEALED_BYTES_MAX + 4 * KIB <= MESSAGE_BYTES_MAX, "a message carries a part and its frame");
const _: () = assert!(
    HEADER_BYTES_MAX + SEAL_BYTES_MAX + 4 * KIB <= MESSAGE_BYTES_MAX,
    "a message carries header and seal"
);
const _: () = assert!(FRAMES_COUNT_MAX < ENTRIES_COUNT_MAX, "every frame and the manifest are entries");
const _: () =
    assert!(MANIFEST_BYTES_MAX as u64 <= CONTENT_BYTES_MAX && REPORT_BYTES_MAX as u64 <= CONTENT_BYTES_MAX);
const _: () = assert!(FRAME_BYTES_MAX <= CONTENT_BYTES_MAX);
const _: () = assert!(
    2 * SECTION_CHARS_MAX * 4 + 16 * KIB <= REPORT_BYTES_MAX,
    "a report holds both sections in UTF-8"
);
const _: () = assert!(
    (TOKEN_SECRET_BYTES + 32) * 4 / 3 + 16 <= TOKEN_CHARS_MAX,
    "the token text holds secret and digest"
);
const _: () = assert!(LISTING_COUNT_MAX * 256 <= MESSAGE_BYTES_MAX, "a listing fits a message");
