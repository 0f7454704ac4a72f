//! What is expected of all fixes.

/// The rules that offer a fix for an example of theirs.
pub(crate) const FIXING: &[&str] = &[
    "cert-replaced",
    "conflicting-server-name",
    "default-server-foreign-cert",
    "hsts-duplicate",
    "hsts-header-lost",
    "hsts-malformed",
    "hsts-not-always",
    "hsts-on-ip-host",
    "hsts-on-plain-http",
    "hsts-preload-ineligible",
    "hsts-subdomains-uncovered",
    "implicit-default-server",
    "listen-443-without-ssl",
    "listen-http2-deprecated",
    "proxy-ssl-name-mismatch",
    "proxy-ssl-sni-missing",
    "proxy-ssl-verify-depth",
    "redirect-chain",
    "redirect-empty-host",
    "redirect-loop",
    "redirect-to-plain-http",
    "ssl-stapling-without-responder",
    "stream-preread-on-tls",
    "stream-sni-without-preread",
    "syntax-error",
    "tls-host-unserved",
    "unused-suppression",
    "websocket-connection-hardcoded",
    "websocket-header-value",
    "websocket-headers-not-inherited",
    "websocket-http-version",
    "websocket-missing-host",
    "websocket-missing-upgrade",
    "websocket-read-timeout",
    "websocket-upgrade-hidden",
];

/// What is told only when the fault before it is mended, by the rule of that.
pub(crate) const HELD_BACK: &[(&str, &[&str])] = &[
    // Those who are refused anyway are refused otherwise.
    ("default-server-foreign-cert", &["tls-host-unserved"]),
    // The last two are told of a server more, which inherits the certificate.
    ("implicit-default-server", &["tls-host-unserved", "cert-expired", "key-file-exposed"]),
    // A header that is not in force is not judged.
    ("hsts-duplicate", &["hsts-max-age"]),
    // A chain that leads through it is shorter then.
    ("redirect-chain", &["redirect-chain"]),
    // What errors lack without `always` is not lost to another block.
    ("hsts-not-always", &["hsts-header-lost"]),
    // Over plain HTTP it matters less who is the default server: no name asks for a certificate.
    ("listen-443-without-ssl", &["hsts-missing", "implicit-default-server"]),
    // Where HSTS makes https:// of it, it is told otherwise.
    ("hsts-subdomains-uncovered", &["redirect-to-plain-http"]),
    ("websocket-header-value", &["websocket-missing-host", "websocket-read-timeout"]),
    // That it works from 1.29.7 on is told where it works.
    (
        "websocket-headers-not-inherited",
        &["websocket-missing-host", "websocket-read-timeout", "websocket-http-version"],
    ),
    ("websocket-http-version", &["websocket-missing-host", "websocket-read-timeout"]),
    ("websocket-missing-upgrade", &["websocket-missing-host", "websocket-read-timeout", "websocket-http-version"]),
    ("websocket-upgrade-hidden", &["websocket-missing-host", "websocket-read-timeout"]),
];
