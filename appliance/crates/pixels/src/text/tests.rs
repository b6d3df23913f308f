//! Words drawn by the tests are found; noise, discs, lines and nothing at all are not.
use super::boxes::TextBox;
use super::detector::TextDetector;
use super::find::{find_text, scored_lines};
use super::pyramid::Grey8;
use std::path::Path;

/// A file of the detector's bundle.
pub(crate) fn bundle_file(name: &str) -> Vec<u8> {
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../models/burned-in-text");
    std::fs::read(bundle.join(name)).unwrap()
}

/// The detector that comes with the product.
pub(crate) fn shipped() -> TextDetector {
    TextDetector::from_bytes(&bundle_file("trees.bin")).unwrap()
}

/// A frame to draw on.
struct Canvas {
    rows: u32,
    columns: u32,
    values: Vec<u8>,
}

/// Deterministic pseudo-random numbers (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// About normal, mean 0 and deviation 1: a sum of twelve even ones.
    fn normal(&mut self) -> f32 {
        (0..12).map(|_| (self.next() % 1000) as f32 / 1000.0).sum::<f32>() - 6.0
    }
}

impl Canvas {
    fn new(rows: u32, columns: u32, shade: impl Fn(u32, u32) -> f32) -> Canvas {
        let values = (0..rows)
            .flat_map(|y| (0..columns).map(move |x| (x, y)))
            .map(|(x, y)| shade(x, y) as u8)
            .collect();
        Canvas { rows, columns, values }
    }

    fn noisy(mut self, deviation: f32) -> Canvas {
        let mut random = Random(0x9E37_79B9);
        for v in &mut self.values {
            *v = (f32::from(*v) + random.normal() * deviation) as u8;
        }
        self
    }

    /// Draws `text` in a 5 x 7 font, each dot `scale` pixels wide; gives the box of its ink.
    fn write(&mut self, text: &str, at: (u32, u32), scale: u32, value: u8) -> TextBox {
        let mut x = at.0;
        for c in text.chars() {
            for (row, bits) in (0_u32..).zip(glyph(c)) {
                for column in (0..5).filter(|column| bits >> (4 - column) & 1 == 1) {
                    self.square((x + column * scale, at.1 + row * scale), scale, value);
                }
            }
            x += 6 * scale;
        }
        TextBox { x0: at.0, y0: at.1, x1: x - scale, y1: at.1 + 7 * scale }
    }

    fn square(&mut self, at: (u32, u32), side: u32, value: u8) {
        for y in at.1..at.1 + side {
            for x in at.0..at.0 + side {
                self.values[(y * self.columns + x) as usize] = value;
            }
        }
    }

    fn found(&self) -> Vec<TextBox> {
        let frame = Grey8 { rows: self.rows, columns: self.columns, values: &self.values };
        let boxes = find_text(&frame, &shipped());
        for b in &boxes {
            assert!(b.x0 < b.x1 && b.x1 <= self.columns && b.y0 < b.y1 && b.y1 <= self.rows, "{b:?}");
        }
        boxes
    }
}

fn glyph(c: char) -> [u8; 7] {
    match c {
        'A' => [14, 17, 17, 31, 17, 17, 17],
        'E' => [31, 16, 16, 30, 16, 16, 31],
        'H' => [17, 17, 17, 31, 17, 17, 17],
        'N' => [17, 25, 21, 19, 17, 17, 17],
        'S' => [15, 16, 16, 14, 1, 1, 30],
        '2' => [14, 17, 1, 2, 4, 8, 31],
        '4' => [2, 6, 10, 18, 31, 2, 2],
        '7' => [31, 1, 2, 4, 8, 8, 8],
        _ => [0; 7],
    }
}

/// Share of the pixels of `want` that lie in `boxes`, which do not overlap.
fn covered(want: TextBox, boxes: &[TextBox]) -> f32 {
    let inside = |b: &TextBox| {
        let w = b.x1.min(want.x1).saturating_sub(b.x0.max(want.x0));
        w * b.y1.min(want.y1).saturating_sub(b.y0.max(want.y0))
    };
    boxes.iter().map(inside).sum::<u32>() as f32 / inside(&want) as f32
}

