//! Three clients that verify what they are shown, each of its own making: OpenSSL, curl, and webpki, which takes names
//! and certificates as strictly as browsers do.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use ngxlint::tls::UnixTime;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::setting::{DAY, PORTS, now};
use crate::selection::has_openssl;

/// What they trust, and where they keep what they learn.
pub(super) struct Clients {
    root: PathBuf,
    webpki: Arc<ClientConfig>,
}

/// Whether the programs are on this machine; that they are not is said loudly, and fails in CI.
pub(super) fn are_there() -> bool {
    let output = Command::new("curl").arg("-V").output();
    let has_curl = output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(" HSTS"));
    if !has_curl {
        eprintln!("SKIPPED: there is no curl that knows HSTS on this machine, so no client is asked");
        assert!(std::env::var_os("CI").is_none(), "in CI such a curl has to be there");
    }
    has_openssl() && has_curl
}

impl Clients {
    /// Clients that trust the root in a file.
    pub(super) fn new(root: PathBuf) -> Clients {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&root).unwrap()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let mut webpki = builder.with_root_certificates(roots).with_no_client_auth();
        webpki.resumption = Resumption::disabled();
        Clients { root, webpki: Arc::new(webpki) }
    }

    /// What `openssl s_client -verify_return_error` makes of a server some days from now: its verify return code, with
    /// the subject of the certificate where that is another host's, or why there is no certificate to verify.
    pub(super) fn openssl(&self, address: SocketAddr, host: &str, days: i64) -> String {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-verify_return_error", "-connect", &address.to_string(), "-CAfile"]).arg(&self.root);
        // An address is no SNI (RFC 6066, section 3).
        match host.parse::<IpAddr>() {
            Ok(_) => command.args(["-noservername", "-verify_ip", host]),
            Err(_) => command.args(["-servername", host, "-verify_hostname", host]),
        };
        if days > 0 {
            let UnixTime(now) = now();
            command.args(["-attime", &(now + days * DAY).to_string()]);
        }
        let output = command.stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let after = |mark: &str| said.split_once(mark).and_then(|(_, rest)| rest.split(['\n', ' ', ':']).next());
        let subject = said.lines().find_map(|line| line.strip_prefix("depth=0 "));
        // Where verification ends the handshake, the last line about it is of a session that was never made.
        match after("verify error:num=").or(after("Verify return code: ")) {
            _ if after("SSL alert number ").is_some() => format!("alert {}", after("SSL alert number ").unwrap()),
            _ if said.contains("wrong version number") => "no TLS".to_owned(),
            Some(code @ ("62" | "64")) => format!("{code} {}", subject.unwrap_or_default().replace(' ', "")),
            Some(code) if code != "0" || subject.is_some() => code.to_owned(),
            _ => said,
        }
    }

    /// What rustls makes of a server with webpki: `ok`, or the name of its error.
    pub(super) fn webpki(&self, address: SocketAddr, host: &str) -> String {
        let Ok(mut tcp) = TcpStream::connect(address) else { return "refused".to_owned() };
        tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let mut tls = ClientConnection::new(Arc::clone(&self.webpki), name).unwrap();
        // Something to answer to, where the other side does not take it for TLS.
        let mut stream = rustls::Stream::new(&mut tls, &mut tcp);
        let sent = stream.write_all(b"GET / HTTP/1.0\r\n\r\n").and_then(|()| stream.read(&mut [0; 64]));
        match sent {
            Ok(_) => "ok".to_owned(),
            Err(error) => match error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>()) {
                Some(error) => named(error),
                None => error.to_string(),
            },
        }
    }

    /// What curl makes of a URL: its exit status, then the answer.
    pub(super) fn curl(&self, url: &str, reached: impl Fn(u16) -> SocketAddr, policies: &Path) -> String {
        let mut command = Command::new("curl");
        // Nothing of the user's, and no proxy.
        command.args(["-q", "--noproxy", "*", "--silent", "--max-time", "20", "--cacert"]).arg(&self.root);
        command.arg("--hsts").arg(policies);
        for port in PORTS {
            command.args(["--connect-to", &format!(":{port}:{}", reached(*port))]);
        }
        command.args(["--write-out", "\n%{exitcode} %{http_code} %{url_effective} %{redirect_url}", url]);
        let output = command.stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, head) = said.rsplit_once('\n').unwrap();
        let mut words = head.split(' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (exit, status, effective, redirect) = (word(), word(), word(), word());
        let mut shown = exit;
        if url.starts_with("http:") && effective.starts_with("https:") {
            shown += " by https";
        }
        match status.as_str() {
            "000" => {}
            // Behind it is the page.
            "200" => shown += &format!(" {}", body.lines().next().unwrap_or_default()),
            "301" => shown += &format!(" -> {redirect}"),
            status => shown += &format!(" {status}"),
        }
        shown
    }
}

/// The name of an error.
fn named(error: &rustls::Error) -> String {
    let text = match error {
        rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other)) => other.to_string(),
        rustls::Error::InvalidCertificate(error) => format!("{error:?}"),
        rustls::Error::AlertReceived(alert) => return format!("alert {alert:?}"),
        rustls::Error::InvalidMessage(_) => return "no TLS".to_owned(),
        error => format!("{error:?}"),
    };
    let name = text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    name.strip_suffix("Context").unwrap_or(name).to_owned()
}
