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

    /// Whether this is a name below `domain`, at any depth; a name is not below itself.
    #[must_use]
    pub fn is_below(&self, domain: &Host) -> bool {
        match (self, domain) {
            (Host::Name(name), Host::Name(domain)) => {
                name.strip_suffix(&**domain).is_some_and(|labels| labels.len() > 1 && labels.ends_with('.'))
            }
            _ => false,
        }
    }
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
        let invisible = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if character.is_control() || invisible {
            printable.extend(character.escape_unicode());
        } else {
            printable.push(character);
        }
    }
    printable.into()
}
