//! Names in certificates, and whether they are the host that a client looks for (RFC 9525).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use idna::AsciiDenyList;
use x509_parser::der_parser::asn1_rs::Tag;
use x509_parser::extensions::GeneralName;

/// RFC 1035, section 2.3.4, without the root's empty label.
const MAX_NAME_BYTES: usize = 253;
/// RFC 1035, section 2.3.4.
const MAX_LABEL_BYTES: usize = 63;

/// A host as a client looks for it in a certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// A DNS name in lower case, A-labels only, without a trailing dot.
    Name(Box<str>),
    /// An IP address, which only an iPAddress name can match.
    Ip(IpAddr),
}

/// Text that names no host: empty, with a wildcard, a port, a character that DNS names do not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a host name or IP address")]
pub struct HostError(String);

impl Host {
    /// Reads a host name or an IP address, IPv6 with or without brackets, and brings it into the
    /// one form in which clients compare it: U-labels become A-labels, one trailing dot is dropped.
    ///
    /// # Errors
    /// [`HostError`] when no client could ask for such a host.
    pub fn parse(text: &[u8]) -> Result<Host, HostError> {
        Host::find(text).ok_or_else(|| HostError(printable(&String::from_utf8_lossy(text)).into()))
    }

    fn find(text: &[u8]) -> Option<Host> {
        let text = std::str::from_utf8(text).ok()?;
        if let Some(address) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return address.parse::<Ipv6Addr>().ok().map(|address| Host::Ip(address.into()));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Host::Ip(address));
        }
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_ascii() {
            return is_dns_name(text).then(|| Host::Name(text.to_ascii_lowercase().into()));
        }
        let ascii = idna::domain_to_ascii_cow(text.as_bytes(), AsciiDenyList::URL).ok()?;
        let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
        match ascii.parse::<Ipv4Addr>() {
            Ok(address) => Some(Host::Ip(address.into())),
            Err(_) => is_dns_name(ascii).then(|| Host::Name(ascii.into())),
        }
    }

    /// The DNS name, where it is one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Host::Name(name) => Some(name),
            Host::Ip(_) => None,
        }
    }

    /// Whether no public authority may certify it, so that a certificate for it is private or self-signed: an address, a
    /// single label, and names that the public DNS will never have (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`).
    #[must_use]
    pub fn is_internal(&self) -> bool {
        const DOMAINS: &[&str] = &["localhost", "test", "local", "internal", "invalid", "lan", "home.arpa"];
        match self {
            Host::Ip(_) => true,
            Host::Name(name) => !name.contains('.') || DOMAINS.iter().any(|domain| is_name_below(name, domain)),
        }
    }

    /// Whether this is a name below `domain`, at any depth; a name is not below itself.
    #[must_use]
    pub fn is_below(&self, domain: &Host) -> bool {
        match (self, domain) {
            (Host::Name(name), Host::Name(domain)) => is_name_below(name, domain),
            _ => false,
        }
    }
}

/// Whether `name` has labels before those of `domain`; both in the form of a [`Host`].
fn is_name_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|labels| labels.len() > 1 && labels.ends_with('.'))
}

impl FromStr for Host {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Host, HostError> {
        Host::parse(text.as_bytes())
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::Ip(address) => address.fmt(f),
        }
    }
}

/// One subject alternative name that a TLS server is known by. Names of other kinds (mail, URI) are not kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CertificateName {
    /// A dNSName without a wildcard, in lower case.
    Dns(Box<str>),
    /// A dNSName whose first label is `*`, in lower case; here without `*.`, with two labels at least.
    Wildcard(Box<str>),
    /// An iPAddress.
    Ip(IpAddr),
    /// A name that no client matches, in printable form: a partial wildcard (`w*.a.test`), a
    /// wildcard over a whole top-level domain, U-labels, a NUL, an address as a dNSName, an iPAddress of three bytes, ….
    Unusable(Box<str>),
}

