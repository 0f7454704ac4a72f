//! The arguments of `ngxlint trace`: a URL and a request as the user writes them.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use url::Url;

use super::options::{ColorChoice, EnvironmentOptions, FileOptions, SettingsOptions};
use crate::model::KnownHstsHost;
use crate::tls::Host;

/// Say what nginx would answer to a request, and why
#[derive(Debug, Args)]
#[command(
    override_usage = "ngxlint trace [OPTIONS] <URL>\n       ngxlint trace [OPTIONS] --diff <OLD> <NEW>",
    long_about = "Say what nginx would answer to a request, and why: the listen socket, the certificate, the server, \
        the location, the answer; and where a browser goes from there, redirect by redirect.\n\n\
        Exit status: 0 when the client gets an answer, or is sent to a host that this configuration does not serve, \
        with a certificate that covers the host (or plain HTTP) at each step; 1 when it does not, or when this cannot \
        be told (with --certs skip, certificates are not asked about); 2 when the run itself failed.\n\
        With --diff: 0 when both configurations answer alike, 1 when they do not.",
    after_help = "Example: ngxlint trace https://shop.example/ --conf nginx.conf",
    after_long_help = TRACE_EXAMPLES
)]
pub(super) struct TraceArguments {
    /// The URL that is asked for: http:// or https://, with a port where it is another than 80 or 443
    ///
    /// The path is sent as it is written. wss:// is taken for https://, ws:// for http://.
    #[arg(value_name = "URL", value_parser = parse_url, required_unless_present = "diff")]
    pub(super) url: Option<AskedUrl>,

    /// The configuration: a root file, a directory with one, a snippet, the output of `nginx -T`, or `-`
    /// [default: the root that the settings around the working directory name, else /etc/nginx/nginx.conf]
    #[arg(long, value_name = "FILE")]
    pub(super) conf: Option<PathBuf>,

    /// Ask two configurations for every host that either names, and show what changes
    ///
    /// OLD and NEW are root files, or directories with one. Each host is asked for over http and https, on the ports
    /// that the configurations listen on, with `/` and a path of each location; each default server is asked for a
    /// host that nobody names.
    #[arg(long, value_names = ["OLD", "NEW"], num_args = 2,
          conflicts_with_all = ["url", "conf", "show_files", "address", "sni", "no_sni", "host", "method", "headers"])]
    pub(super) diff: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) request: RequestOptions,

    #[command(flatten)]
    pub(super) files: FileOptions,

    /// Do not look at files below document roots: whether one exists is unknown
    #[arg(long, help_heading = "Files")]
    pub(super) no_files: bool,

    #[command(flatten)]
    pub(super) environment: EnvironmentOptions,

    #[command(flatten)]
    pub(super) settings: SettingsOptions,

    #[command(flatten)]
    pub(super) output: TraceOutputOptions,
}

const TRACE_EXAMPLES: &str = "\
Examples:
  ngxlint trace https://shop.example/                         the configuration of this machine
  ngxlint trace https://shop.example/ws/ --conf nginx.conf -H 'Upgrade: websocket'
  ngxlint trace http://shop.example/ --hsts 'shop.example;includeSubDomains'
                                                              a browser that was here before
  ngxlint trace https://10.0.0.1/ --host shop.example         another Host, no SNI
  ngxlint trace --diff /etc/nginx ./nginx                     what a reload would change";

/// The request, where it is another than the one of a browser.
#[derive(Debug, Args)]
#[command(next_help_heading = "Request")]
pub(super) struct RequestOptions {
    /// The address that the client connects to, where the configuration listens on several
    #[arg(long, value_name = "IP")]
    pub(super) address: Option<IpAddr>,

    /// The name that the TLS client asks for (SNI) [default: the host of the URL, unless it is an address]
    #[arg(long, value_name = "NAME", value_parser = parse_sni, conflicts_with = "no_sni")]
    pub(super) sni: Option<String>,

    /// Send no SNI
    #[arg(long)]
    pub(super) no_sni: bool,

    /// The Host header, sent as it is [default: host and port of the URL]
    #[arg(long, value_name = "NAME", value_parser = parse_header_value)]
    pub(super) host: Option<String>,

    /// The method
    #[arg(short = 'X', long, value_name = "METHOD", default_value = "GET", value_parser = parse_method)]
    pub(super) method: String,

