//! What generated configurations have shown ngxlint to be wrong about.

use super::{Note, note};

pub(super) const NOTES: &[Note] = &[
    note(
        "an index is looked for below what is a file",
        "server { listen 8080; server_name a.test; root site; }
         server { listen 8080; server_name b.test; location ~ ^/(.)/ { alias alt/$1; } }",
        &[("GET http://a.test:8080/x/", "404"), ("GET http://b.test:8080/x/", "500")],
    ),
    note(
        "hostnames counts for what stands behind it",
        "map $host $before { www.* w; hostnames; } map $host $behind { hostnames; www.* w; }
         server { listen 8080; return 302 /-$before-$behind; }",
        &[("GET http://www.a.test:8080/", "302 http://www.a.test:8080/--w")],
    ),
    note(
        "without Host a redirect leads to the address, of IPv6 without brackets",
        "server { listen [::1]:8080; return 302 /x; }",
        &[("GET http://none:8080/ at=::1 host=none", "302 http://::1:8080/x")],
    ),
    note(
        "of a request whose path is refused nothing else is known",
        "server { listen 8080; add_header Strict-Transport-Security \"a$arg_x$http_x_a$request_uri\" always; }
         server { listen 8080; server_name b.test; add_header Strict-Transport-Security b always; }",
        &[("GET http://b.test:8080/%2e%2e?x=1 x-a=2", "400, hsts a")],
    ),
    note(
        "an alias can be a file",
        "server { listen 8080; location ^~ /new { alias alt/guide.html; } }",
        &[("GET http://a.test:8080/new", "200")],
    ),
    note(
        "a file with a slash behind it is none",
        "server { listen 8080; root site; if (-f $request_filename) { return 204; } }",
        &[
            ("GET http://a.test:8080/x", "204"),
            ("GET http://a.test:8080/x/", "404"),
            ("GET http://a.test:8080/x", "204"),
        ],
    ),
    note(
        "a block's own headers come before those that it inherits",
        "add_header_inherit merge; add_header Strict-Transport-Security c;
         server { listen 8080; add_header Strict-Transport-Security b;
             location / { add_header Strict-Transport-Security a; return 200; } }",
        &[("GET http://a.test:8080/", "200, hsts a, hsts b, hsts c")],
    ),
    note(
        "set $args changes what an upstream is asked for",
        "server { listen 8080; location /a { set $args y; proxy_pass http://127.0.0.1:8081; }
             location / { set $v1 y; proxy_pass http://127.0.0.1:8081; } }",
        &[
            ("GET http://a.test:8080/a/%61?x", "200, asks 127.0.0.1:8081/a/a?y"),
            ("GET http://a.test:8080/%62?x", "200, asks 127.0.0.1:8081/%62?x"),
        ],
    ),
    note(
        "$server_name is in lower case, a regex as it is",
        "server { listen 8080; server_name *.A.Test; return 302 /$server_name; }
         server { listen 8080; server_name ~^B; return 302 /$server_name; }",
        &[
            ("GET http://x.a.test:8080/", "302 http://x.a.test:8080/*.a.test"),
            ("GET http://b.test:8080/", "302 http://b.test:8080/~^B"),
        ],
    ),
    note(
        "an empty label is one",
        "map $host $by_host { hostnames; *.a.test y; }
         server { listen 8080; return 302 /default; }
         server { listen 8080; server_name *.a.test; return 302 /$by_host; }",
        &[("GET http://a.test:8080/ host=.a.test", "302 http://.a.test:8080/y")],
    ),
    note(
        "no named location is entered with an empty URI",
        "server { listen 8080; error_page 500 =200 @named; location / { set $v1 \"\"; rewrite ^ $v1; }
             location @named { return 204; } }",
        &[("GET http://a.test:8080/", "500, in server / location /")],
    ),
    note(
        "an `if` has the upstream of its location, not of the `if` before it",
        "server { listen 8080; location /a { if ($arg_x) { proxy_pass http://127.0.0.1:8081; } if ($arg_y) { set $v1 1; } return 204; }
             location /b { proxy_pass http://127.0.0.1:8081/b/; if ($arg_x) { proxy_pass http://127.0.0.1:8081; } if ($arg_y) { set $v1 1; } }
             location /c { if ($arg_x) { proxy_pass http://127.0.0.1:8081; } if ($arg_y) { set $v1 1; } } }",
        &[
            ("GET http://a.test:8080/a?x=1&y=1", "204, in server / location /a / if ($arg_y)"),
            ("GET http://a.test:8080/b/c?x=1", "200, asks 127.0.0.1:8081/b/c?x=1"),
            ("GET http://a.test:8080/b/c?x=1&y=1", "200, asks 127.0.0.1:8081/b//c?x=1&y=1"),
            ("GET http://a.test:8080/c?x=1", "200, asks 127.0.0.1:8081/c?x=1"),
            ("GET http://a.test:8080/c?x=1&y=1", "500, in server / location /c / if ($arg_y)"),
        ],
    ),
    note(
        "after rewrite with break an upstream gets the URI as it is",
        "server { listen 8080; location /a/ { rewrite ^/a/(.*)$ /b/$1 break; proxy_pass http://127.0.0.1:8081/c/; } }",
        &[("GET http://a.test:8080/a/x", "200, asks 127.0.0.1:8081/b/x")],
    ),
    note(
        "set and if escape captures until a rewrite has matched",
        "server { listen 8080; location ~ ^/a/(.*)$ { set $v1 $1; rewrite ^/none /x; set $v2 $1; return 302 /$v1-$v2-$1; }
             location ~ ^/b/(.*)$ { rewrite ^/b/(.*)$ /c/$1; set $v1 $1; return 302 /$v1; }
             location ~ ^/d/(.*)$ { if ($arg_x = $1) { return 204; } return 200; } }",
        &[
            ("GET http://a.test:8080/a/+", "302 http://a.test:8080/%2B--"),
            ("GET http://a.test:8080/b/+", "302 http://a.test:8080/+"),
            ("GET http://a.test:8080/d/+?x=%2B", "204"),
        ],
    ),
    note(
        "a listing is looked for without the last character",
        "server { listen 8080; autoindex on; location /files/ { alias alt; } location /other/ { alias alt/; } root site; }",
        &[
            ("GET http://a.test:8080/files/", "404"),
            ("GET http://a.test:8080/other/none/", "404"),
            ("GET http://a.test:8080/empty/", "200"),
        ],
    ),
    note(
        "with an alias try_files drops the location from names with variables",
        "server { listen 8080;
             location /a/ { alias site/; try_files $uri /a/e.html /a/q/$host; } location /q/ { return 201; }
             location /b/ { alias site/; try_files /b.html /b/q; } location = /b/q { return 202; }
             location /c/ { alias site; try_files /b.html =410; } }",
        &[
            ("GET http://a.test:8080/a/x", "200, in server / location /a/"),
            ("GET http://a.test:8080/a/none", "404, in server"),
            ("GET http://a.test:8080/b/none", "200, in server / location /b/"),
            ("GET http://a.test:8080/c/none", "200, in server / location /c/"),
        ],
    ),
    note(
        "an empty Host is not sent to an upstream",
        "proxy_set_header Host b; proxy_set_header Host $http_x_a;
         server { listen 8080; location / { proxy_pass http://127.0.0.1:8081; } }",
        &[
            ("GET http://a.test:8080/x", "200, asks b/x"),
            ("GET http://a.test:8080/x x-a=c", "200, asks c/x"),
        ],
    ),
    note(
        "variables can make a URL that is refused",
        "server { listen 8080; location /a { set $v1 $arg_x; proxy_pass http://127.0.0.1:8081$v1; }
             location /b { proxy_pass $arg_x; } }",
        &[
            ("GET http://a.test:8080/a?x=/y", "200, asks 127.0.0.1:8081/y"),
            ("GET http://a.test:8080/a?x=https:", "500"),
            ("GET http://a.test:8080/b?x=ftp://a.test/", "500"),
            ("GET http://a.test:8080/b?x=http:///", "500"),
        ],
    ),
    note(
        "$ssl_server_name keeps its case",
        "server { listen 8443 ssl; cert shop.example; return 302 /$ssl_server_name; }",
        &[("GET https://A.Test:8443/", "302 https://a.test:8443/A.Test")],
    ),
    // nginx defines this since 1.31.5, 1.30.6, and Debian's 1.22.1-9+deb12u11.
    note(
        "the length of a text is asked for before its parts",
        "map $arg_m $by_arg { ~^(.+)$ -; default \"\"; }
         server { listen 8080; location ~ ^/(..) { return 302 /$1$by_arg; } }",
        &[
            ("GET http://a.test:8080/ab", "302 http://a.test:8080/ab"),
            ("GET http://a.test:8080/ab?m=x", "302 http://a.test:8080/x-"),
            ("GET http://a.test:8080/ab?m=xyzxyz", "500"),
        ],
    ),
];