#[test]
fn words_over_noise_are_found_at_all_scales_in_both_polarities() {
    for (ground, ink) in [(60.0, 250), (190.0, 5)] {
        for scale in 1..=6 {
            let mut canvas = Canvas::new(220, 420, |_, _| ground).noisy(6.0);
            let want = canvas.write("HANSE 472", (30, 60), scale, ink);
            let boxes = canvas.found();
            assert!(covered(want, &boxes) > 0.99, "scale {scale} ink {ink}: {boxes:?}");
        }
    }
}

#[test]
fn words_over_a_gradient_are_found_at_all_scales_in_both_polarities() {
    for ink in [255, 0] {
        for scale in 1..=6 {
            let mut canvas = Canvas::new(220, 420, |x, y| 50.0 + x as f32 * 0.25 + y as f32 * 0.2);
            let want = canvas.write("SANE 4722", (40, 90), scale, ink);
            let boxes = canvas.found();
            assert!(covered(want, &boxes) > 0.99, "scale {scale} ink {ink}: {boxes:?}");
        }
    }
}

#[test]
fn a_box_is_not_much_larger_than_its_word() {
    let mut canvas = Canvas::new(256, 256, |_, _| 40.0).noisy(4.0);
    let want = canvas.write("HANSE", (100, 100), 2, 230);
    let area: u32 = canvas.found().iter().map(|b| (b.x1 - b.x0) * (b.y1 - b.y0)).sum();
    assert!(area < 5 * (want.x1 - want.x0) * (want.y1 - want.y0), "{area}");
}

#[test]
fn text_turned_by_a_quarter_is_found() {
    let mut flat = Canvas::new(200, 200, |_, _| 80.0);
    let b = flat.write("HANSE 472", (20, 40), 2, 250);
    let values =
        (0..200).flat_map(|y| (0..200).map(move |x| (x, y))).map(|(x, y)| flat.values[x * 200 + y]).collect();
    let turned = Canvas { rows: 200, columns: 200, values };
    let want = TextBox { x0: b.y0, y0: b.x0, x1: b.y1, y1: b.x1 };
    assert!(covered(want, &turned.found()) > 0.99);
}

#[test]
fn a_lone_marker_on_quiet_ground_is_found() {
    for scale in [2, 4, 6] {
        let mut canvas = Canvas::new(300, 300, |_, y| 30.0 + y as f32 * 0.3);
        let want = canvas.write("S", (240, 20), scale, 255);
        assert!(covered(want, &canvas.found()) > 0.99, "scale {scale}");
    }
}

/// Ground of ultrasound: speckle in a sector below the probe, brighter and darker with the depth.
fn sector(seed: u64, gain: f32) -> Canvas {
    let mut random = Random(seed);
    let mut canvas = Canvas::new(240, 320, |_, _| 0.0);
    for (i, v) in canvas.values.iter_mut().enumerate() {
        let (x, y) = ((i % 320) as f32 - 160.0, (i / 320) as f32 + 20.0);
        let tissue = 1.0 + 0.7 * (y / 14.0 + seed as f32).sin();
        let speckle = random.normal().hypot(random.normal());
        if x.abs() < 0.7 * y && x.hypot(y) < 230.0 {
            *v = (gain * tissue * speckle) as u8;
        }
    }
    canvas
}

#[test]
fn speckle_gives_no_box() {
    for seed in 1..=12 {
        for gain in [8.0, 20.0, 50.0] {
            assert_eq!(sector(seed, gain).found(), Vec::new(), "seed {seed} gain {gain}");
        }
    }
}