    /// A request header; repeatable. The request has no others than these and Host
    ///
    /// `-H 'Host: …'` is the same as --host, which outweighs it.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = parse_header)]
    pub(super) headers: Vec<Header>,

    /// A host that the browser knows by HSTS, and asks for over https only; repeatable
    #[arg(long, value_name = "HOST[;includeSubDomains]", value_parser = parse_hsts)]
    pub(super) hsts: Vec<KnownHstsHost>,

    /// How many requests are followed; browsers give up after 20 redirects
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = parse_hops)]
    pub(super) max_hops: usize,
}

/// How the trace is told.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct TraceOutputOptions {
    /// The form of the report
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(super) format: TraceFormat,

    /// When to use colours; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub(super) color: ColorChoice,

    /// Write the report to a file; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum TraceFormat {
    /// Step by step, or host by host what changes, for people
    #[default]
    Human,
    /// One object, for programs
    Json,
}

/// A URL, with path and query as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AskedUrl {
    pub(super) url: Url,
    /// What stands in the request line. A browser would take `..` away, and write `%7E` for `~` or not; nginx has rules
    /// of its own, and they are what is asked about.
    pub(super) target: String,
}

/// A header, its name in lower case.
pub(super) type Header = (String, String);

fn parse_url(text: &str) -> Result<AskedUrl, String> {
    let text = text.trim();
    let proposal = || {
        let proposal = format!("https://{}", text.trim_start_matches('/'));
        let is_host = |url: &Url| url.host_str().is_some_and(|host| host.contains(['.', ':']) || host == "localhost");
        match Url::parse(&proposal).is_ok_and(|url| is_host(&url)) {
            true => format!("it has no scheme; is {proposal} meant?"),
            false => "a URL is expected: https://shop.example/".to_owned(),
        }
    };
    let mut url = match Url::parse(text) {
        Ok(url) => url,
        Err(url::ParseError::RelativeUrlWithoutBase) => return Err(proposal()),
        Err(error) => return Err(error.to_string()),
    };
    let scheme = match url.scheme() {
        "http" | "ws" => "http",
        "https" | "wss" => "https",
        // The host of `shop.example:8443/` passes for a scheme.
        scheme if scheme.contains('.') || scheme == "localhost" => return Err(proposal()),
        scheme => return Err(format!("nginx serves http:// and https://, not {scheme}:")),
    };
    let failed = |()| "it has no host".to_owned();
    let port = url.port_or_known_default();
    url.set_scheme(scheme).map_err(failed)?;
    url.set_port(port).map_err(failed)?;
    url.set_username("").and_then(|()| url.set_password(None)).map_err(failed)?;
    url.set_fragment(None);
    Ok(AskedUrl { target: written_target(text).unwrap_or_else(|| target(&url)), url })
}

/// Path and query as they were written; what cannot stand in a request line is escaped.
fn written_target(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("://")?;
    let rest = &rest[rest.find(['/', '?', '#', '\\'])?..];
    let rest = rest.split('#').next().unwrap_or_default();
    if !rest.starts_with(['/', '?']) || rest.contains(|char: char| char.is_control()) {
        return None;
    }
    let mut target = if rest.starts_with('?') { "/".to_owned() } else { String::new() };
    for byte in rest.bytes() {
        match byte {
            0x21..=0x7e => target.push(char::from(byte)),
            _ => target.push_str(&format!("%{byte:02X}")),
        }
    }
    Some(target)
}

fn target(url: &Url) -> String {
    url.query().map_or(url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

fn parse_sni(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("a TLS client sends a name or nothing; --no-sni is nothing".to_owned());
    }
    parse_header_value(text)
}

/// RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token)
}

fn parse_method(text: &str) -> Result<String, String> {
    if is_token(text) { Ok(text.to_ascii_uppercase()) } else { Err("it is no method".to_owned()) }
}

fn parse_header_value(text: &str) -> Result<String, String> {
    if text.contains(['\r', '\n', '\0']) {
        return Err("it cannot be sent: it holds the end of a line".to_owned());
    }
    Ok(text.to_owned())
}

fn parse_header(text: &str) -> Result<Header, String> {
    let (name, value) = text.split_once(':').ok_or("a name and a value are expected: 'Accept: text/html'")?;
    if !is_token(name) {
        return Err(format!("`{name}` is no name of a header"));
    }
    let name = name.to_ascii_lowercase();
    Ok((name, parse_header_value(value.trim_matches([' ', '\t']))?))
}

