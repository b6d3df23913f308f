//! PDUs, command sets and data sets in raw bytes, as a scanner sends them.
use dicom::sop_classes::VERIFICATION;

pub(crate) const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

pub(crate) fn item(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, 0];
    bytes.extend_from_slice(&(body.len() as u16).to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

pub(crate) fn pdu(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, 0];
    bytes.extend_from_slice(&(body.len() as u32).to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// Presentation data values (context, control, bytes) as one P-DATA-TF.
pub(crate) fn p_data(values: &[(u8, u8, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (context, control, bytes) in values {
        body.extend_from_slice(&(bytes.len() as u32 + 2).to_be_bytes());
        body.extend_from_slice(&[*context, *control]);
        body.extend_from_slice(bytes);
    }
    pdu(4, &body)
}

pub(crate) fn command(elements: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (element, value) in elements {
        let mut value = value.to_vec();
        if value.len() % 2 == 1 {
            value.push(0);
        }
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&element.to_le_bytes());
        bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&value);
    }
    bytes
}

pub(crate) fn echo(message: u16) -> Vec<u8> {
    command(&[
        (0x0002, VERIFICATION.as_bytes()),
        (0x0100, &0x0030u16.to_le_bytes()),
        (0x0110, &message.to_le_bytes()),
        (0x0800, &0x0101u16.to_le_bytes()),
    ])
}

pub(crate) fn store(message: u16, class: &str, instance: &str) -> Vec<u8> {
    command(&[
        (0x0002, class.as_bytes()),
        (0x0100, &0x0001u16.to_le_bytes()),
        (0x0110, &message.to_le_bytes()),
        (0x0700, &0u16.to_le_bytes()),
        (0x0800, &0x0001u16.to_le_bytes()),
        (0x1000, instance.as_bytes()),
    ])
}

/// One element in explicit little endian.
pub(crate) fn explicit(tag: u32, vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
    let mut bytes = ((tag >> 16) as u16).to_le_bytes().to_vec();
    bytes.extend_from_slice(&(tag as u16).to_le_bytes());
    bytes.extend_from_slice(vr);
    if matches!(vr, b"OB" | b"OW" | b"SQ" | b"UN" | b"UT") {
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
    } else {
        bytes.extend_from_slice(&(value.len() as u16).to_le_bytes());
    }
    bytes.extend_from_slice(value);
    bytes
}

pub(crate) fn padded(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

/// A small CT instance in explicit little endian with this many bytes of pixels.
pub(crate) fn instance(sop: &str, study: &str, pixels: usize) -> Vec<u8> {
    let mut bytes = explicit(0x0008_0016, b"UI", &padded(CT));
    bytes.extend(explicit(0x0008_0018, b"UI", &padded(sop)));
    bytes.extend(explicit(0x0008_0060, b"CS", b"CT"));
    bytes.extend(explicit(0x0010_0010, b"PN", b"Phantom^Planted "));
    bytes.extend(explicit(0x0020_000D, b"UI", &padded(study)));
    bytes.extend(explicit(0x0020_000E, b"UI", &padded("1.2.9.1")));
    let pixels: Vec<u8> = (0..pixels).map(|i| (i % 251) as u8).collect();
    bytes.extend(explicit(0x7FE0_0010, b"OW", &pixels));
    bytes
}
