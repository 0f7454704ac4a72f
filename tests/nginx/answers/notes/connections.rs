//! Sockets, names, certificates, and plain HTTP on a TLS port.

use super::{Note, note};

pub(super) const NOTES: &[Note] = &[
    note(
        "1",
        "server { listen 8443; server_name a.test; cert shop.example; return 204; }
         server { listen 8443 ssl default; server_name b.test; cert other.example; return 200; }",
        &[
            ("GET https://a.test:8443/", "tls shop.example, 204, in server a.test"),
            ("GET https://c.test:8443/", "tls other.example, 200, in server b.test"),
        ],
    ),
    note(
        "2",
        "server { listen 8443 ssl; server_name a.test; cert shop.example; return 204; }
         server { listen 127.0.0.2:8443; server_name b.test; return 200; }",
        &[
            ("GET http://a.test:8443/ at=127.0.0.2", "200, in server b.test"),
            ("GET https://a.test:8443/ at=127.0.0.2", "no handshake"),
            ("GET https://a.test:8443/", "tls shop.example, 204, in server a.test"),
        ],
    ),
    note(
        "3",
        "server { listen 8080; server_name default.test; return 200; }
         server { listen 8080; server_name example.test; return 200; }
         server { listen 8080; server_name .example.test; return 200; }",
        &[("GET http://www.example.test:8080/", "200, in server default.test")],
    ),
    note(
        "3",
        "server { listen 8080; server_name default.test; return 200; }
         server { listen 8080; server_name .example.test; return 200; }
         server { listen 8080; server_name example.test; return 200; }",
        &[("GET http://example.test:8080/", "200, in server .example.test")],
    ),
    note(
        "4",
        "server { listen 8080; server_name default.test; return 200; }
         server { listen 8080; server_name *.x.test; return 200; }
         server { listen 8080; server_name .x.test; return 200; }
         server { listen 8080; server_name x.test; return 200; }",
        &[
            ("GET http://x.test:8080/", "200, in server default.test"),
            ("GET http://a.x.test:8080/", "200, in server *.x.test"),
        ],
    ),
    note(
        "5",
        "server { listen 8080; server_name default.test; return 200; }
         server { listen 8080; server_name ~^w; return 200; }
         server { listen 8080; server_name ~^www; return 200; }
         server { listen 8080; server_name www.*; return 200; }
         server { listen 8080; server_name www.a.*; return 200; }
         server { listen 8080; server_name *.test; return 200; }
         server { listen 8080; server_name *.a.test; return 200; }
         server { listen 8080; server_name www.a.test; return 200; }",
        &[
            ("GET http://www.a.test:8080/", "200, in server www.a.test"),
            ("GET http://x.www.a.test:8080/", "200, in server *.a.test"),
            ("GET http://www.b.test:8080/", "200, in server *.test"),
            ("GET http://www.a.other:8080/", "200, in server www.a.*"),
            ("GET http://www.other:8080/", "200, in server www.*"),
            ("GET http://wwwother:8080/", "200, in server ~^w"),
            ("GET http://other:8080/", "200, in server default.test"),
        ],
    ),
    note(
        "6",
        "server { listen 8080; server_name default.test; return 200; }
         server { listen 8080; server_name ~^A\\.TEST$; return 204; }
         server { listen 8080; server_name \"~^b\\.\\D+$\"; return 204; }",
        &[
            ("GET http://a.test:8080/", "204, in server ~^A\\.TEST$"),
            ("GET http://B.TEST:8080/", "204, in server \"~^b\\.\\D+$\""),
        ],
    ),
    note(
        "7",
        "server { listen 8080; server_name ~^(?<a>.+)$ ~^x$; return 301 /-$a; }",
        &[("GET http://y.test:8080/", "301 http://y.test:8080/-")],
    ),
    note(
        "7",
        "server { listen 8080; server_name ~^x$ ~^(?<a>.+)$; return 301 /-$a; }",
        &[("GET http://y.test:8080/", "301 http://y.test:8080/-y.test")],
    ),
    note(
        "8",
        "server { listen 8080; server_name default.test; return 200; }
         server { listen 8080; server_name a.test; return 301 /$host; }
         server { listen 8080; server_name b.test.; return 200; }",
        &[
            ("GET http://x:8080/ host=A.Test.:99", "301 http://a.test:8080/a.test"),
            ("GET http://x:8080/ host=b.test.", "200, in server default.test"),
        ],
    ),
    note(
        "9",
        "server { listen 8443 ssl; server_name default.test; cert other.example; return 200; }
         server { listen 8443 ssl; server_name a.test; cert shop.example; return 204; }",
        &[
            ("GET https://a.test:8443/ host=b.test", "tls shop.example, 200, in server default.test"),
            ("GET https://b.test:8443/ host=a.test", "tls other.example, 204, in server a.test"),
        ],
    ),
    note(
        "10",
        "server { listen 8443 ssl; server_name default.test; cert other.example; return 200; }
         server { listen 8443 ssl; server_name a.test; return 204; }",
        &[("GET https://a.test:8443/", "tls other.example, 204, in server a.test")],
    ),
    note(
        "11",
        "ssl_reject_handshake on;
         server { listen 8443 ssl; server_name a.test; cert other.example; return 200; }
         server { listen 8443 ssl; server_name b.test; cert other.example; ssl_reject_handshake off; return 200; }",
        &[
            ("GET https://a.test:8443/", "no handshake"),
            ("GET https://b.test:8443/", "tls other.example, 200, in server b.test"),
        ],
    ),
    note(
        "11",
        "server { listen 8443 ssl; server_name a.test; cert other.example; return 200; }
         server { listen 8443 ssl; server_name b.test; ssl_reject_handshake on; return 200; }",
        &[
            ("GET https://b.test:8443/", "no handshake"),
            ("GET https://c.test:8443/ host=b.test", "tls other.example, 200, in server b.test"),
        ],
    ),
    note(
        "12",
        "server { listen 8443 ssl; server_name a.test; cert shop.example; merge_slashes off; return 301 $uri; }
         server { listen 8443 ssl; server_name b.test; cert shop.example; return 301 $uri; }",
        &[
            ("GET https://a.test:8443//x host=b.test", "tls shop.example, 301 https://b.test:8443//x"),
            ("GET https://b.test:8443//x host=a.test", "tls shop.example, 301 https://a.test:8443/x"),
            ("GET https://c.test:8443//x host=b.test", "tls shop.example, 301 https://b.test:8443//x"),
        ],
    ),
    note(
        "14",
        "error_page 400 /e.html;
         server { listen 8443 ssl; server_name a.test; cert shop.example; return 204; }
         server { listen 8443 ssl; server_name b.test; cert shop.example; error_page 497 https://b.test/; return 204; }
         server { listen 8443 ssl; server_name c.test; cert shop.example; error_page 497 =308 https://c.test$request_uri; return 204; }",
        &[
            ("GET http://a.test:8443/x", "400, in server a.test"),
            ("GET http://b.test:8443/x", "302 https://b.test/, in server b.test"),
            ("GET http://c.test:8443/x", "308 https://c.test/x, in server c.test"),
        ],
    ),
];
