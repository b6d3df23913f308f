//! Bring your own model: what cannot become a bundle is refused with the reason, and nothing is written.

use std::fs;

use scanside_models::add::{Wish, inspect};
use scanside_models::manifest::Activation;
use scanside_models::{Bundle, Error, Runtime};

use super::made::{self, Axis, FLOAT, Form, INT64, Onnx, SIZE, classifier, classifier_of};
use super::{file, wish};
use crate::alone::alone;

const ONE: Form = Form { last: false, channels: 1, frames: Axis::Open("n"), probabilities: false };

/// A graph that reads the image as declared and answers as declared; what lies between is the caller's.
fn between(image: &[Axis], answer: &[Axis]) -> Onnx {
    Onnx::default().input("image", FLOAT, image).output("answer", FLOAT, answer)
}

fn image() -> [Axis; 4] {
    ONE.image(SIZE.map(Axis::Fixed))
}

/// The usual answer.
fn two() -> [Axis; 2] {
    [Axis::Open("n"), Axis::Fixed(2)]
}

/// The reasons for which a model is refused.
fn reasons(runtime: &Runtime, bytes: &[u8], wish: &Wish) -> Vec<String> {
    let (folder, file) = file(bytes);
    let refused = match inspect(runtime, &file, wish) {
        Ok(candidate) => candidate.write(runtime, &folder.path().join("mine")).map(|_| ()),
        Err(error) => Err(error),
    };
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was written");
    match refused {
        Err(Error::Refused { file: told, faults }) => {
            assert_eq!(told, file);
            faults.iter().map(ToString::to_string).collect()
        }
        other => panic!("{other:?}"),
    }
}

/// Each model with the words of its refusal; there is one reason, and it holds no place of this machine.
fn refused(runtime: &Runtime, cases: Vec<(Vec<u8>, Wish, &[&str])>) {
    for (bytes, wish, words) in cases {
        let reasons = reasons(runtime, &bytes, &wish);
        assert_eq!(reasons.len(), 1, "{reasons:?}");
        for word in words {
            assert!(reasons[0].contains(word), "{word}: {reasons:?}");
        }
        assert!(!reasons[0].contains('/') && !reasons[0].contains("onnxruntime"), "{reasons:?}");
    }
}

#[test]
fn a_file_that_the_runtime_cannot_load_is_refused_with_what_it_lacks() {
    alone("add::refused::a_file_that_the_runtime_cannot_load_is_refused_with_what_it_lacks", |runtime| {
        let node = |operator, domain| {
            between(&image(), &two()).node_of(domain, operator, &["image"], &["answer"], &[]).bytes()
        };
        let mut newer = classifier(ONE);
        newer.opset = Some(99);
        let cut = classifier(ONE).bytes();
        refused(
            runtime,
            vec![
                (b"no model".to_vec(), wish(), &["is not an ONNX file", "export"]),
                (Vec::new(), wish(), &["is not an ONNX file"]),
                (cut[..cut.len() - 9].to_vec(), wish(), &["is not an ONNX file"]),
                (
                    node("Frobnicate", ""),
                    wish(),
                    &["the operator Frobnicate (ONNX, opset 17)", "standard operators alone"],
                ),
                (node("Magic", "com.example"), wish(), &["the operator Magic (com.example, opset 1)"]),
                (newer.bytes(), wish(), &["newer ONNX", "ONNX 99"]),
                (node("Gemm", ""), wish(), &["does not fit together at the operator Gemm"]),
            ],
        );
    });
}

