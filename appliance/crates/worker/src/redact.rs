//! What is made black in an image before it leaves: regions by rule, text, faces; and what is written anew because it
//! carries more than a picture. Changes the plan, not the image.

use crate::error::Error;
use crate::pixel_text::{Looked, can_be_written, look_for_text};
use deid::{DeidPlan, HoldReason, Regions, regions};
use dicom::DataSet;
use domain::job::{DeidOrder, Faces, PixelText};
use pixels::{Image, TextDetector, carries_more, find_face};

/// Applies the site's rules to one image. `slice`: its number, where it is one of a series. Gives a frame that was decoded
/// for it.
///
/// # Errors
/// Only of our own disk: what cannot be decoded or written anew waits for a person.
pub(crate) fn redact(
    plan: &mut DeidPlan,
    image: &Image<'_>,
    data: &DataSet,
    order: &DeidOrder,
    slice: Option<u32>,
    detector: &TextDetector,
) -> Result<Option<Looked>, Error> {
    if carries_more(image)? {
        if can_be_written(image)? { plan.anew = true } else { plan.hold(HoldReason::PixelsNotAsDeclared) }
    }
    let complete = by_rule(plan, image, data, order)?;
    let looked = if complete { None } else { look_for_text(plan, image, order.pixel_text, slice, detector)? };
    if order.faces == Faces::Deface && plan.holds.contains(&HoldReason::FaceInVolume) {
        deface(plan, image, data)?;
    }
    Ok(looked)
}

/// Regions of known devices, and what ultrasound devices say of theirs. `true`: nothing else can hold text.
fn by_rule(plan: &mut DeidPlan, image: &Image<'_>, data: &DataSet, order: &DeidOrder) -> Result<bool, Error> {
    let size = (u32::from(image.shape().rows), u32::from(image.shape().columns));
    let cleaning = order.pixel_text == PixelText::BlackOut;
    let Regions { boxes, complete } = regions(data, size, &order.policy.region, cleaning);
    if boxes.is_empty() {
        return Ok(false);
    }
    if !can_be_written(image)? {
        plan.hold(HoldReason::TextInPixels);
        return Ok(true);
    }
    if complete {
        plan.clean_pixels(&boxes)
    } else {
        plan.black_out(&boxes)
    }
    Ok(complete)
}

fn deface(plan: &mut DeidPlan, image: &Image<'_>, data: &DataSet) -> Result<(), Error> {
    if can_be_written(image)?
        && let Some(face) = find_face(data, image)
    {
        plan.deface(&face);
    }
    Ok(())
}
