//! Behaviours of nginx that surprise, each with what nginx and ngxlint say to the same requests.

/// What stands in `http`, and requests with their answers.
///
/// 8080 is a plain port, 8443 one for TLS, 8081 the upstream's; `cert NAME;` is a certificate of fixtures/pki. A
/// request is `METHOD URL` and any of `host=`, `sni=`, `at=`, or a header; the port of the URL is where it is sent,
/// but no part of Host. An answer is the status with Location, and where it matters: `tls CERTIFICATE`, `hsts VALUE`,
/// `asks HOST/URI` of the upstream, `in BLOCK`.
#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) number: u32,
    pub(crate) http: &'static str,
    pub(crate) asks: &'static [(&'static str, &'static str)],
}

const fn note(number: u32, http: &'static str, asks: &'static [(&'static str, &'static str)]) -> Note {
    Note { number, http, asks }
}

pub(crate) const NOTES: &[Note] = &[
    note(
        1,
        "server { listen 8443; server_name a.test; cert shop.example; return 204; }
         server { listen 8443 ssl default; server_name b.test; cert other.example; return 200; }",
        &[
            ("GET https://a.test:8443/", "tls shop.example, 204, in server a.test"),
            ("GET https://c.test:8443/", "tls other.example, 200, in server b.test"),
        ],
    ),
    note(
        2,
        "server { listen 8443 ssl; server_name a.test; cert shop.example; return 204; }
         server { listen 127.0.0.2:8443; server_name b.test; return 200; }",
        &[
            ("GET http://a.test:8443/ at=127.0.0.2", "200, in server b.test"),
            ("GET https://a.test:8443/ at=127.0.0.2", "no handshake"),
            ("GET https://a.test:8443/", "tls shop.example, 204, in server a.test"),
        ],
    ),
    note(
        3,
        "server { listen 8080; server_name default.test; return 200; }
         server { listen 8080; server_name example.test; return 200; }
         server { listen 8080; server_name .example.test; return 200; }",
        &[("GET http://www.example.test:8080/", "200, in server default.test")],
    ),
    note(
        3,
        "server { listen 8080; server_name default.test; return 200; }
         server { listen 8080; server_name .example.test; return 200; }
         server { listen 8080; server_name example.test; return 200; }",
        &[("GET http://example.test:8080/", "200, in server .example.test")],
    ),
    note(
        4,
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
        5,
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
        6,
        "server { listen 8080; server_name default.test; return 200; }
         server { listen 8080; server_name ~^A\\.TEST$; return 204; }
         server { listen 8080; server_name \"~^b\\.\\D+$\"; return 204; }",
        &[
            ("GET http://a.test:8080/", "204, in server ~^A\\.TEST$"),
            ("GET http://B.TEST:8080/", "204, in server \"~^b\\.\\D+$\""),
        ],
    ),
    note(
        7,
        "server { listen 8080; server_name ~^(?<a>.+)$ ~^x$; return 301 /-$a; }",
        &[("GET http://y.test:8080/", "301 http://y.test:8080/-")],
    ),
    note(
        7,
        "server { listen 8080; server_name ~^x$ ~^(?<a>.+)$; return 301 /-$a; }",
        &[("GET http://y.test:8080/", "301 http://y.test:8080/-y.test")],
    ),
    note(
        8,
        "server { listen 8080; server_name default.test; return 200; }
         server { listen 8080; server_name a.test; return 301 /$host; }
         server { listen 8080; server_name b.test.; return 200; }",
        &[
            ("GET http://x:8080/ host=A.Test.:99", "301 http://a.test:8080/a.test"),
            ("GET http://x:8080/ host=b.test.", "200, in server default.test"),
        ],
    ),
    note(
        9,
        "server { listen 8443 ssl; server_name default.test; cert other.example; return 200; }
         server { listen 8443 ssl; server_name a.test; cert shop.example; return 204; }",
        &[
            ("GET https://a.test:8443/ host=b.test", "tls shop.example, 200, in server default.test"),
            ("GET https://b.test:8443/ host=a.test", "tls other.example, 204, in server a.test"),
        ],
    ),
    note(
        10,
        "server { listen 8443 ssl; server_name default.test; cert other.example; return 200; }
         server { listen 8443 ssl; server_name a.test; return 204; }",
        &[("GET https://a.test:8443/", "tls other.example, 204, in server a.test")],
    ),
    note(
        11,
        "ssl_reject_handshake on;
         server { listen 8443 ssl; server_name a.test; cert other.example; return 200; }
         server { listen 8443 ssl; server_name b.test; cert other.example; ssl_reject_handshake off; return 200; }",
        &[
            ("GET https://a.test:8443/", "no handshake"),
            ("GET https://b.test:8443/", "tls other.example, 200, in server b.test"),
        ],
    ),
    note(
        11,
        "server { listen 8443 ssl; server_name a.test; cert other.example; return 200; }
         server { listen 8443 ssl; server_name b.test; ssl_reject_handshake on; return 200; }",
        &[
            ("GET https://b.test:8443/", "no handshake"),
            ("GET https://c.test:8443/ host=b.test", "tls other.example, 200, in server b.test"),
        ],
    ),
    note(
        12,
        "server { listen 8443 ssl; server_name a.test; cert shop.example; merge_slashes off; return 301 $uri; }
         server { listen 8443 ssl; server_name b.test; cert shop.example; return 301 $uri; }",
        &[
            ("GET https://a.test:8443//x host=b.test", "tls shop.example, 301 https://b.test:8443//x"),
            ("GET https://b.test:8443//x host=a.test", "tls shop.example, 301 https://a.test:8443/x"),
            ("GET https://c.test:8443//x host=b.test", "tls shop.example, 301 https://b.test:8443//x"),
        ],
    ),
    note(
        14,
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
    note(
        15,
        "server { listen 8080; server_name a.test; location /app/ { proxy_pass http://127.0.0.1:8081; } location ~ app { return 200; } }
         server { listen 8080; server_name b.test; absolute_redirect off; location /app/ { proxy_pass http://127.0.0.1:8081; } }",
        &[
            ("GET http://a.test:8080/app?x=1", "301 http://a.test:8080/app/?x=1, in server a.test / location /app/"),
            ("GET http://b.test:8080/app?x=1", "301 /app/?x=1, in server b.test / location /app/"),
            ("GET http://b.test:8080/app/y?x=1", "200, asks 127.0.0.1:8081/app/y?x=1"),
        ],
    ),
    note(
        16,
        "server { listen 8080; server_name a.test;
             location /a { location ^~ /a/b { return 204; } location ~ c { return 200; } location ~ d$ { return 201; } }
             location ~ b { return 410; } location ~ d { return 202; } }",
        &[
            ("GET http://a.test:8080/a/b", "410, in server a.test / location ~ b"),
            ("GET http://a.test:8080/a/c", "200, in server a.test / location /a / location ~ c"),
            ("GET http://a.test:8080/a/d", "201, in server a.test / location /a / location ~ d$"),
            ("GET http://a.test:8080/a/de", "202, in server a.test / location ~ d"),
        ],
    ),
    note(
        17,
        "server { listen 8080; server_name a.test; root site; error_page 404 /e.html;
             location /i { internal; error_page 404 =410 /e.html; location /i/x { error_page 404 /x; add_header Strict-Transport-Security x always; } }
             location = /x { add_header Strict-Transport-Security y always; root site; } }
         server { listen 8080; server_name b.test; root site;
             location /i { internal; add_header Strict-Transport-Security i always; location /i/x { } } }",
        &[
            ("GET http://a.test:8080/i", "410"),
            ("GET http://a.test:8080/i/x", "404, hsts y, in server a.test / location = /x"),
            ("GET http://b.test:8080/i/x", "404, hsts i, in server b.test / location /i / location /i/x"),
        ],
    ),
    note(
        18,
        "server { listen 8080; server_name a.test; root site;
             location /r { deny all; return 200; }
             location /t { deny all; try_files $uri /x; }
             location /l { limit_except POST { deny all; } return 200; } }",
        &[
            ("GET http://a.test:8080/r", "200"),
            ("GET http://a.test:8080/t", "403"),
            ("GET http://a.test:8080/l", "403, in server a.test / location /l / limit_except POST"),
            ("POST http://a.test:8080/l", "200, in server a.test / location /l"),
        ],
    ),
    note(
        19,
        "server { listen 8080; server_name a.test; root site;
             location / { add_header Strict-Transport-Security a always; if ($arg_x) { add_header X y; } try_files /x =404; }
             location /p/ { if ($arg_x) { add_header X y; } proxy_pass http://127.0.0.1:8081/up/; } }",
        &[
            ("GET http://a.test:8080/missing", "200, hsts a, in server a.test / location /"),
            ("GET http://a.test:8080/missing?x=1", "404, in server a.test / location / / if ($arg_x)"),
            ("GET http://a.test:8080/p/q?x=1", "200, asks 127.0.0.1:8081/up/q?x=1, in server a.test / location /p/ / if ($arg_x)"),
        ],
    ),
    note(
        20,
        "server { listen 8080; server_name a.test; root site; index index.htm; error_page 404 /none;
             rewrite ^/dir/index.htm$ /one; rewrite ^/two$ /one; rewrite ^/none$ /one; rewrite ^/last$ /one;
             set $v1 x$v1;
             location = /one { return 201; } location = /two { return 200; } location = /last { return 202; }
             location /t { try_files /missing /two; } location /l { rewrite ^ /last last; }
             location /n { try_files /missing @n; } location @n { return 301 /$v1; } }",
        &[
            ("GET http://a.test:8080/dir/", "201, in server a.test / location = /one"),
            ("GET http://a.test:8080/t", "201, in server a.test / location = /one"),
            ("GET http://a.test:8080/missing", "404, in server a.test / location = /one"),
            ("GET http://a.test:8080/l", "202, in server a.test / location = /last"),
            ("GET http://a.test:8080/n", "301 http://a.test:8080/x"),
        ],
    ),
    note(
        21,
        "server { listen 8080; server_name a.test; error_page 404 /404.html; return 404; location = /404.html { return 200; } }",
        &[("GET http://a.test:8080/", "404, in server a.test")],
    ),
    note(
        22,
        "server { listen 8080; server_name a.test; root site;
             location /a { error_page 404 =200 /e.html; return 404; }
             location /b { error_page 404 =200 /e.html; return 404 text; } }",
        &[
            ("GET http://a.test:8080/a", "200, in server a.test"),
            ("GET http://a.test:8080/b", "404, in server a.test / location /b"),
        ],
    ),
    note(
        23,
        "server { listen 8080; server_name a.test; root site;
             location /qa { error_page 404 /t; } location /qb { error_page 404 = /t; } location /qc { error_page 404 =200 /x; }
             location /qd { error_page 404 /qr; } location /t { return 204; } location /qr { return 301 /z; } }",
        &[
            ("GET http://a.test:8080/qa", "404, in server a.test / location /t"),
            ("GET http://a.test:8080/qb", "204, in server a.test / location /t"),
            ("GET http://a.test:8080/qc", "200"),
            ("GET http://a.test:8080/qd", "301 http://a.test:8080/z"),
        ],
    ),
    note(
        24,
        "server { listen 8080; server_name a.test; root site;
             location /qa { error_page 404 =307 /x; }
             location /qb { error_page 301 302 /x; return 301 /z; }
             location /qc { error_page 301 =404 /x; return 301 /z; } }",
        &[
            ("GET http://a.test:8080/qa", "307"),
            ("GET http://a.test:8080/qb", "301 http://a.test:8080/z"),
            ("GET http://a.test:8080/qc", "404 http://a.test:8080/z"),
        ],
    ),
    note(
        25,
        "server { listen 8080; server_name a.test; root site; error_page 404 /e.html;
             location /qa { error_page 404 /qb; } location /qb { error_page 403 =410 /x; deny all; }
             location /qc { error_page 403 /x; } location /qd { error_page 404 @none; }
             location /qr { recursive_error_pages on; error_page 404 /s; } location /s { recursive_error_pages on; error_page 403 =410 /x; deny all; } }",
        &[
            ("GET http://a.test:8080/qa", "403, in server a.test / location /qb"),
            ("GET http://a.test:8080/qc", "404, in server a.test / location /qc"),
            ("GET http://a.test:8080/qd", "500"),
            ("GET http://a.test:8080/qr", "410, in server a.test"),
        ],
    ),
    note(
        26,
        "server { listen 8080; server_name a.test; root site; error_page 405 =200 $uri; }",
        &[("POST http://a.test:8080/b.html", "200")],
    ),
    note(
        27,
        "server { listen 8080; server_name a.test; root site;
             location /qa { error_page 404 /qb; } location /qb { return 444; } }",
        &[("GET http://a.test:8080/qa", "closed, in server a.test / location /qb")],
    ),
    note(
        28,
        "server { listen 8080; server_name a.test; location / { rewrite ^ /a last; } }
         server { listen 8080; server_name b.test; root site; recursive_error_pages on; error_page 404 /missing; }",
        &[("GET http://a.test:8080/", "500"), ("GET http://b.test:8080/none", "500")],
    ),
    note(
        29,
        "server { listen 8080; server_name a.test; location /a { return 301 //cdn.test/x; } location /b { return 301 login; } location /c { return 301 /x; } }",
        &[
            ("GET http://a.test:8080/a", "301 http://a.test:8080//cdn.test/x"),
            ("GET http://a.test:8080/b", "301 login"),
            ("GET http://a.test:8080/c host=a.test:1234", "301 http://a.test:8080/x"),
        ],
    ),
    note(
        30,
        "server_name_in_redirect on;
         server { listen 8080; server_name *.shop.example; return 301 /x; }
         server { listen 8080; server_name ~^rx a.test; return 301 /x; }
         server { listen 8080; server_name .x.test; return 301 /x; }",
        &[
            ("GET http://a.shop.example:8080/", "301 http://*.shop.example:8080/x"),
            ("GET http://rx:8080/", "301 http://~^rx:8080/x"),
            ("GET http://y.x.test:8080/", "301 http://x.test:8080/x"),
        ],
    ),
    note(
        31,
        "server { listen 8080; server_name a.test; return 301 /r$uri; }
         server { listen 8080; server_name b.test; rewrite ^/(.*)$ /r/$1?x=$1 redirect; }",
        &[
            ("GET http://a.test:8080/a%20b", "301 http://a.test:8080/r/a b"),
            ("GET http://b.test:8080/a%20b", "302 http://b.test:8080/r/a%20b?x=a%20b"),
            ("GET http://b.test:8080/a+b", "302 http://b.test:8080/r/a+b?x=a%2Bb"),
        ],
    ),
    note(
        32,
        "server { listen 8080; server_name a.test; root site; set $scheme_like x; set $v1 http://b.test;
             location /a { rewrite ^ http://b.test/; } location /b { rewrite ^ $scheme://b.test/; }
             location /c { rewrite ^ ${scheme}://b.test/; } location /d { rewrite ^ $v1/; }
             location /e { rewrite ^ $scheme_like/x; } location http { return 410; } }",
        &[
            ("GET http://a.test:8080/a", "302 http://b.test/"),
            ("GET http://a.test:8080/b", "302 http://b.test/"),
            ("GET http://a.test:8080/c", "410"),
            ("GET http://a.test:8080/d", "410"),
            ("GET http://a.test:8080/e", "302 x/x"),
        ],
    ),
    note(
        33,
        "server { listen 8080; server_name a.test;
             location /a { rewrite ^ /n redirect; } location /b { rewrite ^ /n? redirect; } location /c { rewrite ^ /n?y redirect; }
             location /d { rewrite ^ https://b.test$request_uri redirect; } location /e { set $v1 ?; rewrite ^ /n$v1 redirect; } }",
        &[
            ("GET http://a.test:8080/a?x=1", "302 http://a.test:8080/n?x=1"),
            ("GET http://a.test:8080/b?x=1", "302 http://a.test:8080/n"),
            ("GET http://a.test:8080/c?x=1", "302 http://a.test:8080/n?y&x=1"),
            ("GET http://a.test:8080/d?x=1", "302 https://b.test/d?x=1?x=1"),
            ("GET http://a.test:8080/e?x=1", "302 http://a.test:8080/n??x=1"),
        ],
    ),
    note(
        34,
        "server { listen 8080; server_name a.test; location /a { return 301; } location /b { return 300 /x; } }",
        &[("GET http://a.test:8080/a", "301 "), ("GET http://a.test:8080/b", "300")],
    ),
    note(
        35,
        "server { listen 8080; server_name a.test; root site; }",
        &[
            ("POST http://a.test:8080//dir?q=1", "301 http://a.test:8080/dir/?q=1"),
            ("PUT http://a.test:8080/dir", "405"),
            ("GET http://a.test:8080/b/../a?%20", "301 http://a.test:8080/a/?%20"),
        ],
    ),
    note(
        36,
        "map $arg_m $by_arg { default d; ~^(x+)$ m; }
         server { listen 8080; server_name ~^(.)\\.test$; location / { return 301 /$1; }
             location ~ ^/b$ { return 301 /-$1; } location ~ ^/c(.) { return 301 /$1; }
             location /d { if ($uri ~ nothing) { set $v1 1; } return 301 /-$1; }
             location /e { set $v1 $by_arg; return 301 /$1; } }
         server { listen 8080; server_name other.test; }",
        &[
            ("GET http://a.test:8080/", "301 http://a.test:8080/a"),
            ("GET http://a.test:8080/b", "301 http://a.test:8080/-"),
            ("GET http://a.test:8080/cx", "301 http://a.test:8080/x"),
            ("GET http://a.test:8080/d", "301 http://a.test:8080/-"),
            ("GET http://a.test:8080/e?m=xx", "301 http://a.test:8080/xx"),
            ("GET http://a.test:8080/e?m=y", "301 http://a.test:8080/a"),
        ],
    ),
    note(
        37,
        "map $arg_m $text { default d; ABC s; ~^R r; }
         map $arg_m $host_of { hostnames; default d; *.x.test star; .y.test dot; }
         server { listen 8080; server_name a.test; return 301 /$text/$host_of; }",
        &[
            ("GET http://a.test:8080/?m=abc", "301 http://a.test:8080/s/d"),
            ("GET http://a.test:8080/?m=r", "301 http://a.test:8080/d/d"),
            ("GET http://a.test:8080/?m=R", "301 http://a.test:8080/r/d"),
            ("GET http://a.test:8080/?m=x.test", "301 http://a.test:8080/d/d"),
            ("GET http://a.test:8080/?m=a.x.test", "301 http://a.test:8080/d/star"),
            ("GET http://a.test:8080/?m=y.test", "301 http://a.test:8080/d/dot"),
            ("GET http://a.test:8080/?m=a.Y.test.", "301 http://a.test:8080/d/dot"),
        ],
    ),
    note(
        38,
        "server { listen 8080; server_name a.test;
             location /a { if ($arg_x) { return 301 /yes; } return 301 /no; }
             location /b { if ($arg_x = a) { return 301 /yes; } return 301 /no; }
             location /c { set $args x=2; return 301 /$is_args$arg_x; } }",
        &[
            ("GET http://a.test:8080/a?x=00", "301 http://a.test:8080/yes"),
            ("GET http://a.test:8080/a?x=0", "301 http://a.test:8080/no"),
            ("GET http://a.test:8080/a?x=", "301 http://a.test:8080/no"),
            ("GET http://a.test:8080/b?x=A", "301 http://a.test:8080/no"),
            ("GET http://a.test:8080/c", "301 http://a.test:8080/?2"),
        ],
    ),
    note(
        39,
        "server { listen 8080; server_name a.test; }
         server { listen 8080; server_name b.test; root site; }",
        &[
            ("GET http://a.test:8080/b.html", "200"),
            ("GET http://a.test:8080/e.html", "404"),
            ("GET http://b.test:8080/e.html", "200"),
        ],
    ),
    note(
        40,
        "server { listen 8080; server_name a.test; root site;
             location /dir { try_files $uri =404; } location /a { try_files $uri $uri/ =404; }
             location /b { try_files /missing /none; } location = /none { return 410; } }",
        &[
            ("GET http://a.test:8080/dir", "404"),
            ("GET http://a.test:8080/a", "301 http://a.test:8080/a/"),
            ("GET http://a.test:8080/b", "410, in server a.test / location = /none"),
        ],
    ),
    note(
        41,
        "server { listen 8080; server_name a.test; root site; location = / { } location ~ \\.html$ { return 410; } }
         server { listen 8080; server_name b.test; root site; location /dir { index none.html /b.html; } }",
        &[
            ("GET http://a.test:8080/", "410, in server a.test / location ~ \\.html$"),
            ("GET http://b.test:8080/dir/", "200, in server b.test"),
        ],
    ),
    note(
        42,
        "server { listen 8080; server_name a.test; root site; location /files { alias alt/; } }",
        &[
            ("POST http://a.test:8080/b.html", "405"),
            ("POST http://a.test:8080/missing", "404"),
            ("PUT http://a.test:8080/missing", "405"),
            ("DELETE http://a.test:8080/missing", "405"),
            ("OPTIONS http://a.test:8080/missing", "405"),
            ("GET http://a.test:8080/filesguide.html", "200, in server a.test / location /files"),
        ],
    ),
    note(
        43,
        "server { listen 8080; server_name a.test; root site; add_header Strict-Transport-Security a; error_page 404 =200 /b;
             location = /d { return 404 x; } location = /b { return 204; }
             location = /e { add_header Strict-Transport-Security \"\"; return 200; }
             location = /c { add_header Strict-Transport-Security c always; return 410; }
             location = /f { return 303 /; } location = /g { return 307 /; } location = /h { return 206; } location = /i { return 410; }
             location = /p { proxy_pass http://127.0.0.1:8081/hsts; } }",
        &[
            ("GET http://a.test:8080/b.html", "200, hsts a"),
            ("GET http://a.test:8080/missing", "200, hsts a, in server a.test / location = /b"),
            ("GET http://a.test:8080/d", "404"),
            ("GET http://a.test:8080/e", "200"),
            ("GET http://a.test:8080/c", "410, hsts c"),
            ("GET http://a.test:8080/f", "303 http://a.test:8080/, hsts a"),
            ("GET http://a.test:8080/g", "307 http://a.test:8080/, hsts a"),
            ("GET http://a.test:8080/h", "206, hsts a"),
            ("GET http://a.test:8080/i", "410"),
            ("GET http://a.test:8080/p", "200, hsts upstream, hsts a"),
        ],
    ),
    note(
        44,
        "proxy_set_header Host $host;
         server { listen 8080; server_name a.test;
             location / { proxy_pass http://127.0.0.1:8081; }
             location /x { proxy_set_header X-A a; proxy_pass http://127.0.0.1:8081; } }",
        &[
            ("GET http://a.test:8080/", "200, asks a.test/"),
            ("GET http://a.test:8080/x", "200, asks 127.0.0.1:8081/x"),
        ],
    ),
];
