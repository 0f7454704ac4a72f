//! Locations, and the way from one to another.

use super::{Note, note};

pub(super) const NOTES: &[Note] = &[
    note(
        "15",
        "server { listen 8080; server_name a.test; location /app/ { proxy_pass http://127.0.0.1:8081; } location ~ app { return 200; } }
         server { listen 8080; server_name b.test; absolute_redirect off; location /app/ { proxy_pass http://127.0.0.1:8081; } }",
        &[
            ("GET http://a.test:8080/app?x=1", "301 http://a.test:8080/app/?x=1, in server a.test / location /app/"),
            ("GET http://b.test:8080/app?x=1", "301 /app/?x=1, in server b.test / location /app/"),
            ("GET http://b.test:8080/app/y?x=1", "200, asks 127.0.0.1:8081/app/y?x=1"),
        ],
    ),
    note(
        "16",
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
        "17",
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
        "18",
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
        "19",
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
        "20",
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
        "21",
        "server { listen 8080; server_name a.test; error_page 404 /404.html; return 404; location = /404.html { return 200; } }",
        &[("GET http://a.test:8080/", "404, in server a.test")],
    ),
    note(
        "22",
        "server { listen 8080; server_name a.test; root site;
             location /a { error_page 404 =200 /e.html; return 404; }
             location /b { error_page 404 =200 /e.html; return 404 text; } }",
        &[
            ("GET http://a.test:8080/a", "200, in server a.test"),
            ("GET http://a.test:8080/b", "404, in server a.test / location /b"),
        ],
    ),
    note(
        "23",
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
        "24",
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
        "25",
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
        "26",
        "server { listen 8080; server_name a.test; root site; error_page 405 =200 $uri; }",
        &[("POST http://a.test:8080/b.html", "200")],
    ),
    note(
        "27",
        "server { listen 8080; server_name a.test; root site;
             location /qa { error_page 404 /qb; } location /qb { return 444; } }",
        &[("GET http://a.test:8080/qa", "closed, in server a.test / location /qb")],
    ),
    note(
        "28",
        "server { listen 8080; server_name a.test; location / { rewrite ^ /a last; } }
         server { listen 8080; server_name b.test; root site; recursive_error_pages on; error_page 404 /missing; }",
        &[("GET http://a.test:8080/", "500"), ("GET http://b.test:8080/none", "500")],
    ),
];