impl CertificateName {
    /// What an entry of the subject alternative names means to a TLS client, if anything.
    pub(super) fn of_general_name(name: &GeneralName<'_>) -> Option<CertificateName> {
        match name {
            GeneralName::DNSName(name) => Some(CertificateName::of_dns_name(name)),
            GeneralName::IPAddress(bytes) => Some(CertificateName::of_ip_address(bytes)),
            GeneralName::Invalid(Tag(2), bytes) => {
                Some(CertificateName::Unusable(printable(&String::from_utf8_lossy(bytes))))
            }
            _ => None,
        }
    }

    fn of_dns_name(name: &str) -> CertificateName {
        if let Some(parent) = name.strip_prefix("*.")
            && parent.contains('.')
            && is_dns_name(parent)
        {
            return CertificateName::Wildcard(parent.to_ascii_lowercase().into());
        }
        if name.is_empty() {
            CertificateName::Unusable("(empty)".into())
        } else if is_dns_name(name) && name.parse::<Ipv4Addr>().is_err() {
            CertificateName::Dns(name.to_ascii_lowercase().into())
        } else {
            CertificateName::Unusable(printable(name))
        }
    }

    fn of_ip_address(bytes: &[u8]) -> CertificateName {
        if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
            CertificateName::Ip(Ipv4Addr::from(bytes).into())
        } else if let Ok(bytes) = <[u8; 16]>::try_from(bytes) {
            CertificateName::Ip(Ipv6Addr::from(bytes).into())
        } else {
            CertificateName::Unusable(format!("IP address of {} bytes", bytes.len()).into())
        }
    }

    fn key(&self) -> NameKey<'_> {
        match self {
            CertificateName::Dns(name) => NameKey::Dns(name),
            CertificateName::Wildcard(parent) => NameKey::Wildcard(parent),
            CertificateName::Ip(address) => NameKey::Ip(*address),
            CertificateName::Unusable(text) => NameKey::Unusable(text),
        }
    }
}

impl CertificateName {
    /// A host that it covers; `None` where no client asks for one.
    #[must_use]
    pub fn witness(&self) -> Option<Host> {
        match self {
            CertificateName::Dns(name) => Some(Host::Name(name.clone())),
            CertificateName::Wildcard(parent) => Some(Host::Name(format!("www.{parent}").into())),
            CertificateName::Ip(address) => Some(Host::Ip(*address)),
            CertificateName::Unusable(_) => None,
        }
    }

    /// Why clients do not take it for `host`, though people would.
    pub(super) fn near_miss(&self, host: &Host) -> Option<&'static str> {
        let CertificateName::Unusable(text) = self else { return None };
        let is_meant = match text.strip_suffix('.').unwrap_or(text).strip_prefix("*.") {
            Some(parent) => host.name().and_then(|name| name.split_once('.')).is_some_and(|(_, own)| own == parent),
            None => Host::find(text.as_bytes()).as_ref() == Some(host),
        };
        if let (Host::Name(name), Some((before, after))) = (host, text.split_once('*'))
            && !before.is_empty()
            && let Some(label) = name.strip_prefix(before).and_then(|rest| rest.strip_suffix(after))
            && !label.contains('.')
        {
            return Some("clients take a wildcard for nothing but a whole label");
        }
        match host {
            _ if !is_meant => None,
            Host::Ip(_) => Some("clients look for an address among the IP addresses only, not among the DNS names"),
            Host::Name(_) if text.ends_with('.') => Some("clients take no name with a final dot"),
            Host::Name(_) if !text.is_ascii() => Some("clients take no name that is not in ASCII (xn--…)"),
            Host::Name(_) => None,
        }
    }

    /// Whether it names hosts below `domain`.
    #[must_use]
    pub fn lies_below(&self, domain: &Host) -> bool {
        let Host::Name(domain) = domain else { return false };
        match self {
            CertificateName::Dns(name) => is_name_below(name, domain),
            CertificateName::Wildcard(parent) => parent == domain || is_name_below(parent, domain),
            CertificateName::Ip(_) | CertificateName::Unusable(_) => false,
        }
    }
}

