//! Attribute types (1 and 2, conditional ones with them) per module, modules per IOD, IODs per SOP class.
//! GENERATED.
//!
//! Made by `generate_table.py` from the module tables of PS3.3 (2026). Only attributes with text, date,
//! code or sequence values; type 3 is left out. Longer than other files because it is data.

/// Per module: tag and type.
#[rustfmt::skip]
pub(super) const MODULES: [&[(u32, u8)]; 361] = [
    &[(0x00400555, 2)], // acquisition-context
    &[(0x00701b01, 1)], // advanced-blending-presentation-state
    &[(0x00089205, 1), (0x00701b04, 1)], // advanced-blending-presentation-state-display
    &[(0x300e0002, 1), (0x300e0004, 2), (0x300e0005, 2), (0x300e0008, 2)], // approval
    &[(0x00460050, 1), (0x00460052, 1)], // autorefraction-measurements
    &[(0x00080060, 1), (0x00081111, 1)], // autorefraction-measurements-series
    &[(0x00181600, 1)], // bitmap-display-shutter
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // breast-projection-x-ray-image-multi-frame-functional-groups
    &[(0x00189507, 1)], // breast-tomosynthesis-acquisition
    &[(0x00189506, 1)], // breast-tomosynthesis-contributing-sources
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // breast-tomosynthesis-image-multi-frame-functional-groups
    &[(0x00080008, 1), (0x00281300, 1), (0x00281352, 1), (0x00540220, 1)], // breast-view
    &[(0x00189172, 1), (0x00189173, 1)], // bulk-motion-synchronization
    &[(0x300a062f, 1)], // c-arm-photon-electron-beam
    &[(0x300a00d0, 1), (0x300a00e0, 1), (0x300a00f0, 1), (0x300a0614, 1), (0x300a064d, 1), (0x300a0651, 1), (0x300a0662, 1), (0x300a066a, 1), (0x300a0671, 1), (0x300a0673, 1), (0x300a067b, 1)], // c-arm-photon-electron-delivery-device
    &[(0x30080070, 1)], // calculated-dose-reference-record
    &[(0x00181064, 1), (0x00181081, 2), (0x00181082, 2), (0x00181083, 2), (0x00181084, 2), (0x00189037, 1), (0x00189085, 1), (0x00189169, 1)], // cardiac-synchronization
    &[(0x00181063, 1), (0x00181065, 1), (0x003a0300, 2)], // cine
    &[(0x00120010, 1), (0x00120020, 1), (0x00120021, 2), (0x00120030, 2), (0x00120031, 2), (0x00120060, 2), (0x00120081, 1)], // clinical-trial-context
    &[(0x00120060, 2)], // clinical-trial-series
    &[(0x00120050, 2), (0x00120053, 1)], // clinical-trial-study
    &[(0x00120010, 1), (0x00120020, 1), (0x00120021, 2), (0x00120030, 2), (0x00120031, 2), (0x00120040, 1), (0x00120042, 1), (0x00120081, 1)], // clinical-trial-subject
    &[(0x00200013, 1), (0x00700080, 1), (0x00700081, 2)], // color-palette-definition
    &[(0x00081115, 1), (0x00081200, 1)], // common-instance-reference
    &[(0x00080008, 1), (0x00280004, 1), (0x00282110, 1), (0x00480114, 1), (0x00480115, 1)], // confocal-microscopy-image
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // confocal-microscopy-image-multi-frame-functional-groups
    &[(0x00089206, 1)], // confocal-microscopy-tiled-pyramidal-image
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // confocal-microscopy-tiled-pyramidal-image-multi-frame-functional-groups
    &[(0x00820001, 1), (0x00820004, 1), (0x00820007, 1), (0x00820017, 2), (0x00820021, 1), (0x00820023, 1)], // content-assessment-results
    &[(0x00180010, 2)], // contrast-bolus
    &[(0x00082112, 1), (0x00221415, 1), (0x00460074, 1), (0x00460080, 1), (0x00460201, 1), (0x00460207, 1), (0x00460208, 1), (0x00460210, 1), (0x00460215, 1), (0x00460218, 1), (0x00460242, 1), (0x00460244, 1)], // corneal-topography-map-analysis
    &[(0x00080008, 1), (0x00080023, 1), (0x0008002a, 1), (0x00080033, 1), (0x00082218, 1), (0x00200013, 1), (0x00200062, 1), (0x00280004, 1), (0x00280030, 1), (0x00280034, 1), (0x00280301, 1), (0x00280302, 1), (0x00280a04, 1), (0x00282110, 1), (0x00282112, 1), (0x00282114, 1), (0x00409096, 1)], // corneal-topography-map-image
    &[(0x00080060, 1), (0x00081111, 1), (0x00180015, 1)], // corneal-topography-map-series
    &[(0x00280004, 1), (0x00280030, 1), (0x00280a04, 1)], // cr-image
    &[(0x00180015, 2), (0x00185101, 2)], // cr-series
    &[(0x00080008, 1), (0x00180060, 2), (0x00181272, 1), (0x00200012, 2), (0x00280004, 1), (0x00281052, 1), (0x00281053, 1), (0x00281054, 1)], // ct-image
    &[(0x00080060, 1)], // ct-protocol-series
    &[(0x00080060, 1), (0x00081111, 1)], // ct-series
    &[(0x00161005, 2), (0x00181147, 2), (0x00181149, 2), (0x00620020, 1)], // cutaneous-confocal-microscopy-image-acquisition-parameters
    &[(0x00189935, 1)], // defined-storage
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00640002, 1), (0x00700080, 1), (0x00700081, 2)], // deformable-spatial-registration
    &[(0x00161001, 2), (0x00161002, 2), (0x00161003, 2), (0x00161004, 2), (0x00161005, 2), (0x00280302, 1), (0x00620020, 1)], // dermoscopic-image
    &[(0x00500010, 1)], // device
    &[(0x00041220, 2)], // directory-information
    &[(0x00181600, 1), (0x00181602, 1), (0x00181604, 1), (0x00181606, 1), (0x00181608, 1), (0x00181610, 1), (0x00181612, 1), (0x00181620, 1)], // display-shutter
    &[(0x0070005a, 1)], // displayed-area
    &[(0x00280004, 1), (0x00280034, 1)], // double-floating-point-image-pixel
    &[(0x00082218, 2), (0x00200062, 1)], // dx-anatomy-imaged
    &[(0x00181164, 1), (0x00187004, 2), (0x00187030, 1), (0x00187032, 1), (0x00187034, 1), (0x00280030, 1), (0x00280a04, 1)], // dx-detector
    &[(0x00080008, 1), (0x00200020, 1), (0x00280004, 1), (0x00280301, 1), (0x00281040, 1), (0x00281050, 1), (0x00281051, 1), (0x00281052, 1), (0x00281053, 1), (0x00281054, 1), (0x00282110, 1), (0x00282112, 1), (0x00283010, 1), (0x20500020, 1)], // dx-image
    &[(0x00181508, 2)], // dx-positioning
    &[(0x00080060, 1), (0x00080068, 1), (0x00081111, 1)], // dx-series
    &[(0x00080023, 2), (0x0008002a, 2), (0x00080033, 2), (0x00200013, 1), (0x00280301, 1), (0x0040a040, 1), (0x0040a043, 2), (0x0040a050, 1), (0x0040a504, 1), (0x0040e001, 1), (0x00420010, 2), (0x00420012, 1), (0x00420013, 1), (0x00420014, 1)], // encapsulated-document
    &[(0x00080060, 1), (0x00200011, 1)], // encapsulated-document-series
    &[(0x00180012, 1)], // enhanced-contrast-bolus
    &[(0x00080008, 1), (0x0008002a, 1), (0x00089092, 1), (0x00089154, 1), (0x00089205, 1), (0x00089206, 1), (0x00089207, 1), (0x00089237, 1), (0x00189004, 1), (0x00280004, 1), (0x00280301, 1), (0x00282110, 1), (0x00282112, 1), (0x00282114, 1), (0x20500020, 1)], // enhanced-ct-image
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // enhanced-ct-image-multi-frame-functional-groups
    &[(0x00080070, 1), (0x00081090, 1), (0x00181000, 1), (0x00181020, 1)], // enhanced-general-equipment
    &[(0x0008002a, 1), (0x00180060, 1), (0x00181190, 1), (0x00181191, 1), (0x001811a0, 1), (0x001811a2, 1), (0x001811a4, 1), (0x00181500, 1), (0x00181508, 1), (0x00187004, 2), (0x00187060, 1), (0x00187062, 1), (0x00189004, 1), (0x00200020, 1), (0x00280004, 1), (0x00280301, 1), (0x00282110, 1), (0x00282112, 1), (0x00282114, 1), (0x00400316, 1), (0x00408302, 1), (0x00540202, 1), (0x20500020, 1)], // enhanced-mammography-image
    &[(0x00080060, 1), (0x00081111, 1)], // enhanced-mammography-series
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // enhanced-mr-color-image-multi-frame-functional-groups
    &[(0x00080008, 1), (0x0008002a, 1), (0x00089092, 1), (0x00089154, 1), (0x00089205, 1), (0x00089206, 1), (0x00089207, 1), (0x00089208, 1), (0x00089209, 1), (0x00089237, 1), (0x00180087, 1), (0x00189004, 1), (0x00189064, 1), (0x00189100, 1), (0x00189174, 1), (0x00280004, 1), (0x00280301, 1), (0x00282110, 1), (0x00282112, 1), (0x00282114, 1), (0x20500020, 1)], // enhanced-mr-image
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // enhanced-mr-image-multi-frame-functional-groups
    &[(0x00189365, 1), (0x0018936f, 1), (0x00189379, 1)], // enhanced-multi-energy-ct-acquisition
    &[(0x00281401, 1), (0x00281404, 1), (0x0028140b, 1), (0x0028140c, 1)], // enhanced-palette-color-lookup-table
    &[(0x00540410, 1), (0x30100030, 1)], // enhanced-patient-orientation
    &[(0x00180071, 1), (0x00180073, 1), (0x00181134, 1), (0x00181181, 1), (0x00189725, 1), (0x00189755, 1), (0x00540013, 1), (0x00540202, 1), (0x00540220, 1), (0x00540500, 1), (0x00541210, 1)], // enhanced-pet-acquisition
    &[(0x00189701, 1), (0x00189738, 1), (0x00189758, 1), (0x00189759, 1), (0x00189760, 1), (0x00189761, 1), (0x00189762, 1), (0x00189763, 1), (0x00189764, 1), (0x00189765, 1), (0x00189766, 1), (0x00189767, 1), (0x00189768, 1), (0x00189770, 1), (0x00541002, 1), (0x00541100, 1), (0x00541105, 1)], // enhanced-pet-corrections
    &[(0x00080008, 1), (0x0008002a, 1), (0x00089092, 1), (0x00089154, 1), (0x00089205, 1), (0x00089206, 1), (0x00089207, 1), (0x00089237, 1), (0x00189004, 1), (0x00280004, 1), (0x00280301, 1), (0x00282110, 1), (0x00282112, 1), (0x00282114, 1), (0x20500020, 1)], // enhanced-pet-image
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // enhanced-pet-image-multi-frame-functional-groups
    &[(0x00540016, 1)], // enhanced-pet-isotope
    &[(0x00080060, 1), (0x00081111, 1), (0x00081250, 1)], // enhanced-pet-series
    &[(0x00080008, 1), (0x00188150, 2), (0x00540410, 1), (0x300a063f, 1), (0x300a0658, 1), (0x30100030, 1), (0x30100038, 1)], // enhanced-rt-image
    &[(0x30020105, 1), (0x30020117, 1), (0x300a064d, 1), (0x300a0659, 1), (0x300a0671, 1), (0x300a0686, 1)], // enhanced-rt-image-device
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // enhanced-rt-image-multi-frame-functional-groups
    &[(0x00080021, 1), (0x00080031, 1), (0x00080060, 1), (0x00081111, 1), (0x00200011, 1)], // enhanced-rt-series
    &[(0x00081111, 1), (0x00200011, 1)], // enhanced-series
    &[(0x00080008, 1), (0x0008002a, 1), (0x0008114a, 1), (0x00082112, 1), (0x00082122, 1), (0x00082124, 1), (0x00082218, 1), (0x00185022, 1), (0x00185024, 1), (0x00185026, 1), (0x00185027, 1), (0x00185050, 1), (0x00189809, 1), (0x0018980c, 1), (0x0018980d, 1), (0x0018980e, 1), (0x0018980f, 1), (0x00209311, 1), (0x00280004, 1), (0x00280301, 1), (0x00281052, 1), (0x00281053, 1), (0x00282110, 1), (0x00282112, 1), (0x00282114, 1), (0x0040000a, 1), (0x00540220, 1), (0x00540500, 1), (0x20500020, 1)], // enhanced-us-image
    &[(0x00080060, 1), (0x00081111, 1), (0x00400260, 1), (0x00400261, 1)], // enhanced-us-series
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // enhanced-us-volume-multi-frame-functional-groups
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // enhanced-xa-image-multi-frame-functional-groups
    &[(0x00080008, 1), (0x0008002a, 1), (0x00089092, 1), (0x00089154, 1), (0x00089410, 1), (0x00189004, 1), (0x00189410, 1), (0x00189457, 1), (0x00280004, 1), (0x00280301, 1), (0x00282110, 1), (0x00282112, 1), (0x00282114, 1), (0x00540410, 1), (0x00540414, 2), (0x20500020, 1)], // enhanced-xa-xrf-image
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // enhanced-xrf-image-multi-frame-functional-groups
    &[(0x00080221, 1)], // equipment-specification
    &[(0x00189803, 1)], // excluded-intervals
    &[(0x00041130, 2), (0x00041142, 1)], // file-set-identification
    &[(0x00280004, 1), (0x00280034, 1)], // floating-point-image-pixel
    &[(0x00081164, 1)], // frame-extraction
    &[(0x00201040, 2)], // frame-of-reference
    &[(0x0018991f, 1)], // general-defined-acquisition
    &[(0x00189933, 1)], // general-defined-reconstruction
    &[(0x00080070, 2)], // general-equipment
    &[(0x00080023, 2), (0x00080033, 2), (0x00200013, 2), (0x00200020, 2)], // general-image
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00460145, 2)], // general-ophthalmic-refractive-measurements
    &[(0x00080060, 1), (0x00102210, 1), (0x00185100, 2), (0x00200011, 2), (0x00200060, 2)], // general-series
    &[(0x00080020, 2), (0x00080030, 2), (0x00080050, 2), (0x00080090, 2), (0x00200010, 2)], // general-study
    &[(0x006862c0, 1)], // generic-implant-template-2d-drawings
    &[(0x00686360, 1)], // generic-implant-template-3d-models
    &[(0x00080070, 1), (0x00221095, 1), (0x00221097, 1), (0x00686210, 1), (0x00686221, 1), (0x00686222, 1), (0x00686223, 1), (0x00686224, 1), (0x00686225, 1), (0x00686226, 1), (0x00686265, 1), (0x006862a0, 1), (0x006863a0, 1), (0x006863a4, 1), (0x006863a8, 1), (0x006863ac, 1)], // generic-implant-template-description
    &[(0x00700001, 1)], // graphic-annotation
    &[(0x00700234, 1)], // graphic-group
    &[(0x00700060, 1)], // graphic-layer
    &[(0x00720002, 1), (0x00720004, 1), (0x00720006, 1), (0x00720008, 1), (0x0072000a, 1), (0x0072000c, 1), (0x0072000e, 2), (0x00720020, 1)], // hanging-protocol-definition
    &[(0x00720200, 1), (0x00720208, 2)], // hanging-protocol-display
    &[(0x00720102, 2)], // hanging-protocol-environment
    &[(0x00080008, 1), (0x00200013, 1), (0x00280004, 1), (0x00620001, 1), (0x00620002, 1), (0x00700080, 1), (0x00700081, 2)], // height-map-segmentation-image
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // height-map-segmentation-multi-frame-functional-groups
    &[(0x00289520, 1), (0x00289537, 1)], // image---equipment-coordinate-relationship
    &[(0x00603000, 1)], // image-histogram
    &[(0x00280004, 1), (0x00280034, 1), (0x00287fe0, 1)], // image-pixel
    &[(0x00180050, 2), (0x00200032, 1), (0x00200037, 1), (0x00280030, 1)], // image-plane
    &[(0x00420012, 2), (0x00686226, 1), (0x00760001, 2), (0x00760003, 1), (0x00760006, 2), (0x00760008, 1), (0x0076000a, 1), (0x0076000c, 1), (0x0076000e, 1), (0x00760010, 1), (0x00760020, 1), (0x00760032, 1)], // implant-assembly-template
    &[(0x00686226, 1), (0x00780001, 1), (0x00780020, 1), (0x00780024, 2), (0x00780026, 1), (0x0078002a, 1), (0x007800b0, 1)], // implant-template-group
    &[(0x00189914, 1)], // instructions
    &[(0x00082218, 1), (0x00082228, 1), (0x00181508, 1), (0x00200062, 1)], // intra-oral-image
    &[(0x00080060, 1)], // intra-oral-series
    &[(0x00221300, 1), (0x00221310, 1)], // intraocular-lens-calculations
    &[(0x00080060, 1), (0x00081111, 1)], // intraocular-lens-calculations-series
    &[(0x00183100, 1), (0x00183101, 1), (0x00183103, 1), (0x00183104, 1), (0x00520016, 2), (0x00520031, 1)], // intravascular-image-acquisition-parameters
    &[(0x00520006, 1)], // intravascular-oct-acquisition-parameters
    &[(0x00080008, 1), (0x0008002a, 1), (0x00089205, 1), (0x00089206, 1), (0x00200012, 1), (0x00280004, 1), (0x00280301, 1), (0x00280302, 1), (0x00282110, 1), (0x00282112, 1), (0x00282114, 1), (0x00520039, 1), (0x20500020, 1)], // intravascular-oct-image
    &[(0x00281040, 1), (0x00520026, 1), (0x0052003a, 1)], // intravascular-oct-processing-parameters
    &[(0x00080060, 1), (0x00080068, 1), (0x00081111, 1), (0x00200011, 1)], // intravascular-oct-series
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // intravascular-optical-coherence-tomography-image-multi-frame-functional-groups
    &[(0x00080023, 1), (0x00080033, 1), (0x00080400, 2), (0x00080401, 2), (0x00080403, 1), (0x00080422, 2), (0x00080423, 2), (0x00080426, 1)], // inventory
    &[(0x00183100, 1), (0x00183101, 1), (0x00183102, 1), (0x00183103, 1), (0x00183104, 1)], // ivus-image
    &[(0x00460070, 1), (0x00460071, 1)], // keratometry-measurements
    &[(0x00080060, 1), (0x00081111, 1)], // keratometry-measurements-series
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x0040a370, 1), (0x0040a375, 1), (0x0040a525, 1)], // key-object-document
    &[(0x00080060, 1), (0x00081111, 2), (0x00200011, 1)], // key-object-document-series
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // legacy-converted-enhanced-ct-image-multi-frame-functional-groups
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // legacy-converted-enhanced-mr-image-multi-frame-functional-groups
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // legacy-converted-enhanced-pet-image-multi-frame-functional-groups
    &[(0x00460012, 2), (0x00460014, 1), (0x00460015, 1), (0x00460016, 1)], // lensometry-measurements
    &[(0x00080060, 1), (0x00081111, 1)], // lensometry-measurements-series
    &[(0x00080008, 1), (0x00082218, 1), (0x00181508, 1), (0x00200062, 1), (0x00400318, 1), (0x00540220, 1)], // mammography-image
    &[(0x00080060, 1)], // mammography-series
    &[(0x004008ea, 1)], // manufacturing-3d-model
    &[(0x00281090, 2), (0x00286100, 1)], // mask
    &[(0x30080010, 1)], // measured-dose-reference-record
    &[(0x00480008, 1), (0x00480102, 1)], // microscope-slide-layer-tile-organization
    &[(0x00080023, 1), (0x00080033, 1), (0x00081140, 1), (0x00200013, 1), (0x00480301, 1), (0x006a0001, 1), (0x006a0002, 1), (0x00700080, 1), (0x00700081, 2)], // microscopy-bulk-simple-annotations
    &[(0x00080060, 1), (0x00081111, 1), (0x00200011, 1)], // microscopy-bulk-simple-annotations-series
    &[(0x00281052, 1), (0x00281053, 1), (0x00281054, 1), (0x00283000, 1)], // modality-lut
    &[(0x00089205, 1), (0x00282002, 1), (0x00701801, 2), (0x00701805, 2), (0x20500020, 1)], // mpr-volumetric-presentation-state-display
    &[(0x00080008, 1), (0x00180020, 1), (0x00180021, 1), (0x00180022, 2), (0x00180023, 2), (0x00180080, 2), (0x00180081, 2), (0x00180082, 2), (0x00180091, 2), (0x00181060, 2), (0x00280004, 1)], // mr-image
    &[(0x00180023, 1), (0x00189005, 1), (0x00189008, 1), (0x00189011, 1), (0x00189012, 1), (0x00189014, 1), (0x00189015, 1), (0x00189017, 1), (0x00189018, 1), (0x00189024, 1), (0x00189025, 1), (0x00189029, 1), (0x00189032, 1), (0x00189033, 1), (0x00189034, 1), (0x00189092, 1), (0x00189094, 1), (0x00189250, 1)], // mr-pulse-sequence
    &[(0x00080060, 1), (0x00081111, 1)], // mr-series
    &[(0x00080008, 1), (0x0008002a, 1), (0x0008114a, 1), (0x00089092, 1), (0x00089154, 1), (0x00089206, 1), (0x00089207, 1), (0x00089208, 1), (0x00089209, 1), (0x00089237, 1), (0x00180087, 1), (0x00189004, 1), (0x00189054, 1), (0x00189059, 1), (0x00189060, 1), (0x00189062, 1), (0x00189064, 1), (0x00189065, 1), (0x00189067, 1), (0x00189100, 1), (0x00189101, 1), (0x00189126, 1), (0x00189174, 1), (0x00189198, 1), (0x00189199, 1)], // mr-spectroscopy
    &[(0x00289003, 1), (0x00289108, 1), (0x00289235, 1)], // mr-spectroscopy-data
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // mr-spectroscopy-multi-frame-functional-groups
    &[(0x00189005, 1), (0x00189008, 1), (0x00189011, 1), (0x00189012, 1), (0x00189017, 1), (0x00189018, 1), (0x00189025, 1), (0x00189032, 1), (0x00189033, 1), (0x00189034, 1), (0x00189094, 1), (0x00189200, 1)], // mr-spectroscopy-pulse-sequence
    &[(0x00189362, 1), (0x00189364, 1)], // multi-energy-ct-image
    &[(0x00280008, 1)], // multi-frame
    &[(0x00209221, 1), (0x00209222, 1)], // multi-frame-dimension
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // multi-frame-grayscale-byte-secondary-capture-image-multi-frame-functional-groups
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // multi-frame-grayscale-word-secondary-capture-image-multi-frame-functional-groups
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // multi-frame-true-color-secondary-capture-image-multi-frame-functional-groups
    &[(0x00701501, 1), (0x00701502, 1)], // multi-planar-reconstruction-geometry
    &[(0x00540022, 2)], // nm-detector
    &[(0x00080008, 1), (0x00180070, 2), (0x00181242, 1), (0x00181300, 2), (0x00181302, 2), (0x00282110, 1)], // nm-image
    &[(0x00280004, 1), (0x00280030, 2)], // nm-image-pixel
    &[(0x00540012, 2), (0x00540016, 2)], // nm-isotope
    &[(0x00540062, 2)], // nm-multi-gated-acquisition
    &[(0x00540410, 2), (0x00540414, 2)], // nm-pet-patient-orientation
    &[(0x00540032, 2)], // nm-phase
    &[(0x00180050, 2), (0x00180088, 2)], // nm-reconstruction
    &[(0x00540052, 2)], // nm-tomo-acquisition
    &[(0x00082218, 1), (0x00200062, 1), (0x0022001d, 2)], // ocular-region-imaged
    &[(0x00221007, 1), (0x00221008, 1), (0x00221009, 1), (0x00221044, 1)], // ophthalmic-axial-measurements
    &[(0x00080060, 1), (0x00081111, 1)], // ophthalmic-axial-measurements-series
    &[(0x00080008, 1), (0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00221423, 1), (0x00221640, 1), (0x00280004, 1), (0x00280301, 1), (0x00280302, 1), (0x00282110, 1), (0x00282112, 1), (0x00282114, 1), (0x20500020, 1)], // ophthalmic-optical-coherence-tomography-b-scan-volume-analysis-image
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // ophthalmic-optical-coherence-tomography-b-scan-volume-analysis-multi-frame-functional-groups
    &[(0x00080008, 1), (0x00080023, 1), (0x00080033, 1), (0x00082112, 1), (0x00200013, 1), (0x00200037, 1), (0x00220031, 1), (0x00221612, 1), (0x00221615, 1), (0x00280004, 1), (0x00280030, 1), (0x00280301, 1), (0x00280302, 1), (0x00281050, 1), (0x00281051, 1), (0x00282110, 1), (0x00282112, 1), (0x00282114, 1), (0x20500020, 1)], // ophthalmic-optical-coherence-tomography-en-face-image
    &[(0x00221628, 1)], // ophthalmic-optical-coherence-tomography-en-face-image-quality-rating
    &[(0x00240114, 1), (0x00240115, 1)], // ophthalmic-patient-clinical-information-and-test-lens-parameters
    &[(0x00187004, 2), (0x00220015, 1), (0x00220016, 2), (0x00220017, 2), (0x00220018, 2), (0x00220019, 2), (0x0022001a, 1)], // ophthalmic-photographic-parameters
    &[(0x00220005, 2), (0x00220006, 1), (0x0022000d, 2), (0x0022001b, 2), (0x00220058, 2)], // ophthalmic-photography-acquisition-parameters
    &[(0x00080008, 1), (0x00080023, 1), (0x0008002a, 1), (0x00080033, 1), (0x00082112, 2), (0x00200013, 1), (0x00280004, 1), (0x00280030, 1), (0x00280301, 1), (0x00282110, 1), (0x00282112, 1), (0x00282114, 1), (0x20500020, 1)], // ophthalmic-photography-image
    &[(0x00080060, 1)], // ophthalmic-photography-series
    &[(0x00080008, 1), (0x00080023, 1), (0x0008002a, 1), (0x00080033, 1), (0x0008114a, 1), (0x00082112, 1), (0x00082218, 1), (0x00089205, 1), (0x00200013, 1), (0x00200062, 1), (0x00221415, 1), (0x00221420, 1), (0x00221423, 1), (0x00221436, 1), (0x00221443, 1), (0x00221445, 1), (0x00221450, 1), (0x00221472, 1), (0x00280004, 1), (0x00280030, 1), (0x00280034, 1), (0x00280301, 1), (0x00280302, 1), (0x00282110, 1), (0x00282112, 1), (0x00282114, 1), (0x00409096, 1)], // ophthalmic-thickness-map
    &[(0x00221470, 1)], // ophthalmic-thickness-map-quality-rating
    &[(0x00080060, 1), (0x00081111, 1)], // ophthalmic-thickness-map-series
    &[(0x0022000d, 2), (0x0022001b, 2), (0x00220058, 2)], // ophthalmic-tomography-acquisition-parameters
    &[(0x00080060, 1), (0x00081111, 1), (0x00200011, 1)], // ophthalmic-tomography-b-scan-volume-analysis-series
    &[(0x00080060, 1), (0x00081111, 1), (0x00200011, 1)], // ophthalmic-tomography-en-face-series
    &[(0x00080008, 1), (0x0008002a, 1), (0x00200012, 1), (0x00221622, 1), (0x00280004, 1), (0x00280301, 1), (0x00282110, 1), (0x00282112, 1), (0x00282114, 1), (0x20500020, 1)], // ophthalmic-tomography-image
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // ophthalmic-tomography-image-multi-frame-functional-groups
    &[(0x00187004, 1), (0x00220015, 1), (0x00220017, 2)], // ophthalmic-tomography-parameters
    &[(0x00080060, 1), (0x00081111, 1), (0x00200011, 1)], // ophthalmic-tomography-series
    &[(0x00480105, 1)], // optical-path
    &[(0x00080060, 1), (0x00081111, 1), (0x00800013, 2)], // optical-surface-scanner-series
    &[(0x00080008, 1), (0x00189004, 1), (0x00200013, 1), (0x00280004, 1), (0x00280301, 1), (0x00280302, 1), (0x00282110, 1), (0x00282112, 1), (0x00282114, 1), (0x00700080, 1), (0x00700081, 2), (0x20500020, 1)], // parametric-map-image
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // parametric-map-multi-frame-functional-groups
    &[(0x00080060, 1), (0x00081111, 1), (0x00200011, 1)], // parametric-map-series
    &[(0x00100010, 2), (0x00100020, 2), (0x00100030, 2), (0x00100035, 1), (0x00100040, 2), (0x00102201, 1), (0x00102202, 1), (0x00102292, 2), (0x00102293, 2), (0x00102294, 2), (0x00102297, 2), (0x00102298, 1), (0x00102299, 2), (0x00120063, 1), (0x00120064, 1)], // patient
    &[(0x00540410, 1)], // patient-orientation
    &[(0x00082218, 2), (0x00082228, 2), (0x00189947, 1)], // patient-positioning
    &[(0x0018990d, 1)], // patient-protocol-context
    &[(0x00189911, 1)], // patient-specification
    &[(0x00102203, 2)], // patient-study
    &[(0x00189920, 2)], // performed-ct-acquisition
    &[(0x00189934, 1)], // performed-ct-reconstruction
    &[(0x00189936, 1)], // performed-storage
    &[(0x00189920, 2)], // performed-xa-acquisition
    &[(0x00189934, 1)], // performed-xa-reconstruction
    &[(0x00080008, 1), (0x00080022, 2), (0x00080032, 2), (0x00181060, 1), (0x00181063, 1), (0x00181081, 1), (0x00181082, 1), (0x00181242, 2), (0x00280004, 1), (0x00281052, 1), (0x00281053, 1), (0x00282110, 1), (0x00541300, 1), (0x00541321, 1)], // pet-image
    &[(0x00540016, 2)], // pet-isotope
    &[(0x00181080, 2)], // pet-multi-gated-acquisition
    &[(0x00080021, 1), (0x00080031, 1), (0x00181181, 2), (0x00280051, 2), (0x00541000, 1), (0x00541001, 1), (0x00541002, 1), (0x00541004, 2), (0x00541102, 1)], // pet-series
    &[(0x00189825, 1), (0x00189829, 1), (0x0018982a, 2)], // photoacoustic-acquisition-parameters
    &[(0x00080008, 1), (0x0008002a, 1), (0x00089205, 1), (0x00089206, 1), (0x00089207, 1), (0x0018980c, 1), (0x00209311, 1), (0x00280004, 1), (0x00280301, 1), (0x00282110, 1), (0x00282112, 1), (0x00282114, 1), (0x20500020, 1)], // photoacoustic-image
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // photoacoustic-image-multi-frame-functional-groups
    &[(0x00189832, 1)], // photoacoustic-reconstruction
    &[(0x0018980d, 1), (0x0018982c, 2)], // photoacoustic-transducer
    &[(0x00660011, 1)], // point-cloud
    &[(0x00701a01, 1), (0x00701a04, 1)], // presentation-animation
    &[(0x00080060, 1)], // presentation-series
    &[(0x00700402, 1)], // presentation-state-blending
    &[(0x00200013, 1), (0x00700080, 1), (0x00700081, 2), (0x00700082, 1), (0x00700083, 1)], // presentation-state-identification
    &[(0x00281090, 1), (0x00286100, 1)], // presentation-state-mask
    &[(0x00081115, 1)], // presentation-state-relationship
    &[(0x00082218, 2), (0x00200062, 2), (0x00540220, 2)], // presentation-view-description
    &[(0x00440100, 1), (0x00440109, 1)], // protocol-approval
    &[(0x00080012, 1), (0x00080013, 1), (0x00080220, 2), (0x00181030, 1), (0x00700084, 1)], // protocol-context
    &[(0x00080012, 1), (0x00080013, 1), (0x00080023, 1), (0x00080033, 1), (0x30100019, 2), (0x30100044, 1)], // radiotherapy-common-instance
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 2)], // raw-data
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00409094, 1), (0x00700080, 1), (0x00700081, 2)], // real-world-value-mapping
    &[(0x00080060, 1)], // real-world-value-mapping-series
    &[(0x00089205, 1), (0x00282002, 1), (0x00701805, 2), (0x00701a08, 1)], // render-display
    &[(0x00701701, 1)], // render-shading
    &[(0x00189170, 1), (0x00189171, 1), (0x00209250, 1)], // respiratory-synchronization
    &[(0x300a0614, 1), (0x300a064d, 1), (0x300a067b, 1)], // robotic-arm-delivery-device
    &[(0x30100091, 1), (0x30100097, 1)], // robotic-arm-path
    &[(0x300a00b0, 1)], // rt-beams
    &[(0x00741020, 1), (0x300c0002, 1)], // rt-beams-delivery-instruction
    &[(0x30080020, 1), (0x300a00b3, 1)], // rt-beams-salvage-record
    &[(0x30080020, 1), (0x300a0078, 2), (0x300a00b3, 1)], // rt-beams-session-record
    &[(0x00741401, 1), (0x00741404, 1), (0x0074140e, 1), (0x30080022, 1), (0x300c0002, 1), (0x300c0022, 1)], // rt-brachy-application-setup-delivery-instruction
    &[(0x300a0200, 1), (0x300a0202, 1), (0x300a0206, 1), (0x300a0210, 1), (0x300a0230, 1)], // rt-brachy-application-setups
    &[(0x30080100, 1), (0x30080110, 1), (0x300a0078, 2), (0x300a0200, 1), (0x300a0202, 1)], // rt-brachy-session-record
    &[(0x300a063a, 1), (0x300a0658, 1), (0x300a0659, 1), (0x300a0677, 2), (0x300a0686, 1)], // rt-delivery-device-common
    &[(0x00089215, 1), (0x00280004, 1), (0x00700404, 2), (0x30040002, 1), (0x30040004, 1), (0x30040005, 1), (0x3004000a, 1), (0x3004000c, 1), (0x3004000e, 1), (0x30080030, 1), (0x300c0002, 1), (0x300c0116, 1)], // rt-dose
    &[(0x300a0617, 1), (0x300a0618, 1)], // rt-dose-contribution
    &[(0x300a0617, 1), (0x300a0618, 1)], // rt-dose-contribution-record
    &[(0x30040050, 1), (0x300c0060, 1)], // rt-dvh
    &[(0x3010006b, 1), (0x3010006c, 1)], // rt-enhanced-prescription
    &[(0x300a0070, 1)], // rt-fraction-scheme
    &[(0x300a0002, 1), (0x300a0006, 2), (0x300a0007, 2), (0x300a000c, 1), (0x300c0060, 1)], // rt-general-plan
    &[(0x00200013, 1), (0x30080250, 2), (0x30080251, 2), (0x300c0002, 2)], // rt-general-treatment-record
    &[(0x00080008, 1), (0x00080064, 2), (0x00185100, 1), (0x00280004, 1), (0x30020002, 1), (0x3002000a, 2), (0x3002000c, 1), (0x3002000e, 2), (0x30020010, 2), (0x30020011, 2), (0x30020012, 2), (0x30020020, 2), (0x30020022, 2), (0x30020026, 2), (0x30020040, 1), (0x300800a1, 1), (0x300a00b3, 2)], // rt-image
    &[(0x300a03a2, 1)], // rt-ion-beams
    &[(0x30080021, 1), (0x300a00b3, 1)], // rt-ion-beams-salvage-record
    &[(0x30080021, 1), (0x300a0078, 2), (0x300a00b3, 1)], // rt-ion-beams-session-record
    &[(0x300a03a0, 1)], // rt-ion-tolerance-tables
    &[(0x30020117, 1), (0x300a0614, 1), (0x300a064d, 1), (0x300a0671, 1), (0x300a0686, 1)], // rt-patient-position-acquisition-device
    &[(0x30020118, 1), (0x30100038, 1)], // rt-patient-position-acquisition-instruction
    &[(0x300a0180, 1)], // rt-patient-setup
    &[(0x00700081, 2), (0x30100034, 1), (0x30100045, 1), (0x30100057, 1)], // rt-physician-intent
    &[(0x00540410, 1), (0x00700081, 2), (0x300a0635, 1), (0x300a0638, 1), (0x300a0639, 1), (0x300a063f, 1), (0x30100030, 1), (0x30100033, 1), (0x30100080, 1)], // rt-radiation-common
    &[(0x00540410, 1), (0x00700081, 2), (0x300a0631, 1), (0x300a0635, 1), (0x300a0638, 1), (0x300a0639, 1), (0x300a063f, 1), (0x300a0701, 1), (0x300a0708, 1), (0x300a0709, 1), (0x300a0714, 1), (0x300a0715, 2), (0x300a0730, 2), (0x300a0731, 2), (0x300a073f, 2), (0x300a0740, 2), (0x30100030, 1), (0x30100034, 1), (0x30100080, 1)], // rt-radiation-record-common
    &[(0x00700081, 2), (0x300a0702, 1), (0x300a0703, 1), (0x300a0706, 1), (0x300a0707, 1), (0x30100034, 1)], // rt-radiation-record-set
    &[(0x300a067b, 1), (0x300a0722, 1), (0x300a0723, 1)], // rt-radiation-salvage-record
    &[(0x00700081, 2), (0x300a060a, 2), (0x300a0616, 1), (0x300a0637, 1), (0x300a063b, 2), (0x30100033, 1), (0x30100079, 1)], // rt-radiation-set
    &[(0x300a063a, 2), (0x300a0702, 1), (0x300a0787, 1), (0x300a0797, 1), (0x300a079e, 1)], // rt-radiation-set-delivery-instruction
    &[(0x00700081, 2), (0x3010002a, 1), (0x30100034, 1)], // rt-segment-annotation
    &[(0x00080060, 1), (0x00081070, 2), (0x00200011, 2)], // rt-series
    &[(0x300a0206, 1)], // rt-treatment-machine-record
    &[(0x3010004b, 1), (0x3010004e, 2)], // rt-treatment-phase-intent
    &[(0x300a0784, 1), (0x300a078a, 1), (0x300a078d, 1), (0x300a0790, 2), (0x30100038, 1)], // rt-treatment-preparation
    &[(0x30080054, 2), (0x30080056, 2), (0x30080200, 1)], // rt-treatment-summary-record
    &[(0x00080064, 1)], // sc-equipment
    &[(0x00280030, 1), (0x00280a04, 1)], // sc-image
    &[(0x00182010, 1), (0x00280030, 1), (0x00280301, 1), (0x00280a04, 1), (0x00281052, 1), (0x00281053, 1), (0x00281054, 1), (0x20500020, 1)], // sc-multi-frame-image
    &[(0x00181065, 1), (0x00182001, 1), (0x00182002, 1), (0x00182003, 1), (0x00182004, 1), (0x00182005, 1), (0x00182006, 1)], // sc-multi-frame-vector
    &[(0x0008002a, 1), (0x00200012, 1), (0x00200013, 1), (0x00800001, 1), (0x00800002, 2), (0x00800003, 1)], // scan-procedure
    &[(0x00700404, 1), (0x30100021, 1)], // segment-reference
    &[(0x00080008, 1), (0x00200013, 1), (0x00280004, 1), (0x00282110, 1), (0x00282112, 1), (0x00282114, 1), (0x00620001, 1), (0x00620002, 1), (0x00620010, 1), (0x00700080, 1), (0x00700081, 2)], // segmentation-image
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // segmentation-multi-frame-functional-groups
    &[(0x00080060, 1), (0x00081111, 1), (0x00200011, 1)], // segmentation-series
    &[(0x0040071a, 2)], // slide-coordinates
    &[(0x22000002, 2), (0x22000005, 2)], // slide-label
    &[(0x20500010, 1), (0x20500020, 1)], // softcopy-presentation-lut
    &[(0x00283110, 1)], // softcopy-voi-lut
    &[(0x00080005, 1), (0x00080053, 1), (0x0018990c, 1), (0x0018990d, 1), (0x00209172, 1), (0x0040a390, 1), (0x04000500, 1)], // sop-common
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x30020101, 1), (0x52009229, 1)], // sparse-multi-frame-functional-groups
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00700080, 1), (0x00700081, 2), (0x0070031c, 1)], // spatial-fiducials
    &[(0x00080060, 1)], // spatial-fiducials-series
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00700080, 1), (0x00700081, 2), (0x00700308, 1)], // spatial-registration
    &[(0x00080060, 1)], // spatial-registration-series
    &[(0x00700041, 1)], // spatial-transformation
    &[(0x00400512, 1), (0x00400513, 2), (0x00400518, 2), (0x00400560, 1)], // specimen
    &[(0x00081199, 1), (0x0040a032, 1), (0x0040a040, 1), (0x0040a043, 1), (0x0040a050, 1), (0x0040a120, 1), (0x0040a121, 1), (0x0040a122, 1), (0x0040a123, 1), (0x0040a130, 1), (0x0040a138, 1), (0x0040a13a, 1), (0x0040a160, 1), (0x0040a168, 1), (0x0040a300, 2), (0x0040a301, 1), (0x0040a504, 1), (0x0040a730, 1), (0x0040a801, 1), (0x00480301, 1), (0x00700023, 1)], // sr-document-content
    &[(0x00080023, 1), (0x00080033, 1), (0x0008114a, 1), (0x00200013, 1), (0x0040a073, 1), (0x0040a360, 1), (0x0040a370, 1), (0x0040a372, 2), (0x0040a375, 1), (0x0040a385, 1), (0x0040a491, 1), (0x0040a493, 1), (0x0040a525, 1)], // sr-document-general
    &[(0x00080060, 1), (0x00081111, 2), (0x00200011, 1)], // sr-document-series
    &[(0x00220020, 1)], // stereometric-relationship
    &[(0x00080060, 1)], // stereometric-series
    &[(0x30060002, 1), (0x30060008, 2), (0x30060009, 2)], // structure-set
    &[(0x00200013, 1), (0x00700080, 1), (0x00700081, 2), (0x00700082, 1), (0x00700083, 1), (0x00720102, 1)], // structured-display
    &[(0x00720424, 1)], // structured-display-annotation
    &[(0x00720422, 1), (0x00720430, 1)], // structured-display-image-box
    &[(0x00460097, 1), (0x00460098, 1)], // subjective-refraction-measurements
    &[(0x00080060, 1), (0x00081111, 1)], // subjective-refraction-measurements-series
    &[(0x00660002, 1)], // surface-mesh
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00620002, 1), (0x00700080, 1), (0x00700081, 2)], // surface-segmentation
    &[(0x0018106a, 1), (0x00181800, 1)], // synchronization
    &[(0x00080201, 1)], // timezone
    &[(0x30100098, 1)], // tomotherapeutic-beam
    &[(0x300a064d, 1), (0x300a067b, 1)], // tomotherapeutic-delivery-device
    &[(0x00080023, 1), (0x00080033, 1), (0x0008114a, 1), (0x00200013, 1), (0x00660101, 1), (0x00700080, 1), (0x00700081, 2)], // tractography-results
    &[(0x00080060, 1), (0x00081111, 1), (0x00200011, 1)], // tractography-results-series
    &[(0x00209307, 1), (0x0020930b, 1), (0x0020930c, 1)], // ultrasound-frame-of-reference
    &[(0x00080008, 2), (0x0008002a, 1), (0x00082124, 2), (0x0008212a, 2), (0x00183100, 1), (0x00183101, 1), (0x00183102, 1), (0x00183103, 1), (0x00183104, 1), (0x00280004, 1), (0x00282110, 1)], // us-image
    &[(0x00186011, 1)], // us-region-calibration
    &[(0x00800008, 1)], // uv-mapping
    &[(0x00283001, 1)], // variable-modality-lut
    &[(0x00460092, 1), (0x00460094, 1), (0x00460095, 1), (0x00460121, 1), (0x00460122, 1), (0x00460123, 1), (0x00460125, 1), (0x00460139, 1)], // visual-acuity-measurements
    &[(0x00080060, 1), (0x00081111, 1)], // visual-acuity-measurements-series
    &[(0x00080060, 1), (0x00081111, 1)], // visual-field-static-perimetry-measurements-series
    &[(0x00240037, 1), (0x00240057, 1), (0x00240058, 1), (0x00240065, 1), (0x00240067, 1), (0x00240086, 1), (0x00240089, 1), (0x00240106, 1), (0x00240113, 1), (0x00240117, 1), (0x00240120, 1), (0x00240122, 1)], // visual-field-static-perimetry-test-measurements
    &[(0x00240012, 1), (0x00240016, 1), (0x00240021, 1), (0x00240024, 1)], // visual-field-static-perimetry-test-parameters
    &[(0x00240032, 1), (0x00240034, 1)], // visual-field-static-perimetry-test-reliability
    &[(0x00240063, 1), (0x00240064, 1), (0x00240074, 1), (0x00240076, 1), (0x00240078, 1), (0x00240080, 1)], // visual-field-static-perimetry-test-results
    &[(0x00080008, 1), (0x00080033, 1), (0x00081140, 1), (0x00082218, 1), (0x00280004, 1), (0x00281051, 1), (0x00282110, 2)], // vl-image
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // vl-whole-slide-microscopy-image-multi-frame-functional-groups
    &[(0x00281050, 1), (0x00281051, 1), (0x00283010, 1)], // voi-lut
    &[(0x00701301, 1)], // volume-cropping
    &[(0x0070120d, 1), (0x00701602, 1)], // volume-render-geometry
    &[(0x00701901, 1), (0x00701905, 1)], // volumetric-graphic-annotation
    &[(0x00200013, 1), (0x00700080, 1), (0x00700081, 2), (0x00700082, 1), (0x00700083, 1)], // volumetric-presentation-state-identification
    &[(0x00701201, 1), (0x0070120a, 1), (0x0070120b, 1)], // volumetric-presentation-state-relationship
    &[(0x54000100, 1)], // waveform
    &[(0x0040b020, 1)], // waveform-annotation
    &[(0x00080023, 1), (0x0008002a, 1), (0x00080033, 1), (0x00200013, 1)], // waveform-identification
    &[(0x00080008, 1), (0x0008002a, 1), (0x00089206, 1), (0x00280004, 1), (0x00280008, 1), (0x00280301, 1), (0x00281052, 1), (0x00281053, 1), (0x00282110, 1), (0x00282112, 1), (0x00282114, 1), (0x00480010, 1), (0x00480011, 1), (0x00480012, 1), (0x20500020, 1)], // whole-slide-microscopy-image
    &[(0x00080060, 1), (0x00081111, 1)], // whole-slide-microscopy-series
    &[(0x00082218, 1), (0x00221512, 1), (0x00221513, 1), (0x00221515, 1), (0x00221518, 1)], // wide-field-ophthalmic-photography-3d-coordinates
    &[(0x00221525, 1)], // wide-field-ophthalmic-photography-quality-rating
    &[(0x00082218, 1), (0x00221513, 1), (0x00221515, 1)], // wide-field-ophthalmic-photography-stereographic-projection
    &[(0x00189507, 1)], // x-ray-3d-angiographic-acquisition
    &[(0x00189506, 1)], // x-ray-3d-angiographic-image-contributing-sources
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // x-ray-3d-angiographic-image-multi-frame-functional-groups
    &[(0x00189507, 1)], // x-ray-3d-craniofacial-acquisition
    &[(0x00189506, 1)], // x-ray-3d-craniofacial-image-contributing-sources
    &[(0x00080023, 1), (0x00080033, 1), (0x00200013, 1), (0x00280008, 1), (0x52009229, 1), (0x52009230, 1)], // x-ray-3d-craniofacial-image-multi-frame-functional-groups
    &[(0x00080008, 1), (0x00089092, 1), (0x00089205, 1), (0x00089206, 1), (0x00089207, 1), (0x00189004, 1), (0x00280004, 1), (0x00280301, 1), (0x00282110, 1), (0x00282112, 1), (0x00282114, 1), (0x20500020, 1)], // x-ray-3d-image
    &[(0x00189530, 1)], // x-ray-3d-reconstruction
    &[(0x00180060, 2), (0x00181150, 2), (0x00181151, 2), (0x00181152, 2), (0x00181155, 1), (0x00280030, 1), (0x00280a04, 1)], // x-ray-acquisition
    &[(0x00181700, 1), (0x00181702, 1), (0x00181704, 1), (0x00181706, 1), (0x00181708, 1), (0x00181710, 1), (0x00181712, 1), (0x00181720, 1)], // x-ray-collimator
    &[(0x00187004, 2)], // x-ray-detector
    &[(0x00080008, 1), (0x00081140, 1), (0x00280004, 1), (0x00281040, 1), (0x00282110, 1)], // x-ray-image
    &[(0x00181162, 1), (0x00189427, 1)], // x-ray-image-intensifier
    &[(0x00181134, 2), (0x00181135, 2), (0x00181136, 2), (0x00181137, 2)], // x-ray-table
    &[(0x00181460, 1)], // x-ray-tomography-acquisition
    &[(0x00181500, 2), (0x00181510, 2), (0x00181511, 2), (0x00181520, 2), (0x00181521, 2)], // xa-positioner
    &[(0x00080060, 1)], // xa-protocol-series
    &[(0x00180060, 1), (0x00181154, 1), (0x00181155, 1), (0x0018115a, 1), (0x00181508, 1), (0x00189420, 1), (0x00189474, 1)], // xa-xrf-acquisition
    &[(0x00286100, 1)], // xa-xrf-presentation-state-mask
    &[(0x00289505, 1)], // xa-xrf-presentation-state-presentation
    &[(0x00189472, 1)], // xa-xrf-presentation-state-shutter
    &[(0x00080060, 1), (0x00081111, 1), (0x00200011, 1)], // xa-xrf-series
];

