//! Regions of a picture that are made black by rule: what a site knows of its devices, and what lies outside the
//! regions that an ultrasound device names (PS3.3 C.8.5.5).
use super::terms::{Complaint, PixelBox};
use dicom::{DataSet, Tag, tags};
use serde::{Deserialize, Serialize};

const REGIONS: Tag = Tag::new(0x0018, 0x6011);
const REGION_X0: Tag = Tag::new(0x0018, 0x6018);
const REGION_Y0: Tag = Tag::new(0x0018, 0x601A);
const REGION_X1: Tag = Tag::new(0x0018, 0x601C);
const REGION_Y1: Tag = Tag::new(0x0018, 0x601E);

/// `[[region]]` of a profile: what is black in the pictures of one kind of device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceRegion {
    /// Manufacturer (0008,0070), compared without case.
    pub manufacturer: String,
    /// Manufacturer's Model Name (0008,1090), compared without case; every model when absent.
    #[serde(default)]
    pub model: Option<String>,
    /// Modality; every one when absent.
    #[serde(default)]
    pub modality: Option<String>,
    /// Rows of the picture.
    pub rows: u32,
    /// Columns of the picture.
    pub columns: u32,
    /// Rectangles: first column, first row, first column after it, first row after it.
    pub black: Vec<[u32; 4]>,
    /// These devices write nowhere else: no person needs to look for text.
    #[serde(default)]
    pub complete: bool,
    /// Why, for the officer who asks.
    pub reason: String,
}

/// What rules say of one picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Regions {
    /// What is black in every frame.
    pub boxes: Vec<PixelBox>,
    /// Nothing else of it can hold text.
    pub complete: bool,
}

impl DeviceRegion {
    fn is_of(&self, data: &DataSet, rows: u32, columns: u32) -> bool {
        let same = |tag: Tag, wanted: &str| {
            data.text(tag).is_some_and(|text| text.trim().to_lowercase() == wanted.trim().to_lowercase())
        };
        (rows, columns) == (self.rows, self.columns)
            && same(tags::MANUFACTURER, &self.manufacturer)
            && self.model.as_deref().is_none_or(|model| same(tags::MANUFACTURER_MODEL_NAME, model))
            && self.modality.as_deref().is_none_or(|modality| same(tags::MODALITY, modality))
    }

    /// What is wrong with it: key, what, and what to write.
    pub(super) fn complaints(&self, number: usize, reason_chars: usize) -> Vec<Complaint> {
        let complaint = |key: &str, what: &str, write: &str| {
            (format!("region[{number}].{key}"), what.to_owned(), write.to_owned())
        };
        let mut wrong = Vec::new();
        if self.manufacturer.trim().is_empty() {
            wrong.push(complaint("manufacturer", "is empty", "write it as (0008,0070) has it"));
        }
        let fits =
            |[x0, y0, x1, y1]: &[u32; 4]| x0 < x1 && y0 < y1 && *x1 <= self.columns && *y1 <= self.rows;
        if self.black.is_empty() || !self.black.iter().all(fits) {
            let write = "write [first column, first row, first column after it, first row after it], within rows and columns";
            wrong.push(complaint("black", "is no list of rectangles of the picture", write));
        }
        if self.reason.trim().chars().count() < reason_chars {
            wrong.push(complaint("reason", "says nothing", "write how you know where this device writes"));
        }
        wrong
    }
}

/// What is black in a picture of these rows and columns by the site's rules, and for ultrasound by the device's own
/// regions where text is blacked out.
pub fn regions(
    data: &DataSet,
    (rows, columns): (u32, u32),
    of_site: &[DeviceRegion],
    cleaning: bool,
) -> Regions {
    let mut found = Regions::default();
    for rule in of_site.iter().filter(|rule| rule.is_of(data, rows, columns)) {
        found.boxes.extend(rule.black.iter().map(|[x0, y0, x1, y1]| black(*x0, *y0, *x1, *y1)));
        found.complete |= rule.complete;
    }
    if cleaning {
        found.boxes.extend(outside(data, rows, columns));
    }
    found.boxes.sort_unstable();
    found.boxes.dedup();
    found
}

fn black(x0: u32, y0: u32, x1: u32, y1: u32) -> PixelBox {
    PixelBox { frame: None, x0, y0, x1, y1 }
}

