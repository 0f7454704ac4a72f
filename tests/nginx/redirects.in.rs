// Server, URI, the answer. Rows of src/model/tests.rs and of tests/nginx.
const REDIRECTS: &[(&str, &str, &str)] = &[
    // The path is decoded, dots are resolved, slashes merged; `$request_uri` is as sent.
    ("return 301 $uri;", "/a/../b//c/%2Fd/./", "301 /b/c/d/"),
    ("return 301 $request_uri;", "/a/../b//c?x", "301 /a/../b//c?x"),
    ("merge_slashes off; return 301 $uri;", "//a//b", "301 //a//b"),
    ("return 301 /r$uri;", "/a%20b%3F", "301 /r/a b?"),
    // What a regex location captures is there for its directives, and for what it rewrites to.
    ("location ~ ^/a/(.*)$ { return 301 /b/$1; }", "/a/x", "301 /b/x"),
    ("location ~ ^/a/(?<rest>.*)$ { return 301 /b/$rest; }", "/a/x", "301 /b/x"),
    ("rewrite ^/a/(.*)$ /b/$1; location ~ ^/b { return 301 /c$1; }", "/a/x", "301 /c"),
    ("rewrite ^/a/(.*)$ /b/$1; location /b { return 301 /c/$1; }", "/a/x", "301 /c/x"),
    ("location /a { location ~ /a/(.)(.) { return 301 /$2$1; } }", "/a/xy", "301 /yx"),
    // A failed `rewrite` or `if` clears the captures.
    ("rewrite ^/(a)$ /b; rewrite ^/(c)$ /d; return 301 /x$1;", "/a", "301 /x"),
    ("if ($uri ~ ^/(a)) { set $v x; } if ($uri ~ ^/(b)) { set $v y; } return 301 /$1-$v;", "/a", "301 /-x"),
    // Captures are escaped in arguments and redirects, if the request had an escape or a plus.
    ("rewrite ^/a/(.*)$ /b/$1?x=$1 redirect;", "/a/%C3%A9%20%3F", "302 /b/%C3%A9%20??x=%C3%A9%20%3F"),
    ("rewrite ^/a/(.*)$ /b/$1?x=$1; location /b { return 302 $uri|$args; }", "/a/+%20", "302 /b/+ |x=%2B%20"),
    ("rewrite ^/a/(.*)$ https://b.test$uri redirect;", "/a/%25b", "302 https://b.test/a/"),
    // Arguments are added unless a `?` ends the replacement; only a written one makes it an `&`.
    ("rewrite ^ /b redirect;", "/a?x=1", "302 /b?x=1"),
    ("rewrite ^ /b? redirect;", "/a?x=1", "302 /b"),
    ("rewrite ^ /b?y=2 redirect;", "/a?x=1", "302 /b?y=2&x=1"),
    ("rewrite ^ https://b.test$request_uri permanent;", "/a?x=1", "301 https://b.test/a?x=1?x=1"),
    ("rewrite ^ https://b.test$request_uri? permanent;", "/a?x=1", "301 https://b.test/a?x=1"),
    ("rewrite ^ /b?c?d; location /b { return 302 $uri|$args; }", "/a", "302 /b|c?d"),
    // Only a written scheme makes `rewrite` redirect.
    ("rewrite ^ http://b.test/ last;", "/", "302 http://b.test/"),
    ("rewrite ^ ${scheme}://b.test/ last;", "/", "other"),
    ("set $scheme_like x; rewrite ^ $scheme_like/x last;", "/", "302 x/x"),
    // An empty URI is an error; an empty Location leads nowhere.
    ("set $v \"\"; rewrite ^ $v; return 301 /b;", "/", "other"),
    ("return 301;", "/", "other"),
    ("return 300 /b;", "/", "other"),
    ("return https://b.test/;", "/", "302 https://b.test/"),
    // `if`: only the empty string and 0 are false; `=` minds case.
    ("set $v 00; if ($v) { return 301 /yes; } return 301 /no;", "/", "301 /yes"),
    ("set $v 0; if ($v) { return 301 /yes; } return 301 /no;", "/", "301 /no"),
    ("set $v A; if ($v = a) { return 301 /yes; } return 301 /no;", "/", "301 /no"),
    ("set $args y; return 301 /$is_args$args;", "/?x", "301 /?y"),
    // Prefixes, `^~` on its own level only, nested regexes first.
    ("location /a { location ^~ /a/b { return 301 /1; } } location ~ b { return 301 /2; }", "/a/b", "301 /2"),
    ("location ^~ /a { return 301 /1; } location ~ b { return 301 /2; }", "/a/b", "301 /1"),
    ("location /a { location ~ b { return 301 /1; } } location ~ a { return 301 /2; }", "/a/b", "301 /1"),
    // A cycle is an error after ten changes.
    ("location / { rewrite ^ /a last; }", "/", "other"),
];
