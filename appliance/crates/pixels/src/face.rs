//! The face in a slice of a head CT: what lies in front of the skull, column by column.
//!
//! Rays go from the anterior edge of the picture backwards. Soft tissue in front of the first bone goes; where a ray
//! meets none (eyes, the tip of the nose), the line from bone to bone on both sides is the limit, so that a nose ends
//! with the jaw around it. What stays in front is the skull, which a renderer shows as a skull; nothing behind the outer
//! table changes. Faces are known by soft tissue; forensic reconstruction from a skull is beyond this.

use crate::frames::{Decoded, Image};
use crate::grey::Modality;
use deid::PixelBox;
use dicom::{DataSet, tags};

/// From here on a value is bone, in Hounsfield units: above contrast-enhanced vessels and calcified skin.
const BONE: f64 = 250.0;
/// From here on a value is tissue and not air.
const TISSUE: f64 = -300.0;
/// Air.
const AIR: f32 = -1_000.0;
/// Shortest way through bone that counts, in mm: a tube over the face has less wall.
const BONE_MM: f64 = 1.2;
/// Longest way from skin to bone, in mm. Behind it is another part of the head: the ray met none.
const DEEPEST_MM: f64 = 40.0;
/// Half the width of what a ray's neighbours are asked over, in mm: what lies on a face is narrower.
const EVEN_MM: f64 = 4.0;
/// A ray whose bone is so much nearer than its neighbours' has met something on the face, in mm.
const APART_MM: f64 = 8.0;
/// Least share of a direction that must lie in the picture's axis.
const ALONG: f64 = 0.7;

/// From which edge of the picture the patient looks out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Front {
    Top,
    Bottom,
    Left,
    Right,
}

/// Rectangles that hold what lies in front of the skull in every frame of a CT. `None`: orientation, spacing or values
/// do not say where that is, so the face stays and somebody must look.
pub fn find_face(data: &DataSet, image: &Image<'_>) -> Option<Vec<PixelBox>> {
    let front = front(&data.decimals(tags::IMAGE_ORIENTATION_PATIENT))?;
    let &[down, across] = data.decimals(tags::PIXEL_SPACING).as_slice() else { return None };
    let modality = data.text(tags::MODALITY)?;
    if modality != "CT" || image.shape().samples != 1 || !(0.05..5.0).contains(&down.min(across)) {
        return None;
    }
    // Millimetres a step along a ray, and from ray to ray.
    let (step, apart) =
        if matches!(front, Front::Top | Front::Bottom) { (down, across) } else { (across, down) };
    let mut boxes = Vec::new();
    for frame in 0..image.shape().frames {
        let decoded = image.decode(frame).ok()?;
        let slice = Slice::of(&decoded, front)?;
        let limits = limits(&slice, step, apart);
        boxes
            .extend(limits.iter().enumerate().filter_map(|(ray, limit)| slice.rectangle(ray, *limit, frame)));
    }
    Some(boxes)
}

/// The edge at which anterior lies (PS3.3 C.7.6.2.1.1: patient coordinates grow towards the left, posterior, head).
/// `None` for coronal pictures, whose front is another slice, and for what lies between.
fn front(orientation: &[f64]) -> Option<Front> {
    let &[_, across, _, _, down, _] = orientation else { return None };
    match (across, down) {
        (_, d) if d >= ALONG => Some(Front::Top),
        (_, d) if d <= -ALONG => Some(Front::Bottom),
        (a, _) if a >= ALONG => Some(Front::Left),
        (a, _) if a <= -ALONG => Some(Front::Right),
        _ => None,
    }
}

/// A slice as rays from the front to the back, in Hounsfield units.
struct Slice {
    front: Front,
    rays: usize,
    depth: usize,
    /// Ray after ray.
    values: Vec<f32>,
}

impl Slice {
    fn of(decoded: &Decoded, front: Front) -> Option<Self> {
        let Modality::Linear { slope, intercept } = decoded.look.modality else { return None };
        let stored = &decoded.stored;
        let (rows, columns) = (stored.rows as usize, stored.columns as usize);
        // Padding is no part of the picture: air, whatever its number.
        let unit = |v| if decoded.look.is_padding(v) { AIR } else { (v as f64 * slope + intercept) as f32 };
        let hounsfield: Vec<f32> = stored.values().map(unit).collect();
        if hounsfield.len() != rows * columns || !hounsfield.iter().all(|v| v.is_finite()) {
            return None;
        }
        let upright = matches!(front, Front::Top | Front::Bottom);
        let (rays, depth) = if upright { (columns, rows) } else { (rows, columns) };
        let mut values = Vec::with_capacity(rays * depth);
        for ray in 0..rays {
            for at in 0..depth {
                let at = if matches!(front, Front::Bottom | Front::Right) { depth - 1 - at } else { at };
                let index = if upright { at * columns + ray } else { ray * columns + at };
                values.push(hounsfield.get(index).copied().unwrap_or_default());
            }
        }
        Some(Slice { front, rays, depth, values })
    }