/// Per IOD: its modules, as places in `MODULES`.
#[rustfmt::skip]
pub(super) const IODS: [&[u16]; 171] = [
    &[195, 21, 95, 200, 20, 94, 19, 305, 91, 333, 331, 0, 332, 284], // 12-lead-ecg
    &[195, 21, 95, 200, 20, 294, 19, 305, 91, 57, 293, 292, 284], // acquisition-context-sr
    &[195, 21, 95, 200, 20, 94, 217, 19, 88, 91, 57, 219, 1, 2, 45, 99, 290, 101, 100, 23, 291, 284], // advanced-blending-presentation-state
    &[195, 21, 95, 200, 20, 94, 19, 305, 91, 333, 331, 0, 332, 284], // ambulatory-ecg
    &[195, 21, 95, 200, 20, 94, 19, 305, 91, 57, 333, 331, 0, 332, 284], // arterial-pulse-waveform
    &[195, 21, 95, 200, 20, 94, 5, 19, 91, 57, 93, 4, 284], // autorefraction-measurements
    &[195, 21, 95, 200, 20, 94, 19, 305, 91, 333, 331, 0, 332, 284], // basic-cardiac-electrophysiology-waveform
    &[85, 43], // basic-directory
    &[195, 21, 95, 200, 20, 94, 19, 217, 91, 57, 298, 300, 299, 23, 291, 284], // basic-structured-display
    &[195, 21, 95, 200, 20, 294, 19, 91, 293, 292, 284], // basic-text-sr
    &[195, 21, 95, 200, 20, 94, 19, 305, 91, 333, 331, 0, 332, 284], // basic-voice-audio-waveform
    &[195, 21, 95, 200, 20, 94, 19, 217, 91, 219, 218, 45, 99, 290, 101, 100, 291, 284], // blending-softcopy-presentation-state
    &[195, 21, 95, 200, 20, 94, 19, 305, 91, 57, 333, 331, 0, 332, 284], // body-position-waveform
    &[195, 21, 95, 200, 20, 94, 19, 51, 59, 88, 305, 91, 57, 58, 11, 109, 54, 42, 0, 7, 154, 196, 291, 284, 23, 87], // breast-projection-x-ray-image
    &[195, 21, 95, 200, 20, 94, 19, 59, 88, 305, 91, 57, 109, 54, 42, 0, 10, 154, 107, 291, 345, 9, 8, 346, 11, 284, 23, 87], // breast-tomosynthesis-image
    &[195, 21, 95, 200, 20, 94, 19, 75, 91, 57, 88, 241, 259, 14, 13, 284, 23, 225], // c-arm-photon-electron-radiation
    &[195, 21, 95, 200, 20, 94, 19, 75, 91, 57, 88, 305, 241, 260, 14, 13, 284, 23, 225], // c-arm-photon-electron-radiation-record
    &[195, 21, 95, 200, 20, 294, 19, 305, 91, 293, 292, 284], // chest-cad-sr
    &[195, 21, 95, 200, 20, 294, 19, 91, 57, 293, 292, 284], // colon-cad-sr
    &[284, 22], // color-palette
    &[195, 21, 95, 200, 20, 94, 19, 217, 91, 219, 221, 44, 6, 45, 99, 290, 101, 100, 291, 284], // color-softcopy-presentation-state
    &[195, 21, 95, 200, 20, 294, 19, 305, 91, 293, 292, 284], // comprehensive-3d-sr
    &[195, 21, 95, 200, 20, 294, 19, 305, 91, 293, 292, 284], // comprehensive-sr
    &[195, 21, 95, 200, 20, 94, 34, 19, 91, 92, 109, 29, 44, 42, 291, 33, 143, 325, 284, 23], // computed-radiography-image
    &[195, 21, 95, 200, 20, 94, 19, 88, 305, 91, 57, 92, 109, 25, 154, 291, 0, 24, 38, 190, 284, 23, 87], // confocal-microscopy-image
    &[195, 21, 95, 200, 20, 94, 19, 88, 305, 91, 57, 92, 140, 109, 27, 154, 291, 0, 24, 26, 38, 190, 284, 23, 87], // confocal-microscopy-tiled-pyramidal-image
    &[195, 21, 95, 200, 20, 94, 19, 91, 57, 28, 284, 23], // content-assessment-results
    &[195, 21, 95, 200, 20, 94, 19, 32, 91, 57, 88, 92, 109, 31, 30, 177, 0, 284], // corneal-topography-map
    &[91, 57, 224, 18, 199, 83, 113, 197, 89, 90, 39, 284], // ct-defined-procedure-protocol
    &[195, 21, 95, 200, 20, 94, 19, 88, 305, 91, 92, 65, 110, 109, 29, 42, 291, 35, 152, 325, 284, 23], // ct-image
    &[195, 21, 95, 200, 20, 94, 19, 76, 36, 88, 91, 57, 224, 198, 113, 197, 201, 202, 203, 284], // ct-performed-procedure-protocol
    &[195, 21, 95, 200, 20, 94, 19, 289, 88, 91, 57, 40, 23, 284], // deformable-spatial-registration
    &[195, 21, 95, 200, 20, 94, 19, 91, 57, 92, 109, 0, 323, 41, 284, 23], // dermoscopic-photography-image
    &[195, 21, 95, 200, 20, 94, 19, 51, 115, 88, 91, 92, 109, 29, 44, 42, 291, 47, 49, 48, 348, 50, 353, 114, 325, 108, 0, 284, 23], // digital-intra-oral-x-ray-image
    &[195, 21, 95, 200, 20, 94, 19, 51, 136, 88, 91, 92, 109, 29, 44, 42, 291, 47, 49, 48, 348, 50, 353, 135, 325, 108, 0, 284, 23], // digital-mammography-x-ray-image
    &[195, 21, 95, 200, 20, 94, 19, 51, 88, 91, 92, 109, 29, 44, 42, 291, 47, 49, 48, 348, 50, 353, 325, 108, 0, 284, 23], // digital-x-ray-image
    &[195, 21, 95, 200, 20, 94, 19, 305, 91, 57, 333, 331, 0, 332, 284], // electromyogram
    &[195, 21, 95, 200, 20, 94, 19, 305, 91, 57, 333, 331, 0, 332, 284], // electrooculogram
    &[195, 21, 95, 200, 20, 53, 19, 91, 271, 52, 284], // encapsulated-cda
    &[195, 21, 95, 200, 20, 53, 19, 91, 57, 52, 137, 284, 23], // encapsulated-mtl
    &[195, 21, 95, 200, 20, 53, 19, 88, 91, 57, 52, 137, 284, 23], // encapsulated-obj
    &[195, 21, 95, 200, 20, 53, 19, 91, 271, 52, 284], // encapsulated-pdf
    &[195, 21, 95, 200, 20, 53, 19, 88, 91, 57, 52, 137, 284, 23], // encapsulated-stl
    &[195, 21, 95, 200, 20, 94, 19, 75, 88, 305, 91, 57, 109, 285, 16, 231, 54, 42, 73, 72, 284, 23, 225], // enhanced-continuous-rt-image
    &[195, 21, 95, 200, 20, 94, 37, 19, 88, 305, 91, 57, 109, 65, 54, 56, 154, 16, 231, 0, 42, 291, 55, 63, 284, 23, 87], // enhanced-ct-image
    &[195, 21, 95, 200, 20, 94, 19, 147, 88, 305, 91, 57, 109, 65, 54, 60, 154, 16, 231, 12, 0, 291, 42, 61, 146, 284, 23, 87], // enhanced-mr-color-image
    &[195, 21, 95, 200, 20, 94, 19, 147, 88, 305, 91, 57, 109, 65, 54, 62, 154, 16, 231, 12, 0, 42, 291, 61, 146, 284, 23, 87], // enhanced-mr-image
    &[195, 21, 95, 200, 20, 94, 71, 19, 88, 305, 91, 57, 109, 65, 0, 69, 154, 16, 231, 291, 70, 66, 68, 67, 284, 23, 87], // enhanced-pet-image
    &[195, 21, 95, 200, 20, 94, 19, 75, 88, 305, 91, 57, 109, 74, 154, 16, 231, 54, 42, 73, 72, 284, 23, 225, 87], // enhanced-rt-image
    &[195, 21, 95, 200, 20, 294, 19, 305, 91, 293, 292, 284], // enhanced-sr
    &[195, 21, 95, 200, 20, 94, 78, 19, 88, 311, 305, 91, 57, 92, 109, 54, 79, 154, 16, 231, 42, 0, 291, 64, 77, 125, 84, 284, 23, 87], // enhanced-us-volume
    &[195, 21, 95, 200, 20, 294, 19, 305, 91, 57, 293, 292, 284], // enhanced-x-ray-radiation-dose-sr
    &[195, 21, 95, 200, 20, 94, 360, 19, 88, 305, 91, 57, 109, 54, 138, 42, 0, 80, 154, 16, 231, 291, 81, 356, 351, 349, 284, 23, 87], // enhanced-xa-image
    &[195, 21, 95, 200, 20, 94, 360, 19, 88, 305, 91, 57, 109, 54, 138, 42, 0, 82, 154, 16, 231, 291, 353, 81, 356, 351, 349, 284, 23, 87], // enhanced-xrf-image
    &[195, 21, 95, 200, 20, 294, 19, 305, 91, 57, 293, 292, 284], // extensible-sr
    &[195, 21, 95, 200, 20, 94, 19, 305, 91, 57, 333, 331, 0, 332, 284], // general-32-bit-ecg
    &[195, 21, 95, 200, 20, 94, 19, 305, 91, 57, 333, 331, 0, 332, 284], // general-audio-waveform
    &[195, 21, 95, 200, 20, 94, 19, 305, 91, 333, 331, 0, 332, 284], // general-ecg
    &[98, 96, 97, 284, 303], // generic-implant-template
    &[195, 21, 95, 200, 20, 94, 19, 217, 91, 219, 221, 220, 138, 44, 6, 45, 99, 290, 101, 100, 143, 283, 282, 291, 284], // grayscale-softcopy-presentation-state
    &[284, 102, 104, 103], // hanging-protocol
    &[195, 21, 95, 200, 20, 94, 279, 19, 88, 91, 57, 92, 106, 154, 86, 105, 284, 23, 87], // height-map-segmentation
    &[195, 21, 95, 200, 20, 94, 19, 305, 91, 333, 331, 0, 332, 284], // hemodynamic-waveform
    &[111, 284], // implant-assembly-template
    &[112, 284], // implant-template-group
    &[195, 21, 95, 200, 20, 294, 19, 91, 57, 293, 292, 284], // implantation-plan-sr-document
    &[195, 21, 95, 200, 20, 94, 117, 19, 91, 57, 116, 93, 284], // intraocular-lens-calculations
    &[195, 21, 95, 200, 20, 94, 19, 122, 88, 305, 91, 57, 109, 54, 123, 154, 42, 0, 16, 120, 119, 121, 118, 284, 23, 87], // intravascular-optical-coherence-tomography-image
    &[91, 124, 284], // inventory
    &[195, 21, 95, 200, 20, 94, 127, 19, 91, 57, 93, 126, 284], // keratometry-measurements
    &[195, 21, 95, 200, 20, 129, 19, 91, 128, 292, 284], // key-object-selection-document
    &[195, 21, 95, 200, 20, 94, 37, 19, 88, 305, 91, 57, 109, 65, 29, 54, 130, 154, 16, 231, 0, 42, 291, 55, 284, 23, 87], // legacy-converted-enhanced-ct-image
    &[195, 21, 95, 200, 20, 94, 147, 19, 88, 305, 91, 57, 109, 65, 29, 54, 131, 154, 16, 231, 12, 0, 42, 291, 61, 284, 23, 87], // legacy-converted-enhanced-mr-image
    &[195, 21, 95, 200, 20, 94, 71, 19, 88, 305, 91, 57, 109, 65, 0, 132, 154, 16, 231, 291, 68, 284, 23, 87], // legacy-converted-enhanced-pet-image
    &[195, 21, 95, 200, 20, 94, 134, 19, 91, 57, 93, 133, 284], // lensometry-measurements
    &[195, 21, 95, 200, 20, 294, 19, 91, 57, 293, 292, 284], // macular-grid-thickness-and-volume-report
    &[195, 21, 95, 200, 20, 294, 19, 91, 293, 292, 284], // mammography-cad-sr
    &[195, 21, 95, 200, 20, 94, 142, 19, 88, 91, 57, 141, 291, 23, 284], // microscopy-bulk-simple-annotations
    &[195, 21, 95, 200, 20, 94, 19, 88, 91, 92, 65, 110, 109, 29, 42, 291, 145, 325, 284, 23], // mr-image
    &[195, 21, 95, 200, 20, 94, 19, 147, 88, 305, 91, 57, 65, 54, 150, 154, 16, 231, 12, 0, 291, 148, 151, 149, 284, 23, 87], // mr-spectroscopy
    &[195, 21, 95, 200, 20, 94, 19, 305, 91, 57, 333, 331, 0, 332, 284], // multi-channel-respiratory-waveform
    &[195, 21, 95, 200, 20, 94, 19, 91, 271, 88, 305, 92, 65, 109, 17, 153, 42, 155, 154, 291, 272, 273, 274, 325, 284, 23, 87], // multi-frame-grayscale-byte-secondary-capture-image
    &[195, 21, 95, 200, 20, 94, 19, 91, 271, 88, 305, 92, 65, 109, 17, 153, 42, 156, 154, 291, 272, 273, 274, 325, 284, 23, 87], // multi-frame-grayscale-word-secondary-capture-image
    &[195, 21, 95, 200, 20, 94, 19, 91, 271, 92, 65, 109, 17, 153, 42, 291, 272, 273, 274, 284, 23, 87], // multi-frame-single-bit-secondary-capture-image
    &[195, 21, 95, 200, 20, 94, 19, 88, 305, 91, 271, 92, 65, 109, 17, 153, 42, 157, 154, 291, 272, 273, 274, 284, 23, 87], // multi-frame-true-color-secondary-capture-image
    &[195, 21, 95, 200, 20, 94, 19, 164, 88, 305, 91, 92, 109, 0, 42, 291, 161, 153, 160, 162, 159, 167, 163, 165, 166, 325, 284, 23, 87], // nuclear-medicine-image
    &[195, 21, 95, 200, 20, 94, 170, 19, 91, 57, 169, 93, 284], // ophthalmic-axial-measurements
    &[195, 21, 95, 200, 20, 94, 184, 19, 88, 91, 57, 109, 171, 172, 154, 284, 23, 87], // ophthalmic-optical-coherence-tomography-b-scan-volume-analysis
    &[195, 21, 95, 200, 20, 94, 185, 19, 88, 91, 57, 92, 109, 173, 168, 174, 284, 23], // ophthalmic-optical-coherence-tomography-en-face-image
    &[195, 21, 95, 200, 20, 94, 179, 19, 305, 91, 92, 109, 54, 17, 153, 42, 0, 178, 168, 177, 176, 284, 23, 87], // ophthalmic-photography-16-bit-image
    &[195, 21, 95, 200, 20, 94, 179, 19, 305, 91, 92, 109, 54, 17, 153, 42, 0, 178, 168, 177, 176, 284, 23, 87], // ophthalmic-photography-8-bit-image
    &[195, 21, 95, 200, 20, 94, 19, 182, 91, 57, 92, 109, 6, 180, 181, 177, 0, 284, 23], // ophthalmic-thickness-map
    &[195, 21, 95, 200, 20, 94, 19, 189, 88, 305, 91, 57, 109, 54, 187, 154, 0, 16, 186, 183, 188, 168, 284, 23, 87], // ophthalmic-tomography-image
    &[195, 21, 95, 200, 20, 94, 19, 318, 91, 57, 320, 321, 319, 322, 175, 284], // ophthalmic-visual-field-static-perimetry-measurements
    &[195, 21, 95, 200, 20, 94, 194, 19, 88, 305, 91, 57, 92, 140, 109, 86, 46, 192, 193, 154, 16, 231, 12, 0, 42, 291, 23, 284, 87], // parametric-map
    &[195, 21, 95, 200, 20, 294, 19, 305, 91, 57, 293, 292, 284], // patient-radiation-dose-sr
    &[195, 21, 95, 200, 20, 294, 19, 305, 91, 57, 293, 292, 284], // performed-imaging-agent-administration-sr
    &[195, 21, 95, 200, 20, 94, 76, 19, 88, 311, 305, 91, 57, 92, 109, 54, 212, 154, 42, 291, 0, 211, 210, 214, 213, 284, 23, 87], // photoacoustic-image
    &[195, 21, 95, 200, 20, 94, 19, 217, 88, 91, 57, 329, 330, 326, 222, 158, 144, 328, 99, 101, 100, 216, 284, 23], // planar-mpr-volumetric-presentation-state
    &[195, 21, 95, 200, 20, 294, 19, 91, 57, 293, 292, 284], // planned-imaging-agent-administration-sr
    &[195, 21, 95, 200, 20, 94, 19, 209, 207, 208, 164, 88, 305, 91, 92, 110, 109, 42, 291, 206, 325, 0, 284, 23], // positron-emission-tomography-image
    &[195, 21, 95, 20, 294, 19, 305, 91, 293, 292, 284], // procedure-log
    &[91, 57, 284, 223], // protocol-approval
    &[195, 21, 95, 200, 20, 94, 19, 217, 91, 219, 221, 220, 138, 44, 6, 45, 99, 290, 101, 100, 143, 283, 291, 284], // pseudo-color-softcopy-presentation-state
    &[195, 21, 95, 200, 20, 294, 19, 305, 91, 57, 293, 292, 284], // radiopharmaceutical-radiation-dose-sr
    &[195, 21, 95, 200, 20, 94, 19, 88, 305, 91, 0, 291, 226, 284], // raw-data
    &[195, 21, 95, 200, 20, 94, 19, 228, 91, 227, 23, 284], // real-world-value-mapping
    &[195, 21, 95, 200, 20, 94, 19, 305, 91, 57, 333, 331, 0, 332, 284], // respiratory-waveform
    &[195, 21, 95, 200, 20, 94, 19, 75, 91, 57, 88, 241, 259, 232, 233, 284, 23, 225], // robotic-arm-radiation
    &[195, 21, 95, 200, 20, 94, 19, 75, 91, 57, 88, 305, 241, 260, 232, 233, 284, 23, 225], // robotic-arm-radiation-record
    &[195, 21, 95, 200, 20, 94, 19, 305, 91, 57, 333, 331, 0, 332, 284], // routine-scalp-electroencephalogram
    &[195, 21, 95, 200, 20, 94, 19, 91, 235, 23, 284], // rt-beams-delivery-instruction
    &[195, 21, 95, 200, 20, 266, 19, 91, 249, 257, 267, 139, 15, 237, 236, 270, 284, 23], // rt-beams-treatment-record
    &[195, 21, 95, 200, 20, 94, 19, 91, 57, 238, 23, 284], // rt-brachy-application-setup-delivery-instruction
    &[195, 21, 95, 200, 20, 266, 19, 91, 249, 257, 267, 139, 15, 240, 270, 284, 23], // rt-brachy-treatment-record
    &[195, 21, 95, 200, 20, 266, 19, 88, 91, 92, 110, 109, 153, 242, 245, 284, 23, 87], // rt-dose
    &[195, 21, 95, 200, 20, 266, 19, 88, 91, 92, 109, 29, 17, 153, 42, 250, 143, 325, 3, 284, 23, 87], // rt-image
    &[195, 21, 95, 20, 200, 266, 19, 91, 249, 257, 267, 139, 15, 253, 252, 270, 284, 23], // rt-ion-beams-treatment-record
    &[195, 21, 95, 200, 20, 266, 19, 88, 91, 248, 254, 257, 247, 251, 3, 284, 23], // rt-ion-plan
    &[195, 21, 95, 200, 20, 94, 19, 75, 91, 57, 255, 256, 284, 23, 225], // rt-patient-position-acquisition-instruction
    &[195, 21, 95, 200, 20, 94, 19, 75, 91, 57, 258, 246, 268, 284, 23, 225], // rt-physician-intent
    &[195, 21, 95, 200, 20, 266, 19, 88, 91, 248, 257, 247, 234, 239, 3, 284, 23], // rt-plan
    &[195, 21, 95, 200, 20, 94, 19, 75, 91, 57, 261, 244, 284, 23, 225], // rt-radiation-record-set
    &[195, 21, 95, 200, 20, 94, 19, 75, 91, 57, 88, 241, 260, 262, 284, 23, 225], // rt-radiation-salvage-record
    &[195, 21, 95, 200, 20, 94, 19, 75, 91, 57, 88, 263, 243, 284, 23, 225], // rt-radiation-set
    &[195, 21, 95, 200, 20, 94, 19, 75, 91, 57, 264, 284, 23, 225], // rt-radiation-set-delivery-instruction
    &[195, 21, 95, 200, 20, 94, 19, 75, 91, 57, 265, 276, 284, 23, 225], // rt-segment-annotation
    &[195, 21, 95, 200, 20, 266, 19, 91, 88, 297, 3, 284, 23], // rt-structure-set
    &[195, 21, 95, 200, 20, 94, 19, 75, 91, 57, 269, 284, 23, 225], // rt-treatment-preparation
    &[195, 21, 95, 200, 20, 266, 19, 91, 249, 270, 284, 23], // rt-treatment-summary-record
    &[195, 21, 95, 200, 20, 94, 19, 88, 305, 91, 271, 92, 65, 110, 109, 42, 291, 272, 143, 325, 284, 23], // secondary-capture-image
    &[195, 21, 95, 200, 20, 94, 279, 19, 88, 91, 57, 92, 140, 109, 277, 278, 154, 291, 23, 284, 87], // segmentation
    &[195, 21, 95, 200, 20, 294, 19, 305, 91, 57, 293, 292, 306, 284], // simplified-adult-echo-sr
    &[195, 21, 95, 200, 20, 94, 19, 305, 91, 57, 333, 331, 0, 332, 284], // sleep-electroencephalogram
    &[195, 21, 95, 200, 20, 94, 19, 287, 91, 286, 23, 284], // spatial-fiducials
    &[195, 21, 95, 200, 20, 94, 19, 289, 88, 91, 288, 23, 284], // spatial-registration
    &[195, 21, 95, 200, 20, 294, 19, 91, 57, 293, 292, 284], // spectacle-prescription-report
    &[195, 21, 95, 200, 20, 94, 19, 296, 91, 295, 23, 284], // stereometric-relationship
    &[195, 21, 95, 200, 20, 94, 302, 19, 91, 57, 93, 301, 284], // subjective-refraction-measurements
    &[195, 21, 95, 200, 20, 94, 19, 191, 88, 91, 57, 303, 314, 275, 291, 284], // surface-scan-mesh
    &[195, 21, 95, 200, 20, 94, 19, 191, 88, 91, 57, 215, 314, 275, 291, 284], // surface-scan-point-cloud
    &[195, 21, 95, 200, 20, 94, 279, 19, 88, 91, 57, 304, 303, 23, 284], // surface-segmentation
    &[195, 21, 95, 200, 20, 94, 19, 75, 91, 57, 88, 241, 259, 308, 307, 284, 23, 225], // tomotherapeutic-radiation
    &[195, 21, 95, 200, 20, 94, 19, 75, 91, 57, 88, 305, 241, 260, 308, 307, 284, 23, 225], // tomotherapeutic-radiation-record
    &[195, 21, 95, 200, 20, 94, 310, 19, 88, 91, 57, 309, 291, 23, 284], // tractography-results
    &[195, 21, 95, 200, 20, 94, 19, 88, 305, 91, 92, 109, 29, 42, 291, 313, 312, 325, 284, 23], // ultrasound-image
    &[195, 21, 95, 200, 20, 94, 19, 88, 305, 91, 92, 109, 29, 17, 153, 42, 291, 313, 312, 325, 284, 23, 87], // ultrasound-multi-frame-image
    &[195, 21, 95, 200, 20, 94, 19, 217, 91, 219, 221, 220, 138, 44, 6, 45, 99, 290, 101, 100, 315, 283, 282, 291, 284], // variable-modality-lut-softcopy-presentation-state
    &[195, 21, 95, 200, 20, 94, 19, 91, 92, 17, 153, 109, 0, 42, 291, 323, 284, 23, 87], // video-endoscopic-image
    &[195, 21, 95, 200, 20, 94, 19, 91, 92, 17, 153, 109, 0, 42, 291, 323, 284, 23, 87], // video-microscopic-image
    &[195, 21, 95, 200, 20, 94, 19, 305, 91, 92, 17, 153, 109, 0, 42, 291, 323, 284, 23, 87], // video-photographic-image
    &[195, 21, 95, 200, 20, 94, 317, 19, 91, 57, 93, 316, 284], // visual-acuity-measurements
    &[195, 21, 95, 200, 20, 94, 19, 91, 92, 109, 0, 42, 291, 323, 284, 23], // vl-endoscopic-image
    &[195, 21, 95, 200, 20, 94, 19, 91, 92, 109, 0, 42, 291, 323, 190, 284, 23], // vl-microscopic-image
    &[195, 21, 95, 200, 20, 94, 19, 91, 92, 109, 0, 42, 291, 323, 284, 23], // vl-photographic-image
    &[195, 21, 95, 200, 20, 94, 19, 88, 91, 92, 109, 0, 42, 291, 323, 280, 190, 284, 23], // vl-slide-coordinates-microscopic-image
    &[195, 21, 95, 200, 20, 94, 335, 19, 88, 91, 57, 92, 140, 109, 0, 324, 154, 291, 334, 190, 281, 284, 23, 87], // vl-whole-slide-microscopy-image
    &[195, 21, 95, 200, 20, 94, 19, 217, 88, 91, 57, 329, 330, 326, 222, 327, 230, 229, 328, 99, 101, 100, 216, 284, 23], // volume-rendering-volumetric-presentation-state
    &[195, 21, 95, 200, 20, 94, 19, 217, 305, 91, 57, 219, 284], // waveform-acquisition-presentation-state
    &[195, 21, 95, 200, 20, 294, 19, 305, 91, 57, 293, 292, 284], // waveform-annotation-sr
    &[195, 21, 95, 200, 20, 94, 19, 217, 305, 91, 57, 219, 284], // waveform-presentation-state
    &[195, 21, 95, 200, 20, 94, 179, 19, 88, 305, 91, 57, 92, 109, 54, 17, 153, 0, 178, 336, 337, 168, 177, 176, 284, 23, 87], // wide-field-ophthalmic-photography-3d-coordinates-image
    &[195, 21, 95, 200, 20, 94, 179, 19, 88, 305, 91, 57, 92, 109, 54, 17, 153, 0, 178, 338, 337, 168, 177, 176, 284, 23, 87], // wide-field-ophthalmic-photography-stereographic-projection-image
    &[195, 21, 95, 200, 20, 94, 19, 76, 88, 305, 91, 57, 109, 54, 42, 0, 341, 154, 16, 231, 196, 107, 291, 345, 340, 339, 346, 284, 23, 87], // x-ray-3d-angiographic-image
    &[195, 21, 95, 200, 20, 94, 19, 76, 88, 91, 57, 109, 54, 42, 0, 344, 154, 196, 107, 291, 345, 343, 342, 346, 284, 23, 87], // x-ray-3d-craniofacial-image
    &[195, 21, 95, 200, 20, 94, 19, 305, 91, 92, 109, 29, 17, 153, 138, 44, 42, 291, 350, 347, 348, 352, 354, 48, 143, 325, 284, 23, 87], // x-ray-angiographic-image
    &[195, 21, 95, 200, 20, 294, 19, 305, 91, 57, 293, 292, 284], // x-ray-radiation-dose-sr
    &[195, 21, 95, 200, 20, 94, 19, 305, 91, 92, 109, 29, 17, 153, 138, 44, 42, 291, 350, 347, 348, 352, 353, 48, 143, 325, 284, 23, 87], // x-ray-radiofluoroscopic-image
    &[91, 57, 224, 18, 199, 83, 113, 197, 89, 90, 39, 284], // xa-defined-procedure-protocol
    &[195, 21, 95, 200, 20, 94, 19, 76, 355, 88, 91, 57, 224, 198, 113, 197, 204, 205, 203, 284], // xa-performed-procedure-protocol
    &[195, 21, 95, 200, 20, 94, 19, 217, 91, 57, 219, 221, 6, 45, 99, 290, 101, 283, 357, 359, 358, 282, 291, 284], // xa-xrf-grayscale-softcopy-presentation-state
];

