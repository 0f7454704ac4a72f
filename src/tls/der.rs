//! Writing DER (ITU-T X.690); it is read by x509-parser.

/// Tag, length and value in DER.
pub(super) fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len().to_be_bytes();
    let significant = &length[value.len().leading_zeros() as usize / 8..];
    let mut der = vec![tag];
    match value.len() {
        short @ 0..0x80 => der.push(short as u8),
        _ => {
            der.push(0x80 | significant.len() as u8);
            der.extend_from_slice(significant);
        }
    }
    der.extend_from_slice(value);
    der
}