#[test]
fn a_model_that_names_outside_files_is_never_loaded() {
    alone("add::refused::a_model_that_names_outside_files_is_never_loaded", |runtime| {
        let flat = || between(&image(), &two()).node("Flatten", &["image"], &["flat"], &[]);
        let product = || flat().node("MatMul", &["flat", "matrix"], &["answer"], &[]);
        let shape = [SIZE[0] * SIZE[1], 2];
        let inside = product().weight("matrix", &shape, &vec![0.01; shape[0] * 2]).bytes();
        let outside = product().weight_outside("matrix", &shape, "weights.bin").bytes();
        // With the data inside it is a model like any other.
        let (folder, file) = file(&inside);
        let bundle = inspect(runtime, &file, &wish()).unwrap();
        let bundle = bundle.write(runtime, &folder.path().join("mine")).unwrap();
        refused(
            runtime,
            vec![(outside.clone(), wish(), &["keeps data in files outside", "inside the one .onnx"])],
        );
        // Nor is it as a bundle that was written by hand: its digest would cover no outside file.
        let digest = |bytes: &[u8]| hex::encode(<sha2::Sha256 as sha2::Digest>::digest(bytes));
        let manifest = bundle.folder().join("bundle.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(&manifest, text.replace(&digest(&inside), &digest(&outside))).unwrap();
        fs::write(bundle.folder().join("model.onnx"), &outside).unwrap();
        let loaded = scanside_models::Classifier::load(runtime, Bundle::open(bundle.folder()).unwrap());
        let Err(error) = loaded else { panic!("it was loaded") };
        assert!(matches!(error, Error::Model { .. }), "{error}");
    });
}

#[test]
fn an_input_that_is_no_grey_image_is_refused_with_what_it_is() {
    alone("add::refused::an_input_that_is_no_grey_image_is_refused_with_what_it_is", |runtime| {
        use Axis::{Fixed, Open};
        let [rows, columns] = SIZE.map(Fixed);
        let shaped = |shape: &[Axis]| {
            between(shape, &two())
                .node("Flatten", &["image"], &["flat"], &[])
                .node("Identity", &["flat"], &["answer"], &[])
                .bytes()
        };
        let whole = Onnx::default()
            .input("image", INT64, &image())
            .output("answer", FLOAT, &two())
            .node("Cast", &["image"], &["real"], &[made::int("to", FLOAT)])
            .node("Flatten", &["real"], &["answer"], &[])
            .bytes();
        let pair = between(&image(), &two())
            .input("age", FLOAT, &[Open("n"), Fixed(1)])
            .node("Flatten", &["image"], &["flat"], &[])
            .node("Add", &["flat", "age"], &["answer"], &[])
            .bytes();
        let sized = |size| Wish { size: Some(size), ..wish() };
        let open = classifier_of(ONE, [Open("h"), Open("w")]).bytes();
        refused(
            runtime,
            vec![
                (whole, wish(), &["input \"image\": holds i64", "float32"]),
                (pair, wish(), &["the model has 2: image, age", "one input"]),
                (shaped(&[Open("n"), rows, columns]), wish(), &["[n, 16, 24], not of four axes"]),
                (
                    shaped(&[Open("n"), Fixed(2), rows, columns]),
                    wish(),
                    &["[n, 2, 16, 24]: no axis has 1 or 3"],
                ),
                (
                    shaped(&[Open("n"), Open("c"), rows, columns]),
                    wish(),
                    &["[n, n, 16, 24]: no axis has 1 or 3"],
                ),
                (
                    shaped(&[Open("n"), Fixed(3), rows, Fixed(3)]),
                    wish(),
                    &["no axis has 1 or 3 channels beside"],
                ),
                (open.clone(), wish(), &["rows or columns are open", "--size ROWS,COLUMNS"]),
                (open, sized([16, 5000]), &["size: is out of range"]),
                (
                    classifier(ONE).bytes(),
                    sized([32, 24]),
                    &["[n, 1, 16, 24], not of 32 rows", "leave --size out"],
                ),
                (classifier(ONE).bytes(), Wish { std: Some(0.0), ..wish() }, &["std: is not above 0"]),
                (
                    classifier(ONE).bytes(),
                    Wish { mean: Some(f32::NAN), ..wish() },
                    &["mean: is not a number"],
                ),
            ],
        );
        let four = reasons(runtime, &shaped(&[Fixed(4), Fixed(1), rows, columns]), &wish()).join("; ");
        assert!(four.contains("takes 4 frames at once") && four.contains("answers for several"), "{four}");
        let several_faults = Onnx::default()
            .input("image", INT64, &[Open("n"), rows, columns])
            .output("answer", INT64, &[Open("n"), rows, columns])
            .node("Identity", &["image"], &["answer"], &[])
            .bytes();
        assert_eq!(reasons(runtime, &several_faults, &wish()).len(), 3);
    });
}

#[test]
fn open_rows_and_columns_run_at_the_size_that_is_given() {
    alone("add::refused::open_rows_and_columns_run_at_the_size_that_is_given", |runtime| {
        for last in [false, true] {
            let open = classifier_of(Form { last, ..ONE }, [Axis::Open("h"), Axis::Open("w")]).bytes();
            let (folder, file) = file(&open);
            let candidate = inspect(runtime, &file, &Wish { size: Some(SIZE), ..wish() }).unwrap();
            assert_eq!(candidate.report().input.size, SIZE);
            candidate.write(runtime, &folder.path().join("mine")).unwrap();
            // A size that the model cannot run, though it declares nothing against it.
            let refused = reasons(runtime, &open, &Wish { size: Some([8, 8]), ..wish() });
            assert!(refused[0].contains("cannot be run on [1, "), "{refused:?}");
        }
    });
}

#[test]
fn an_answer_that_is_no_row_of_finite_values_is_refused() {
    alone("add::refused::an_answer_that_is_no_row_of_finite_values_is_refused", |runtime| {
        use Axis::{Fixed, Open};
        let many =
            between(&image(), &[Open("n"), Open("k")]).node("Flatten", &["image"], &["answer"], &[]).bytes();
        let planes = between(&image(), &image()).node("Identity", &["image"], &["answer"], &[]).bytes();
        let index = Onnx::default()
            .input("image", FLOAT, &image())
            .output("answer", INT64, &[Open("n"), Fixed(24)])
            .node("Flatten", &["image"], &["flat"], &[])
            .node("ArgMax", &["flat"], &["answer"], &[])
            .bytes();
        // Logarithms of values below 0 are no numbers.
        let none = classifier(ONE).node("Log", &["answer"], &["logs"], &[]).output("logs", FLOAT, &two());
        let noise = classifier(ONE)
            .node("RandomNormalLike", &["answer"], &["noise"], &[])
            .node("Add", &["answer", "noise"], &["noisy"], &[])
            .output("noisy", FLOAT, &two());
        let named = |name: &str| Wish { output: Some(name.into()), ..wish() };
        let labels =
            |labels: &[&str]| Wish { labels: labels.iter().map(ToString::to_string).collect(), ..wish() };
        let said = Wish { activation: Some(Activation::None), ..wish() };
        refused(
            runtime,
            vec![
                (
                    many,
                    Wish { labels: Vec::new(), ..wish() },
                    &["output: has 384 values an image", "1 to 64"],
                ),
                (planes, wish(), &["no float32 output [n, findings]", "\"answer\" f32 [n, 1, 16, 24]"]),
                (index, wish(), &["no float32 output", "\"answer\" i64"]),
                (
                    none.clone().bytes(),
                    wish(),
                    &["several that could be the answer: answer, logs", "--output NAME"],
                ),
                (none.clone().bytes(), named("other"), &["no float32 output \"other\""]),
                (none.bytes(), named("logs"), &["output \"logs\": holds a value that is no finite number"]),
                (noise.bytes(), named("noisy"), &["differs from run to run", "without dropout"]),
                (
                    classifier(ONE).bytes(),
                    labels(&["one"]),
                    &["labels: 1 are given, but the model has 2", "give 2"],
                ),
                (classifier(ONE).bytes(), labels(&["a", "b", "c"]), &["labels: 3 are given"]),
                (classifier(ONE).bytes(), said, &["activation: is none", "--activation sigmoid"]),
            ],
        );
    });
}

#[test]
fn values_given_that_no_bundle_may_hold_are_told_before_a_folder_is_made() {
    alone("add::refused::values_given_that_no_bundle_may_hold_are_told_before_a_folder_is_made", |runtime| {
        let cases = vec![
            (
                classifier(ONE).bytes(),
                Wish { modality: vec!["dx".into()], ..wish() },
                &["accepts.modality"][..],
            ),
            (
                classifier(ONE).bytes(),
                Wish { body_part: vec![String::new()], ..wish() },
                &["accepts.body_part"],
            ),
            (
                classifier(ONE).bytes(),
                Wish { labels: vec!["a".into(), String::new()], ..wish() },
                &["finding[1].code"],
            ),
            (
                classifier(ONE).bytes(),
                Wish { name: Some("../x".into()), ..wish() },
                &["name: is not a folder name"],
            ),
        ];
        for (bytes, wish, words) in cases {
            let told = reasons(runtime, &bytes, &wish);
            assert!(words.iter().all(|word| told[0].contains(word)), "{told:?}");
        }
    });
}

#[test]
fn what_the_values_give_away_is_told() {
    alone("add::refused::what_the_values_give_away_is_told", |runtime| {
        let notices = |onnx: Onnx, wish: &Wish| {
            let (_folder, file) = file(&onnx.bytes());
            inspect(runtime, &file, wish).unwrap().report().notices.join("; ")
        };
        let scores = Form { probabilities: true, ..ONE };
        assert_eq!(notices(classifier(scores), &wish()), "");
        let said = Wish { activation: Some(Activation::Sigmoid), ..wish() };
        assert!(notices(classifier(scores), &said).contains("--activation none is right"));
        let exclusive =
            classifier(ONE).node("Softmax", &["answer"], &["shares"], &[]).output("shares", FLOAT, &two());
        let shares = Wish { output: Some("shares".into()), ..wish() };
        let told = notices(exclusive, &shares);
        assert!(told.contains("sum to 1") && told.contains("1 other outputs"), "{told}");
        let silent =
            classifier(ONE).node("Sub", &["answer", "answer"], &["zero"], &[]).output("zero", FLOAT, &two());
        assert!(notices(silent, &Wish { output: Some("zero".into()), ..wish() }).contains("the same answer"));
    });
}