    fn ray(&self, number: usize) -> &[f32] {
        self.values.get(number * self.depth..(number + 1) * self.depth).unwrap_or_default()
    }

    /// The first `limit` pixels of a ray as a rectangle of the picture.
    fn rectangle(&self, ray: usize, limit: usize, frame: u32) -> Option<PixelBox> {
        let (ray, limit, depth) = (ray as u32, limit as u32, self.depth as u32);
        let (x0, y0, x1, y1) = match self.front {
            Front::Top => (ray, 0, ray + 1, limit),
            Front::Bottom => (ray, depth - limit, ray + 1, depth),
            Front::Left => (0, ray, limit, ray + 1),
            Front::Right => (depth - limit, ray, depth, ray + 1),
        };
        (limit > 0).then_some(PixelBox { frame: Some(frame), x0, y0, x1, y1 })
    }
}

/// How many pixels of each ray go.
fn limits(slice: &Slice, step: f64, apart: f64) -> Vec<usize> {
    let met: Vec<Option<usize>> = (0..slice.rays).map(|ray| bone(slice.ray(ray), step)).collect();
    let met = evened(&met, (EVEN_MM / apart).round() as usize, (APART_MM / step).round() as usize);
    (0..slice.rays).map(|ray| limit(&met, ray)).collect()
}

/// Where a ray meets bone, if it does so soon after the skin.
fn bone(ray: &[f32], step: f64) -> Option<usize> {
    let skin = ray.iter().position(|v| f64::from(*v) > TISSUE)?;
    let (least, deepest) = ((BONE_MM / step).round().max(1.0) as usize, (DEEPEST_MM / step) as usize);
    let from = ray.get(skin..)?;
    let within = from.get(..(deepest + least).min(from.len()))?;
    let at = within.windows(least).position(|run| run.iter().all(|v| f64::from(*v) >= BONE))?;
    Some(skin + at)
}

/// What each ray met, or the median of the rays around it where it met something on the face.
fn evened(met: &[Option<usize>], half: usize, far: usize) -> Vec<Option<usize>> {
    let one = |at: usize| {
        let own = met.get(at).copied().flatten()?;
        let around = met.get(at.saturating_sub(half)..(at + half + 1).min(met.len()))?;
        let mut known: Vec<usize> = around.iter().flatten().copied().collect();
        known.sort_unstable();
        let median = known.get(known.len() / 2).copied()?;
        // A ray whose neighbours mostly meet none has met something else.
        let met = if median > own + far { median } else { own };
        (known.len() * 2 >= around.len()).then_some(met)
    };
    (0..met.len()).map(one).collect()
}