impl fmt::Display for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CertificateName::Dns(name) => f.write_str(name),
            CertificateName::Wildcard(parent) => write!(f, "*.{parent}"),
            CertificateName::Ip(address) => address.fmt(f),
            CertificateName::Unusable(text) => f.write_str(text),
        }
    }
}

/// The order in which names are looked up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum NameKey<'a> {
    Dns(&'a str),
    Wildcard(&'a str),
    Ip(IpAddr),
    Unusable(&'a str),
}

/// The names of one certificate: in its own order, and sorted to be found among twenty thousand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CertificateNames {
    names: Box<[CertificateName]>,
    sorted: Box<[u32]>,
}

impl CertificateNames {
    pub(super) fn new(names: Box<[CertificateName]>) -> CertificateNames {
        let mut sorted: Box<[u32]> = (0u32..).take(names.len()).collect();
        sorted.sort_by_key(|&index| names.get(index as usize).map(CertificateName::key));
        CertificateNames { names, sorted }
    }

    pub(super) fn as_slice(&self) -> &[CertificateName] {
        &self.names
    }

    /// The name that covers `host`, the exact one rather than a wildcard.
    pub(super) fn find_covering(&self, host: &Host) -> Option<&CertificateName> {
        match host {
            Host::Ip(address) => self.find(NameKey::Ip(*address)),
            Host::Name(name) => self.find(NameKey::Dns(name)).or_else(|| {
                let (_first_label, parent) = name.split_once('.')?;
                self.find(NameKey::Wildcard(parent))
            }),
        }
    }

    /// The wildcard of `domain`, a name in lower case.
    pub(super) fn find_wildcard(&self, domain: &str) -> Option<&CertificateName> {
        self.find(NameKey::Wildcard(domain))
    }

    fn find(&self, key: NameKey<'_>) -> Option<&CertificateName> {
        let name = |index: &u32| self.names.get(*index as usize);
        let place = self.sorted.binary_search_by(|index| name(index).map(CertificateName::key).cmp(&Some(key)));
        place.ok().and_then(|place| self.sorted.get(place)).and_then(name)
    }
}

/// Whether clients can look for `name`, in either case: letters, digits, hyphens and, though DNS
/// host names have none, underscores, which browsers and TLS libraries let pass. No trailing dot.
fn is_dns_name(name: &str) -> bool {
    name.len() <= MAX_NAME_BYTES
        && name.split('.').all(|label| {
            (1..=MAX_LABEL_BYTES).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
}

/// `text` for a message or a terminal: control and invisible formatting characters, which could
/// forge a line or turn the direction of text, are written as `\u{…}`.
pub(super) fn printable(text: &str) -> Box<str> {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        let invisible = matches!(character, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if character.is_control() || invisible {
            printable.extend(character.escape_unicode());
        } else {
            printable.push(character);
        }
    }
    printable.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_like_a_host_and_do_not_count() {
        // (name in the certificate, host, a word of the reason)
        const ROWS: &[(&str, &str, Option<&str>)] = &[
            ("192.0.2.10", "192.0.2.10", Some("IP addresses")),
            ("2001:db8::10", "2001:db8::10", Some("IP addresses")),
            ("shop.example.", "shop.example", Some("final dot")),
            ("*.shop.example.", "www.shop.example", Some("final dot")),
            ("shop.example.", "www.shop.example", None),
            ("ap*.shop.example", "api.shop.example", Some("whole label")),
            ("ap*.shop.example", "www.shop.example", None),
            ("w*.example", "w.shop.example", None),
            ("bücher.example", "xn--bcher-kva.example", Some("ASCII")),
            ("shop.example", "shop.example", None), // it does count
        ];
        for &(name, host, reason) in ROWS {
            let found = CertificateName::of_dns_name(name).near_miss(&host.parse().unwrap());
            assert_eq!(found.is_some(), reason.is_some(), "{name} {host}: {found:?}");
            assert!(found.unwrap_or_default().contains(reason.unwrap_or_default()), "{name} {host}: {found:?}");
        }
    }

    #[test]
    fn hosts_in_their_one_form() {
        const HOSTS: &[(&str, Option<&str>)] = &[
            ("Shop.Example", Some("shop.example")),
            ("shop.example.", Some("shop.example")), // one trailing dot
            ("shop.example..", None),
            ("localhost", Some("localhost")),
            ("my_host.test", Some("my_host.test")),
            ("bücher.test", Some("xn--bcher-kva.test")),
            ("BÜCHER。test", Some("xn--bcher-kva.test")), // the ideographic full stop is a dot
            ("XN--BCHER-KVA.test", Some("xn--bcher-kva.test")),
            ("faß.test", Some("xn--fa-hia.test")),
            ("192.0.2.1", Some("192.0.2.1")),
            ("１９２.0.2.1", Some("192.0.2.1")), // full-width digits
            ("2001:DB8:0::1", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("[192.0.2.1]", None),
            ("fe80::1%eth0", None),
            ("*.shop.example", None),
            ("~^www", None),
            ("shop.example:443", None),
            ("a b.test", None),
            ("a..test", None),
            (".test", None),
            ("a\0b.test", None),
            ("ü\u{202e}.test", None),
            ("", None),
            (".", None),
        ];
        for &(text, expected) in HOSTS {
            assert_eq!(text.parse::<Host>().ok().map(|host| host.to_string()).as_deref(), expected, "{text}");
        }
        assert!(Host::parse(b"a\xff.test").is_err());
        assert!(Host::parse("a.".repeat(127).as_bytes()).is_ok()); // 253 bytes
        assert!(Host::parse("a.".repeat(128).as_bytes()).is_err());
        assert!(Host::parse("a".repeat(64).as_bytes()).is_err());
        assert_eq!(
            Host::parse(b"a\x1b\xff").unwrap_err().to_string(),
            "`a\\u{1b}\u{fffd}` is not a host name or IP address"
        );
    }

    #[test]
    fn invisible_characters_are_spelled_out() {
        for invisible in ["\0", "\x1b", "\u{85}", "\u{61c}", "\u{200f}", "\u{202e}", "\u{2066}", "\u{feff}"] {
            let shown = printable(&format!("a{invisible}b"));
            assert_eq!(*shown, *format!("a{}b", invisible.escape_unicode()));
        }
        assert_eq!(&*printable("Läden 日本"), "Läden 日本");
    }

    #[test]
    fn what_public_authorities_do_not_certify() {
        for (host, expected) in [
            ("localhost", true),
            ("db", true),
            ("a.b.test", true),
            ("printer.local", true),
            ("nas.home.arpa", true),
            ("192.0.2.1", true),
            ("a.example", false),
            ("test.example", false),
            ("internal.example.com", false),
        ] {
            assert_eq!(Host::parse(host.as_bytes()).unwrap().is_internal(), expected, "{host}");
        }
    }

    #[test]
    fn a_host_is_below_its_parents() {
        const ROWS: &[(&str, &str, bool)] = &[
            ("a.shop.example", "shop.example", true),
            ("b.a.shop.example", "Shop.example.", true),
            ("shop.example", "shop.example", false),
            ("workshop.example", "shop.example", false),
            ("shop.example", "a.shop.example", false),
            ("192.0.2.1", "0.2.1", false),
        ];
        for &(host, domain, below) in ROWS {
            let parse = |text: &str| text.parse::<Host>().unwrap();
            assert_eq!(parse(host).is_below(&parse(domain)), below, "{host} {domain}");
        }
    }

    fn names(names: &[GeneralName<'_>]) -> CertificateNames {
        CertificateNames::new(names.iter().filter_map(CertificateName::of_general_name).collect())
    }

    // RFC 9525, sections 6.3 to 6.5.
    #[test]
    fn names_cover_hosts() {
        const ROWS: &[(&[&str], &str, Option<&str>)] = &[
            (&["shop.example"], "SHOP.example.", Some("shop.example")),
            (&["Shop.Example"], "shop.example", Some("shop.example")),
            (&["shop.example"], "www.shop.example", None),
            (&["*.shop.example"], "www.shop.example", Some("*.shop.example")),
            (&["*.shop.example"], "shop.example", None), // exactly one label
            (&["*.shop.example"], "a.www.shop.example", None),
            (&["*.shop.example", "www.shop.example"], "www.shop.example", Some("www.shop.example")), // the exact one
            (&["*.xn--bcher-kva.test"], "a.bücher.test", Some("*.xn--bcher-kva.test")),
            (&["*.b.test"], "ü.b.test", Some("*.b.test")), // an A-label is a whole label
            // Wildcards that are none.
            (&["w*.b.test", "*w.b.test", "w*w.b.test"], "ww.b.test", None),
            (&["www.*.test", "*.*.test", "**.b.test"], "www.b.test", None),
            (&["*", "*.", "*.test", "*test"], "b.test", None),
            // Texts that are no names.
            (&["good.test\0.evil"], "good.test", None),
            (&["bücher.test"], "bücher.test", None),
            (&[".b.test", "b.test.", " b.test", "", "b..test"], "b.test", None),
            // An address is not a DNS name.
            (&["192.0.2.1", "*.0.2.1", "*.2.1"], "192.0.2.1", None),
            (&["2001:db8::1"], "[2001:db8::1]", None),
            (&[], "b.test", None),
        ];
        for &(dns, host, expected) in ROWS {
            let names = names(&dns.iter().copied().map(GeneralName::DNSName).collect::<Vec<_>>());
            let covering = names.find_covering(&host.parse().unwrap()).map(ToString::to_string);
            assert_eq!(covering.as_deref(), expected, "{dns:?} {host}");
        }
    }

    #[test]
    fn addresses_are_covered_by_address_names_only() {
        let v6 = "2001:db8::1".parse::<Ipv6Addr>().unwrap().octets();
        let names = names(&[
            GeneralName::IPAddress(&[192, 0, 2, 1]),
            GeneralName::IPAddress(&v6),
            GeneralName::IPAddress(&[192, 0, 2]),
            GeneralName::URI("https://b.test"),
            GeneralName::RFC822Name("b.test"),
        ]);
        let texts: Vec<_> = names.as_slice().iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["192.0.2.1", "2001:db8::1", "IP address of 3 bytes"]);
        for (host, covered) in [
            ("192.0.2.1", true),
            ("[2001:DB8::1]", true),
            ("192.0.2.2", false),
            ("::ffff:192.0.2.1", false),
            ("b.test", false),
        ] {
            assert_eq!(names.find_covering(&host.parse().unwrap()).is_some(), covered, "{host}");
        }
    }

    #[test]
    fn wildcards_of_a_domain() {
        let names = names(&["*.b.test", "c.test", "*.a.c.test"].map(GeneralName::DNSName));
        for (domain, found) in
            [("b.test", true), ("c.test", false), ("a.c.test", true), ("test", false), ("a.b.test", false)]
        {
            assert_eq!(names.find_wildcard(domain).is_some(), found, "{domain}");
        }
    }

    #[test]
    fn order_is_the_certificates_own() {
        let texts: Vec<String> =
            (0..20_000).map(|n| format!("{}h{n}.test", if n % 3 == 0 { "*." } else { "" })).collect();
        let names = names(&texts.iter().map(|text| GeneralName::DNSName(text)).collect::<Vec<_>>());
        assert!(names.as_slice().iter().map(ToString::to_string).eq(texts.iter().cloned()));
        for text in &texts {
            let host = text.replace('*', "x").parse().unwrap();
            assert_eq!(names.find_covering(&host).map(ToString::to_string).as_ref(), Some(text));
        }
    }
}