fn parse_hsts(text: &str) -> Result<KnownHstsHost, String> {
    let (host, rest) = text.split_once(';').map_or((text, None), |(host, rest)| (host, Some(rest)));
    let include_subdomains = match rest.map(str::trim) {
        None | Some("") => false,
        Some(rest) if rest.eq_ignore_ascii_case("includeSubDomains") => true,
        Some(rest) => return Err(format!("`{rest}` is not includeSubDomains")),
    };
    match Host::parse(host.trim().as_bytes()) {
        Ok(Host::Name(name)) => Ok(KnownHstsHost { host: name.into(), include_subdomains }),
        // RFC 6797, section 8.1.1.
        Ok(Host::Ip(_)) => Err("browsers know no address by HSTS".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn parse_hops(text: &str) -> Result<usize, String> {
    match text.parse() {
        // Nobody reads more, and each hop is kept.
        Ok(hops @ 1..=10_000) => Ok(hops),
        _ => Err("a number from 1 to 10000 is expected".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is asked for and what is sent, or what is said instead.
    type Parsed = Result<(&'static str, &'static str), &'static str>;

    const URLS: &[(&str, Parsed)] = &[
        ("https://shop.example", Ok(("https://shop.example/", "/"))),
        ("https://shop.example:443/a?b#c", Ok(("https://shop.example/a?b", "/a?b"))),
        ("http://shop.example:443/", Ok(("http://shop.example:443/", "/"))),
        ("http://a.test/b/../%2e/c d", Ok(("http://a.test/c%20d", "/b/../%2e/c%20d"))),
        ("http://a.test?x", Ok(("http://a.test/?x", "/?x"))),
        ("wss://a.test/ws/", Ok(("https://a.test/ws/", "/ws/"))),
        ("ws://a.test:443/", Ok(("http://a.test:443/", "/"))),
        ("wss://a.test:80/", Ok(("https://a.test:80/", "/"))),
        ("https://u:p@[::1]:8443/", Ok(("https://[::1]:8443/", "/"))),
        ("https://b\u{fc}cher.example/\u{e9}", Ok(("https://xn--bcher-kva.example/%C3%A9", "/%C3%A9"))),
        ("shop.example/a", Err("it has no scheme; is https://shop.example/a meant?")),
        ("//shop.example", Err("it has no scheme; is https://shop.example meant?")),
        ("shop.example:8443/a", Err("it has no scheme; is https://shop.example:8443/a meant?")),
        ("localhost:8080", Err("it has no scheme; is https://localhost:8080 meant?")),
        ("shop", Err("a URL is expected: https://shop.example/")),
        ("", Err("a URL is expected: https://shop.example/")),
        ("ftp://shop.example/", Err("nginx serves http:// and https://, not ftp:")),
        ("mailto:x@y", Err("nginx serves http:// and https://, not mailto:")),
        ("https://", Err("empty host")),
        ("https://a.test:99999/", Err("invalid port number")),
    ];

    #[test]
    fn urls() {
        for (text, expected) in URLS {
            let parsed = parse_url(text).map(|asked| (asked.url.to_string(), asked.target));
            let expected = expected.map(|(url, target)| (url.to_owned(), target.to_owned())).map_err(str::to_owned);
            assert_eq!(parsed, expected, "{text}");
        }
    }

    #[test]
    fn headers_and_known_hosts() {
        assert_eq!(parse_header("Accept:  text/html "), Ok(("accept".to_owned(), "text/html".to_owned())));
        assert_eq!(parse_header("X-Empty:"), Ok(("x-empty".to_owned(), String::new())));
        for bad in ["Accept", ": x", "a b: c", "X: a\nb"] {
            assert!(parse_header(bad).is_err(), "{bad:?}");
        }
        let known = |host: &str, include_subdomains| Ok(KnownHstsHost { host: host.to_owned(), include_subdomains });
        assert_eq!(parse_hsts("Shop.Example"), known("shop.example", false));
        assert_eq!(parse_hsts("shop.example; includesubdomains"), known("shop.example", true));
        for bad in ["", "10.0.0.1", "a b", "shop.example;preload"] {
            assert!(parse_hsts(bad).is_err(), "{bad:?}");
        }
    }
}