/// The limit of one ray: its bone, or the line between the bones on both sides; beyond the last bone its own depth.
fn limit(met: &[Option<usize>], ray: usize) -> usize {
    if let Some(at) = met.get(ray).copied().flatten() {
        return at;
    }
    let before = met.get(..ray).and_then(|part| part.iter().rposition(Option::is_some));
    let after = met.get(ray..).and_then(|part| part.iter().position(Option::is_some)).map(|at| at + ray);
    let depth = |at: usize| met.get(at).copied().flatten().unwrap_or(0);
    match (before, after) {
        (Some(a), Some(b)) => {
            let share = (ray - a) as f64 / (b - a) as f64;
            (depth(a) as f64 + share * (depth(b) as f64 - depth(a) as f64)).round() as usize
        }
        (Some(only), None) | (None, Some(only)) => depth(only),
        (None, None) => 0,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;

    const SIDE: usize = 200;

    /// A head of 1 mm pixels seen from below: skin, skull with a gap, brain; a nose and two eyes in front.
    fn head(nose: f64, gap: bool) -> Vec<f32> {
        let mut values = vec![-1000.0_f32; SIDE * SIDE];
        for row in 0..SIDE {
            for column in 0..SIDE {
                let (x, y) = (column as f64 - 100.0, row as f64 - 110.0);
                let r = (x / 70.0).hypot(y / 85.0);
                let inside = |rx: f64, ry: f64| (x / rx).hypot(y / ry) <= 1.0;
                let opening = gap && x.abs() < 14.0 && y < 0.0;
                values[row * SIDE + column] = if inside(60.0, 74.0) {
                    35.0 + ((row * 7 + column * 13) % 11) as f32
                } else if inside(66.0, 80.0) && !opening {
                    900.0
                } else if r <= 1.0 || (x.abs() < 9.0 && y < 0.0 && y > -85.0 - nose) {
                    40.0
                } else {
                    -1000.0
                };
            }
        }
        values
    }

    fn slice(values: &[f32], front: Front) -> Slice {
        let upright = matches!(front, Front::Top | Front::Bottom);
        let back = matches!(front, Front::Bottom | Front::Right);
        let mut rays = Vec::new();
        for ray in 0..SIDE {
            for at in 0..SIDE {
                let at = if back { SIDE - 1 - at } else { at };
                rays.push(if upright { values[at * SIDE + ray] } else { values[ray * SIDE + at] });
            }
        }
        Slice { front, rays: SIDE, depth: SIDE, values: rays }
    }

    fn defaced(values: &[f32], front: Front) -> Vec<f32> {
        let slice = slice(values, front);
        let mut out = values.to_vec();
        for (ray, limit) in limits(&slice, 1.0, 1.0).into_iter().enumerate() {
            let Some(b) = slice.rectangle(ray, limit, 0) else { continue };
            for row in b.y0..b.y1 {
                for column in b.x0..b.x1 {
                    out[row as usize * SIDE + column as usize] = -1000.0;
                }
            }
        }
        out
    }

    #[test]
    fn two_faces_on_one_skull_leave_the_same_picture() {
        let faces: Vec<Vec<f32>> = [0.0, 8.0, 22.0].map(|nose| head(nose, false)).into();
        assert!(faces[0] != faces[1] && faces[1] != faces[2]);
        let left: Vec<Vec<f32>> = faces.iter().map(|face| defaced(face, Front::Top)).collect();
        assert!(left[0] == left[1] && left[1] == left[2]);
    }

    #[test]
    fn the_tip_of_a_nose_without_bone_behind_ends_with_the_bone_around_it() {
        let left: Vec<Vec<f32>> = [0.0, 22.0].map(|nose| defaced(&head(nose, true), Front::Top)).into();
        // In front of the chord between the edges of the gap nothing is left of either.
        let edge = (0..SIDE).position(|row| left[0][row * SIDE + 85] > 200.0).unwrap();
        for face in &left {
            let front = face[..(edge - 1) * SIDE].iter().all(|v| *v < -300.0);
            assert!(front, "soft tissue in front of row {edge}");
        }
        let above = |face: &[f32]| face[..60 * SIDE].to_vec();
        assert_eq!(above(&left[0]), above(&left[1]));
    }

    #[test]
    fn what_lies_within_the_skull_stays_bit_for_bit() {
        for gap in [false, true] {
            let before = head(15.0, gap);
            let after = defaced(&before, Front::Top);
            let mut kept = 0;
            for row in 0..SIDE {
                for column in 0..SIDE {
                    let (x, y) = (column as f64 - 100.0, row as f64 - 110.0);
                    if (x / 59.0).hypot(y / 72.0) <= 1.0 {
                        let at = row * SIDE + column;
                        assert_eq!(after[at].to_bits(), before[at].to_bits(), "gap {gap}: {column},{row}");
                        kept += 1;
                    }
                }
            }
            assert!(kept > 10_000);
        }
    }

    #[test]
    fn the_face_is_found_at_every_edge() {
        let upright = head(15.0, false);
        let turned = |f: &dyn Fn(usize, usize) -> usize| -> Vec<f32> {
            (0..SIDE * SIDE).map(|i| upright[f(i / SIDE, i % SIDE)]).collect()
        };
        let expected = defaced(&upright, Front::Top);
        let of = |out: &[f32], f: &dyn Fn(usize, usize) -> usize| {
            (0..SIDE * SIDE).all(|i| out[i] == expected[f(i / SIDE, i % SIDE)])
        };
        let bottom = |r: usize, c: usize| (SIDE - 1 - r) * SIDE + c;
        let left = |r: usize, c: usize| c * SIDE + r;
        let right = |r: usize, c: usize| (SIDE - 1 - c) * SIDE + r;
        assert!(of(&defaced(&turned(&bottom), Front::Bottom), &bottom));
        assert!(of(&defaced(&turned(&left), Front::Left), &left));
        assert!(of(&defaced(&turned(&right), Front::Right), &right));
    }

    #[test]
    fn orientation_decides_and_coronal_pictures_are_left_to_a_person() {
        assert_eq!(front(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]), Some(Front::Top));
        assert_eq!(front(&[1.0, 0.0, 0.0, 0.0, -0.95, 0.3]), Some(Front::Bottom));
        assert_eq!(front(&[0.0, 1.0, 0.0, 0.0, 0.0, -1.0]), Some(Front::Left));
        assert_eq!(front(&[0.0, -1.0, 0.0, 0.0, 0.0, -1.0]), Some(Front::Right));
        assert_eq!(front(&[1.0, 0.0, 0.0, 0.0, 0.0, -1.0]), None);
        assert_eq!(front(&[]), None);
    }

    #[test]
    fn a_thin_thing_on_the_face_is_no_skull() {
        let mut with_tube = head(10.0, false);
        let plain = defaced(&with_tube, Front::Top);
        for row in 8..12 {
            for column in 60..64 {
                with_tube[row * SIDE + column] = 1500.0;
            }
        }
        // A ray beside it may end a pixel earlier or later; what the tube hid does not stay.
        let after = defaced(&with_tube, Front::Top);
        let changed = after.iter().zip(&plain).filter(|(a, b)| a != b).count();
        assert!(changed < 40, "{changed} pixels");
        assert!(after[..30 * SIDE].iter().all(|v| *v < -300.0), "the tube itself goes");
    }
}