#[test]
fn words_beside_and_over_speckle_are_found_and_most_of_it_stays() {
    let mut hidden = 0;
    for seed in 1..=12 {
        let mut canvas = sector(seed, 30.0);
        let beside = canvas.write("HANSE", (8, 8), 2, 255);
        let over = canvas.write("2472 EA", (120, 150), 2, 255);
        let boxes = canvas.found();
        assert!(covered(beside, &boxes) > 0.99 && covered(over, &boxes) > 0.99, "seed {seed}: {boxes:?}");
        hidden += boxes.iter().map(|b| (b.x1 - b.x0) * (b.y1 - b.y0)).sum::<u32>();
    }
    assert!(hidden < 12 * 8_000, "{hidden}");
}

#[test]
fn a_word_of_one_grey_that_runs_on_to_bright_ground_is_found_whole() {
    for scale in 2..=4 {
        let mut canvas = Canvas::new(200, 420, |x, _| if x < 110 { 10.0 } else { 245.0 }).noisy(3.0);
        let want = canvas.write("HANSE 472", (30, 60), scale, 128);
        let boxes = canvas.found();
        assert!(covered(want, &boxes) > 0.97, "scale {scale}: {boxes:?}");
    }
}

#[test]
fn lone_letters_on_noisy_ground_are_found() {
    for (letter, at) in ["A", "E", "H", "N", "S", "2", "4", "7"].iter().zip(0_u32..) {
        for (scale, ground, ink) in [(2, 60.0, 250), (3, 90.0, 160), (4, 190.0, 20), (3, 120.0, 255)] {
            let mut canvas = Canvas::new(300, 300, |x, y| ground + (x + y) as f32 * 0.05).noisy(8.0);
            let want = canvas.write(letter, (30 + 25 * at, 40 + 20 * at), scale, ink);
            assert!(covered(want, &canvas.found()) > 0.9, "{letter} scale {scale} ink {ink}");
        }
    }
}

#[test]
fn pictures_without_text_give_no_box() {
    let disc = |x: u32, y: u32| {
        if (x as f32 - 150.0).hypot(y as f32 - 140.0) < 90.0 { 200.0 } else { 20.0 }
    };
    let arc = |x: u32, y: u32| {
        if ((x as f32 - 150.0).hypot(y as f32 - 300.0) - 200.0).abs() < 2.0 { 220.0 } else { 15.0 }
    };
    let frame = |x: u32, y: u32| {
        let (edge_x, edge_y) = (x == 10 || x == 290, y == 10 || y == 290);
        let inside = (10..=290).contains(&x) && (10..=290).contains(&y);
        if inside && (edge_x || edge_y) { 255.0 } else { 0.0 }
    };
    let pictures = [
        ("flat", Canvas::new(300, 300, |_, _| 77.0)),
        ("noise", Canvas::new(300, 300, |_, _| 120.0).noisy(12.0)),
        ("strong noise", Canvas::new(300, 300, |_, _| 120.0).noisy(35.0)),
        ("gradient", Canvas::new(300, 300, |x, y| (x + y) as f32 * 0.4)),
        ("noisy gradient", Canvas::new(300, 300, |x, y| (x + y) as f32 * 0.4).noisy(5.0)),
        ("disc", Canvas::new(300, 300, disc)),
        ("noisy disc", Canvas::new(300, 300, disc).noisy(8.0)),
        ("arc", Canvas::new(300, 300, arc)),
        ("frame", Canvas::new(300, 300, frame)),
        ("line", Canvas::new(300, 300, |_, y| if y == 150 { 255.0 } else { 30.0 })),
        ("border", Canvas::new(300, 300, |x, _| if x < 40 { 0.0 } else { 140.0 }).noisy(6.0)),
    ];
    for (name, picture) in pictures {
        assert_eq!(picture.found(), Vec::new(), "{name}");
    }
}

