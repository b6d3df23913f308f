//! ONNX files written by hand (field numbers of onnx.proto), so that a test can have a model of any shape, and a model
//! of a recipe in another shape.

/// Element types of onnx.proto.
pub(super) const FLOAT: u64 = 1;
pub(super) const INT64: u64 = 7;

/// Rows and columns of the models made here.
pub(super) const SIZE: [usize; 2] = [16, 24];

/// An axis: of a fixed size, or open under a name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Axis {
    Fixed(usize),
    Open(&'static str),
}

/// What a classifier made by [`classifier`] looks like from outside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Form {
    pub last: bool,
    pub channels: usize,
    pub frames: Axis,
    pub probabilities: bool,
}

impl Form {
    /// The axes of the image.
    pub(super) fn image(self, [rows, columns]: [Axis; 2]) -> [Axis; 4] {
        let channels = Axis::Fixed(self.channels);
        if self.last {
            [self.frames, rows, columns, channels]
        } else {
            [self.frames, channels, rows, columns]
        }
    }
}

/// A graph under construction; each call adds to it.
#[derive(Debug, Clone, Default)]
pub(super) struct Onnx {
    graph: Vec<u8>,
    /// ONNX's own operators, 17 without a call.
    pub opset: Option<u64>,
    domain: Option<&'static str>,
}

impl Onnx {
    pub(super) fn node(
        self,
        operator: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[Vec<u8>],
    ) -> Self {
        self.node_of("", operator, inputs, outputs, attributes)
    }

    /// A node of another domain than ONNX's own.
    pub(super) fn node_of(
        mut self,
        domain: &'static str,
        operator: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[Vec<u8>],
    ) -> Self {
        self.graph.extend(bytes(1, &node(domain, operator, inputs, outputs, attributes)));
        self.domain = self.domain.or((!domain.is_empty()).then_some(domain));
        self
    }

    pub(super) fn weight(self, name: &str, shape: &[usize], values: &[f32]) -> Self {
        let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.tensor(name, shape, &bytes(9, &raw))
    }

    /// A weight whose values lie in another file.
    pub(super) fn weight_outside(self, name: &str, shape: &[usize], file: &str) -> Self {
        let place = [bytes(1, b"location"), bytes(2, file.as_bytes())].concat();
        self.tensor(name, shape, &[bytes(13, &place), number(14, 1)].concat())
    }

    fn tensor(mut self, name: &str, shape: &[usize], content: &[u8]) -> Self {
        let sizes: Vec<u8> = shape.iter().flat_map(|s| number(1, *s as u64)).collect();
        let tensor = [sizes, number(2, FLOAT), bytes(8, name.as_bytes()), content.to_vec()].concat();
        self.graph.extend(bytes(5, &tensor));
        self
    }

    pub(super) fn input(mut self, name: &str, ty: u64, shape: &[Axis]) -> Self {
        self.graph.extend(bytes(11, &value(name, ty, shape)));
        self
    }

    pub(super) fn output(mut self, name: &str, ty: u64, shape: &[Axis]) -> Self {
        self.graph.extend(bytes(12, &value(name, ty, shape)));
        self
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        let graph = [bytes(2, b"made"), self.graph].concat();
        let own = number(2, self.opset.unwrap_or(17));
        let other = self.domain.map(|d| bytes(8, &[bytes(1, d.as_bytes()), number(2, 1)].concat()));
        [number(1, 8), bytes(8, &own), other.unwrap_or_default(), bytes(7, &graph)].concat()
    }
}

/// Two values: the mean of the image, and the mean of its first row in the last channel.
pub(super) fn classifier(form: Form) -> Onnx {
    classifier_of(form, SIZE.map(Axis::Fixed))
}

/// [`classifier`] with its rows and columns as given; it still runs on images of [`SIZE`] only.
pub(super) fn classifier_of(form: Form, sides: [Axis; 2]) -> Onnx {
    let ([rows, columns], channels) = (SIZE, form.channels);
    let all = rows * columns * channels;
    let mut kernel = vec![1.0 / all as f32; all];
    kernel.extend((0..all).map(|at| {
        let first_row = at / (rows * columns) == channels - 1 && at % (rows * columns) < columns;
        if first_row { 1.0 / columns as f32 } else { 0.0 }
    }));
    let planes = if form.last { "planes" } else { "image" };
    let answer = if form.probabilities { "before" } else { "answer" };
    let mut onnx = Onnx::default();
    if form.last {
        onnx = onnx.node("Transpose", &["image"], &["planes"], &[ints("perm", &[0, 3, 1, 2])]);
    }
    onnx = onnx.node("Conv", &[planes, "kernel"], &["sums"], &[]);
    onnx = onnx.node("Flatten", &["sums"], &[answer], &[]);
    if form.probabilities {
        onnx = onnx.node("Sigmoid", &["before"], &["answer"], &[]);
    }
    onnx.weight("kernel", &[2, channels, rows, columns], &kernel)
        .input("image", FLOAT, &form.image(sides))
        .output("answer", FLOAT, &[form.frames, Axis::Fixed(2)])
}

