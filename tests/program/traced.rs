//! A configuration with all that a trace can meet.

use serde_json::Value;

use super::{Folder, Run};

/// A certificate for shop.example and www.shop.example.
pub(crate) const CERTIFICATE: &str = include_str!("../../fixtures/pki/shop.example.pem");

pub(crate) const CONF: &str = "events {}
http {
    server {
        listen 80;
        server_name shop.example www.shop.example;
        return 301 https://shop.example$request_uri;
    }
    server {
        listen 443 ssl default_server;
        listen 8443 ssl;
        server_name shop.example *.shop.example;
        ssl_certificate pki/shop.pem;
        ssl_certificate_key pki/shop.key;
        add_header Strict-Transport-Security \"max-age=300; includeSubDomains\" always;
        root html;
        location / { proxy_pass http://127.0.0.1:9000; }
        location = /gone { return 410; }
        location ^~ /loop/ { return 302 http://shop.example$uri; }
        location ~ ^/out { return 302 https://other.example/; }
        location /hidden/ { internal; }
        location /old/ { rewrite ^/old/(.*) /new/$1 last; }
        location /new/ { error_page 404 @missing; return 404; }
        location @missing { return 503; }
        location /close { return 444; }
        location /agent { if ($http_user_agent) { return 403; } return 204; }
        location /lua { if ($geoip_country_code = DE) { return 301 http://shop.example/lua; } return 204; }
    }
    server {
        listen 443 ssl;
        server_name bare.example;
        return 204;
    }
    server {
        listen 443 ssl;
        server_name no.example;
        ssl_reject_handshake on;
    }
    server {
        listen 8080;
        server_name plain.example;
        location /app/ { root .; }
    }
}
";

/// A folder with the configuration and its certificate.
pub(crate) fn folder() -> Folder {
    let folder = Folder::new(&[("nginx.conf", CONF), ("pki/shop.pem", CERTIFICATE), ("pki/shop.key", "")]);
    folder.write("app/index.html", b"");
    folder
}

/// The JSON that the program has written, which must follow its schema.
pub(crate) fn read(run: &Run, schema: &str) -> Value {
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}{}", run.stdout, run.stderr));
    let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let errors: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{}", run.stdout);
    report
}
