//! Certificates whose bytes are odd.

use crate::case::{ALONE, Case, Depends, FINE, Refuses, Starts, compare_all, forge, forged_key, names};
use crate::forged::{common_name, pem, tlv};

/// The bytes within a DER sequence.
fn content(der: &[u8]) -> &[u8] {
    &der[2 + usize::from(der[1].saturating_sub(0x80))..]
}

#[test]
fn forged_certificates() {
    let block = |der: &[u8]| pem("CERTIFICATE", der, 64).into_bytes();
    let case = |name, der: &[u8], nginx, says, lists| Case {
        name,
        certificate: block(der),
        key: forged_key().into(),
        nginx,
        says,
        // With the problem of the file, nothing is known of a certificate in it.
        lists: (lists, if lists.starts_with("the ") { ALONE } else { FINE.1 }),
    };
    let many: Vec<String> = (0..20_000).map(|n| format!("h{n}.shop.example")).chain(["shop.example".into()]).collect();
    let many: Vec<&[u8]> = many.iter().map(String::as_bytes).collect();
    let not_after = |tag, text: &[u8]| forge(|fields| fields.not_after = tlv(tag, text));
    let subject = |subject: Vec<u8>| forge(|fields| fields.subject = subject.clone());
    let of_names = |list: &[&[u8]]| forge(|fields| fields.extensions = vec![names(list)]);
    const MALFORMED: &str = "the certificate that begins on line 1 is malformed";
    let says_malformed: &[&str] = &[
        "warning[cert-unparsable] the certificate c.pem is damaged: the certificate that begins on line 1 is malformed",
    ];
    let good = forge(|_| ());
    // BER may leave the length open, and end with two zeros.
    let open_end = |content: &[u8]| [&b"\x30\x80"[..], content, b"\0\0"].concat();
    compare_all(
        &[
            case("an ordinary one", &good, Starts, &[], FINE.0),
            case(
                "20,001 names",
                &of_names(&many),
                Starts,
                &[],
                "CN=shop.example, 01, 2049-01-01T00:00:00Z, EC P-256, 20001 names",
            ),
            case(
                "an empty subject",
                &subject(tlv(0x30, b"")),
                Starts,
                &[],
                ", 01, 2049-01-01T00:00:00Z, EC P-256, 1 names",
            ),
            // Dates.
            case(
                "until 2055",
                &not_after(0x18, b"20550101000000Z"),
                Starts,
                &[],
                "CN=shop.example, 01, 2055-01-01T00:00:00Z",
            ),
            case(
                "until 9999",
                &not_after(0x18, b"99991231235959Z"),
                Starts,
                &[],
                "CN=shop.example, 01, 9999-12-31T23:59:59Z",
            ),
            case(
                "until 1950, for it has two digits",
                &not_after(0x17, b"500101000000Z"),
                Starts,
                &["error[cert-expired] the certificate c.pem expired on 1950-01-01, 27910 days ago"],
                "CN=shop.example, 01, 1950-01-01T00:00:00Z",
            ),
            case("without seconds", &not_after(0x17, b"4901010000Z"), Depends, says_malformed, MALFORMED),
            case("with a time zone", &not_after(0x17, b"490101000000+0100"), Starts, says_malformed, MALFORMED),
            // Serial numbers.
            case("-127", &forge(|fields| fields.serial = vec![0x81]), Starts, &[], "CN=shop.example, 81"),
            case("0", &forge(|fields| fields.serial = vec![0]), Starts, &[], "CN=shop.example, 00"),
            case(
                "of 100 bytes",
                &forge(|fields| fields.serial = vec![0x11; 100]),
                Starts,
                &[],
                "CN=shop.example, 1111",
            ),
            case(
                "none",
                &forge(|fields| fields.serial.clear()),
                Refuses,
                &[
                    "error[cert-unparsable] nginx cannot load the certificate c.pem: the PEM block that begins on line 1 holds no certificate: its serial number is empty",
                ],
                "the PEM block that begins on line 1 holds no certificate",
            ),
            // Texts.
            case(
                "Latin-1 as UTF-8",
                &subject(common_name(0x0c, b"L\xe4den")),
                Refuses,
                &[
                    "error[cert-unparsable] nginx cannot load the certificate c.pem: the PEM block that begins on line 1 holds no certificate: its subject or issuer is not in the encoding that it names",
                ],
                "the PEM block that begins on line 1 holds no certificate",
            ),
            case("Latin-1 as such", &subject(common_name(0x14, b"L\xe4den")), Starts, &[], "CN=Läden, 01"),
            case(
                "a DNS name in Latin-1",
                &of_names(&[b"l\xe4den.example", b"shop.example"]),
                Starts,
                &[],
                "CN=shop.example, 01, 2049-01-01T00:00:00Z, EC P-256, 2 names",
            ),
            case(
                "... alone",
                &of_names(&[b"l\xe4den.example"]),
                Starts,
                &[
                    "error[cert-name-mismatch] the certificate c.pem does not cover shop.example: it is for l\u{fffd}den.example",
                ],
                FINE.0,
            ),
            case(
                "a NUL in a DNS name",
                &of_names(&[b"shop.example\0.evil.test"]),
                Starts,
                &[
                    r"error[cert-name-mismatch] the certificate c.pem does not cover shop.example: it is for shop.example\u{0}.evil.test",
                ],
                FINE.0,
            ),
            case(
                "... in a wildcard",
                &of_names(&[b"*.example\0.evil.test", b"*\0.example"]),
                Starts,
                &[
                    r"error[cert-name-mismatch] the certificate c.pem does not cover shop.example: it is for *.example\u{0}.evil.test, *\u{0}.example",
                ],
                "CN=shop.example, 01, 2049-01-01T00:00:00Z, EC P-256, 2 names",
            ),
            case(
                "... in the common name",
                &forge(|fields| {
                    fields.subject = common_name(0x0c, b"shop.example\0.evil.test");
                    fields.extensions.clear();
                }),
                Starts,
                &[
                    r"error[cert-without-san] the certificate c.pem has no subject alternative name of a host, and its common name, shop.example\u{0}.evil.test, does not count: browsers refuse it for shop.example",
                ],
                r"CN=shop.example\u{0}.evil.test, 01",
            ),
            case("an open end (BER)", &open_end(content(&good)), Starts, says_malformed, MALFORMED),
        ],
        "",
    );
}
