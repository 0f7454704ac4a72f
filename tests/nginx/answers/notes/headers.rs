//! Which Strict-Transport-Security headers nginx puts on an answer, and in which order.

use super::{Note, note};

pub(super) const NOTES: &[Note] = &[
    note(
        "the statuses of answers that get a header without always",
        "server { listen 8080; server_name a.test; root site; add_header Strict-Transport-Security a;
             location = /200 { return 200; } location = /201 { return 201; } location = /202 { return 202; }
             location = /204 { return 204; } location = /206 { return 206; } location = /226 { return 226; }
             location = /300 { return 300 x; } location = /301 { return 301 /x; } location = /302 { return 302 /x; }
             location = /303 { return 303 /x; } location = /304 { return 304; } location = /305 { return 305; }
             location = /307 { return 307 /x; } location = /308 { return 308 /x; } location = /400 { return 400; }
             location = /401 { return 401; } location = /403 { deny all; } location = /404 { return 404; }
             location = /500 { return 500; } location = /503 { return 503; } location = /444 { return 444; } }",
        &[
            ("GET http://a.test:8080/200", "200, hsts a"),
            ("GET http://a.test:8080/201", "201, hsts a"),
            ("GET http://a.test:8080/202", "202"),
            ("GET http://a.test:8080/204", "204, hsts a"),
            ("GET http://a.test:8080/206", "206, hsts a"),
            ("GET http://a.test:8080/226", "226"),
            ("GET http://a.test:8080/300", "300"),
            ("GET http://a.test:8080/301", "301 http://a.test:8080/x, hsts a"),
            ("GET http://a.test:8080/302", "302 http://a.test:8080/x, hsts a"),
            ("GET http://a.test:8080/303", "303 http://a.test:8080/x, hsts a"),
            ("GET http://a.test:8080/304", "304, hsts a"),
            ("GET http://a.test:8080/305", "305"),
            ("GET http://a.test:8080/307", "307 http://a.test:8080/x, hsts a"),
            ("GET http://a.test:8080/308", "308 http://a.test:8080/x, hsts a"),
            ("GET http://a.test:8080/400", "400"),
            ("GET http://a.test:8080/401", "401"),
            ("GET http://a.test:8080/403", "403"),
            ("GET http://a.test:8080/404", "404"),
            ("GET http://a.test:8080/500", "500"),
            ("GET http://a.test:8080/503", "503"),
        ],
    ),
    note(
        "with always all answers get it, also what nginx says before a location is found",
        "server { listen 8080; server_name a.test; add_header Strict-Transport-Security a always;
             location = /404 { return 404; } location = /300 { return 300 x; } location = /own { error_page 404 /page; return 404; }
             location = /page { add_header X-Other x; return 200; } location = /named { error_page 404 = @named; return 404; }
             location @named { add_header Strict-Transport-Security named; return 418; } location = /changed { error_page 404 =200 @changed; return 404; }
             location @changed { add_header Strict-Transport-Security changed; return 200; } }",
        &[
            ("GET http://a.test:8080/404", "404, hsts a"),
            ("GET http://a.test:8080/300", "300, hsts a"),
            ("GET http://a.test:8080/own", "404"),
            ("GET http://a.test:8080/named", "418"),
            ("GET http://a.test:8080/changed", "200, hsts changed"),
            ("GET http://a.test:8080/%00", "400, hsts a"),
        ],
    ),
    note(
        "add_header_inherit on, off and merge",
        "add_header Strict-Transport-Security http;
         server { listen 8080; server_name on.test; add_header_inherit on; add_header Strict-Transport-Security server;
             location / { return 200; } location /own { add_header X-Other x; return 200; } }
         server { listen 8080; server_name off.test; add_header_inherit off;
             location / { return 200; } location /own { add_header Strict-Transport-Security own; return 200; }
             location /on { add_header_inherit on; return 200; } location /merge { add_header_inherit merge; return 200; } }
         server { listen 8080; server_name merge.test; add_header_inherit merge; add_header Strict-Transport-Security server;
             location / { return 200; } location /own { add_header X-Other x; return 200; }
             location /on { add_header_inherit on; add_header X-Other x; return 200; }
             location /off { add_header_inherit off; return 200; }
             location /two { add_header Strict-Transport-Security 1; add_header Strict-Transport-Security 2; return 200; }
             location /deep { add_header_inherit on; add_header Strict-Transport-Security deep;
                 location /deep/er { add_header_inherit merge; add_header Strict-Transport-Security er; return 200; } return 200; }
             location /if { add_header Strict-Transport-Security if; if ($arg_x) { add_header X-Other x; } return 200; }
             location /last { add_header Strict-Transport-Security last; add_header_inherit merge; return 404; } }",
        &[
            ("GET http://on.test:8080/", "200, hsts server"),
            ("GET http://on.test:8080/own", "200"),
            ("GET http://off.test:8080/", "200"),
            ("GET http://off.test:8080/own", "200, hsts own"),
            ("GET http://off.test:8080/on", "200"),
            ("GET http://off.test:8080/merge", "200"),
            ("GET http://merge.test:8080/", "200, hsts server, hsts http"),
            ("GET http://merge.test:8080/own", "200, hsts server, hsts http"),
            ("GET http://merge.test:8080/on", "200"),
            ("GET http://merge.test:8080/off", "200"),
            ("GET http://merge.test:8080/two", "200, hsts 1, hsts 2, hsts server, hsts http"),
            ("GET http://merge.test:8080/deep", "200, hsts deep"),
            ("GET http://merge.test:8080/deep/er", "200, hsts er, hsts deep"),
            ("GET http://merge.test:8080/if", "200, hsts if, hsts server, hsts http"),
            ("GET http://merge.test:8080/if?x=1", "200, hsts if, hsts server, hsts http"),
            ("GET http://merge.test:8080/last", "404"),
        ],
    ),
    note(
        "more_set_headers and more_clear_headers in all their forms",
        "server { listen 8080; server_name a.test; more_set_headers 'Strict-Transport-Security: outer';
             location / { return 200; } location = /404 { return 404; } location = /301 { return 301 /x; }
             location = /add { add_header Strict-Transport-Security add; return 200; }
             location = /inner { more_set_headers 'Strict-Transport-Security: inner'; return 200; }
             location = /no-colon { more_set_headers Strict-Transport-Security; return 200; }
             location = /no-value { more_set_headers 'Strict-Transport-Security:'; return 200; }
             location = /blank-after { more_set_headers 'Strict-Transport-Security : inner'; return 200; }
             location = /blank-before { more_set_headers ' Strict-Transport-Security: inner'; return 200; }
             location = /no-blank { more_set_headers 'strict-transport-security:inner'; return 200; }
             location = /several { more_set_headers 'X-A: a' 'Strict-Transport-Security: inner' 'X-B: b'; return 200; }
             location = /empty { set $v1 ''; more_set_headers 'Strict-Transport-Security: $v1'; return 200; }
             location = /variable { set $v1 inner; more_set_headers 'Strict-Transport-Security: $v1'; return 200; }
             location = /clear { more_clear_headers Strict-Transport-Security; return 200; }
             location = /clear-star { more_clear_headers 'strict-*'; return 200; }
             location = /clear-value { more_clear_headers 'Strict-Transport-Security: x'; return 200; }
             location = /clear-other { more_clear_headers 'Strict-T' 'X-*'; return 200; }
             location = /clear-add { more_clear_headers Strict-Transport-Security; add_header Strict-Transport-Security add; return 200; }
             location = /status { more_set_headers -s 404 'Strict-Transport-Security: inner'; return 200; }
             location = /status-404 { more_set_headers -s 404 'Strict-Transport-Security: inner'; return 404; }
             location = /statuses { more_set_headers -s '200 404' 'Strict-Transport-Security: inner'; return 200; }
             location = /status-twice { more_set_headers -s 404 -s 200 'Strict-Transport-Security: inner'; return 200; }
             location = /status-behind { more_set_headers 'Strict-Transport-Security: inner' -s 404; return 200; }
             location = /clear-status { more_clear_headers -s 404 Strict-Transport-Security; return 200; }
             location = /type { more_set_headers -t text/html 'Strict-Transport-Security: inner'; return 404; }
             location = /type-other { more_set_headers -t 'text/plain text/css' 'Strict-Transport-Security: inner'; return 301 /x; }
             location = /type-status { more_clear_headers -s 404 -t 'text/css text/html' Strict-Transport-Security; return 404; }
             location = /if { if ($arg_x) { more_set_headers 'Strict-Transport-Security: if'; } return 200; }
             location = /page { error_page 404 /in-page; return 404; }
             location = /in-page { internal; more_set_headers -s 404 'Strict-Transport-Security: page'; return 200; } }",
        &[
            ("GET http://a.test:8080/", "200, hsts outer"),
            ("GET http://a.test:8080/404", "404, hsts outer"),
            ("GET http://a.test:8080/301", "301 http://a.test:8080/x, hsts outer"),
            ("GET http://a.test:8080/add", "200, hsts outer, hsts add"),
            ("GET http://a.test:8080/inner", "200, hsts inner"),
            ("GET http://a.test:8080/no-colon", "200"),
            ("GET http://a.test:8080/no-value", "200"),
            ("GET http://a.test:8080/blank-after", "200, hsts inner"),
            ("GET http://a.test:8080/blank-before", "200, hsts outer"),
            ("GET http://a.test:8080/no-blank", "200, hsts inner"),
            ("GET http://a.test:8080/several", "200, hsts inner"),
            ("GET http://a.test:8080/empty", "200"),
            ("GET http://a.test:8080/variable", "200, hsts inner"),
            ("GET http://a.test:8080/clear", "200"),
            ("GET http://a.test:8080/clear-star", "200"),
            ("GET http://a.test:8080/clear-value", "200"),
            ("GET http://a.test:8080/clear-other", "200, hsts outer"),
            ("GET http://a.test:8080/clear-add", "200, hsts add"),
            ("GET http://a.test:8080/status", "200, hsts outer"),
            ("GET http://a.test:8080/status-404", "404, hsts inner"),
            ("GET http://a.test:8080/statuses", "200, hsts inner"),
            ("GET http://a.test:8080/status-twice", "200, hsts inner"),
            ("GET http://a.test:8080/status-behind", "200, hsts outer"),
            ("GET http://a.test:8080/clear-status", "200, hsts outer"),
            ("GET http://a.test:8080/type", "404, hsts inner"),
            ("GET http://a.test:8080/type-other", "301 http://a.test:8080/x, hsts outer"),
            ("GET http://a.test:8080/type-status", "404"),
            ("GET http://a.test:8080/if", "200, hsts outer"),
            ("GET http://a.test:8080/if?x=1", "200, hsts if"),
            ("GET http://a.test:8080/page", "404, hsts page"),
        ],
    ),
    note(
        "what an upstream sends comes first, unless headers-more or proxy_hide_header takes it away",
        "server { listen 8080; server_name a.test; add_header Strict-Transport-Security own;
             location = /a { proxy_pass http://127.0.0.1:8081/hsts; }
             location = /b { proxy_hide_header strict-transport-security; proxy_pass http://127.0.0.1:8081/hsts; }
             location = /c { more_set_headers 'Strict-Transport-Security: more'; proxy_pass http://127.0.0.1:8081/hsts; }
             location = /d { more_clear_headers Strict-Transport-Security; proxy_pass http://127.0.0.1:8081/hsts; }
             location = /e { proxy_hide_header Strict-Transport-Security; proxy_pass_header Strict-Transport-Security;
                 proxy_pass http://127.0.0.1:8081/hsts; } }
         server { listen 8080; server_name b.test; add_header Strict-Transport-Security own; proxy_hide_header Strict-Transport-Security;
             location = /a { proxy_pass http://127.0.0.1:8081/hsts; }
             location = /b { proxy_hide_header X-Powered-By; proxy_pass http://127.0.0.1:8081/hsts; }
             location = /c { proxy_pass_header Server; proxy_pass http://127.0.0.1:8081/hsts; } }",
        &[
            ("GET http://a.test:8080/a", "200, hsts upstream, hsts own"),
            ("GET http://a.test:8080/b", "200, hsts own"),
            ("GET http://a.test:8080/c", "200, hsts more, hsts own"),
            ("GET http://a.test:8080/d", "200, hsts own"),
            ("GET http://a.test:8080/e", "200, hsts upstream, hsts own"),
            ("GET http://b.test:8080/a", "200, hsts own"),
            ("GET http://b.test:8080/b", "200, hsts upstream, hsts own"),
            ("GET http://b.test:8080/c", "200, hsts own"),
        ],
    ),
    note(
        "a header that map, set and if make",
        "map $scheme $by_scheme { https s; default ''; } map $host $by_host { default all; b.test ''; c.test $by_scheme; }
         map $uri $by_uri { ~^/x(?<rest>.*)$ x$rest; default none; }
         server { listen 8080; listen 8443 ssl; server_name a.test b.test c.test; cert shop.example;
             location / { add_header Strict-Transport-Security $by_scheme; return 200; }
             location /host { add_header Strict-Transport-Security $by_host; return 200; }
             location /x { add_header Strict-Transport-Security $by_uri; return 200; }
             location /set { set $v1 one; if ($arg_x) { set $v1 two; } add_header Strict-Transport-Security \"max-age=$v1\"; return 200; }
             location /add { if ($arg_x) { add_header Strict-Transport-Security if; return 204; } return 200; } }",
        &[
            ("GET http://a.test:8080/", "200"),
            ("GET https://a.test:8443/", "200, hsts s"),
            ("GET http://a.test:8080/host", "200, hsts all"),
            ("GET http://b.test:8080/host", "200"),
            ("GET http://c.test:8080/host", "200"),
            ("GET https://c.test:8443/host", "200, hsts s"),
            ("GET http://a.test:8080/xyz", "200, hsts xyz"),
            ("GET http://a.test:8080/set", "200, hsts max-age=one"),
            ("GET http://a.test:8080/set?x=1", "200, hsts max-age=two"),
            ("GET http://a.test:8080/add", "200"),
            ("GET http://a.test:8080/add?x=1", "204, hsts if"),
        ],
    ),
];