#[test]
fn empty_thin_and_false_sizes_give_nothing() {
    let detector = shipped();
    for n in [0_u32, 1, 2, 5, 300] {
        for (rows, columns) in [(0, n), (n, 0), (1, n), (n, 1)] {
            let values = vec![9; (rows * columns) as usize];
            assert_eq!(find_text(&Grey8 { rows, columns, values: &values }, &detector), Vec::new());
        }
    }
    assert_eq!(find_text(&Grey8 { rows: 50, columns: 50, values: &[1, 2, 3] }, &detector), Vec::new());
    assert_eq!(find_text(&Grey8 { rows: u32::MAX, columns: u32::MAX, values: &[] }, &detector), Vec::new());
}

#[test]
fn any_picture_gives_boxes_inside_the_frame_that_do_not_overlap() {
    let mut random = Random(42);
    for round in 0..150 {
        let (rows, columns) = ((random.next() % 90) as u32, (random.next() % 90) as u32);
        let dots = random.next() % 4;
        let mut values: Vec<u8> = Vec::new();
        for _ in 0..rows * columns {
            let r = random.next();
            values.push(if dots == 0 || r.is_multiple_of(2 + 5 * dots) { (r >> 20) as u8 } else { 10 });
        }
        let canvas = Canvas { rows, columns, values };
        let boxes = canvas.found();
        assert_eq!(boxes, canvas.found(), "round {round}");
        for (i, a) in boxes.iter().enumerate() {
            for b in boxes.iter().skip(i + 1) {
                let apart = a.x1 <= b.x0 || b.x1 <= a.x0 || a.y1 <= b.y0 || b.y1 <= a.y0;
                assert!(apart && a < b, "round {round}: {a:?} {b:?}");
            }
        }
    }
}

/// Frames of every kind that these tests draw: words in both polarities and all sizes, over noise, gradients and
/// speckle, turned, and none at all.
fn frames() -> Vec<Canvas> {
    let mut frames = Vec::new();
    for scale in 1..=6 {
        for (ground, ink) in [(60.0, 250), (190.0, 5)] {
            let mut canvas = Canvas::new(220, 420, |_, _| ground).noisy(6.0);
            canvas.write("HANSE 472", (30, 60), scale, ink);
            frames.push(canvas);
            let mut canvas = Canvas::new(220, 420, |x, y| 50.0 + x as f32 * 0.25 + y as f32 * 0.2);
            canvas.write("SANE 4722", (40, 90), scale, ink);
            frames.push(canvas);
        }
    }
    for seed in 1..=6 {
        frames.push(sector(seed, 20.0));
        let mut canvas = sector(seed, 30.0);
        canvas.write("HANSE", (8, 8), 2, 255);
        canvas.write("2472 EA", (120, 150), 2, 255);
        frames.push(canvas);
    }
    frames.push(Canvas::new(300, 300, |_, _| 120.0).noisy(35.0));
    frames
}

/// Takes numbers into a digest (FNV-1a over their bytes).
fn digest(seed: u64, numbers: impl IntoIterator<Item = u32>) -> u64 {
    let bytes = numbers.into_iter().flat_map(u32::to_le_bytes);
    bytes.fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

/// The digests were taken while the numbers were a table in the sources: as a bundle they find the same.
#[test]
fn lines_scores_and_boxes_are_those_of_the_table_that_the_bundle_was_made_of() {
    const START: u64 = 0xCBF2_9CE4_8422_2325;
    let detector = shipped();
    let (mut lines, mut scores, mut boxes) = (0, START, START);
    for canvas in frames() {
        let frame = Grey8 { rows: canvas.rows, columns: canvas.columns, values: &canvas.values };
        for line in scored_lines(&frame, &detector) {
            let b = line.area;
            lines += 1;
            scores = digest(scores, [b.x0, b.y0, b.x1, b.y1, line.score.to_bits()]);
        }
        boxes = canvas.found().iter().fold(boxes, |all, b| digest(all, [b.x0, b.y0, b.x1, b.y1]));
    }
    assert_eq!((lines, scores, boxes), (1354, 0xCE80_0E32_43BE_B4DB, 0x0015_E70D_8127_3268));
}
