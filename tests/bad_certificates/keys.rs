//! Keys of all kinds and forms.

use crate::case::{Case, Depends, Refuses, Starts, compare_all, findings, folder, testdata};
use crate::real;

const NOT_COMPARED: &str = "k.pem: it is a key of a kind that ngxlint does not compare";

/// Keys of all kinds and forms, beside their own certificates and others.
#[test]
fn keys_of_all_kinds() {
    let case = |name, kind: &str, key: &str, nginx, says, (leaf, listed)| Case {
        name,
        certificate: testdata(&format!("{kind}.pem")),
        key: testdata(&format!("{key}.key")),
        nginx,
        says,
        lists: (leaf, listed),
    };
    const MATCHES: (&str, &str) = ("", "k.pem matches");
    const DSA: &str = "error[cert-weak] the certificate c.pem has a DSA key: no TLS client of today takes it";
    const EXPLICIT: &str = "warning[cert-weak] the certificate c.pem has a key on a curve that browsers do not know";
    const BAD_VALUES: &[&str] = &[
        "error[cert-key-mismatch] the key k.pem does not belong to c.pem: nginx does not start (key values mismatch)",
    ];
    let cases = [
        case("Ed25519", "ed25519", "ed25519.pkcs8", Starts, &[], MATCHES),
        case("Ed448", "ed448", "ed448.pkcs8", Starts, &[], ("", NOT_COMPARED)),
        // Of 1024 bits: OpenSSL on level 2 refuses the certificate, and would load one of 2048.
        case("DSA", "dsa", "dsa.pkcs8", Depends, &[DSA], ("", NOT_COMPARED)),
        case("a curve written out in both", "p256-explicit", "p256.explicit", Starts, &[EXPLICIT], MATCHES),
        case("... in the key", "p256", "p256.explicit", Starts, &[], MATCHES),
        case("... in the key, in PKCS#8", "p256", "p256.explicit-pkcs8", Starts, &[], MATCHES),
        case("... in the certificate", "p256-explicit", "p256.pkcs8", Starts, &[EXPLICIT], MATCHES),
        case("RSA-PSS", "rsa-pss", "rsa-pss.pkcs8", Starts, &[], MATCHES),
        case("EC PARAMETERS before the key", "p256", "p256.sec1", Starts, &[], MATCHES),
        case("without its public half", "p256", "p256.no-public", Starts, &[], MATCHES),
        case("encrypted, PBES2", "p256", "p256.aes256", Starts, &[], MATCHES),
        case("encrypted, RFC 1421", "p256", "p256.legacy-des3", Starts, &[], MATCHES),
        case(
            "encrypted, PBES1",
            "p256",
            "p256.pbes1",
            Starts,
            &["info[cert-key-mismatch] the key k.pem: it is encrypted with a scheme other than PBES2"],
            ("", "k.pem: it is encrypted with a scheme other than PBES2, which ngxlint does not open"),
        ),
        case(
            "encrypted, Camellia",
            "p256",
            "p256.legacy-camellia128",
            Starts,
            &["info[cert-key-mismatch] the key k.pem: it is encrypted with a cipher of its DEK-Info line"],
            ("", "k.pem: it is encrypted with a cipher of its DEK-Info line"),
        ),
        // Of others.
        case(
            "another of its kind",
            "p256",
            "p384.pkcs8",
            Refuses,
            BAD_VALUES,
            ("", "k.pem is another certificate's (EC P-384)"),
        ),
        case(
            "RSA for RSA-PSS, of the same numbers",
            "rsa-pss",
            "rsa-pss.as-rsa",
            Starts,
            &[
                "error[cert-key-mismatch] the key k.pem (RSA 2048) is none for c.pem (RSA-PSS 2048): nginx starts, and every handshake for shop.example fails",
            ],
            ("", "k.pem is another certificate's (RSA 2048)"),
        ),
        case(
            "RSA-PSS for RSA",
            "rsa",
            "rsa-pss.pkcs8",
            Starts,
            &[
                "error[cert-key-mismatch] the key k.pem (RSA-PSS 2048) is none for c.pem (RSA 2048): nginx starts, and every",
            ],
            ("", "k.pem is another certificate's (RSA-PSS 2048)"),
        ),
        case(
            "Ed448 for EC",
            "p256",
            "ed448.pkcs8",
            Starts,
            &["error[cert-key-mismatch] the key k.pem (Ed448) is none for c.pem (EC P-256): nginx starts, and every"],
            ("", "k.pem is another certificate's (Ed448)"),
        ),
        case(
            "DSA for EC",
            "p256",
            "dsa.pkcs8",
            Starts,
            &["error[cert-key-mismatch] the key k.pem (DSA) is none for c.pem (EC P-256): nginx starts, and every"],
            ("", "k.pem is another certificate's (DSA)"),
        ),
        case(
            "OpenSSH's",
            "p256",
            "openssh",
            Refuses,
            &[
                "error[cert-key-mismatch] nginx cannot load the key k.pem: it holds a key in OpenSSH's format, which nginx does not read",
            ],
            ("", "k.pem: it holds a key in OpenSSH's format"),
        ),
    ];
    compare_all(&cases, "ssl_password_file passwords;");
}

/// nginx asks for the password, and there is nobody.
#[test]
fn encrypted_keys_without_a_password() {
    for name in ["p256.aes256", "p256.scrypt", "p256.legacy-des3", "p256.pbes1", "p256.legacy-camellia128"] {
        let folder = folder(&testdata("p256.pem"), &testdata(&format!("{name}.key")), "");
        let found = findings(&folder);
        let expected = "warning[cert-key-mismatch] the key k.pem is encrypted and no ssl_password_file is in effect";
        assert!(found.len() == 1 && found[0].starts_with(expected), "{name}: {found:#?}");
        for nginx in real::all() {
            assert!(!nginx.test(&folder.path("nginx.conf")).is_accepted, "{name}: {nginx:?}");
        }
    }
}