/// A model of a recipe, [n, 1, rows, columns] to logits [n, findings], as if somebody had exported it in another form.
pub(super) fn reshaped(model: &[u8], (input, output): (&str, &str), size: [usize; 2], form: Form) -> Vec<u8> {
    let thirds = vec![1.0 / form.channels as f32; form.channels];
    let planes = if form.last { "planes of the outside" } else { "outside" };
    let mut before = Onnx::default();
    if form.last {
        before = before.node("Transpose", &["outside"], &[planes], &[ints("perm", &[0, 3, 1, 2])]);
    }
    before = before
        .node("Conv", &[planes, "thirds"], &[input], &[])
        .weight("thirds", &[1, form.channels, 1, 1], &thirds)
        .input("outside", FLOAT, &form.image(size.map(Axis::Fixed)));
    let after = if form.probabilities {
        let sigmoid = Onnx::default().node("Sigmoid", &[output], &["scores"], &[]);
        sigmoid.output("scores", FLOAT, &[form.frames, Axis::Open("k")])
    } else {
        Onnx::default().output(output, FLOAT, &[form.frames, Axis::Open("k")])
    };
    fields(model)
        .into_iter()
        .flat_map(|(field, whole, inner)| {
            if field != 7 {
                return whole.to_vec();
            }
            // Its own inputs and outputs go; nodes stay in their order between those added.
            let kept = fields(inner).into_iter().filter(|(field, ..)| !matches!(field, 11..=13));
            let kept: Vec<u8> = kept.flat_map(|(_, whole, _)| whole.to_vec()).collect();
            bytes(7, &[before.graph.clone(), kept, after.graph.clone()].concat())
        })
        .collect()
}

/// The fields of a message: number, whole bytes, and what is inside.
fn fields(message: &[u8]) -> Vec<(u64, &[u8], &[u8])> {
    let read = |at: &mut usize| {
        let mut value = 0;
        for place in 0.. {
            let byte = message[*at];
            *at += 1;
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    };
    let (mut found, mut at) = (Vec::new(), 0);
    while at < message.len() {
        let begin = at;
        let tag = read(&mut at);
        let length = match tag & 7 {
            0 => {
                read(&mut at);
                0
            }
            1 => 8,
            2 => read(&mut at) as usize,
            5 => 4,
            other => panic!("wire type {other}"),
        };
        found.push((tag >> 3, &message[begin..at + length], &message[at..at + length]));
        at += length;
    }
    found
}

/// An attribute of whole numbers.
pub(super) fn ints(name: &str, values: &[u64]) -> Vec<u8> {
    let values: Vec<u8> = values.iter().flat_map(|v| number(8, *v)).collect();
    [bytes(1, name.as_bytes()), values, number(20, 7)].concat()
}

/// An attribute of one whole number.
pub(super) fn int(name: &str, value: u64) -> Vec<u8> {
    [bytes(1, name.as_bytes()), number(3, value), number(20, 2)].concat()
}

fn node(domain: &str, operator: &str, inputs: &[&str], outputs: &[&str], attributes: &[Vec<u8>]) -> Vec<u8> {
    let inputs: Vec<u8> = inputs.iter().flat_map(|name| bytes(1, name.as_bytes())).collect();
    let outputs: Vec<u8> = outputs.iter().flat_map(|name| bytes(2, name.as_bytes())).collect();
    let attributes: Vec<u8> = attributes.iter().flat_map(|a| bytes(5, a)).collect();
    [inputs, outputs, bytes(4, operator.as_bytes()), attributes, bytes(7, domain.as_bytes())].concat()
}

fn value(name: &str, ty: u64, shape: &[Axis]) -> Vec<u8> {
    let axes: Vec<u8> = shape
        .iter()
        .flat_map(|axis| match axis {
            Axis::Fixed(size) => bytes(1, &number(1, *size as u64)),
            Axis::Open(name) => bytes(1, &bytes(2, name.as_bytes())),
        })
        .collect();
    let tensor = [number(1, ty), bytes(2, &axes)].concat();
    [bytes(1, name.as_bytes()), bytes(2, &bytes(1, &tensor))].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value > 0x7f {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn bytes(field: u64, content: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
}
