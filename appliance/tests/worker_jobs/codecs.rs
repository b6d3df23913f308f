//! Frames of every codec, decoded behind the walls of a worker.

use super::*;

#[tokio::test]
async fn every_codec_runs_behind_the_walls() {
    let goldens: serde_json::Value =
        serde_json::from_str(include_str!("../../crates/pixels/src/goldens.json")).unwrap();
    for case in goldens.as_array().unwrap() {
        let number = |key: &str| case[key].as_u64().unwrap() as u16;
        let mut data = header("1.2.840.10008.5.1.4.1.1.7", "OT", "CHEST", (0, 0));
        data.put_text(tags::PHOTOMETRIC_INTERPRETATION, Vr::CS, case["photometric"].as_str().unwrap());
        let bits = (
            number("samples"),
            number("bits_allocated"),
            number("bits_stored"),
            case["signed"].as_bool().unwrap(),
        );
        numbers(&mut data, number("rows"), number("columns"), bits);
        let frame = hex::decode(case["frame"].as_str().unwrap()).unwrap();
        let (preview, values) = frame_of(compressed(&data, case["syntax"].as_str().unwrap(), &frame)).await;
        assert_eq!((preview.rows, preview.columns), (33, 42), "{}", case["name"]);
        let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        assert!(high > low, "{}", case["name"]);
    }
}

#[tokio::test]
async fn jpeg_xl_runs_behind_the_walls() {
    // Larger than a group of 256 pixels, so that the codec has something to share out.
    let want: Vec<u8> = (0..600 * 700_u32).map(|i| (i * 7 % 251) as u8).collect();
    let mut data = header("1.2.840.10008.5.1.4.1.1.7", "OT", "CHEST", (0, 0));
    numbers(&mut data, 600, 700, (1, 8, 8, false));
    let mut plain = data.clone();
    plain.put(Element::bytes(tags::PIXEL_DATA, Vr::OB, want.clone()));
    let path = tempfile::NamedTempFile::new().unwrap();
    let meta = FileMeta::for_data_set(&plain, TransferSyntax::EXPLICIT_LE);
    write_file(&meta, &plain, &[][..], &mut path.as_file()).unwrap();
    let object = dicom_object::open_file(path.path()).unwrap();
    let Codec::EncapsulatedPixelData(_, Some(writer)) =
        TransferSyntaxRegistry.get(JPEG_XL_LOSSLESS).unwrap().codec()
    else {
        panic!("no JPEG XL writer")
    };
    let mut frame = Vec::new();
    let _ = writer.encode_frame(&object, 0, EncodeOptions::default(), &mut frame).unwrap();
    let (_, values) = frame_of(compressed(&data, JPEG_XL_LOSSLESS, &frame)).await;
    assert_eq!(values, want.iter().map(|v| f64::from(*v)).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_large_jpeg_is_decoded_on_the_one_thread() {
    let image = image::RgbImage::from_fn(1500, 1400, |c, r| image::Rgb([(c / 6) as u8, (r / 6) as u8, 90]));
    let mut frame = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut frame, 95).encode_image(&image).unwrap();
    let mut data = header("1.2.840.10008.5.1.4.1.1.7", "OT", "CHEST", (0, 0));
    data.put_text(tags::PHOTOMETRIC_INTERPRETATION, Vr::CS, "YBR_FULL_422");
    numbers(&mut data, 1400, 1500, (3, 8, 8, false));
    let (preview, values) = frame_of(compressed(&data, "1.2.840.10008.1.2.4.50", &frame)).await;
    assert_eq!((preview.rows, preview.columns), (1400, 1500));
    for (r, c) in [(0, 0), (700, 1000), (1399, 1499)] {
        let [red, green, blue] = image.get_pixel(c, r).0.map(f64::from);
        let luma = (0.299 * red + 0.587 * green + 0.114 * blue) / 255.0;
        assert!((values[(r * 1500 + c) as usize] - luma).abs() < 0.03);
    }
}

#[tokio::test]
async fn a_large_frame_fits_into_the_usual_memory() {
    let mut data = header("1.2.840.10008.5.1.4.1.1.1.1", "DX", "CHEST", (4096, 4096));
    let values: Vec<u8> = (0..4096_u32 * 4096).flat_map(|i| ((i % 4096) as u16).to_le_bytes()).collect();
    data.put(Element::bytes(tags::PIXEL_DATA, Vr::OW, values));
    data.put_text(tags::VIEW_POSITION, Vr::CS, "PA");
    let job = Job::Triage(TriageJob { instances: refs(1), deid: order(), previews: true, output: None });
    let (answer, _, _) =
        run(&program(&["head-ct-haemorrhage", "chest-xray"]), &job, &[file_of(&data)]).await.unwrap();
    let Answer::Triage(answer) = answer else { panic!("{answer:?}") };
    assert_eq!(answer.verdict.bundle, "chest-xray");
    let sides: Vec<u32> = answer.verdict.previews.iter().map(|p| p.rows).collect();
    assert_eq!(sides, [2048, 1024, 512]);
}