/// The four rims around all regions of an ultrasound picture together. Between regions text is looked for like anywhere.
fn outside(data: &DataSet, rows: u32, columns: u32) -> Vec<PixelBox> {
    let mut around: Option<[u32; 4]> = None;
    for item in data.items(REGIONS) {
        let corner = |tag| item.int(tag).and_then(|n| u32::try_from(n).ok());
        let corners = (corner(REGION_X0), corner(REGION_Y0), corner(REGION_X1), corner(REGION_Y1));
        // Regions that are not as declared name nothing: better looked at than guessed.
        let (Some(x0), Some(y0), Some(x1), Some(y1)) = corners else { return Vec::new() };
        if x0 >= x1 || y0 >= y1 || x1 > columns || y1 > rows {
            return Vec::new();
        }
        // The last column and row belong to the region.
        let (x1, y1) = ((x1 + 1).min(columns), (y1 + 1).min(rows));
        around = Some(match around {
            Some([a0, b0, a1, b1]) => [a0.min(x0), b0.min(y0), a1.max(x1), b1.max(y1)],
            None => [x0, y0, x1, y1],
        });
    }
    let Some([x0, y0, x1, y1]) = around else { return Vec::new() };
    let rims = [
        black(0, 0, columns, y0),
        black(0, y1, columns, rows),
        black(0, y0, x0, y1),
        black(x1, y0, columns, y1),
    ];
    rims.into_iter().filter(|b| b.x0 < b.x1 && b.y0 < b.y1).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;
    use dicom::{Element, Value, Vr};

    fn region(corners: [u32; 4]) -> DataSet {
        let mut item = DataSet::new();
        for (tag, n) in [REGION_X0, REGION_Y0, REGION_X1, REGION_Y1].into_iter().zip(corners) {
            item.put(Element::bytes(tag, Vr::UL, n.to_le_bytes().to_vec()));
        }
        item
    }

    fn ultrasound(items: Vec<DataSet>) -> DataSet {
        let mut data = DataSet::new();
        data.put_text(tags::MODALITY, Vr::CS, "US");
        data.put_text(tags::MANUFACTURER, Vr::LO, "Example Devices ");
        data.put_text(tags::MANUFACTURER_MODEL_NAME, Vr::LO, "Sonde 4");
        data.put(Element { tag: REGIONS, vr: Vr::SQ, value: Value::Items(items) });
        data
    }

    #[test]
    fn rims_around_all_regions_are_black_and_the_regions_stay() {
        let data = ultrasound(vec![region([20, 30, 99, 69]), region([50, 60, 119, 89])]);
        let found = regions(&data, (100, 120), &[], true);
        let rims = [black(0, 0, 120, 30), black(0, 30, 20, 90), black(0, 90, 120, 100)];
        assert_eq!((found.boxes.as_slice(), found.complete), (rims.as_slice(), false));
        assert_eq!(regions(&data, (100, 120), &[], false), Regions::default(), "only where text is cleaned");
    }

    #[test]
    fn regions_that_cannot_be_name_nothing() {
        for corners in [[20, 30, 20, 69], [20, 30, 99, 300], [400, 30, 500, 60]] {
            let data = ultrasound(vec![region([0, 0, 50, 50]), region(corners)]);
            assert_eq!(regions(&data, (100, 120), &[], true).boxes, [], "{corners:?}");
        }
    }

    #[test]
    fn a_sites_rule_holds_for_its_device_and_size_alone() {
        let rule = DeviceRegion {
            manufacturer: "example devices".into(),
            model: Some("SONDE 4".into()),
            modality: None,
            rows: 100,
            columns: 120,
            black: vec![[0, 0, 120, 12]],
            complete: true,
            reason: "seen on every picture of 2026".into(),
        };
        let data = ultrasound(Vec::new());
        let found = regions(&data, (100, 120), std::slice::from_ref(&rule), false);
        assert_eq!(found, Regions { boxes: vec![black(0, 0, 120, 12)], complete: true });
        for other in [
            DeviceRegion { rows: 101, ..rule.clone() },
            DeviceRegion { model: Some("Sonde 5".into()), ..rule.clone() },
            DeviceRegion { modality: Some("CT".into()), ..rule.clone() },
            DeviceRegion { manufacturer: "Example".into(), ..rule.clone() },
        ] {
            assert_eq!(regions(&data, (100, 120), &[other], false), Regions::default());
        }
        assert!(rule.complaints(0, 10).is_empty());
        let bad = DeviceRegion { black: vec![[0, 0, 121, 12]], reason: "x".into(), ..rule };
        assert_eq!(bad.complaints(0, 10).len(), 2);
    }
}