/// Per SOP class: its IOD, as a place in `IODS`; in order of the UIDs.
#[rustfmt::skip]
pub(super) const SOP_CLASSES: [(&str, u16); 180] = [
    ("1.2.840.10008.1.3.10", 7),
    ("1.2.840.10008.5.1.4.1.1.1", 23),
    ("1.2.840.10008.5.1.4.1.1.1.1", 35),
    ("1.2.840.10008.5.1.4.1.1.1.1.1", 35),
    ("1.2.840.10008.5.1.4.1.1.1.2", 34),
    ("1.2.840.10008.5.1.4.1.1.1.2.1", 34),
    ("1.2.840.10008.5.1.4.1.1.1.3", 33),
    ("1.2.840.10008.5.1.4.1.1.1.3.1", 33),
    ("1.2.840.10008.5.1.4.1.1.104.1", 41),
    ("1.2.840.10008.5.1.4.1.1.104.2", 38),
    ("1.2.840.10008.5.1.4.1.1.104.3", 42),
    ("1.2.840.10008.5.1.4.1.1.104.4", 40),
    ("1.2.840.10008.5.1.4.1.1.104.5", 39),
    ("1.2.840.10008.5.1.4.1.1.11.1", 59),
    ("1.2.840.10008.5.1.4.1.1.11.10", 157),
    ("1.2.840.10008.5.1.4.1.1.11.11", 157),
    ("1.2.840.10008.5.1.4.1.1.11.12", 147),
    ("1.2.840.10008.5.1.4.1.1.11.2", 20),
    ("1.2.840.10008.5.1.4.1.1.11.3", 103),
    ("1.2.840.10008.5.1.4.1.1.11.4", 11),
    ("1.2.840.10008.5.1.4.1.1.11.5", 170),
    ("1.2.840.10008.5.1.4.1.1.11.6", 98),
    ("1.2.840.10008.5.1.4.1.1.11.7", 98),
    ("1.2.840.10008.5.1.4.1.1.11.8", 2),
    ("1.2.840.10008.5.1.4.1.1.11.9", 157),
    ("1.2.840.10008.5.1.4.1.1.12.1", 165),
    ("1.2.840.10008.5.1.4.1.1.12.1.1", 52),
    ("1.2.840.10008.5.1.4.1.1.12.2", 167),
    ("1.2.840.10008.5.1.4.1.1.12.2.1", 53),
    ("1.2.840.10008.5.1.4.1.1.128", 100),
    ("1.2.840.10008.5.1.4.1.1.128.1", 73),
    ("1.2.840.10008.5.1.4.1.1.13.1.1", 163),
    ("1.2.840.10008.5.1.4.1.1.13.1.2", 164),
    ("1.2.840.10008.5.1.4.1.1.13.1.3", 14),
    ("1.2.840.10008.5.1.4.1.1.13.1.4", 13),
    ("1.2.840.10008.5.1.4.1.1.13.1.5", 13),
    ("1.2.840.10008.5.1.4.1.1.130", 47),
    ("1.2.840.10008.5.1.4.1.1.131", 8),
    ("1.2.840.10008.5.1.4.1.1.14.1", 67),
    ("1.2.840.10008.5.1.4.1.1.14.2", 67),
    ("1.2.840.10008.5.1.4.1.1.2", 29),
    ("1.2.840.10008.5.1.4.1.1.2.1", 44),
    ("1.2.840.10008.5.1.4.1.1.2.2", 71),
    ("1.2.840.10008.5.1.4.1.1.20", 85),
    ("1.2.840.10008.5.1.4.1.1.200.1", 28),
    ("1.2.840.10008.5.1.4.1.1.200.2", 30),
    ("1.2.840.10008.5.1.4.1.1.200.3", 102),
    ("1.2.840.10008.5.1.4.1.1.200.7", 168),
    ("1.2.840.10008.5.1.4.1.1.200.8", 169),
    ("1.2.840.10008.5.1.4.1.1.201.1", 68),
    ("1.2.840.10008.5.1.4.1.1.3.1", 146),
    ("1.2.840.10008.5.1.4.1.1.30", 94),
    ("1.2.840.10008.5.1.4.1.1.4", 78),
    ("1.2.840.10008.5.1.4.1.1.4.1", 46),
    ("1.2.840.10008.5.1.4.1.1.4.2", 79),
    ("1.2.840.10008.5.1.4.1.1.4.3", 45),
    ("1.2.840.10008.5.1.4.1.1.4.4", 72),
    ("1.2.840.10008.5.1.4.1.1.481.1", 116),
    ("1.2.840.10008.5.1.4.1.1.481.10", 120),
    ("1.2.840.10008.5.1.4.1.1.481.11", 126),
    ("1.2.840.10008.5.1.4.1.1.481.12", 124),
    ("1.2.840.10008.5.1.4.1.1.481.13", 15),
    ("1.2.840.10008.5.1.4.1.1.481.14", 142),
    ("1.2.840.10008.5.1.4.1.1.481.15", 108),
    ("1.2.840.10008.5.1.4.1.1.481.16", 122),
    ("1.2.840.10008.5.1.4.1.1.481.17", 123),
    ("1.2.840.10008.5.1.4.1.1.481.18", 143),
    ("1.2.840.10008.5.1.4.1.1.481.19", 16),
    ("1.2.840.10008.5.1.4.1.1.481.2", 115),
    ("1.2.840.10008.5.1.4.1.1.481.20", 109),
    ("1.2.840.10008.5.1.4.1.1.481.21", 125),
    ("1.2.840.10008.5.1.4.1.1.481.22", 128),
    ("1.2.840.10008.5.1.4.1.1.481.23", 48),
    ("1.2.840.10008.5.1.4.1.1.481.24", 43),
    ("1.2.840.10008.5.1.4.1.1.481.25", 119),
    ("1.2.840.10008.5.1.4.1.1.481.3", 127),
    ("1.2.840.10008.5.1.4.1.1.481.4", 112),
    ("1.2.840.10008.5.1.4.1.1.481.5", 121),
    ("1.2.840.10008.5.1.4.1.1.481.6", 114),
    ("1.2.840.10008.5.1.4.1.1.481.7", 129),
    ("1.2.840.10008.5.1.4.1.1.481.8", 118),
    ("1.2.840.10008.5.1.4.1.1.481.9", 117),
    ("1.2.840.10008.5.1.4.1.1.6.1", 145),
    ("1.2.840.10008.5.1.4.1.1.6.2", 50),
    ("1.2.840.10008.5.1.4.1.1.6.3", 97),
    ("1.2.840.10008.5.1.4.1.1.66", 105),
    ("1.2.840.10008.5.1.4.1.1.66.1", 135),
    ("1.2.840.10008.5.1.4.1.1.66.2", 134),
    ("1.2.840.10008.5.1.4.1.1.66.3", 31),
    ("1.2.840.10008.5.1.4.1.1.66.4", 131),
    ("1.2.840.10008.5.1.4.1.1.66.5", 141),
    ("1.2.840.10008.5.1.4.1.1.66.6", 144),
    ("1.2.840.10008.5.1.4.1.1.66.7", 131),
    ("1.2.840.10008.5.1.4.1.1.66.8", 61),
    ("1.2.840.10008.5.1.4.1.1.67", 106),
    ("1.2.840.10008.5.1.4.1.1.68.1", 139),
    ("1.2.840.10008.5.1.4.1.1.68.2", 140),
    ("1.2.840.10008.5.1.4.1.1.7", 130),
    ("1.2.840.10008.5.1.4.1.1.7.1", 83),
    ("1.2.840.10008.5.1.4.1.1.7.2", 81),
    ("1.2.840.10008.5.1.4.1.1.7.3", 82),
    ("1.2.840.10008.5.1.4.1.1.7.4", 84),
    ("1.2.840.10008.5.1.4.1.1.77.1.1", 152),
    ("1.2.840.10008.5.1.4.1.1.77.1.1.1", 148),
    ("1.2.840.10008.5.1.4.1.1.77.1.2", 153),
    ("1.2.840.10008.5.1.4.1.1.77.1.2.1", 149),
    ("1.2.840.10008.5.1.4.1.1.77.1.3", 155),
    ("1.2.840.10008.5.1.4.1.1.77.1.4", 154),
    ("1.2.840.10008.5.1.4.1.1.77.1.4.1", 150),
    ("1.2.840.10008.5.1.4.1.1.77.1.5.1", 90),
    ("1.2.840.10008.5.1.4.1.1.77.1.5.2", 89),
    ("1.2.840.10008.5.1.4.1.1.77.1.5.3", 137),
    ("1.2.840.10008.5.1.4.1.1.77.1.5.4", 92),
    ("1.2.840.10008.5.1.4.1.1.77.1.5.5", 162),
    ("1.2.840.10008.5.1.4.1.1.77.1.5.6", 161),
    ("1.2.840.10008.5.1.4.1.1.77.1.5.7", 88),
    ("1.2.840.10008.5.1.4.1.1.77.1.5.8", 87),
    ("1.2.840.10008.5.1.4.1.1.77.1.6", 156),
    ("1.2.840.10008.5.1.4.1.1.77.1.7", 32),
    ("1.2.840.10008.5.1.4.1.1.77.1.8", 24),
    ("1.2.840.10008.5.1.4.1.1.77.1.9", 25),
    ("1.2.840.10008.5.1.4.1.1.78.1", 74),
    ("1.2.840.10008.5.1.4.1.1.78.2", 5),
    ("1.2.840.10008.5.1.4.1.1.78.3", 69),
    ("1.2.840.10008.5.1.4.1.1.78.4", 138),
    ("1.2.840.10008.5.1.4.1.1.78.5", 151),
    ("1.2.840.10008.5.1.4.1.1.78.6", 136),
    ("1.2.840.10008.5.1.4.1.1.78.7", 86),
    ("1.2.840.10008.5.1.4.1.1.78.8", 66),
    ("1.2.840.10008.5.1.4.1.1.79.1", 75),
    ("1.2.840.10008.5.1.4.1.1.80.1", 93),
    ("1.2.840.10008.5.1.4.1.1.81.1", 91),
    ("1.2.840.10008.5.1.4.1.1.82.1", 27),
    ("1.2.840.10008.5.1.4.1.1.88.11", 9),
    ("1.2.840.10008.5.1.4.1.1.88.22", 49),
    ("1.2.840.10008.5.1.4.1.1.88.33", 22),
    ("1.2.840.10008.5.1.4.1.1.88.34", 21),
    ("1.2.840.10008.5.1.4.1.1.88.35", 54),
    ("1.2.840.10008.5.1.4.1.1.88.40", 101),
    ("1.2.840.10008.5.1.4.1.1.88.50", 76),
    ("1.2.840.10008.5.1.4.1.1.88.59", 70),
    ("1.2.840.10008.5.1.4.1.1.88.65", 17),
    ("1.2.840.10008.5.1.4.1.1.88.67", 166),
    ("1.2.840.10008.5.1.4.1.1.88.68", 104),
    ("1.2.840.10008.5.1.4.1.1.88.69", 18),
    ("1.2.840.10008.5.1.4.1.1.88.70", 65),
    ("1.2.840.10008.5.1.4.1.1.88.71", 1),
    ("1.2.840.10008.5.1.4.1.1.88.72", 132),
    ("1.2.840.10008.5.1.4.1.1.88.73", 95),
    ("1.2.840.10008.5.1.4.1.1.88.74", 99),
    ("1.2.840.10008.5.1.4.1.1.88.75", 96),
    ("1.2.840.10008.5.1.4.1.1.88.76", 51),
    ("1.2.840.10008.5.1.4.1.1.88.77", 159),
    ("1.2.840.10008.5.1.4.1.1.9.1.1", 0),
    ("1.2.840.10008.5.1.4.1.1.9.1.2", 57),
    ("1.2.840.10008.5.1.4.1.1.9.1.3", 3),
    ("1.2.840.10008.5.1.4.1.1.9.1.4", 55),
    ("1.2.840.10008.5.1.4.1.1.9.100.1", 160),
    ("1.2.840.10008.5.1.4.1.1.9.100.2", 158),
    ("1.2.840.10008.5.1.4.1.1.9.2.1", 62),
    ("1.2.840.10008.5.1.4.1.1.9.3.1", 6),
    ("1.2.840.10008.5.1.4.1.1.9.4.1", 10),
    ("1.2.840.10008.5.1.4.1.1.9.4.2", 56),
    ("1.2.840.10008.5.1.4.1.1.9.5.1", 4),
    ("1.2.840.10008.5.1.4.1.1.9.6.1", 107),
    ("1.2.840.10008.5.1.4.1.1.9.6.2", 80),
    ("1.2.840.10008.5.1.4.1.1.9.7.1", 110),
    ("1.2.840.10008.5.1.4.1.1.9.7.2", 36),
    ("1.2.840.10008.5.1.4.1.1.9.7.3", 37),
    ("1.2.840.10008.5.1.4.1.1.9.7.4", 133),
    ("1.2.840.10008.5.1.4.1.1.9.8.1", 12),
    ("1.2.840.10008.5.1.4.1.1.90.1", 26),
    ("1.2.840.10008.5.1.4.1.1.91.1", 77),
    ("1.2.840.10008.5.1.4.34.10", 113),
    ("1.2.840.10008.5.1.4.34.7", 111),
    ("1.2.840.10008.5.1.4.38.1", 60),
    ("1.2.840.10008.5.1.4.39.1", 19),
    ("1.2.840.10008.5.1.4.43.1", 58),
    ("1.2.840.10008.5.1.4.44.1", 63),
    ("1.2.840.10008.5.1.4.45.1", 64),
];

