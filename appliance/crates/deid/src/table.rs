//! Table E.1-1 of PS3.15: action of the Basic Profile and of every option, per attribute. GENERATED.
//!
//! Made by `generate_table.py`; edition 2026c (basic column), 2024e (option columns, empty for the rows
//! that are newer). Longer than other files because it is data.
use super::terms::{Basic, Basic::*, Row};

const fn r(tag: u32, basic: Basic, keep: u16, clean: u16) -> Row {
    Row { tag, basic, keep, clean }
}

/// Curve Data, a repeating row of the table.
pub(super) const CURVES: Row = r(0, X, 0x0000, 0x0200);
/// Overlay Data, a repeating row of the table.
pub(super) const OVERLAY_DATA: Row = r(0, X, 0x0000, 0x0200);
/// Overlay Comments, a repeating row of the table.
pub(super) const OVERLAY_COMMENTS: Row = r(0, X, 0x0000, 0x0200);
/// Private Attributes, a repeating row of the table.
pub(super) const PRIVATE: Row = r(0, X, 0x0000, 0x0001);

/// Every row of a single tag, in order of the tags.
#[rustfmt::skip]
pub(super) const ROWS: [Row; 652] = [
    r(0x00001000, X, 0x0002, 0x0000), // Affected SOP Instance UID
    r(0x00001001, U, 0x0002, 0x0000), // Requested SOP Instance UID
    r(0x00020003, U, 0x0002, 0x0000), // Media Storage SOP Instance UID
    r(0x00041511, U, 0x0002, 0x0000), // Referenced SOP Instance UID in File
    r(0x00080012, XD, 0x0020, 0x0040), // Instance Creation Date
    r(0x00080013, XZD, 0x0020, 0x0040), // Instance Creation Time
    r(0x00080014, U, 0x0002, 0x0000), // Instance Creator UID
    r(0x00080015, X, 0x0020, 0x0040), // Instance Coercion DateTime
    r(0x00080017, U, 0x0002, 0x0000), // Acquisition UID
    r(0x00080018, U, 0x0002, 0x0000), // SOP Instance UID
    r(0x00080019, U, 0x0002, 0x0000), // Pyramid UID
    r(0x00080020, Z, 0x0020, 0x0040), // Study Date
    r(0x00080021, XD, 0x0020, 0x0040), // Series Date
    r(0x00080022, XZ, 0x0020, 0x0040), // Acquisition Date
    r(0x00080023, ZD, 0x0020, 0x0040), // Content Date
    r(0x00080024, X, 0x0020, 0x0040), // Overlay Date
    r(0x00080025, X, 0x0020, 0x0040), // Curve Date
    r(0x0008002a, XZD, 0x0020, 0x0040), // Acquisition DateTime
    r(0x00080030, Z, 0x0020, 0x0040), // Study Time
    r(0x00080031, XD, 0x0020, 0x0040), // Series Time
    r(0x00080032, XZ, 0x0020, 0x0040), // Acquisition Time
    r(0x00080033, ZD, 0x0020, 0x0040), // Content Time
    r(0x00080034, X, 0x0020, 0x0040), // Overlay Time
    r(0x00080035, X, 0x0020, 0x0040), // Curve Time
    r(0x00080050, Z, 0x0000, 0x0000), // Accession Number
    r(0x00080054, X, 0x0000, 0x0004), // Retrieve AE Title
    r(0x00080055, X, 0x0000, 0x0004), // Station AE Title
    r(0x00080058, U, 0x0002, 0x0000), // Failed SOP Instance UID List
    r(0x00080080, XZD, 0x0008, 0x0000), // Institution Name
    r(0x00080081, X, 0x0008, 0x0000), // Institution Address
    r(0x00080082, XZD, 0x0008, 0x0000), // Institution Code Sequence
    r(0x00080090, Z, 0x0000, 0x0000), // Referring Physician's Name
    r(0x00080092, X, 0x0000, 0x0000), // Referring Physician's Address
    r(0x00080094, X, 0x0000, 0x0000), // Referring Physician's Telephone Numbers
    r(0x00080096, X, 0x0000, 0x0000), // Referring Physician Identification Sequence
    r(0x0008009c, Z, 0x0000, 0x0000), // Consulting Physician's Name
    r(0x0008009d, X, 0x0000, 0x0000), // Consulting Physician Identification Sequence
    r(0x00080106, D, 0x0020, 0x0040), // Context Group Version
    r(0x00080107, D, 0x0020, 0x0040), // Context Group Local Version
    r(0x00080201, X, 0x0020, 0x0040), // Timezone Offset From UTC
    r(0x00081000, X, 0x0000, 0x0004), // Network ID
    r(0x00081010, XZD, 0x0004, 0x0000), // Station Name
    r(0x00081030, X, 0x0000, 0x0080), // Study Description
    r(0x0008103e, X, 0x0000, 0x0080), // Series Description
    r(0x00081040, X, 0x0008, 0x0000), // Institutional Department Name
    r(0x00081041, X, 0x0008, 0x0000), // Institutional Department Type Code Sequence
    r(0x00081048, X, 0x0000, 0x0000), // Physician(s) of Record
    r(0x00081049, X, 0x0000, 0x0000), // Physician(s) of Record Identification Sequence
    r(0x00081050, X, 0x0000, 0x0000), // Performing Physician's Name
    r(0x00081052, X, 0x0000, 0x0000), // Performing Physician Identification Sequence
    r(0x00081060, X, 0x0000, 0x0000), // Name of Physician(s) Reading Study
    r(0x00081062, X, 0x0000, 0x0000), // Physician(s) Reading Study Identification Sequence
    r(0x00081070, XZD, 0x0000, 0x0000), // Operators' Name
    r(0x00081072, XD, 0x0000, 0x0000), // Operator Identification Sequence
    r(0x00081080, X, 0x0000, 0x0080), // Admitting Diagnoses Description
    r(0x00081084, X, 0x0000, 0x0080), // Admitting Diagnoses Code Sequence
    r(0x00081088, X, 0x0000, 0x0080), // Pyramid Description
    r(0x00081110, XZ, 0x0002, 0x0000), // Referenced Study Sequence
    r(0x00081111, XZD, 0x0002, 0x0000), // Referenced Performed Procedure Step Sequence
    r(0x00081120, X, 0x0002, 0x0000), // Referenced Patient Sequence
    r(0x00081140, XZU, 0x0002, 0x0000), // Referenced Image Sequence
    r(0x00081155, U, 0x0002, 0x0000), // Referenced SOP Instance UID
    r(0x00081195, U, 0x0002, 0x0000), // Transaction UID
    r(0x00081301, X, 0x0000, 0x0000), // Principal Diagnosis Code Sequence
    r(0x00081302, X, 0x0000, 0x0000), // Primary Diagnosis Code Sequence
    r(0x00081303, X, 0x0000, 0x0000), // Secondary Diagnoses Code Sequence
    r(0x00081304, X, 0x0000, 0x0000), // Histological Diagnoses Code Sequence
    r(0x00082111, X, 0x0000, 0x0080), // Derivation Description
    r(0x00082112, XZU, 0x0002, 0x0000), // Source Image Sequence
    r(0x00083010, U, 0x0002, 0x0000), // Irradiation Event UID
    r(0x00084000, X, 0x0000, 0x0080), // Identifying Comments
    r(0x00100010, Z, 0x0000, 0x0000), // Patient's Name
    r(0x00100011, X, 0x0000, 0x0000), // Person Names to Use Sequence
    r(0x00100012, X, 0x0000, 0x0000), // Name to Use
    r(0x00100013, X, 0x0000, 0x0000), // Name to Use Comment
    r(0x00100014, X, 0x0000, 0x0000), // Third Person Pronouns Sequence
    r(0x00100015, X, 0x0000, 0x0000), // Pronoun Code Sequence
    r(0x00100016, X, 0x0000, 0x0000), // Pronoun Comment
    r(0x00100020, ZD, 0x0000, 0x0000), // Patient ID
    r(0x00100021, X, 0x0000, 0x0000), // Issuer of Patient ID
    r(0x00100030, Z, 0x0000, 0x0000), // Patient's Birth Date
    r(0x00100032, X, 0x0000, 0x0000), // Patient's Birth Time
    r(0x00100040, Z, 0x0010, 0x0000), // Patient's Sex
    r(0x00100041, X, 0x0000, 0x0000), // Gender Identity Sequence
    r(0x00100042, X, 0x0000, 0x0000), // Sex Parameters for Clinical Use Category Comment
    r(0x00100043, X, 0x0000, 0x0000), // Sex Parameters for Clinical Use Category Sequence
    r(0x00100044, X, 0x0000, 0x0000), // Gender Identity Code Sequence
    r(0x00100045, X, 0x0000, 0x0000), // Gender Identity Comment
    r(0x00100046, X, 0x0000, 0x0000), // Sex Parameters for Clinical Use Category Code Sequence
    r(0x00100047, X, 0x0000, 0x0000), // Sex Parameters for Clinical Use Category Reference
    r(0x00100050, X, 0x0000, 0x0000), // Patient's Insurance Plan Code Sequence
    r(0x00100101, X, 0x0000, 0x0000), // Patient's Primary Language Code Sequence
    r(0x00100102, X, 0x0000, 0x0000), // Patient's Primary Language Modifier Code Sequence
    r(0x00101000, X, 0x0000, 0x0000), // Other Patient IDs
    r(0x00101001, X, 0x0000, 0x0000), // Other Patient Names
    r(0x00101002, X, 0x0000, 0x0000), // Other Patient IDs Sequence
    r(0x00101005, X, 0x0000, 0x0000), // Patient's Birth Name
    r(0x00101010, X, 0x0010, 0x0000), // Patient's Age
    r(0x00101020, X, 0x0010, 0x0000), // Patient's Size
    r(0x00101030, X, 0x0010, 0x0000), // Patient's Weight
    r(0x00101040, X, 0x0000, 0x0000), // Patient's Address
    r(0x00101050, X, 0x0000, 0x0000), // Insurance Plan Identification
    r(0x00101060, X, 0x0000, 0x0000), // Patient's Mother's Birth Name
    r(0x00101080, X, 0x0000, 0x0000), // Military Rank
    r(0x00101081, X, 0x0000, 0x0000), // Branch of Service
    r(0x00101090, X, 0x0000, 0x0000), // Medical Record Locator
    r(0x00101100, X, 0x0000, 0x0000), // Referenced Patient Photo Sequence
    r(0x00102000, X, 0x0000, 0x0080), // Medical Alerts
    r(0x00102110, X, 0x0000, 0x0090), // Allergies
    r(0x00102150, X, 0x0000, 0x0000), // Country of Residence
    r(0x00102152, X, 0x0000, 0x0000), // Region of Residence
    r(0x00102154, X, 0x0000, 0x0000), // Patient's Telephone Numbers
    r(0x00102155, X, 0x0000, 0x0000), // Patient's Telecom Information
    r(0x00102160, X, 0x0010, 0x0000), // Ethnic Group
    r(0x00102161, X, 0x0000, 0x0000), // Ethnic Group Code Sequence
    r(0x00102162, X, 0x0000, 0x0000), // Ethnic Groups
    r(0x00102180, X, 0x0000, 0x0080), // Occupation
    r(0x001021a0, X, 0x0010, 0x0000), // Smoking Status
    r(0x001021b0, X, 0x0000, 0x0080), // Additional Patient History
    r(0x001021c0, X, 0x0010, 0x0000), // Pregnancy Status
    r(0x001021d0, X, 0x0020, 0x0040), // Last Menstrual Date
    r(0x001021f0, X, 0x0000, 0x0000), // Patient's Religious Preference
    r(0x00102203, XZ, 0x0010, 0x0000), // Patient's Sex Neutered
    r(0x00102297, X, 0x0000, 0x0000), // Responsible Person
    r(0x00102299, X, 0x0000, 0x0000), // Responsible Organization
    r(0x00104000, X, 0x0000, 0x0080), // Patient Comments
    r(0x00120010, D, 0x0000, 0x0000), // Clinical Trial Sponsor Name
    r(0x00120020, D, 0x0000, 0x0000), // Clinical Trial Protocol ID
    r(0x00120021, Z, 0x0000, 0x0000), // Clinical Trial Protocol Name
    r(0x00120022, X, 0x0000, 0x0000), // Issuer of Clinical Trial Protocol ID
    r(0x00120023, X, 0x0000, 0x0000), // Other Clinical Trial Protocol IDs Sequence
    r(0x00120030, Z, 0x0008, 0x0000), // Clinical Trial Site ID
    r(0x00120031, Z, 0x0008, 0x0000), // Clinical Trial Site Name
    r(0x00120032, X, 0x0000, 0x0000), // Issuer of Clinical Trial Site ID
    r(0x00120040, D, 0x0000, 0x0000), // Clinical Trial Subject ID
    r(0x00120041, X, 0x0000, 0x0000), // Issuer of Clinical Trial Subject ID
    r(0x00120042, D, 0x0000, 0x0000), // Clinical Trial Subject Reading ID
    r(0x00120043, X, 0x0000, 0x0000), // Issuer of Clinical Trial Subject Reading ID
    r(0x00120050, Z, 0x0000, 0x0000), // Clinical Trial Time Point ID
    r(0x00120051, X, 0x0000, 0x0080), // Clinical Trial Time Point Description
    r(0x00120055, X, 0x0000, 0x0000), // Issuer of Clinical Trial Time Point ID
    r(0x00120060, Z, 0x0008, 0x0000), // Clinical Trial Coordinating Center Name
    r(0x00120071, X, 0x0000, 0x0000), // Clinical Trial Series ID
    r(0x00120072, X, 0x0000, 0x0080), // Clinical Trial Series Description
    r(0x00120073, X, 0x0000, 0x0000), // Issuer of Clinical Trial Series ID
    r(0x00120081, D, 0x0008, 0x0000), // Clinical Trial Protocol Ethics Committee Name
    r(0x00120082, X, 0x0000, 0x0000), // Clinical Trial Protocol Ethics Committee Approval Number
    r(0x00120086, X, 0x0020, 0x0040), // Ethics Committee Approval Effectiveness Start Date
    r(0x00120087, X, 0x0020, 0x0040), // Ethics Committee Approval Effectiveness End Date
    r(0x0014407c, X, 0x0024, 0x0040), // Calibration Time
    r(0x0014407e, X, 0x0024, 0x0040), // Calibration Date
    r(0x0016002b, X, 0x0000, 0x0080), // Maker Note
    r(0x0016004b, X, 0x0000, 0x0080), // Device Setting Description
    r(0x0016004d, X, 0x0000, 0x0000), // Camera Owner Name
    r(0x0016004e, X, 0x0004, 0x0000), // Lens Specification
    r(0x0016004f, X, 0x0004, 0x0000), // Lens Make
    r(0x00160050, X, 0x0004, 0x0000), // Lens Model
    r(0x00160051, X, 0x0004, 0x0000), // Lens Serial Number
    r(0x00160070, X, 0x0000, 0x0000), // GPS Version ID
    r(0x00160071, X, 0x0000, 0x0000), // GPS Latitude Ref
    r(0x00160072, X, 0x0000, 0x0000), // GPS Latitude
    r(0x00160073, X, 0x0000, 0x0000), // GPS Longitude Ref
    r(0x00160074, X, 0x0000, 0x0000), // GPS Longitude
    r(0x00160075, X, 0x0000, 0x0000), // GPS Altitude Ref
    r(0x00160076, X, 0x0000, 0x0000), // GPS Altitude
    r(0x00160077, X, 0x0000, 0x0000), // GPS Time Stamp
    r(0x00160078, X, 0x0000, 0x0000), // GPS Satellites
    r(0x00160079, X, 0x0000, 0x0000), // GPS Status
    r(0x0016007a, X, 0x0000, 0x0000), // GPS Measure Mode
    r(0x0016007b, X, 0x0000, 0x0000), // GPS DOP
    r(0x0016007c, X, 0x0000, 0x0000), // GPS Speed Ref
    r(0x0016007d, X, 0x0000, 0x0000), // GPS Speed
    r(0x0016007e, X, 0x0000, 0x0000), // GPS Track Ref
    r(0x0016007f, X, 0x0000, 0x0000), // GPS Track
    r(0x00160080, X, 0x0000, 0x0000), // GPS Img Direction Ref
    r(0x00160081, X, 0x0000, 0x0000), // GPS Img Direction
    r(0x00160082, X, 0x0000, 0x0000), // GPS Map Datum
    r(0x00160083, X, 0x0000, 0x0000), // GPS Dest Latitude Ref
    r(0x00160084, X, 0x0000, 0x0000), // GPS Dest Latitude
    r(0x00160085, X, 0x0000, 0x0000), // GPS Dest Longitude Ref
    r(0x00160086, X, 0x0000, 0x0000), // GPS Dest Longitude
    r(0x00160087, X, 0x0000, 0x0000), // GPS Dest Bearing Ref
    r(0x00160088, X, 0x0000, 0x0000), // GPS Dest Bearing
    r(0x00160089, X, 0x0000, 0x0000), // GPS Dest Distance Ref
    r(0x0016008a, X, 0x0000, 0x0000), // GPS Dest Distance
    r(0x0016008b, X, 0x0000, 0x0000), // GPS Processing Method
    r(0x0016008c, X, 0x0000, 0x0000), // GPS Area Information
    r(0x0016008d, X, 0x0020, 0x0040), // GPS Date Stamp
    r(0x0016008e, X, 0x0000, 0x0000), // GPS Differential
    r(0x00180010, ZD, 0x0000, 0x0080), // Contrast/Bolus Agent
    r(0x00180027, X, 0x0020, 0x0040), // Intervention Drug Stop Time
    r(0x00180035, X, 0x0020, 0x0040), // Intervention Drug Start Time
    r(0x00181000, XZD, 0x0004, 0x0000), // Device Serial Number
    r(0x00181002, U, 0x0006, 0x0000), // Device UID
    r(0x00181004, X, 0x0004, 0x0000), // Plate ID
    r(0x00181005, X, 0x0004, 0x0000), // Generator ID
    r(0x00181007, X, 0x0004, 0x0000), // Cassette ID
    r(0x00181008, X, 0x0004, 0x0000), // Gantry ID
    r(0x00181009, X, 0x0004, 0x0000), // Unique Device Identifier
    r(0x0018100a, X, 0x0004, 0x0000), // UDI Sequence
    r(0x0018100b, U, 0x0006, 0x0000), // Manufacturer's Device Class UID
    r(0x00181010, X, 0x0000, 0x0000), // Secondary Capture Device ID
    r(0x00181011, X, 0x0000, 0x0000), // Hardcopy Creation Device ID
    r(0x00181012, X, 0x0020, 0x0040), // Date of Secondary Capture
    r(0x00181014, X, 0x0020, 0x0040), // Time of Secondary Capture
    r(0x00181030, XD, 0x0000, 0x0080), // Protocol Name
    r(0x00181042, X, 0x0020, 0x0040), // Contrast/Bolus Start Time
    r(0x00181043, X, 0x0020, 0x0040), // Contrast/Bolus Stop Time
    r(0x00181072, X, 0x0020, 0x0040), // Radiopharmaceutical Start Time
    r(0x00181073, X, 0x0020, 0x0040), // Radiopharmaceutical Stop Time
    r(0x00181078, X, 0x0020, 0x0040), // Radiopharmaceutical Start DateTime
    r(0x00181079, X, 0x0020, 0x0040), // Radiopharmaceutical Stop DateTime
    r(0x001811bb, D, 0x0000, 0x0080), // Acquisition Field Of View Label
    r(0x00181200, X, 0x0024, 0x0040), // Date of Last Calibration
    r(0x00181201, X, 0x0024, 0x0040), // Time of Last Calibration
    r(0x00181202, X, 0x0024, 0x0040), // DateTime of Last Calibration
    r(0x00181203, Z, 0x0024, 0x0040), // Calibration DateTime
    r(0x00181204, X, 0x0024, 0x0040), // Date of Manufacture
    r(0x00181205, X, 0x0024, 0x0040), // Date of Installation
    r(0x00181400, XD, 0x0000, 0x0080), // Acquisition Device Processing Description
    r(0x00182042, U, 0x0002, 0x0000), // Target UID
    r(0x00184000, X, 0x0000, 0x0080), // Acquisition Comments
    r(0x00185011, X, 0x0004, 0x0000), // Transducer Identification Sequence
    r(0x0018700a, XD, 0x0004, 0x0000), // Detector ID
    r(0x0018700c, XD, 0x0024, 0x0040), // Date of Last Detector Calibration
    r(0x0018700e, XD, 0x0024, 0x0040), // Time of Last Detector Calibration
    r(0x00189074, D, 0x0020, 0x0040), // Frame Acquisition DateTime
    r(0x00189151, D, 0x0020, 0x0040), // Frame Reference DateTime
    r(0x00189185, X, 0x0000, 0x0080), // Respiratory Motion Compensation Technique Description
    r(0x00189367, D, 0x0004, 0x0000), // X-Ray Source ID
    r(0x00189369, D, 0x0020, 0x0040), // Source Start DateTime
    r(0x0018936a, D, 0x0020, 0x0040), // Source End DateTime
    r(0x00189371, D, 0x0004, 0x0000), // X-Ray Detector ID
    r(0x00189373, X, 0x0004, 0x0000), // X-Ray Detector Label
    r(0x0018937b, X, 0x0000, 0x0080), // Multi-energy Acquisition Description
    r(0x0018937f, X, 0x0000, 0x0080), // Decomposition Description
    r(0x00189424, X, 0x0000, 0x0080), // Acquisition Protocol Description
    r(0x00189516, XD, 0x0020, 0x0040), // Start Acquisition DateTime
    r(0x00189517, XD, 0x0020, 0x0040), // End Acquisition DateTime
    r(0x00189623, D, 0x0020, 0x0040), // Functional Sync Pulse
    r(0x00189701, D, 0x0020, 0x0040), // Decay Correction DateTime
    r(0x00189804, D, 0x0020, 0x0040), // Exclusion Start DateTime
    r(0x00189919, ZD, 0x0020, 0x0040), // Instruction Performed DateTime
    r(0x00189937, X, 0x0000, 0x0080), // Requested Series Description
    r(0x0018a002, X, 0x0020, 0x0040), // Contribution DateTime
    r(0x0018a003, X, 0x0000, 0x0080), // Contribution Description
    r(0x0020000d, U, 0x0002, 0x0000), // Study Instance UID
    r(0x0020000e, U, 0x0002, 0x0000), // Series Instance UID
    r(0x00200010, Z, 0x0000, 0x0000), // Study ID
    r(0x00200027, X, 0x0000, 0x0080), // Pyramid Label
    r(0x00200052, U, 0x0002, 0x0000), // Frame of Reference UID
    r(0x00200200, U, 0x0002, 0x0000), // Synchronization Frame of Reference UID
    r(0x00203401, X, 0x0004, 0x0000), // Modifying Device ID
    r(0x00203403, X, 0x0020, 0x0040), // Modified Image Date
    r(0x00203405, X, 0x0020, 0x0040), // Modified Image Time
    r(0x00203406, X, 0x0000, 0x0000), // Modified Image Description
    r(0x00204000, X, 0x0000, 0x0080), // Image Comments
    r(0x00209158, X, 0x0000, 0x0080), // Frame Comments
    r(0x00209161, U, 0x0002, 0x0000), // Concatenation UID
    r(0x00209164, U, 0x0002, 0x0000), // Dimension Organization UID
    r(0x00281199, U, 0x0002, 0x0000), // Palette Color Lookup Table UID
    r(0x00281214, U, 0x0002, 0x0000), // Large Palette Color Lookup Table UID
    r(0x00284000, X, 0x0000, 0x0000), // Image Presentation Comments
    r(0x00320012, X, 0x0000, 0x0000), // Study ID Issuer
    r(0x00320032, X, 0x0020, 0x0040), // Study Verified Date
    r(0x00320033, X, 0x0020, 0x0040), // Study Verified Time
    r(0x00320034, X, 0x0020, 0x0040), // Study Read Date
    r(0x00320035, X, 0x0020, 0x0040), // Study Read Time
    r(0x00321000, X, 0x0020, 0x0040), // Scheduled Study Start Date
    r(0x00321001, X, 0x0020, 0x0040), // Scheduled Study Start Time
    r(0x00321010, X, 0x0020, 0x0040), // Scheduled Study Stop Date
    r(0x00321011, X, 0x0020, 0x0040), // Scheduled Study Stop Time
    r(0x00321020, X, 0x0004, 0x0000), // Scheduled Study Location
    r(0x00321021, X, 0x0000, 0x0004), // Scheduled Study Location AE Title
    r(0x00321030, X, 0x0000, 0x0080), // Reason for Study
    r(0x00321032, X, 0x0000, 0x0000), // Requesting Physician
    r(0x00321033, X, 0x0000, 0x0000), // Requesting Service
    r(0x00321040, X, 0x0020, 0x0040), // Study Arrival Date
    r(0x00321041, X, 0x0020, 0x0040), // Study Arrival Time
    r(0x00321050, X, 0x0020, 0x0040), // Study Completion Date
    r(0x00321051, X, 0x0020, 0x0040), // Study Completion Time
    r(0x00321060, XZ, 0x0000, 0x0080), // Requested Procedure Description
    r(0x00321066, X, 0x0000, 0x0080), // Reason for Visit
    r(0x00321067, X, 0x0000, 0x0080), // Reason for Visit Code Sequence
    r(0x00321070, X, 0x0000, 0x0080), // Requested Contrast Agent
    r(0x00324000, X, 0x0000, 0x0080), // Study Comments
    r(0x00340001, D, 0x0000, 0x0000), // Flow Identifier Sequence
    r(0x00340002, D, 0x0000, 0x0000), // Flow Identifier
    r(0x00340005, D, 0x0000, 0x0000), // Source Identifier
    r(0x00340007, D, 0x0020, 0x0040), // Frame Origin Timestamp
    r(0x00380004, X, 0x0000, 0x0000), // Referenced Patient Alias Sequence
    r(0x00380010, X, 0x0000, 0x0000), // Admission ID
    r(0x00380011, X, 0x0000, 0x0000), // Issuer of Admission ID
    r(0x00380014, X, 0x0000, 0x0000), // Issuer of Admission ID Sequence
    r(0x0038001a, X, 0x0020, 0x0040), // Scheduled Admission Date
    r(0x0038001b, X, 0x0020, 0x0040), // Scheduled Admission Time
    r(0x0038001c, X, 0x0020, 0x0040), // Scheduled Discharge Date
    r(0x0038001d, X, 0x0020, 0x0040), // Scheduled Discharge Time
    r(0x0038001e, X, 0x0000, 0x0000), // Scheduled Patient Institution Residence
    r(0x00380020, X, 0x0020, 0x0040), // Admitting Date
    r(0x00380021, X, 0x0020, 0x0040), // Admitting Time
    r(0x00380030, X, 0x0020, 0x0040), // Discharge Date
    r(0x00380032, X, 0x0020, 0x0040), // Discharge Time
    r(0x00380040, X, 0x0000, 0x0080), // Discharge Diagnosis Description
    r(0x00380050, X, 0x0000, 0x0010), // Special Needs
    r(0x00380060, X, 0x0000, 0x0000), // Service Episode ID
    r(0x00380061, X, 0x0000, 0x0000), // Issuer of Service Episode ID
    r(0x00380062, X, 0x0000, 0x0080), // Service Episode Description
    r(0x00380064, X, 0x0000, 0x0000), // Issuer of Service Episode ID Sequence
    r(0x00380300, X, 0x0000, 0x0000), // Current Patient Location
    r(0x00380400, X, 0x0000, 0x0000), // Patient's Institution Residence
    r(0x00380500, X, 0x0000, 0x0090), // Patient State
    r(0x00384000, X, 0x0000, 0x0080), // Visit Comments
    r(0x003a0020, X, 0x0000, 0x0000), // Multiplex Group Label
    r(0x003a0203, X, 0x0000, 0x0000), // Channel Label
    r(0x003a020c, X, 0x0000, 0x0000), // Channel Derivation Description
    r(0x003a0310, U, 0x0002, 0x0000), // Multiplex Group UID
    r(0x003a0314, D, 0x0020, 0x0040), // Impedance Measurement DateTime
    r(0x003a0329, X, 0x0000, 0x0080), // Waveform Filter Description
    r(0x003a032b, X, 0x0000, 0x0080), // Filter Lookup Table Description
    r(0x00400001, X, 0x0000, 0x0004), // Scheduled Station AE Title
    r(0x00400002, X, 0x0020, 0x0040), // Scheduled Procedure Step Start Date
    r(0x00400003, X, 0x0020, 0x0040), // Scheduled Procedure Step Start Time
    r(0x00400004, X, 0x0020, 0x0040), // Scheduled Procedure Step End Date
    r(0x00400005, X, 0x0020, 0x0040), // Scheduled Procedure Step End Time
    r(0x00400006, X, 0x0000, 0x0000), // Scheduled Performing Physician's Name
    r(0x00400007, X, 0x0000, 0x0080), // Scheduled Procedure Step Description
    r(0x00400009, X, 0x0000, 0x0000), // Scheduled Procedure Step ID
    r(0x0040000b, X, 0x0000, 0x0000), // Scheduled Performing Physician Identification Sequence
    r(0x00400010, X, 0x0004, 0x0000), // Scheduled Station Name
    r(0x00400011, X, 0x0004, 0x0000), // Scheduled Procedure Step Location
    r(0x00400012, X, 0x0000, 0x0010), // Pre-Medication
    r(0x00400241, X, 0x0000, 0x0004), // Performed Station AE Title
    r(0x00400242, X, 0x0004, 0x0000), // Performed Station Name
    r(0x00400243, X, 0x0000, 0x0000), // Performed Location
    r(0x00400244, X, 0x0020, 0x0040), // Performed Procedure Step Start Date
    r(0x00400245, X, 0x0020, 0x0040), // Performed Procedure Step Start Time
    r(0x00400250, X, 0x0020, 0x0040), // Performed Procedure Step End Date
    r(0x00400251, X, 0x0020, 0x0040), // Performed Procedure Step End Time
    r(0x00400253, X, 0x0000, 0x0000), // Performed Procedure Step ID
    r(0x00400254, X, 0x0000, 0x0080), // Performed Procedure Step Description
    r(0x00400275, X, 0x0000, 0x0080), // Request Attributes Sequence
    r(0x00400280, X, 0x0000, 0x0080), // Comments on the Performed Procedure Step
    r(0x00400310, X, 0x0000, 0x0080), // Comments on Radiation Dose
    r(0x0040050a, X, 0x0000, 0x0000), // Specimen Accession Number
    r(0x00400512, D, 0x0000, 0x0000), // Container Identifier
    r(0x00400513, Z, 0x0000, 0x0000), // Issuer of the Container Identifier Sequence
    r(0x0040051a, X, 0x0000, 0x0080), // Container Description
    r(0x00400551, D, 0x0000, 0x0000), // Specimen Identifier
    r(0x00400554, U, 0x0002, 0x0000), // Specimen UID
    r(0x00400555, XZ, 0x0000, 0x0100), // Acquisition Context Sequence
    r(0x00400556, X, 0x0000, 0x0000), // Acquisition Context Description
    r(0x00400562, Z, 0x0000, 0x0000), // Issuer of the Specimen Identifier Sequence
    r(0x00400600, X, 0x0000, 0x0080), // Specimen Short Description
    r(0x00400602, X, 0x0000, 0x0080), // Specimen Detailed Description
    r(0x00400610, Z, 0x0000, 0x0100), // Specimen Preparation Sequence
    r(0x004006fa, X, 0x0000, 0x0000), // Slide Identifier
    r(0x00401001, X, 0x0000, 0x0000), // Requested Procedure ID
    r(0x00401002, X, 0x0000, 0x0080), // Reason for the Requested Procedure
    r(0x00401004, X, 0x0000, 0x0000), // Patient Transport Arrangements
    r(0x00401005, X, 0x0000, 0x0000), // Requested Procedure Location
    r(0x0040100a, X, 0x0000, 0x0080), // Reason for Requested Procedure Code Sequence
    r(0x00401010, X, 0x0000, 0x0000), // Names of Intended Recipients of Results
    r(0x00401011, X, 0x0000, 0x0000), // Intended Recipients of Results Identification Sequence
    r(0x00401101, D, 0x0000, 0x0000), // Person Identification Code Sequence
    r(0x00401102, X, 0x0000, 0x0000), // Person's Address
    r(0x00401103, X, 0x0000, 0x0000), // Person's Telephone Numbers
    r(0x00401104, X, 0x0000, 0x0000), // Person's Telecom Information
    r(0x00401400, X, 0x0000, 0x0080), // Requested Procedure Comments
    r(0x00402001, X, 0x0000, 0x0080), // Reason for the Imaging Service Request
    r(0x00402004, X, 0x0020, 0x0040), // Issue Date of Imaging Service Request
    r(0x00402005, X, 0x0020, 0x0040), // Issue Time of Imaging Service Request
    r(0x00402008, X, 0x0000, 0x0000), // Order Entered By
    r(0x00402009, X, 0x0000, 0x0000), // Order Enterer's Location
    r(0x00402010, X, 0x0000, 0x0000), // Order Callback Phone Number
    r(0x00402011, X, 0x0000, 0x0000), // Order Callback Telecom Information
    r(0x00402016, Z, 0x0000, 0x0000), // Placer Order Number / Imaging Service Request
    r(0x00402017, Z, 0x0000, 0x0000), // Filler Order Number / Imaging Service Request
    r(0x00402400, X, 0x0000, 0x0080), // Imaging Service Request Comments
    r(0x00403001, X, 0x0000, 0x0000), // Confidentiality Constraint on Patient Data Description
    r(0x00404005, X, 0x0020, 0x0040), // Scheduled Procedure Step Start DateTime
    r(0x00404008, X, 0x0020, 0x0040), // Scheduled Procedure Step Expiration DateTime
    r(0x00404010, X, 0x0020, 0x0040), // Scheduled Procedure Step Modification DateTime
    r(0x00404011, X, 0x0020, 0x0040), // Expected Completion DateTime
    r(0x00404023, U, 0x0002, 0x0000), // Referenced General Purpose Scheduled Procedure Step Transaction UID
    r(0x00404025, X, 0x0004, 0x0000), // Scheduled Station Name Code Sequence
    r(0x00404027, X, 0x0004, 0x0000), // Scheduled Station Geographic Location Code Sequence
    r(0x00404028, X, 0x0004, 0x0000), // Performed Station Name Code Sequence
    r(0x00404030, X, 0x0004, 0x0000), // Performed Station Geographic Location Code Sequence
    r(0x00404034, X, 0x0000, 0x0000), // Scheduled Human Performers Sequence
    r(0x00404035, X, 0x0000, 0x0000), // Actual Human Performers Sequence
    r(0x00404036, X, 0x0000, 0x0000), // Human Performer's Organization
    r(0x00404037, X, 0x0000, 0x0000), // Human Performer's Name
    r(0x00404050, X, 0x0020, 0x0040), // Performed Procedure Step Start DateTime
    r(0x00404051, X, 0x0020, 0x0040), // Performed Procedure Step End DateTime
    r(0x00404052, X, 0x0020, 0x0040), // Procedure Step Cancellation DateTime
    r(0x0040a023, X, 0x0020, 0x0040), // Findings Group Recording Date (Trial)
    r(0x0040a024, X, 0x0020, 0x0040), // Findings Group Recording Time (Trial)
    r(0x0040a027, D, 0x0000, 0x0000), // Verifying Organization
    r(0x0040a030, D, 0x0020, 0x0040), // Verification DateTime
    r(0x0040a032, XD, 0x0020, 0x0040), // Observation DateTime
    r(0x0040a033, X, 0x0020, 0x0040), // Observation Start DateTime
    r(0x0040a034, X, 0x0000, 0x0000), // Effective Start DateTime
    r(0x0040a035, X, 0x0000, 0x0000), // Effective Stop DateTime
    r(0x0040a073, D, 0x0000, 0x0000), // Verifying Observer Sequence
    r(0x0040a075, D, 0x0000, 0x0000), // Verifying Observer Name
    r(0x0040a078, X, 0x0000, 0x0000), // Author Observer Sequence
    r(0x0040a07a, X, 0x0000, 0x0000), // Participant Sequence
    r(0x0040a07c, X, 0x0000, 0x0000), // Custodial Organization Sequence
    r(0x0040a082, Z, 0x0020, 0x0040), // Participation DateTime
    r(0x0040a088, Z, 0x0000, 0x0000), // Verifying Observer Identification Code Sequence
    r(0x0040a110, X, 0x0020, 0x0040), // Date of Document or Verbal Transaction (Trial)
    r(0x0040a112, X, 0x0020, 0x0040), // Time of Document Creation or Verbal Transaction (Trial)
    r(0x0040a120, D, 0x0020, 0x0040), // DateTime
    r(0x0040a121, D, 0x0020, 0x0040), // Date
    r(0x0040a122, D, 0x0020, 0x0040), // Time
    r(0x0040a123, D, 0x0000, 0x0000), // Person Name
    r(0x0040a124, U, 0x0000, 0x0000), // UID
    r(0x0040a13a, D, 0x0020, 0x0040), // Referenced DateTime
    r(0x0040a171, U, 0x0002, 0x0000), // Observation UID
    r(0x0040a172, U, 0x0002, 0x0000), // Referenced Observation UID (Trial)
    r(0x0040a192, X, 0x0020, 0x0040), // Observation Date (Trial)
    r(0x0040a193, X, 0x0020, 0x0040), // Observation Time (Trial)
    r(0x0040a307, X, 0x0000, 0x0000), // Current Observer (Trial)
    r(0x0040a352, X, 0x0000, 0x0000), // Verbal Source (Trial)
    r(0x0040a353, X, 0x0000, 0x0000), // Address (Trial)
    r(0x0040a354, X, 0x0000, 0x0000), // Telephone Number (Trial)
    r(0x0040a358, X, 0x0000, 0x0000), // Verbal Source Identifier Code Sequence (Trial)
    r(0x0040a402, U, 0x0002, 0x0000), // Observation Subject UID (Trial)
    r(0x0040a730, D, 0x0000, 0x0100), // Content Sequence
    r(0x0040b020, XD, 0x0000, 0x0000), // Waveform Annotation Sequence
    r(0x0040b034, X, 0x0000, 0x0000), // Annotation DateTime
    r(0x0040b036, X, 0x0000, 0x0000), // Segment Definition DateTime
    r(0x0040b03b, X, 0x0000, 0x0000), // Montage Name
    r(0x0040b03f, X, 0x0000, 0x0000), // Montage Channel Label
    r(0x0040db06, X, 0x0020, 0x0040), // Template Version
    r(0x0040db07, X, 0x0020, 0x0040), // Template Local Version
    r(0x0040db0c, U, 0x0002, 0x0000), // Template Extension Organization UID
    r(0x0040db0d, U, 0x0002, 0x0000), // Template Extension Creator UID
    r(0x0040e004, X, 0x0020, 0x0040), // HL7 Document Effective Time
    r(0x0040e012, X, 0x0000, 0x0000), // Display URI
    r(0x00420011, D, 0x0000, 0x0000), // Encapsulated Document
    r(0x00440004, X, 0x0020, 0x0040), // Approval Status DateTime
    r(0x0044000b, X, 0x0020, 0x0040), // Product Expiration DateTime
    r(0x00440010, X, 0x0020, 0x0040), // Substance Administration DateTime
    r(0x00440104, D, 0x0020, 0x0040), // Assertion DateTime
    r(0x00440105, X, 0x0020, 0x0040), // Assertion Expiration DateTime
    r(0x0050001b, X, 0x0000, 0x0000), // Container Component ID
    r(0x00500020, X, 0x0004, 0x0000), // Device Description
    r(0x00500021, X, 0x0000, 0x0080), // Long Device Description
    r(0x00620021, U, 0x0002, 0x0000), // Tracking UID
    r(0x00640003, U, 0x0002, 0x0000), // Source Frame of Reference UID
    r(0x00686226, D, 0x0020, 0x0040), // Effective DateTime
    r(0x00686270, D, 0x0020, 0x0040), // Information Issue DateTime
    r(0x006a0003, D, 0x0002, 0x0000), // Annotation Group UID
    r(0x006a0005, D, 0x0000, 0x0080), // Annotation Group Label
    r(0x006a0006, X, 0x0000, 0x0080), // Annotation Group Description
    r(0x00700001, D, 0x0000, 0x0200), // Graphic Annotation Sequence
    r(0x00700006, D, 0x0000, 0x0000), // Unformatted Text Value
    r(0x00700082, X, 0x0020, 0x0040), // Presentation Creation Date
    r(0x00700083, X, 0x0020, 0x0040), // Presentation Creation Time
    r(0x00700084, ZD, 0x0000, 0x0000), // Content Creator's Name
    r(0x00700086, X, 0x0000, 0x0000), // Content Creator's Identification Code Sequence
    r(0x0070031a, U, 0x0002, 0x0000), // Fiducial UID
    r(0x00701101, U, 0x0002, 0x0000), // Presentation Display Collection UID
    r(0x00701102, U, 0x0002, 0x0000), // Presentation Sequence Collection UID
    r(0x0072000a, D, 0x0020, 0x0040), // Hanging Protocol Creation DateTime
    r(0x0072005e, D, 0x0000, 0x0004), // Selector AE Value
    r(0x0072005f, D, 0x0010, 0x0000), // Selector AS Value
    r(0x00720061, D, 0x0020, 0x0040), // Selector DA Value
    r(0x00720063, D, 0x0020, 0x0040), // Selector DT Value
    r(0x00720065, D, 0x0000, 0x0000), // Selector OB Value
    r(0x00720066, D, 0x0000, 0x0080), // Selector LO Value
    r(0x00720068, D, 0x0000, 0x0080), // Selector LT Value
    r(0x0072006a, D, 0x0000, 0x0000), // Selector PN Value
    r(0x0072006b, D, 0x0020, 0x0040), // Selector TM Value
    r(0x0072006c, D, 0x0000, 0x0080), // Selector SH Value
    r(0x0072006d, D, 0x0000, 0x0000), // Selector UN Value
    r(0x0072006e, D, 0x0000, 0x0080), // Selector ST Value
    r(0x00720070, D, 0x0000, 0x0080), // Selector UT Value
    r(0x00720071, D, 0x0000, 0x0000), // Selector UR Value
    r(0x00741234, X, 0x0000, 0x0004), // Receiving AE
    r(0x00741236, X, 0x0000, 0x0004), // Requesting AE
    r(0x00880140, U, 0x0002, 0x0000), // Storage Media File-set UID
    r(0x00880200, X, 0x0000, 0x0000), // Icon Image Sequence (see Note 11)
    r(0x00880904, X, 0x0000, 0x0000), // Topic Title
    r(0x00880906, X, 0x0000, 0x0000), // Topic Subject
    r(0x00880910, X, 0x0000, 0x0000), // Topic Author
    r(0x00880912, X, 0x0000, 0x0000), // Topic Keywords
    r(0x01000420, X, 0x0020, 0x0040), // SOP Authorization DateTime
    r(0x04000100, U, 0x0000, 0x0000), // Digital Signature UID
    r(0x04000105, D, 0x0020, 0x0040), // Digital Signature DateTime
    r(0x04000115, D, 0x0000, 0x0000), // Certificate of Signer
    r(0x04000310, X, 0x0020, 0x0040), // Certified Timestamp
    r(0x04000402, X, 0x0000, 0x0000), // Referenced Digital Signature Sequence
    r(0x04000403, X, 0x0000, 0x0000), // Referenced SOP Instance MAC Sequence
    r(0x04000404, X, 0x0000, 0x0000), // MAC
    r(0x04000550, X, 0x0000, 0x0000), // Modified Attributes Sequence
    r(0x04000551, X, 0x0000, 0x0000), // Nonconforming Modified Attributes Sequence
    r(0x04000552, X, 0x0000, 0x0000), // Nonconforming Data Element Value
    r(0x04000561, X, 0x0000, 0x0000), // Original Attributes Sequence
    r(0x04000562, D, 0x0020, 0x0040), // Attribute Modification DateTime
    r(0x04000563, D, 0x0004, 0x0000), // Modifying System
    r(0x04000564, Z, 0x0008, 0x0000), // Source of Previous Values
    r(0x04000565, D, 0x0000, 0x0080), // Reason for the Attribute Modification
    r(0x04000600, X, 0x0000, 0x0000), // Instance Origin Status
    r(0x20300020, X, 0x0000, 0x0000), // Text String
    r(0x21000040, X, 0x0020, 0x0040), // Creation Date
    r(0x21000050, X, 0x0020, 0x0040), // Creation Time
    r(0x21000070, X, 0x0000, 0x0004), // Originator
    r(0x21000140, D, 0x0000, 0x0004), // Destination AE
    r(0x22000002, XZ, 0x0000, 0x0080), // Label Text
    r(0x22000005, XZ, 0x0000, 0x0000), // Barcode Value
    r(0x30020121, X, 0x0000, 0x0080), // Position Acquisition Template Name
    r(0x30020123, X, 0x0000, 0x0080), // Position Acquisition Template Description
    r(0x30060002, D, 0x0000, 0x0080), // Structure Set Label
    r(0x30060004, X, 0x0000, 0x0080), // Structure Set Name
    r(0x30060006, X, 0x0000, 0x0080), // Structure Set Description
    r(0x30060008, Z, 0x0020, 0x0040), // Structure Set Date
    r(0x30060009, Z, 0x0020, 0x0040), // Structure Set Time
    r(0x30060024, U, 0x0002, 0x0000), // Referenced Frame of Reference UID
    r(0x30060026, Z, 0x0000, 0x0080), // ROI Name
    r(0x30060028, X, 0x0000, 0x0080), // ROI Description
    r(0x3006002d, X, 0x0020, 0x0040), // ROI DateTime
    r(0x3006002e, X, 0x0020, 0x0040), // ROI Observation DateTime
    r(0x30060038, X, 0x0000, 0x0080), // ROI Generation Description
    r(0x3006004d, X, 0x0000, 0x0000), // ROI Creator Sequence
    r(0x3006004e, X, 0x0000, 0x0000), // ROI Interpreter Sequence
    r(0x30060085, X, 0x0000, 0x0080), // ROI Observation Label
    r(0x30060088, X, 0x0000, 0x0080), // ROI Observation Description
    r(0x300600a6, Z, 0x0000, 0x0000), // ROI Interpreter
    r(0x300600c2, U, 0x0002, 0x0000), // Related Frame of Reference UID
    r(0x30080024, D, 0x0020, 0x0040), // Treatment Control Point Date
    r(0x30080025, D, 0x0020, 0x0040), // Treatment Control Point Time
    r(0x30080054, XD, 0x0020, 0x0040), // First Treatment Date
    r(0x30080056, XD, 0x0020, 0x0040), // Most Recent Treatment Date
    r(0x30080105, XZ, 0x0004, 0x0000), // Source Serial Number
    r(0x30080162, D, 0x0020, 0x0040), // Safe Position Exit Date
    r(0x30080164, D, 0x0020, 0x0040), // Safe Position Exit Time
    r(0x30080166, D, 0x0020, 0x0040), // Safe Position Return Date
    r(0x30080168, D, 0x0020, 0x0040), // Safe Position Return Time
    r(0x30080250, XD, 0x0020, 0x0040), // Treatment Date
    r(0x30080251, XD, 0x0020, 0x0040), // Treatment Time
    r(0x300a0002, D, 0x0000, 0x0080), // RT Plan Label
    r(0x300a0003, X, 0x0000, 0x0080), // RT Plan Name
    r(0x300a0004, X, 0x0000, 0x0080), // RT Plan Description
    r(0x300a0006, XD, 0x0020, 0x0040), // RT Plan Date
    r(0x300a0007, XD, 0x0020, 0x0040), // RT Plan Time
    r(0x300a000b, X, 0x0000, 0x0080), // Treatment Sites
    r(0x300a000e, X, 0x0000, 0x0080), // Prescription Description
    r(0x300a0013, U, 0x0002, 0x0000), // Dose Reference UID
    r(0x300a0016, X, 0x0000, 0x0080), // Dose Reference Description
    r(0x300a0054, U, 0x0000, 0x0000), // Table Top Position Alignment UID
    r(0x300a0072, X, 0x0000, 0x0080), // Fraction Group Description
    r(0x300a0083, U, 0x0002, 0x0000), // Referenced Dose Reference UID
    r(0x300a00b2, XZ, 0x0004, 0x0000), // Treatment Machine Name
    r(0x300a00c3, X, 0x0000, 0x0080), // Beam Description
    r(0x300a00dd, X, 0x0000, 0x0080), // Bolus Description
    r(0x300a0196, X, 0x0000, 0x0080), // Fixation Device Description
    r(0x300a01a6, X, 0x0000, 0x0080), // Shielding Device Description
    r(0x300a01b2, X, 0x0000, 0x0080), // Setup Technique Description
    r(0x300a0216, X, 0x0004, 0x0000), // Source Manufacturer
    r(0x300a022c, D, 0x0020, 0x0040), // Source Strength Reference Date
    r(0x300a022e, D, 0x0020, 0x0040), // Source Strength Reference Time
    r(0x300a02eb, X, 0x0000, 0x0080), // Compensator Description
    r(0x300a0608, D, 0x0000, 0x0080), // Treatment Position Group Label
    r(0x300a0609, U, 0x0002, 0x0000), // Treatment Position Group UID
    r(0x300a0611, Z, 0x0000, 0x0000), // RT Accessory Holder Slot ID
    r(0x300a0615, Z, 0x0000, 0x0000), // RT Accessory Device Slot ID
    r(0x300a0619, D, 0x0000, 0x0080), // Radiation Dose Identification Label
    r(0x300a0623, D, 0x0000, 0x0080), // Radiation Dose In-Vivo Measurement Label
    r(0x300a062a, D, 0x0000, 0x0080), // RT Tolerance Set Label
    r(0x300a0650, U, 0x0002, 0x0000), // Patient Setup UID
    r(0x300a0676, X, 0x0000, 0x0080), // Equipment Frame of Reference Description
    r(0x300a067c, D, 0x0000, 0x0080), // Radiation Generation Mode Label
    r(0x300a067d, Z, 0x0000, 0x0080), // Radiation Generation Mode Description
    r(0x300a0700, U, 0x0002, 0x0000), // Treatment Session UID
    r(0x300a0734, D, 0x0000, 0x0080), // Treatment Tolerance Violation Description
    r(0x300a0736, D, 0x0020, 0x0040), // Treatment Tolerance Violation DateTime
    r(0x300a073a, D, 0x0020, 0x0040), // Recorded RT Control Point DateTime
    r(0x300a0741, D, 0x0020, 0x0040), // Interlock DateTime
    r(0x300a0742, D, 0x0000, 0x0080), // Interlock Description
    r(0x300a0760, D, 0x0020, 0x0040), // Override DateTime
    r(0x300a0783, D, 0x0000, 0x0080), // Interlock Origin Description
    r(0x300a0785, U, 0x0002, 0x0000), // Referenced Treatment Position Group UID
    r(0x300a078e, X, 0x0000, 0x0080), // Patient Treatment Preparation Procedure Parameter Description
    r(0x300a0792, X, 0x0000, 0x0080), // Patient Treatment Preparation Method Description
    r(0x300a0794, X, 0x0000, 0x0080), // Patient Setup Photo Description
    r(0x300a079a, X, 0x0000, 0x0080), // Displacement Reference Label
    r(0x300c0113, X, 0x0000, 0x0080), // Reason for Omission Description
    r(0x300c0127, D, 0x0024, 0x0040), // Beam Hold Transition DateTime
    r(0x300e0004, Z, 0x0020, 0x0040), // Review Date
    r(0x300e0005, Z, 0x0020, 0x0040), // Review Time
    r(0x300e0008, XZ, 0x0000, 0x0000), // Reviewer Name
    r(0x30100006, U, 0x0002, 0x0000), // Conceptual Volume UID
    r(0x3010000b, U, 0x0002, 0x0000), // Referenced Conceptual Volume UID
    r(0x3010000f, Z, 0x0000, 0x0080), // Conceptual Volume Combination Description
    r(0x30100013, U, 0x0002, 0x0000), // Constituent Conceptual Volume UID
    r(0x30100015, U, 0x0002, 0x0000), // Source Conceptual Volume UID
    r(0x30100017, Z, 0x0000, 0x0080), // Conceptual Volume Description
    r(0x3010001b, Z, 0x0000, 0x0000), // Device Alternate Identifier
    r(0x3010002d, D, 0x0004, 0x0000), // Device Label
    r(0x30100031, U, 0x0002, 0x0000), // Referenced Fiducials UID
    r(0x30100033, D, 0x0000, 0x0080), // User Content Label
    r(0x30100034, D, 0x0000, 0x0080), // User Content Long Label
    r(0x30100035, D, 0x0000, 0x0080), // Entity Label
    r(0x30100036, X, 0x0000, 0x0080), // Entity Name
    r(0x30100037, X, 0x0000, 0x0080), // Entity Description
    r(0x30100038, D, 0x0000, 0x0080), // Entity Long Label
    r(0x3010003b, U, 0x0002, 0x0000), // RT Treatment Phase UID
    r(0x30100043, Z, 0x0004, 0x0000), // Manufacturer's Device Identifier
    r(0x3010004c, XD, 0x0020, 0x0040), // Intended Phase Start Date
    r(0x3010004d, XD, 0x0020, 0x0040), // Intended Phase End Date
    r(0x30100054, D, 0x0000, 0x0080), // RT Prescription Label
    r(0x30100056, XD, 0x0000, 0x0080), // RT Treatment Approach Label
    r(0x3010005a, Z, 0x0000, 0x0080), // RT Physician Intent Narrative
    r(0x3010005c, Z, 0x0000, 0x0080), // Reason for Superseding
    r(0x30100061, X, 0x0000, 0x0080), // Prior Treatment Dose Description
    r(0x3010006e, U, 0x0002, 0x0000), // Dosimetric Objective UID
    r(0x3010006f, U, 0x0002, 0x0000), // Referenced Dosimetric Objective UID
    r(0x30100077, XD, 0x0000, 0x0080), // Treatment Site
    r(0x3010007a, Z, 0x0000, 0x0080), // Treatment Technique Notes
    r(0x3010007b, Z, 0x0000, 0x0080), // Prescription Notes
    r(0x3010007f, Z, 0x0000, 0x0080), // Fractionation Notes
    r(0x30100081, Z, 0x0000, 0x0080), // Prescription Notes Sequence
    r(0x30100085, X, 0x0020, 0x0040), // Intended Fraction Start Time
    r(0x40000010, X, 0x0000, 0x0000), // Arbitrary
    r(0x40004000, X, 0x0000, 0x0000), // Text Comments
    r(0x40080040, X, 0x0000, 0x0000), // Results ID
    r(0x40080042, X, 0x0000, 0x0000), // Results ID Issuer
    r(0x40080100, X, 0x0020, 0x0040), // Interpretation Recorded Date
    r(0x40080101, X, 0x0020, 0x0040), // Interpretation Recorded Time
    r(0x40080102, X, 0x0000, 0x0000), // Interpretation Recorder
    r(0x40080108, X, 0x0020, 0x0040), // Interpretation Transcription Date
    r(0x40080109, X, 0x0020, 0x0040), // Interpretation Transcription Time
    r(0x4008010a, X, 0x0000, 0x0000), // Interpretation Transcriber
    r(0x4008010b, X, 0x0000, 0x0080), // Interpretation Text
    r(0x4008010c, X, 0x0000, 0x0000), // Interpretation Author
    r(0x40080111, X, 0x0000, 0x0000), // Interpretation Approver Sequence
    r(0x40080112, X, 0x0020, 0x0040), // Interpretation Approval Date
    r(0x40080113, X, 0x0020, 0x0040), // Interpretation Approval Time
    r(0x40080114, X, 0x0000, 0x0000), // Physician Approving Interpretation
    r(0x40080115, X, 0x0000, 0x0080), // Interpretation Diagnosis Description
    r(0x40080118, X, 0x0000, 0x0000), // Results Distribution List Sequence
    r(0x40080119, X, 0x0000, 0x0000), // Distribution Name
    r(0x4008011a, X, 0x0000, 0x0000), // Distribution Address
    r(0x40080200, X, 0x0000, 0x0000), // Interpretation ID
    r(0x40080202, X, 0x0000, 0x0000), // Interpretation ID Issuer
    r(0x40080300, X, 0x0000, 0x0080), // Impressions
    r(0x40084000, X, 0x0000, 0x0080), // Results Comments
    r(0xfffafffa, X, 0x0000, 0x0000), // Digital Signatures Sequence
    r(0xfffcfffc, X, 0x0000, 0x0000), // Data Set Trailing Padding
];
