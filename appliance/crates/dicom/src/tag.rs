//! Tags: group and element number, and the handful of tags that our rooms name.
use std::fmt;

/// An attribute's tag, PS3.5 section 7.1: `ggggeeee` in one number, so that the order is the standard's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u32);

impl Tag {
    /// From group and element number.
    pub const fn new(group: u16, element: u16) -> Self {
        Tag(((group as u32) << 16) | element as u32)
    }

    /// The group number.
    pub const fn group(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// The element number.
    pub const fn element(self) -> u16 {
        self.0 as u16
    }

    /// Odd group: the attribute is private (PS3.5 section 7.8).
    pub const fn is_private(self) -> bool {
        self.group() & 1 == 1
    }

    /// A private creator element, (gggg,0010-00FF) with gggg odd.
    pub const fn is_private_creator(self) -> bool {
        self.is_private() && self.element() >= 0x10 && self.element() <= 0xFF
    }

    /// A group length, (gggg,0000), retired outside groups 0000 and 0002.
    pub const fn is_group_length(self) -> bool {
        self.element() == 0
    }

    /// Belongs to a retired curve group, 5000 to 50FF.
    pub const fn is_curve(self) -> bool {
        self.group() >> 8 == 0x50
    }

    /// Belongs to an overlay group, 6000 to 60FF.
    pub const fn is_overlay(self) -> bool {
        self.group() >> 8 == 0x60
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({:04X},{:04X})", self.group(), self.element())
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The tags that our rooms name, by their PS3.6 keyword.
#[allow(missing_docs, reason = "the names are the keywords of PS3.6")]
pub mod tags {
    use super::Tag;

    macro_rules! tags {
        ($($name:ident = $group:literal, $element:literal;)*) => {
            $(pub const $name: Tag = Tag::new($group, $element);)*
        };
    }

    tags! {
        META_VERSION = 0x0002, 0x0001;
        MEDIA_STORAGE_SOP_CLASS_UID = 0x0002, 0x0002;
        MEDIA_STORAGE_SOP_INSTANCE_UID = 0x0002, 0x0003;
        TRANSFER_SYNTAX_UID = 0x0002, 0x0010;
        META_IMPLEMENTATION_CLASS_UID = 0x0002, 0x0012;
        META_IMPLEMENTATION_VERSION_NAME = 0x0002, 0x0013;
        SPECIFIC_CHARACTER_SET = 0x0008, 0x0005;
        IMAGE_TYPE = 0x0008, 0x0008;
        INSTANCE_CREATION_DATE = 0x0008, 0x0012;
        SOP_CLASS_UID = 0x0008, 0x0016;
        SOP_INSTANCE_UID = 0x0008, 0x0018;
        STUDY_DATE = 0x0008, 0x0020;
        SERIES_DATE = 0x0008, 0x0021;
        ACQUISITION_DATE = 0x0008, 0x0022;
        CONTENT_DATE = 0x0008, 0x0023;
        ACQUISITION_DATE_TIME = 0x0008, 0x002A;
        STUDY_TIME = 0x0008, 0x0030;
        ACCESSION_NUMBER = 0x0008, 0x0050;
        MODALITY = 0x0008, 0x0060;
        CONVERSION_TYPE = 0x0008, 0x0064;
        MANUFACTURER = 0x0008, 0x0070;
        INSTITUTION_NAME = 0x0008, 0x0080;
        INSTITUTION_ADDRESS = 0x0008, 0x0081;
        REFERRING_PHYSICIAN_NAME = 0x0008, 0x0090;
        CODE_VALUE = 0x0008, 0x0100;
        CODING_SCHEME_DESIGNATOR = 0x0008, 0x0102;
        CODE_MEANING = 0x0008, 0x0104;
        STATION_NAME = 0x0008, 0x1010;
        STUDY_DESCRIPTION = 0x0008, 0x1030;
        SERIES_DESCRIPTION = 0x0008, 0x103E;
        MANUFACTURER_MODEL_NAME = 0x0008, 0x1090;
        ANATOMIC_REGION_SEQUENCE = 0x0008, 0x2218;
        PATIENT_NAME = 0x0010, 0x0010;
        PATIENT_ID = 0x0010, 0x0020;
        ISSUER_OF_PATIENT_ID = 0x0010, 0x0021;
        ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE = 0x0010, 0x0024;
        PATIENT_BIRTH_DATE = 0x0010, 0x0030;
        PATIENT_SEX = 0x0010, 0x0040;
        PATIENT_AGE = 0x0010, 0x1010;
        PATIENT_SIZE = 0x0010, 0x1020;
        PATIENT_WEIGHT = 0x0010, 0x1030;
        PATIENT_IDENTITY_REMOVED = 0x0012, 0x0062;
        DEIDENTIFICATION_METHOD = 0x0012, 0x0063;
        DEIDENTIFICATION_METHOD_CODE_SEQUENCE = 0x0012, 0x0064;
        LONGITUDINAL_TEMPORAL_OFFSET_FROM_EVENT = 0x0012, 0x0052;
        LONGITUDINAL_TEMPORAL_EVENT_TYPE = 0x0012, 0x0053;
        BODY_PART_EXAMINED = 0x0018, 0x0015;
        SLICE_THICKNESS = 0x0018, 0x0050;
        SPACING_BETWEEN_SLICES = 0x0018, 0x0088;
        PROTOCOL_NAME = 0x0018, 0x1030;
        VIEW_POSITION = 0x0018, 0x5101;
        STUDY_INSTANCE_UID = 0x0020, 0x000D;
        SERIES_INSTANCE_UID = 0x0020, 0x000E;
        STUDY_ID = 0x0020, 0x0010;
        INSTANCE_NUMBER = 0x0020, 0x0013;
        IMAGE_POSITION_PATIENT = 0x0020, 0x0032;
        IMAGE_ORIENTATION_PATIENT = 0x0020, 0x0037;
        LATERALITY = 0x0020, 0x0060;
        IMAGE_LATERALITY = 0x0020, 0x0062;
        SAMPLES_PER_PIXEL = 0x0028, 0x0002;
        PHOTOMETRIC_INTERPRETATION = 0x0028, 0x0004;
        PLANAR_CONFIGURATION = 0x0028, 0x0006;
        NUMBER_OF_FRAMES = 0x0028, 0x0008;
        ROWS = 0x0028, 0x0010;
        COLUMNS = 0x0028, 0x0011;
        PIXEL_SPACING = 0x0028, 0x0030;
        BITS_ALLOCATED = 0x0028, 0x0100;
        BITS_STORED = 0x0028, 0x0101;
        HIGH_BIT = 0x0028, 0x0102;
        PIXEL_REPRESENTATION = 0x0028, 0x0103;
        PIXEL_PADDING_VALUE = 0x0028, 0x0120;
        PIXEL_PADDING_RANGE_LIMIT = 0x0028, 0x0121;
        BURNED_IN_ANNOTATION = 0x0028, 0x0301;
        RECOGNIZABLE_VISUAL_FEATURES = 0x0028, 0x0302;
        LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED = 0x0028, 0x0303;
        WINDOW_CENTER = 0x0028, 0x1050;
        WINDOW_WIDTH = 0x0028, 0x1051;
        RESCALE_INTERCEPT = 0x0028, 0x1052;
        RESCALE_SLOPE = 0x0028, 0x1053;
        RESCALE_TYPE = 0x0028, 0x1054;
        VOI_LUT_FUNCTION = 0x0028, 0x1056;
        RED_PALETTE_DESCRIPTOR = 0x0028, 0x1101;
        GREEN_PALETTE_DESCRIPTOR = 0x0028, 0x1102;
        BLUE_PALETTE_DESCRIPTOR = 0x0028, 0x1103;
        RED_PALETTE_DATA = 0x0028, 0x1201;
        GREEN_PALETTE_DATA = 0x0028, 0x1202;
        BLUE_PALETTE_DATA = 0x0028, 0x1203;
        MODALITY_LUT_SEQUENCE = 0x0028, 0x3000;
        LUT_DESCRIPTOR = 0x0028, 0x3002;
        LUT_DATA = 0x0028, 0x3006;
        VOI_LUT_SEQUENCE = 0x0028, 0x3010;
        UNIVERSAL_ENTITY_ID = 0x0040, 0x0032;
        UNIVERSAL_ENTITY_ID_TYPE = 0x0040, 0x0033;
        ENCAPSULATED_DOCUMENT = 0x0042, 0x0011;
        ICON_IMAGE_SEQUENCE = 0x0088, 0x0200;
        SHARED_FUNCTIONAL_GROUPS_SEQUENCE = 0x5200, 0x9229;
        PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE = 0x5200, 0x9230;
        FLOAT_PIXEL_DATA = 0x7FE0, 0x0008;
        DOUBLE_FLOAT_PIXEL_DATA = 0x7FE0, 0x0009;
        PIXEL_DATA = 0x7FE0, 0x0010;
        ITEM = 0xFFFE, 0xE000;
        ITEM_DELIMITATION = 0xFFFE, 0xE00D;
        SEQUENCE_DELIMITATION = 0xFFFE, 0xE0DD;
    }
}