/// Inside sequences: parent's tag, tag, strongest type anywhere; in order.
#[rustfmt::skip]
pub(super) const NESTED: [(u32, u32, u8); 992] = [
    (0x00080006, 0x00080106, 1), (0x00080006, 0x00080107, 1), (0x00080063, 0x00080106, 1), (0x00080063, 0x00080107, 1),
    (0x00080082, 0x00080106, 1), (0x00080082, 0x00080107, 1), (0x00080096, 0x00080080, 1), (0x00080096, 0x00080082, 1),
    (0x00080096, 0x00401101, 1), (0x0008009d, 0x00080080, 1), (0x0008009d, 0x00080082, 1), (0x0008009d, 0x00401101, 1),
    (0x00080121, 0x00080106, 1), (0x00080121, 0x00080107, 1), (0x00080123, 0x00080106, 1), (0x00080220, 0x00080106, 1),
    (0x00080220, 0x00080107, 1), (0x00080400, 0x00080201, 1), (0x00080406, 0x00080106, 1), (0x00080406, 0x00080107, 1),
    (0x00080423, 0x00080020, 2), (0x00080423, 0x00080030, 2), (0x00080423, 0x00080050, 2), (0x00080423, 0x00080054, 1),
    (0x00080423, 0x00081030, 2), (0x00080423, 0x00100010, 2), (0x00080423, 0x00100020, 2), (0x00080423, 0x00100030, 2),
    (0x00080423, 0x00100040, 2), (0x00080423, 0x00200010, 2), (0x00081032, 0x00080106, 1), (0x00081032, 0x00080107, 1),
    (0x0008103f, 0x00080106, 1), (0x0008103f, 0x00080107, 1), (0x00081041, 0x00080106, 1), (0x00081041, 0x00080107, 1),
    (0x00081049, 0x00080080, 1), (0x00081049, 0x00080082, 1), (0x00081049, 0x00401101, 1), (0x00081052, 0x00080080, 1),
    (0x00081052, 0x00080082, 1), (0x00081052, 0x00401101, 1), (0x00081062, 0x00080080, 1), (0x00081062, 0x00080082, 1),
    (0x00081062, 0x00401101, 1), (0x00081072, 0x00080080, 1), (0x00081072, 0x00080082, 1), (0x00081072, 0x00081010, 2),
    (0x00081072, 0x00401101, 1), (0x00081072, 0x0040a123, 1), (0x00081084, 0x00080106, 1), (0x00081084, 0x00080107, 1),
    (0x00081115, 0x00081140, 1), (0x00082135, 0x00080106, 1), (0x00082135, 0x00080107, 1), (0x00082218, 0x00080106, 1),
    (0x00082218, 0x00080107, 1), (0x00082220, 0x00080106, 1), (0x00082220, 0x00080107, 1), (0x00082228, 0x00080106, 1),
    (0x00082228, 0x00080107, 1), (0x00082230, 0x00080106, 1), (0x00082230, 0x00080107, 1), (0x00089124, 0x00082112, 2),
    (0x00089215, 0x00080106, 1), (0x00089215, 0x00080107, 1), (0x00100026, 0x00100020, 1), (0x00100027, 0x00100020, 1),
    (0x00100050, 0x00080106, 1), (0x00100050, 0x00080107, 1), (0x00100101, 0x00080106, 1), (0x00100101, 0x00080107, 1),
    (0x00100102, 0x00080106, 1), (0x00100102, 0x00080107, 1), (0x00100215, 0x00080106, 1), (0x00100215, 0x00080107, 1),
    (0x00100219, 0x00080106, 1), (0x00100219, 0x00080107, 1), (0x00100229, 0x00080106, 1), (0x00100229, 0x00080107, 1),
    (0x00101002, 0x00100020, 1), (0x00101021, 0x00080106, 1), (0x00101021, 0x00080107, 1), (0x00102202, 0x00080106, 1),
    (0x00102202, 0x00080107, 1), (0x00102293, 0x00080106, 1), (0x00102293, 0x00080107, 1), (0x00102296, 0x00080106, 1),
    (0x00102296, 0x00080107, 1), (0x00120023, 0x00120020, 1), (0x00120023, 0x00120022, 1), (0x00120054, 0x00080106, 1),
    (0x00120054, 0x00080107, 1), (0x00120064, 0x00080106, 1), (0x00120064, 0x00080107, 1), (0x00120083, 0x00120020, 1),
    (0x00180012, 0x00080106, 1), (0x00180012, 0x00080107, 1), (0x00180014, 0x00080106, 1), (0x00180014, 0x00080107, 1),
    (0x00180029, 0x00080106, 1), (0x00180029, 0x00080107, 1), (0x0018002a, 0x00080106, 1), (0x0018002a, 0x00080107, 1),
    (0x00180036, 0x00080106, 1), (0x00180036, 0x00080107, 1), (0x0018100a, 0x00181009, 1), (0x001811c1, 0x00080106, 1),
    (0x001811c1, 0x00080107, 1), (0x00181272, 0x00080106, 1), (0x00181272, 0x00080107, 1), (0x00185011, 0x00181000, 2),
    (0x00185011, 0x3010001b, 2), (0x00185011, 0x3010002d, 1), (0x00185011, 0x30100043, 2), (0x00185104, 0x00080106, 1),
    (0x00185104, 0x00080107, 1), (0x00189083, 0x00080106, 1), (0x00189083, 0x00080107, 1), (0x00189338, 0x00080106, 1),
    (0x00189338, 0x00080107, 1), (0x00189346, 0x00080106, 1), (0x00189346, 0x00080107, 1), (0x00189365, 0x00189367, 1),
    (0x00189365, 0x00189369, 1), (0x00189365, 0x0018936a, 1), (0x0018936f, 0x00189371, 1), (0x0018937d, 0x00080106, 1),
    (0x0018937d, 0x00080107, 1), (0x00189472, 0x00081140, 1), (0x00189506, 0x0008002a, 1), (0x00189506, 0x00081010, 1),
    (0x00189506, 0x00081070, 1), (0x00189506, 0x00081072, 1), (0x00189506, 0x00181000, 1), (0x00189506, 0x00181030, 1),
    (0x00189506, 0x00181400, 1), (0x00189506, 0x0018700a, 1), (0x00189506, 0x0018700c, 1), (0x00189506, 0x0018700e, 1),
    (0x00189507, 0x00082112, 1), (0x00189507, 0x00180010, 1), (0x00189507, 0x00189516, 1), (0x00189507, 0x00189517, 1),
    (0x00189556, 0x00181000, 2), (0x00189556, 0x3010001b, 2), (0x00189556, 0x3010002d, 1), (0x00189556, 0x30100043, 2),
    (0x00189621, 0x00189623, 1), (0x00189772, 0x00080106, 1), (0x00189772, 0x00080107, 1), (0x00189803, 0x00189804, 1),
    (0x00189809, 0x00080106, 1), (0x00189809, 0x00080107, 1), (0x0018980d, 0x00080106, 1), (0x0018980d, 0x00080107, 1),
    (0x0018980e, 0x00080106, 1), (0x0018980e, 0x00080107, 1), (0x0018980f, 0x00080106, 1), (0x0018980f, 0x00080107, 1),
    (0x0018982a, 0x00080106, 1), (0x0018982a, 0x00080107, 1), (0x00189831, 0x00080106, 1), (0x00189831, 0x00080107, 1),
    (0x00189832, 0x00080106, 1), (0x00189832, 0x00080107, 1), (0x00189832, 0x00081140, 1), (0x00189836, 0x00080106, 1),
    (0x00189836, 0x00080107, 1), (0x00189902, 0x00080106, 1), (0x00189902, 0x00080107, 1), (0x00189903, 0x00080106, 1),
    (0x00189903, 0x00080107, 1), (0x00189906, 0x00080106, 1), (0x00189906, 0x00080107, 1), (0x00189907, 0x00080106, 1),
    (0x00189907, 0x00080107, 1), (0x00189909, 0x00080106, 1), (0x00189909, 0x00080107, 1), (0x0018990b, 0x00080106, 1),
    (0x0018990b, 0x00080107, 1), (0x00189914, 0x00189919, 2), (0x0018991b, 0x00189919, 1), (0x0018991c, 0x00080106, 1),
    (0x0018991c, 0x00080107, 1), (0x00209111, 0x00189074, 1), (0x00209111, 0x00189151, 1), (0x00220006, 0x00080106, 1),
    (0x00220006, 0x00080107, 1), (0x00220015, 0x00080106, 1), (0x00220015, 0x00080107, 1), (0x00220016, 0x00080106, 1),
    (0x00220016, 0x00080107, 1), (0x00220017, 0x00080106, 1), (0x00220017, 0x00080107, 1), (0x00220018, 0x00080106, 1),
    (0x00220018, 0x00080107, 1), (0x00220019, 0x00080106, 1), (0x00220019, 0x00080107, 1), (0x0022001a, 0x00080106, 1),
    (0x0022001a, 0x00080107, 1), (0x0022001c, 0x00080106, 1), (0x0022001c, 0x00080107, 1), (0x0022001d, 0x00080106, 1),
    (0x0022001d, 0x00080107, 1), (0x00220042, 0x00080106, 1), (0x00220042, 0x00080107, 1), (0x00221024, 0x00080106, 1),
    (0x00221024, 0x00080107, 1), (0x00221025, 0x00080106, 1), (0x00221025, 0x00080107, 1), (0x00221028, 0x00080106, 1),
    (0x00221028, 0x00080107, 1), (0x00221035, 0x00080106, 1), (0x00221035, 0x00080107, 1), (0x00221036, 0x00080106, 1),
    (0x00221036, 0x00080107, 1), (0x00221040, 0x00080106, 1), (0x00221040, 0x00080107, 1), (0x00221044, 0x00080106, 1),
    (0x00221044, 0x00080107, 1), (0x00221096, 0x00080106, 1), (0x00221096, 0x00080107, 1), (0x00221101, 0x00080106, 1),
    (0x00221101, 0x00080107, 1), (0x00221103, 0x00080106, 1), (0x00221103, 0x00080107, 1), (0x00221125, 0x00080106, 1),
    (0x00221125, 0x00080107, 1), (0x00221132, 0x00080106, 1), (0x00221132, 0x00080107, 1), (0x00221133, 0x00080106, 1),
    (0x00221133, 0x00080107, 1), (0x00221135, 0x00080106, 1), (0x00221135, 0x00080107, 1), (0x00221150, 0x00080106, 1),
    (0x00221150, 0x00080107, 1), (0x00221250, 0x00080106, 1), (0x00221250, 0x00080107, 1), (0x00221420, 0x00080106, 1),
    (0x00221420, 0x00080107, 1), (0x00221436, 0x00080106, 1), (0x00221436, 0x00080107, 1), (0x00221445, 0x00080106, 1),
    (0x00221445, 0x00080107, 1), (0x00221512, 0x00080106, 1), (0x00221512, 0x00080107, 1), (0x00221615, 0x00080106, 1),
    (0x00221615, 0x00080107, 1), (0x00221618, 0x00080106, 1), (0x00221618, 0x00080107, 1), (0x00240016, 0x00080106, 1),
    (0x00240016, 0x00080107, 1), (0x00240021, 0x00080106, 1), (0x00240021, 0x00080107, 1), (0x00240024, 0x00080106, 1),
    (0x00240024, 0x00080107, 1), (0x00240033, 0x00080106, 1), (0x00240033, 0x00080107, 1), (0x00240325, 0x0040a120, 1),
    (0x00240325, 0x0040a121, 1), (0x00240325, 0x0040a122, 1), (0x00240325, 0x0040a123, 1), (0x00281352, 0x00080106, 1),
    (0x00281352, 0x00080107, 1), (0x00283001, 0x00081140, 1), (0x00283110, 0x00081140, 1), (0x00286100, 0x00081140, 1),
    (0x00287000, 0x00080080, 1), (0x00287000, 0x00080082, 1), (0x00287000, 0x00401101, 1), (0x00287022, 0x00080106, 1),
    (0x00287022, 0x00080107, 1), (0x0028702c, 0x00080106, 1), (0x0028702c, 0x00080107, 1), (0x0028702d, 0x00080106, 1),
    (0x0028702d, 0x00080107, 1), (0x0028702e, 0x00080106, 1), (0x0028702e, 0x00080107, 1), (0x00289505, 0x00081140, 1),
    (0x00321031, 0x00080080, 1), (0x00321031, 0x00080082, 1), (0x00321031, 0x00401101, 1), (0x00321034, 0x00080106, 1),
    (0x00321034, 0x00080107, 1), (0x00321064, 0x00080106, 1), (0x00321064, 0x00080107, 1), (0x00321065, 0x00080106, 1),
    (0x00321065, 0x00080107, 1), (0x00321067, 0x00080106, 1), (0x00321067, 0x00080107, 1), (0x0034000a, 0x00340001, 1),
    (0x003a0208, 0x00080106, 1), (0x003a0208, 0x00080107, 1), (0x003a0209, 0x00080106, 1), (0x003a0209, 0x00080107, 1),
    (0x003a0211, 0x00080106, 1), (0x003a0211, 0x00080107, 1), (0x003a0312, 0x003a0314, 1), (0x003a0325, 0x00080106, 1),
    (0x003a0325, 0x00080107, 1), (0x003a0328, 0x00080106, 1), (0x003a0328, 0x00080107, 1), (0x003a032c, 0x00080106, 1),
    (0x003a032c, 0x00080107, 1), (0x003a032d, 0x00080106, 1), (0x003a032d, 0x00080107, 1), (0x00400008, 0x00080106, 1),
    (0x00400008, 0x00080107, 1), (0x0040000a, 0x00080106, 1), (0x0040000a, 0x00080107, 1), (0x0040000b, 0x00080080, 1),
    (0x0040000b, 0x00080082, 1), (0x0040000b, 0x00401101, 1), (0x00400039, 0x00080106, 1), (0x00400039, 0x00080107, 1),
    (0x0040003a, 0x00080106, 1), (0x0040003a, 0x00080107, 1), (0x00400260, 0x00080106, 1), (0x00400260, 0x00080107, 1),
    (0x00400275, 0x00400009, 1), (0x00400275, 0x00401001, 1), (0x00400281, 0x00080106, 1), (0x00400281, 0x00080107, 1),
    (0x00400295, 0x00080106, 1), (0x00400295, 0x00080107, 1), (0x00400296, 0x00080106, 1), (0x00400296, 0x00080107, 1),
    (0x00400320, 0x00080106, 1), (0x00400320, 0x00080107, 1), (0x00400440, 0x0040a120, 1), (0x00400440, 0x0040a121, 1),
    (0x00400440, 0x0040a122, 1), (0x00400440, 0x0040a123, 1), (0x00400441, 0x0040a120, 1), (0x00400441, 0x0040a121, 1),
    (0x00400441, 0x0040a122, 1), (0x00400441, 0x0040a123, 1), (0x00400500, 0x00400512, 1), (0x00400500, 0x00400513, 2),
    (0x00400515, 0x00400512, 1), (0x00400515, 0x00400513, 2), (0x00400518, 0x00080106, 1), (0x00400518, 0x00080107, 1),
    (0x00400555, 0x0040a120, 1), (0x00400555, 0x0040a121, 1), (0x00400555, 0x0040a122, 1), (0x00400555, 0x0040a123, 1),
    (0x00400560, 0x00400551, 1), (0x00400560, 0x00400562, 2), (0x00400560, 0x00400610, 2), (0x0040059a, 0x00080106, 1),
    (0x0040059a, 0x00080107, 1), (0x00400612, 0x0040a120, 1), (0x00400612, 0x0040a121, 1), (0x00400612, 0x0040a122, 1),
    (0x00400612, 0x0040a123, 1), (0x00400620, 0x0040a120, 1), (0x00400620, 0x0040a121, 1), (0x00400620, 0x0040a122, 1),
    (0x00400620, 0x0040a123, 1), (0x004008ea, 0x00080106, 1), (0x004008ea, 0x00080107, 1), (0x0040100a, 0x00080106, 1),
    (0x0040100a, 0x00080107, 1), (0x00401011, 0x00080080, 1), (0x00401011, 0x00080082, 1), (0x00401011, 0x00401101, 1),
    (0x00401012, 0x00080106, 1), (0x00401012, 0x00080107, 1), (0x00401101, 0x00080106, 1), (0x00401101, 0x00080107, 1),
    (0x00404009, 0x00080106, 1), (0x00404009, 0x00080107, 1), (0x00404018, 0x00080106, 1), (0x00404018, 0x00080107, 1),
    (0x00404019, 0x00080106, 1), (0x00404019, 0x00080107, 1), (0x00404025, 0x00080106, 1), (0x00404025, 0x00080107, 1),
    (0x00404026, 0x00080106, 1), (0x00404026, 0x00080107, 1), (0x00404027, 0x00080106, 1), (0x00404027, 0x00080107, 1),
    (0x00404028, 0x00080106, 1), (0x00404028, 0x00080107, 1), (0x00404029, 0x00080106, 1), (0x00404029, 0x00080107, 1),
    (0x00404030, 0x00080106, 1), (0x00404030, 0x00080107, 1), (0x00404071, 0x21000140, 1), (0x00409094, 0x00081140, 1),
    (0x00409098, 0x00080106, 1), (0x00409098, 0x00080107, 1), (0x00409220, 0x0040a120, 1), (0x00409220, 0x0040a121, 1),
    (0x00409220, 0x0040a122, 1), (0x00409220, 0x0040a123, 1), (0x0040a043, 0x00080106, 1), (0x0040a043, 0x00080107, 1),
    (0x0040a073, 0x0040a027, 1), (0x0040a073, 0x0040a030, 1), (0x0040a073, 0x0040a075, 1), (0x0040a073, 0x0040a088, 2),
    (0x0040a078, 0x00080080, 2), (0x0040a078, 0x00080082, 2), (0x0040a078, 0x00081010, 2), (0x0040a078, 0x00401101, 2),
    (0x0040a078, 0x0040a123, 1), (0x0040a07a, 0x00080080, 2), (0x0040a07a, 0x00080082, 2), (0x0040a07a, 0x00081010, 2),
    (0x0040a07a, 0x00401101, 2), (0x0040a07a, 0x0040a082, 2), (0x0040a07a, 0x0040a123, 1), (0x0040a07c, 0x00080080, 2),
    (0x0040a07c, 0x00080082, 2), (0x0040a088, 0x00080106, 1), (0x0040a088, 0x00080107, 1), (0x0040a168, 0x00080106, 1),
    (0x0040a168, 0x00080107, 1), (0x0040a170, 0x00080106, 1), (0x0040a170, 0x00080107, 1), (0x0040a195, 0x00080106, 1),
    (0x0040a195, 0x00080107, 1), (0x0040a301, 0x00080106, 1), (0x0040a301, 0x00080107, 1), (0x0040a370, 0x00080050, 2),
    (0x0040a370, 0x00081110, 2), (0x0040a370, 0x00321060, 2), (0x0040a370, 0x00401001, 2), (0x0040a370, 0x00402016, 2),
    (0x0040a370, 0x00402017, 2), (0x0040a372, 0x00080106, 1), (0x0040a372, 0x00080107, 1), (0x0040a730, 0x0040a032, 1),
    (0x0040a730, 0x0040a120, 1), (0x0040a730, 0x0040a121, 1), (0x0040a730, 0x0040a122, 1), (0x0040a730, 0x0040a123, 1),
    (0x0040a730, 0x0040a13a, 1), (0x0040a730, 0x0040a730, 1), (0x0040a808, 0x00720063, 1), (0x0040b020, 0x0040a13a, 1),
    (0x0040b020, 0x00700006, 1), (0x0040e008, 0x00080106, 1), (0x0040e008, 0x00080107, 1), (0x0040e021, 0x00080054, 1),
    (0x00440007, 0x00080106, 1), (0x00440007, 0x00080107, 1), (0x00440013, 0x0040a120, 1), (0x00440013, 0x0040a121, 1),
    (0x00440013, 0x0040a122, 1), (0x00440013, 0x0040a123, 1), (0x00440019, 0x0040a120, 1), (0x00440019, 0x0040a121, 1),
    (0x00440019, 0x0040a122, 1), (0x00440019, 0x0040a123, 1), (0x00440100, 0x00080082, 1), (0x00440100, 0x00120020, 1),
    (0x00440100, 0x00440104, 1), (0x00440101, 0x00080106, 1), (0x00440101, 0x00080107, 1), (0x00440103, 0x00080080, 2),
    (0x00440103, 0x00080082, 2), (0x00440103, 0x00081010, 2), (0x00440103, 0x00401101, 2), (0x00440103, 0x0040a123, 1),
    (0x0044010a, 0x00080106, 1), (0x0044010a, 0x00080107, 1), (0x00460111, 0x00080106, 1), (0x00460111, 0x00080107, 1),
    (0x00460116, 0x00080106, 1), (0x00460116, 0x00080107, 1), (0x00460121, 0x00080106, 1), (0x00460121, 0x00080107, 1),
    (0x00460207, 0x00080106, 1), (0x00460207, 0x00080107, 1), (0x00480100, 0x00080106, 1), (0x00480100, 0x00080107, 1),
    (0x00480108, 0x00080106, 1), (0x00480108, 0x00080107, 1), (0x00500010, 0x00080106, 1), (0x00500010, 0x00080107, 1),
    (0x00500012, 0x00080106, 1), (0x00500012, 0x00080107, 1), (0x00520016, 0x00080106, 1), (0x00520016, 0x00080107, 1),
    (0x00540016, 0x00181078, 1), (0x00540220, 0x00080106, 1), (0x00540220, 0x00080107, 1), (0x00540222, 0x00080106, 1),
    (0x00540222, 0x00080107, 1), (0x00540300, 0x00080106, 1), (0x00540300, 0x00080107, 1), (0x00540302, 0x00080106, 1),
    (0x00540302, 0x00080107, 1), (0x00540304, 0x00080106, 1), (0x00540304, 0x00080107, 1), (0x00540410, 0x00080106, 1),
    (0x00540410, 0x00080107, 1), (0x00540412, 0x00080106, 1), (0x00540412, 0x00080107, 1), (0x00540414, 0x00080106, 1),
    (0x00540414, 0x00080107, 1), (0x00620003, 0x00080106, 1), (0x00620003, 0x00080107, 1), (0x0062000f, 0x00080106, 1),
    (0x0062000f, 0x00080107, 1), (0x00620011, 0x00080106, 1), (0x00620011, 0x00080107, 1), (0x00640002, 0x00081140, 1),
    (0x0066002f, 0x00080106, 1), (0x0066002f, 0x00080107, 1), (0x00660030, 0x00080106, 1), (0x00660030, 0x00080107, 1),
    (0x00660108, 0x00080106, 1), (0x00660108, 0x00080107, 1), (0x00660133, 0x00080106, 1), (0x00660133, 0x00080107, 1),
    (0x00660134, 0x00080106, 1), (0x00660134, 0x00080107, 1), (0x00686260, 0x00686270, 1), (0x00686265, 0x00686270, 1),
    (0x006862a0, 0x00080106, 1), (0x006862a0, 0x00080107, 1), (0x006862e0, 0x00080106, 1), (0x006862e0, 0x00080107, 1),
    (0x006862f0, 0x00080106, 1), (0x006862f0, 0x00080107, 1), (0x006863a0, 0x00080106, 1), (0x006863a0, 0x00080107, 1),
    (0x006863a4, 0x00080106, 1), (0x006863a4, 0x00080107, 1), (0x006863a8, 0x00080106, 1), (0x006863a8, 0x00080107, 1),
    (0x006863ac, 0x00080106, 1), (0x006863ac, 0x00080107, 1), (0x00686545, 0x00080106, 1), (0x00686545, 0x00080107, 1),
    (0x00687003, 0x00080106, 1), (0x00687003, 0x00080107, 1), (0x006a0002, 0x006a0005, 1), (0x006a0009, 0x00080106, 1),
    (0x006a0009, 0x00080107, 1), (0x006a000a, 0x00080106, 1), (0x006a000a, 0x00080107, 1), (0x006a000b, 0x00080106, 1),
    (0x006a000b, 0x00080107, 1), (0x00700001, 0x00081140, 1), (0x00700008, 0x00700006, 1), (0x0070005a, 0x00081140, 1),
    (0x00700086, 0x00080080, 1), (0x00700086, 0x00080082, 1), (0x00700086, 0x00401101, 1), (0x00700308, 0x00081140, 1),
    (0x0070030d, 0x00080106, 1), (0x0070030d, 0x00080107, 1), (0x00700311, 0x00080106, 1), (0x00700311, 0x00080107, 1),
    (0x00700318, 0x00081140, 1), (0x0070031c, 0x00081140, 1), (0x0070031f, 0x00080106, 1), (0x0070031f, 0x00080107, 1),
    (0x0070120a, 0x00081140, 1), (0x00701301, 0x00081140, 1), (0x00701b01, 0x00081140, 1), (0x0072000c, 0x0040100a, 2),
    (0x0072000e, 0x00080106, 1), (0x0072000e, 0x00080107, 1), (0x00720022, 0x00720066, 1), (0x00720022, 0x00720068, 1),
    (0x00720022, 0x0072006a, 1), (0x00720022, 0x0072006c, 1), (0x00720022, 0x0072006e, 1), (0x00720022, 0x00720070, 1),
    (0x0072003e, 0x00080106, 1), (0x0072003e, 0x00080107, 1), (0x00720080, 0x00080106, 1), (0x00720080, 0x00080107, 1),
    (0x00720400, 0x00720066, 1), (0x00720400, 0x00720068, 1), (0x00720400, 0x0072006a, 1), (0x00720400, 0x0072006c, 1),
    (0x00720400, 0x0072006e, 1), (0x00720400, 0x00720070, 1), (0x00720422, 0x00081140, 2), (0x00720424, 0x00700006, 1),
    (0x00741007, 0x0040a120, 1), (0x00741007, 0x0040a121, 1), (0x00741007, 0x0040a122, 1), (0x00741007, 0x0040a123, 1),
    (0x0074100e, 0x00080106, 1), (0x0074100e, 0x00080107, 1), (0x00741210, 0x0040a120, 1), (0x00741210, 0x0040a121, 1),
    (0x00741210, 0x0040a122, 1), (0x00741210, 0x0040a123, 1), (0x00741212, 0x0040a120, 1), (0x00741212, 0x0040a121, 1),
    (0x00741212, 0x0040a122, 1), (0x00741212, 0x0040a123, 1), (0x00760020, 0x00080106, 1), (0x00760020, 0x00080107, 1),
    (0x00760034, 0x00080106, 1), (0x00760034, 0x00080107, 1), (0x00800001, 0x00080106, 1), (0x00800001, 0x00080107, 1),
    (0x00800002, 0x00080106, 1), (0x00800002, 0x00080107, 1), (0x00800003, 0x00080106, 1), (0x00800003, 0x00080107, 1),
    (0x00820010, 0x0072005e, 1), (0x00820010, 0x0072005f, 1), (0x00820010, 0x00720061, 1), (0x00820010, 0x00720063, 1),
    (0x00820010, 0x00720066, 1), (0x00820010, 0x00720068, 1), (0x00820010, 0x0072006a, 1), (0x00820010, 0x0072006b, 1),
    (0x00820010, 0x0072006c, 1), (0x00820010, 0x0072006e, 1), (0x00820010, 0x00720070, 1), (0x00820010, 0x00720071, 1),
    (0x00820017, 0x00080080, 2), (0x00820017, 0x00080082, 2), (0x00820017, 0x00081010, 2), (0x00820017, 0x00401101, 2),
    (0x00820017, 0x0040a123, 1), (0x00820021, 0x00080106, 1), (0x00820021, 0x00080107, 1), (0x00820022, 0x00080106, 1),
    (0x00820022, 0x00080107, 1), (0x00820034, 0x0072005e, 1), (0x00820034, 0x0072005f, 1), (0x00820034, 0x00720061, 1),
    (0x00820034, 0x00720063, 1), (0x00820034, 0x00720066, 1), (0x00820034, 0x00720068, 1), (0x00820034, 0x0072006a, 1),
    (0x00820034, 0x0072006b, 1), (0x00820034, 0x0072006c, 1), (0x00820034, 0x0072006e, 1), (0x00820034, 0x00720070, 1),
    (0x00820034, 0x00720071, 1), (0x00820035, 0x0072005e, 1), (0x00820035, 0x0072005f, 1), (0x00820035, 0x00720061, 1),
    (0x00820035, 0x00720063, 1), (0x00820035, 0x00720066, 1), (0x00820035, 0x00720068, 1), (0x00820035, 0x0072006a, 1),
    (0x00820035, 0x0072006b, 1), (0x00820035, 0x0072006c, 1), (0x00820035, 0x0072006e, 1), (0x00820035, 0x00720070, 1),
    (0x00820035, 0x00720071, 1), (0x04000401, 0x00080106, 1), (0x04000401, 0x00080107, 1), (0x04000561, 0x04000550, 1),
    (0x04000561, 0x04000562, 1), (0x04000561, 0x04000563, 1), (0x04000561, 0x04000564, 2), (0x04000561, 0x04000565, 1),
    (0x30020110, 0x0040a120, 1), (0x30020110, 0x0040a121, 1), (0x30020110, 0x0040a122, 1), (0x30020110, 0x0040a123, 1),
    (0x30020117, 0x00181000, 2), (0x30020117, 0x300a0611, 2), (0x30020117, 0x300a0615, 2), (0x30020117, 0x3010001b, 2),
    (0x30020117, 0x3010002d, 1), (0x30020117, 0x30100043, 2), (0x30020119, 0x00080106, 1), (0x30020119, 0x00080107, 1),
    (0x3002011b, 0x00080106, 1), (0x3002011b, 0x00080107, 1), (0x3002011f, 0x30020121, 1), (0x3002011f, 0x30020123, 2),
    (0x30020122, 0x00080106, 1), (0x30020122, 0x00080107, 1), (0x30020131, 0x0040a120, 1), (0x30020131, 0x0040a121, 1),
    (0x30020131, 0x0040a122, 1), (0x30020131, 0x0040a123, 1), (0x30020132, 0x00081110, 1), (0x30020133, 0x00080106, 1),
    (0x30020133, 0x00080107, 1), (0x30020135, 0x0040a120, 1), (0x30020135, 0x0040a121, 1), (0x30020135, 0x0040a122, 1),
    (0x30020135, 0x0040a123, 1), (0x30060020, 0x30060026, 2), (0x3006004c, 0x00080021, 1), (0x3006004c, 0x00080031, 1),
    (0x3006004c, 0x0008103e, 1), (0x3006004d, 0x00080080, 2), (0x3006004d, 0x00080082, 2), (0x3006004d, 0x00081010, 2),
    (0x3006004d, 0x00401101, 2), (0x3006004d, 0x0040a123, 1), (0x3006004e, 0x00080080, 2), (0x3006004e, 0x00080082, 2),
    (0x3006004e, 0x00081010, 2), (0x3006004e, 0x00401101, 2), (0x3006004e, 0x0040a123, 1), (0x3006004f, 0x00080106, 1),
    (0x3006004f, 0x00080107, 1), (0x30060080, 0x3006004e, 1), (0x30060080, 0x300600a6, 2), (0x30060086, 0x00080106, 1),
    (0x30060086, 0x00080107, 1), (0x300600ca, 0x00080106, 1), (0x300600ca, 0x00080107, 1), (0x30080040, 0x30080024, 1),
    (0x30080040, 0x30080025, 1), (0x30080041, 0x30080024, 1), (0x30080041, 0x30080025, 1), (0x30080060, 0x00081070, 2),
    (0x30080060, 0x00081072, 1), (0x30080060, 0x300a0760, 1), (0x300800a1, 0x00181000, 2), (0x300800a1, 0x300a0611, 2),
    (0x300800a1, 0x300a0615, 2), (0x300800a1, 0x3010001b, 2), (0x300800a1, 0x3010002d, 1), (0x300800a1, 0x30100043, 2),
    (0x30080100, 0x30080105, 2), (0x30080100, 0x300a0216, 2), (0x30080100, 0x300a022c, 1), (0x30080100, 0x300a022e, 1),
    (0x30080130, 0x30080162, 1), (0x30080130, 0x30080164, 1), (0x30080130, 0x30080166, 1), (0x30080130, 0x30080168, 1),
    (0x30080160, 0x30080024, 1), (0x30080160, 0x30080025, 1), (0x30080171, 0x30080162, 1), (0x30080171, 0x30080164, 1),
    (0x30080171, 0x30080166, 1), (0x30080171, 0x30080168, 1), (0x30080173, 0x30080024, 1), (0x30080173, 0x30080025, 1),
    (0x30080240, 0x30080250, 2), (0x30080240, 0x30080251, 2), (0x300a00b0, 0x300a00b2, 2), (0x300a0206, 0x00080080, 2),
    (0x300a0206, 0x00181000, 2), (0x300a0206, 0x300a00b2, 2), (0x300a0210, 0x300a022c, 1), (0x300a0210, 0x300a022e, 1),
    (0x300a03a2, 0x300a00b2, 2), (0x300a0441, 0x3010001b, 2), (0x300a0453, 0x00080106, 1), (0x300a0453, 0x00080107, 1),
    (0x300a060a, 0x300a0608, 1), (0x300a0610, 0x300a0611, 1), (0x300a0614, 0x00181000, 2), (0x300a0614, 0x300a0611, 2),
    (0x300a0614, 0x300a0615, 2), (0x300a0614, 0x3010001b, 2), (0x300a0614, 0x3010002d, 1), (0x300a0614, 0x30100043, 2),
    (0x300a0618, 0x300a0619, 1), (0x300a0621, 0x300a0623, 1), (0x300a0629, 0x300a062a, 1), (0x300a062d, 0x0040a120, 1),
    (0x300a062d, 0x0040a121, 1), (0x300a062d, 0x0040a122, 1), (0x300a062d, 0x0040a123, 1), (0x300a062f, 0x300a073a, 1),
    (0x300a0635, 0x00080106, 1), (0x300a0635, 0x00080107, 1), (0x300a063a, 0x00181000, 2), (0x300a063a, 0x3010001b, 2),
    (0x300a063a, 0x3010002d, 1), (0x300a063a, 0x30100043, 2), (0x300a063e, 0x00080106, 1), (0x300a063e, 0x00080107, 1),
    (0x300a0644, 0x00080106, 1), (0x300a0644, 0x00080107, 1), (0x300a064d, 0x00181000, 2), (0x300a064d, 0x300a0611, 2),
    (0x300a064d, 0x300a0615, 2), (0x300a064d, 0x3010001b, 2), (0x300a064d, 0x3010002d, 1), (0x300a064d, 0x30100043, 2),
    (0x300a0651, 0x00181000, 2), (0x300a0651, 0x300a0611, 2), (0x300a0651, 0x300a0615, 2), (0x300a0651, 0x3010001b, 2),
    (0x300a0651, 0x3010002d, 1), (0x300a0651, 0x30100043, 2), (0x300a0658, 0x00080106, 1), (0x300a0658, 0x00080107, 1),
    (0x300a0659, 0x00080106, 1), (0x300a0659, 0x00080107, 1), (0x300a065a, 0x0040a120, 1), (0x300a065a, 0x0040a121, 1),
    (0x300a065a, 0x0040a122, 1), (0x300a065a, 0x0040a123, 1), (0x300a065b, 0x0040a120, 1), (0x300a065b, 0x0040a121, 1),
    (0x300a065b, 0x0040a122, 1), (0x300a065b, 0x0040a123, 1), (0x300a0662, 0x00181000, 2), (0x300a0662, 0x300a0611, 2),
    (0x300a0662, 0x300a0615, 2), (0x300a0662, 0x3010001b, 2), (0x300a0662, 0x3010002d, 1), (0x300a0662, 0x30100043, 2),
    (0x300a0667, 0x00080106, 1), (0x300a0667, 0x00080107, 1), (0x300a066a, 0x00181000, 2), (0x300a066a, 0x300a0611, 2),
    (0x300a066a, 0x300a0615, 2), (0x300a066a, 0x3010001b, 2), (0x300a066a, 0x3010002d, 1), (0x300a066a, 0x30100043, 2),
    (0x300a0671, 0x00181000, 2), (0x300a0671, 0x300a0611, 2), (0x300a0671, 0x300a0615, 2), (0x300a0671, 0x3010001b, 2),
    (0x300a0671, 0x3010002d, 1), (0x300a0671, 0x30100043, 2), (0x300a0673, 0x00181000, 2), (0x300a0673, 0x300a0611, 2),
    (0x300a0673, 0x300a0615, 2), (0x300a0673, 0x3010001b, 2), (0x300a0673, 0x3010002d, 1), (0x300a0673, 0x30100043, 2),
    (0x300a0678, 0x00080106, 1), (0x300a0678, 0x00080107, 1), (0x300a067b, 0x300a067c, 1), (0x300a067b, 0x300a067d, 2),
    (0x300a067e, 0x00080106, 1), (0x300a067e, 0x00080107, 1), (0x300a067f, 0x00080106, 1), (0x300a067f, 0x00080107, 1),
    (0x300a0683, 0x00080106, 1), (0x300a0683, 0x00080107, 1), (0x300a0684, 0x00080106, 1), (0x300a0684, 0x00080107, 1),
    (0x300a0686, 0x00181000, 2), (0x300a0686, 0x3010001b, 2), (0x300a0686, 0x3010002d, 1), (0x300a0686, 0x30100043, 2),
    (0x300a0715, 0x00080106, 1), (0x300a0715, 0x00080107, 1), (0x300a0716, 0x00080106, 1), (0x300a0716, 0x00080107, 1),
    (0x300a0722, 0x300a073a, 1), (0x300a0731, 0x300a0734, 1), (0x300a0731, 0x300a0736, 1), (0x300a073e, 0x0040a120, 1),
    (0x300a073e, 0x0040a121, 1), (0x300a073e, 0x0040a122, 1), (0x300a073e, 0x0040a123, 1), (0x300a073f, 0x00440104, 1),
    (0x300a0740, 0x300a0741, 1), (0x300a0740, 0x300a0742, 1), (0x300a0740, 0x300a0783, 1), (0x300a0743, 0x00181000, 2),
    (0x300a0743, 0x3010001b, 2), (0x300a0743, 0x3010002d, 1), (0x300a0743, 0x30100043, 2), (0x300a0744, 0x00080106, 1),
    (0x300a0744, 0x00080107, 1), (0x300a0745, 0x00080106, 1), (0x300a0745, 0x00080107, 1), (0x300a0746, 0x00080080, 1),
    (0x300a0746, 0x00080082, 1), (0x300a0746, 0x00401101, 1), (0x300a0761, 0x00080106, 1), (0x300a0761, 0x00080107, 1),
    (0x300a0762, 0x00080106, 1), (0x300a0762, 0x00080107, 1), (0x300a0774, 0x00080106, 1), (0x300a0774, 0x00080107, 1),
    (0x300a0788, 0x00080106, 1), (0x300a0788, 0x00080107, 1), (0x300a078c, 0x300a0794, 2), (0x300a078d, 0x00080106, 1),
    (0x300a078d, 0x00080107, 1), (0x300a078f, 0x00181000, 2), (0x300a078f, 0x300a0611, 2), (0x300a078f, 0x300a0615, 2),
    (0x300a078f, 0x3010001b, 2), (0x300a078f, 0x3010002d, 1), (0x300a078f, 0x30100043, 2), (0x300a0790, 0x300a078e, 2),
    (0x300a0791, 0x00080106, 1), (0x300a0791, 0x00080107, 1), (0x300a0793, 0x0040a120, 1), (0x300a0793, 0x0040a121, 1),
    (0x300a0793, 0x0040a122, 1), (0x300a0793, 0x0040a123, 1), (0x300a079d, 0x00080106, 1), (0x300a079d, 0x00080107, 1),
    (0x300c0114, 0x30100038, 1), (0x300c0116, 0x00081140, 1), (0x300c0116, 0x300a0002, 2), (0x300c0116, 0x30100077, 2),
    (0x300c0120, 0x00181203, 2), (0x300c0125, 0x300c0127, 1), (0x300c0128, 0x00181000, 2), (0x300c0128, 0x3010001b, 2),
    (0x300c0128, 0x3010002d, 1), (0x300c0128, 0x30100043, 2), (0x30100003, 0x00080106, 1), (0x30100003, 0x00080107, 1),
    (0x30100004, 0x00080106, 1), (0x30100004, 0x00080107, 1), (0x30100019, 0x00080080, 2), (0x30100019, 0x00080082, 2),
    (0x30100019, 0x00081010, 2), (0x30100019, 0x00401101, 2), (0x30100019, 0x0040a123, 1), (0x30100024, 0x3010000f, 2),
    (0x30100025, 0x3010000f, 2), (0x30100026, 0x00181000, 2), (0x30100026, 0x3010001b, 2), (0x30100026, 0x3010002d, 1),
    (0x30100026, 0x30100043, 2), (0x30100027, 0x0040a120, 1), (0x30100027, 0x0040a121, 1), (0x30100027, 0x0040a122, 1),
    (0x30100027, 0x0040a123, 1), (0x3010002a, 0x30100038, 1), (0x3010002b, 0x00080106, 1), (0x3010002b, 0x00080107, 1),
    (0x3010002c, 0x00080106, 1), (0x3010002c, 0x00080107, 1), (0x3010002e, 0x00080106, 1), (0x3010002e, 0x00080107, 1),
    (0x3010002f, 0x00080106, 1), (0x3010002f, 0x00080107, 1), (0x30100030, 0x00080106, 1), (0x30100030, 0x00080107, 1),
    (0x3010004b, 0x30100035, 1), (0x3010004b, 0x3010004c, 2), (0x3010004b, 0x3010004d, 2), (0x30100055, 0x3010005c, 2),
    (0x30100057, 0x30100056, 2), (0x30100057, 0x3010005a, 2), (0x30100057, 0x30100077, 1), (0x3010005b, 0x00080106, 1),
    (0x3010005b, 0x00080107, 1), (0x3010005d, 0x00080106, 1), (0x3010005d, 0x00080107, 1), (0x3010005f, 0x00081110, 1),
    (0x30100060, 0x30100017, 2), (0x30100060, 0x30100035, 1), (0x30100064, 0x00080106, 1), (0x30100064, 0x00080107, 1),
    (0x30100065, 0x00080106, 1), (0x30100065, 0x00080107, 1), (0x30100067, 0x00080106, 1), (0x30100067, 0x00080107, 1),
    (0x30100069, 0x00080106, 1), (0x30100069, 0x00080107, 1), (0x3010006a, 0x00080106, 1), (0x3010006a, 0x00080107, 1),
    (0x3010006b, 0x30100054, 1), (0x3010006b, 0x30100061, 2), (0x3010006d, 0x00080106, 1), (0x3010006d, 0x00080107, 1),
    (0x30100070, 0x0040a120, 1), (0x30100070, 0x0040a121, 1), (0x30100070, 0x0040a122, 1), (0x30100070, 0x0040a123, 1),
    (0x30100076, 0x00081110, 1), (0x30100078, 0x00080106, 1), (0x30100078, 0x00080107, 1), (0x30100080, 0x00080106, 1),
    (0x30100080, 0x00080107, 1), (0x30100081, 0x0040a120, 1), (0x30100081, 0x0040a121, 1), (0x30100081, 0x0040a122, 1),
    (0x30100081, 0x0040a123, 1), (0x30100088, 0x00080106, 1), (0x30100088, 0x00080107, 1), (0x30100089, 0x00080106, 1),
    (0x30100089, 0x00080107, 1), (0x30100091, 0x00080106, 1), (0x30100091, 0x00080107, 1), (0x30100097, 0x300a073a, 1),
    (0x30100098, 0x300a073a, 1), (0x52009229, 0x00081140, 2), (0x52009230, 0x00081140, 2), (0xfffafffa, 0x04000105, 1),
];
