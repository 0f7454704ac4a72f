//! Redirects, variables, files, headers, and what an upstream is asked for.

use super::{Note, note};

pub(super) const NOTES: &[Note] = &[
    note(
        "29",
        "server { listen 8080; server_name a.test; location /a { return 301 //cdn.test/x; } location /b { return 301 login; } location /c { return 301 /x; } }",
        &[
            ("GET http://a.test:8080/a", "301 http://a.test:8080//cdn.test/x"),
            ("GET http://a.test:8080/b", "301 login"),
            ("GET http://a.test:8080/c host=a.test:1234", "301 http://a.test:8080/x"),
        ],
    ),
    note(
        "30",
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
        "31",
        "server { listen 8080; server_name a.test; return 301 /r$uri; }
         server { listen 8080; server_name b.test; rewrite ^/(.*)$ /r/$1?x=$1 redirect; }",
        &[
            ("GET http://a.test:8080/a%20b", "301 http://a.test:8080/r/a b"),
            ("GET http://b.test:8080/a%20b", "302 http://b.test:8080/r/a%20b?x=a%20b"),
            ("GET http://b.test:8080/a+b", "302 http://b.test:8080/r/a+b?x=a%2Bb"),
        ],
    ),
    note(
        "32",
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
        "33",
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
        "34",
        "server { listen 8080; server_name a.test; location /a { return 301; } location /b { return 300 /x; } }",
        &[("GET http://a.test:8080/a", "301 "), ("GET http://a.test:8080/b", "300")],
    ),
    note(
        "35",
        "server { listen 8080; server_name a.test; root site; }",
        &[
            ("POST http://a.test:8080//dir?q=1", "301 http://a.test:8080/dir/?q=1"),
            ("PUT http://a.test:8080/dir", "405"),
            ("GET http://a.test:8080/b/../a?%20", "301 http://a.test:8080/a/?%20"),
        ],
    ),
    note(
        "36",
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
        "37",
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
        "38",
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
        "39",
        "server { listen 8080; server_name a.test; }
         server { listen 8080; server_name b.test; root site; }",
        &[
            ("GET http://a.test:8080/b.html", "200"),
            ("GET http://a.test:8080/e.html", "404"),
            ("GET http://b.test:8080/e.html", "200"),
        ],
    ),
    note(
        "40",
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
        "41",
        "server { listen 8080; server_name a.test; root site; location = / { } location ~ \\.html$ { return 410; } }
         server { listen 8080; server_name b.test; root site; location /dir { index none.html /b.html; } }",
        &[
            ("GET http://a.test:8080/", "410, in server a.test / location ~ \\.html$"),
            ("GET http://b.test:8080/dir/", "200, in server b.test"),
        ],
    ),
    note(
        "42",
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
        "43",
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
        "44",
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
