//! The configurations of the rows as files: one each for ngxlint and for `nginx -t`, and one of all that start.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::Permissions;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::SystemTime;

use ngxlint::model::{CertificateMode, Environment, Model};
use ngxlint::rules::{self, Finding, Selection};
use ngxlint::source::RealFiles;
use ngxlint::tls::{TrustAnchors, UnixTime};
use tempfile::TempDir;

use super::programs::Clients;
use super::row::{Row, Visit};
use super::{hsts_cache, pki};
use crate::question::with_environment;
use crate::real::{Nginx, Verdict, free_ports};

/// The seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// The ports that the rows speak of. Each row has its own in their place, at loopback addresses: ngxlint is not told,
/// for what it says depends on them, and curl is sent there. A number that another begins with comes after it.
pub(super) const PORTS: &[u16] = &[8080, 443, 80];

/// The hosts that have a page, which says whose it is.
const PAGES: &[&str] = &[
    "shop.example",
    "api.shop.example",
    "other.example",
    "blog.example",
    "www.shop.example",
    "intranet.company.example",
    "example.dev",
];

/// The time on this machine, which is that of the clients.
pub(super) fn now() -> UnixTime {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    UnixTime(now.as_secs().cast_signed())
}

/// A directory with certificates and pages.
pub(super) struct Setting {
    directory: TempDir,
    anchors: Arc<TrustAnchors>,
    pub(super) clients: Clients,
}

/// A row's ports.
pub(super) struct Ports {
    ports: HashMap<u16, u16>,
    by_ipv6: bool,
}

/// A port on which nobody listens.
const CLOSED: u16 = 1;

impl Ports {
    pub(super) fn new(row: &Row) -> Ports {
        let is_there =
            |port: &&u16| row.http.contains(&format!("listen {port}")) || row.http.contains(&format!(":{port}"));
        let own: Vec<u16> = PORTS.iter().filter(is_there).copied().collect();
        Ports { ports: own.iter().copied().zip(free_ports(own.len())).collect(), by_ipv6: row.ipv6 }
    }

    /// Where a client finds the port that the row speaks of.
    pub(super) fn reached(&self, port: u16) -> SocketAddr {
        let port = self.ports.get(&port).copied().unwrap_or(CLOSED);
        if self.by_ipv6 { (Ipv6Addr::LOCALHOST, port).into() } else { (Ipv4Addr::LOCALHOST, port).into() }
    }

    /// The configuration with these ports.
    fn replace(&self, http: &str) -> String {
        PORTS.iter().fold(http.to_owned(), |text, port| {
            let Some(own) = self.ports.get(port) else { return text };
            let text = text.replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{own}"));
            let text = text.replace(&format!("[::]:{port}"), &format!("[::1]:{own}"));
            text.replace(&format!("listen {port}"), &format!("listen 127.0.0.1:{own}"))
        })
    }
}

fn around(http: &str) -> String {
    format!("events {{ }}\nhttp {{\naccess_log off;\n{http}}}\n")
}

impl Setting {
    pub(super) fn new() -> Setting {
        let directory = tempfile::tempdir().unwrap();
        // Others can come in, so that the modes of the keys matter.
        std::fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        pki::write(directory.path());
        for host in PAGES {
            let site = directory.path().join("sites").join(host);
            std::fs::create_dir_all(&site).unwrap();
            std::fs::write(site.join("index.html"), host).unwrap();
        }
        let root = directory.path().join("pki/root.pem");
        let mut anchors = TrustAnchors::default();
        anchors.add_file(&RealFiles::default(), &root).unwrap();
        Setting { directory, anchors: Arc::new(anchors), clients: Clients::new(root) }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// What ngxlint finds.
    pub(super) fn findings(&self, nginx: &Nginx, number: usize, row: &Row) -> Vec<Finding> {
        let root = self.write(&format!("{number}.conf"), &around(&row.http));
        let environment = Environment {
            version: nginx.version,
            now: now(),
            certificates: CertificateMode::Require,
            anchors: Arc::clone(&self.anchors),
            prefix: Some(self.directory.path().to_owned()),
            document_files: true,
            ..Environment::default()
        };
        with_environment(&root, environment, |model: &Model<'_>| rules::run(model, &Selection::default()))
    }

    /// Whether another user of this machine can read a file; `None` where that cannot be tried.
    pub(super) fn is_readable_by_others(&self, path: &str) -> Option<bool> {
        let succeeds = |arguments: &[&OsStr]| {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).args(arguments);
            let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
            status.is_ok_and(|status| status.success())
        };
        let path = self.directory.path().join(path);
        succeeds(&["true".as_ref()]).then(|| succeeds(&["cat".as_ref(), path.as_ref()]))
    }

    /// What nginx says of it.
    pub(super) fn test(&self, nginx: &Nginx, number: usize, row: &Row, ports: &Ports) -> Verdict {
        nginx.test_without_terminal(&self.write(&format!("{number}.run.conf"), &around(&ports.replace(&row.http))))
    }

    /// One configuration of several rows.
    pub(super) fn together<'a>(&self, rows: impl Iterator<Item = (&'a Row, &'a Ports)>) -> PathBuf {
        let http: String = rows.map(|(row, ports)| ports.replace(&row.http)).collect();
        self.write("all.conf", &around(&http))
    }

    /// What the clients do, one visit after the other.
    pub(super) fn visit(&self, number: usize, row: &Row, ports: &Ports) -> Vec<Visit> {
        let policies = self.directory.path().join(format!("{number}.hsts"));
        std::fs::write(&policies, hsts_cache::written(&row.known)).unwrap();
        let visit = |visit: &Visit| {
            let url = url::Url::parse(&visit.url).unwrap();
            let host = url.host_str().unwrap().trim_matches(['[', ']']);
            let address = ports.reached(url.port_or_known_default().unwrap());
            let if_asked = |expected: &str, ask: &dyn Fn() -> String| {
                if expected.is_empty() { String::new() } else { ask() }
            };
            Visit {
                openssl: if_asked(&visit.openssl, &|| self.clients.openssl(address, host, visit.days)),
                webpki: if_asked(&visit.webpki, &|| self.clients.webpki(address, host)),
                curl: if_asked(&visit.curl, &|| self.clients.curl(&visit.url, |port| ports.reached(port), &policies)),
                noted: hsts_cache::read(&policies),
                ..visit.clone()
            }
        };
        row.clients.iter().map(visit).collect()
    }
}
