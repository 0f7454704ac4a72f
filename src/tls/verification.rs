//! What OpenSSL makes of a server's certificates where it trusts the certificates of one file and nothing else: so nginx
//! judges its upstreams (`proxy_ssl_trusted_certificate`).
//!
//! OpenSSL wants a chain up to a self-signed certificate of that file; an intermediate in it helps on the way, and is no
//! end (X509_verify_cert(3), X509_V_FLAG_PARTIAL_CHAIN is not set). webpki, which judges for browsers, takes any anchor.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::certificate::Certificate;
use super::link::{Link, Signature};
use super::validity::{UnixTime, Validity};

/// Certificates above the leaf up to which chains are followed: more than any depth that somebody sets.
const MAX_CHAIN: usize = 32;

/// What OpenSSL says of a server's certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// It accepts them.
    Accepted,
    /// It refuses them.
    Refused(Distrusted),
    /// It cannot be told here.
    Unknown,
}

/// Why OpenSSL refuses a server's certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Distrusted {
    /// The leaf signed itself, and is not in the file.
    SelfSigned,
    /// No chain leads to a self-signed certificate of the file; the issuer that is missing, or that is the root.
    Untrusted {
        /// Its name.
        issuer: Box<str>,
    },
    /// Every chain has more intermediates than the depth allows.
    TooLong {
        /// How many the shortest has.
        intermediates: usize,
    },
    /// A certificate of every chain is not valid now.
    Dates {
        /// Its subject.
        subject: Box<str>,
        /// When it is valid.
        validity: Validity,
    },
    /// The leaf is not made for TLS servers.
    NotForServers,
}

/// Judges what a server presents, the leaf first.
///
/// `depth` is how many certificates may stand between the leaf and the root (SSL_CTX_set_verify_depth(3)); nginx's
/// default is 1. [`Verification::Unknown`] where the strength of keys decides, or details of an authority's extensions.
#[must_use]
pub fn verify(presented: &[Certificate], trusted: &[Certificate], depth: usize, now: UnixTime) -> Verification {
    let Some(graph) = Graph::open(presented, trusted) else { return Verification::Unknown };
    let leaf = &graph.nodes[0].link;
    let validity = leaf.certificate.validity;
    if !validity.contains(now) {
        return Verification::Refused(Distrusted::Dates { subject: leaf.certificate.subject.clone(), validity });
    }
    if leaf.excludes_servers() {
        return Verification::Refused(Distrusted::NotForServers);
    }
    let Some(chain) = graph.shortest(|_| true) else { return Verification::Refused(graph.untrusted()) };
    let intermediates = |chain: &[usize]| chain.len().saturating_sub(2);
    if intermediates(&chain) > depth {
        return Verification::Refused(Distrusted::TooLong { intermediates: intermediates(&chain) });
    }
    let is_valid = |node: usize| graph.nodes[node].link.certificate.validity.contains(now);
    match graph.shortest(is_valid) {
        None => {
            let outdated = chain.iter().find(|node| !is_valid(**node)).map(|node| graph.nodes[*node].link.certificate);
            outdated.map_or(Verification::Unknown, |outdated| {
                let (subject, validity) = (outdated.subject.clone(), outdated.validity);
                Verification::Refused(Distrusted::Dates { subject, validity })
            })
        }
        Some(chain) if intermediates(&chain) > depth => {
            Verification::Refused(Distrusted::TooLong { intermediates: intermediates(&chain) })
        }
        Some(chain) if graph.is_chosen(&chain, is_valid) && graph.is_beyond_doubt(&chain) => Verification::Accepted,
        Some(_) => Verification::Unknown,
    }
}

/// Whether a file holds what OpenSSL needs at the end of a chain: a certificate that issued itself.
#[must_use]
pub fn holds_root(trusted: &[Certificate]) -> bool {
    trusted.iter().any(|certificate| certificate.is_self_issued)
}

/// The chain that the authorities of a file are, if they are one and no more: each but the root issued by the next. How
/// many certificates stand between a leaf of its last authority and its root, and that authority's name.
#[must_use]
pub fn single_chain(trusted: &[Certificate]) -> Option<(usize, &str)> {
    let issues = |issuer: &Certificate, other: &Certificate| {
        !other.is_self_issued && canonical(&other.issuer) == canonical(&issuer.subject)
    };
    if trusted.len() > MAX_CHAIN || trusted.iter().any(|certificate| !certificate.is_ca) {
        return None;
    }
    let mut roots = trusted.iter().filter(|certificate| certificate.is_self_issued);
    let mut last = roots.next().filter(|_| roots.next().is_none())?;
    for intermediates in 0..trusted.len() {
        let mut issued = trusted.iter().filter(|other| issues(last, other));
        match (issued.next(), issued.next()) {
            (None, _) => return (intermediates + 1 == trusted.len()).then_some((intermediates, &*last.subject)),
            (Some(next), None) => last = next,
            (Some(_), Some(_)) => return None,
        }
    }
    None
}

/// A certificate that was presented or is trusted.
struct Node<'a> {
    link: Link<'a>,
    is_trusted: bool,
}

/// All certificates from which a chain can be made; the first is the leaf.
struct Graph<'a> {
    nodes: Vec<Node<'a>>,
    by_subject: FxHashMap<String, Vec<usize>>,
}

impl<'a> Graph<'a> {
    fn open(presented: &'a [Certificate], trusted: &'a [Certificate]) -> Option<Graph<'a>> {
        let mut graph = Graph { nodes: Vec::new(), by_subject: FxHashMap::default() };
        let mut known: FxHashMap<&[u8], usize> = FxHashMap::default();
        // What is both is trusted, but the leaf stays the first.
        for (certificate, is_trusted) in
            presented.iter().map(|certificate| (certificate, false)).chain(trusted.iter().map(|root| (root, true)))
        {
            match known.get(certificate.bytes()) {
                Some(&node) => graph.nodes[node].is_trusted |= is_trusted,
                None => {
                    let node = graph.nodes.len();
                    graph.nodes.push(Node { link: Link::open(certificate)?, is_trusted });
                    graph.by_subject.entry(canonical(&certificate.subject)).or_default().push(node);
                    known.insert(certificate.bytes(), node);
                }
            }
        }
        (!presented.is_empty()).then_some(graph)
    }

    /// Those that may have signed a certificate.
    fn issuers(&self, node: usize) -> impl Iterator<Item = usize> {
        let link = &self.nodes[node].link;
        let named = self.by_subject.get(&canonical(&link.certificate.issuer)).map(Vec::as_slice).unwrap_or_default();
        let signed =
            move |issuer: &usize| link.signature_by(self.nodes[*issuer].link.parsed().public_key()) != Signature::Fails;
        named.iter().copied().filter(move |issuer| *issuer != node).filter(signed)
    }

    fn is_root(&self, node: usize) -> bool {
        self.nodes[node].is_trusted && self.nodes[node].link.certificate.is_self_issued
    }

    /// The shortest chain from the leaf to a root, of certificates that `admits`.
    fn shortest(&self, admits: impl Fn(usize) -> bool) -> Option<Vec<usize>> {
        let mut before: FxHashMap<usize, usize> = FxHashMap::default();
        let mut pending = VecDeque::from([(0, 0)]);
        while let Some((node, distance)) = pending.pop_front() {
            if self.is_root(node) {
                let mut chain: Vec<usize> =
                    std::iter::successors(Some(node), |node| before.get(node).copied()).collect();
                chain.reverse();
                return Some(chain);
            }
            if distance >= MAX_CHAIN {
                continue;
            }
            for issuer in self.issuers(node).filter(|issuer| admits(*issuer)) {
                if issuer != 0 && !before.contains_key(&issuer) {
                    before.insert(issuer, node);
                    pending.push_back((issuer, distance + 1));
                }
            }
        }
        None
    }

    /// Why there is no chain: where the way up ends.
    fn untrusted(&self) -> Distrusted {
        if self.nodes[0].link.certificate.is_self_issued {
            return Distrusted::SelfSigned;
        }
        let mut at = 0;
        for _ in 0..MAX_CHAIN {
            match self.issuers(at).find(|issuer| *issuer > at) {
                Some(issuer) => at = issuer,
                None => break,
            }
        }
        Distrusted::Untrusted { issuer: self.nodes[at].link.certificate.issuer.clone() }
    }

    /// Whether OpenSSL makes this chain and no other: at each step it takes what is trusted before what was presented, and
    /// of several of a kind it cannot be told which.
    fn is_chosen(&self, chain: &[usize], admits: impl Fn(usize) -> bool) -> bool {
        chain.windows(2).all(|pair| {
            let [below, above] = pair else { return true };
            let mut candidates: Vec<usize> = self.issuers(*below).filter(|issuer| admits(*issuer)).collect();
            if candidates.iter().any(|issuer| self.nodes[*issuer].is_trusted) {
                candidates.retain(|issuer| self.nodes[*issuer].is_trusted);
            }
            candidates == [*above]
        })
    }

    /// Whether OpenSSL has nothing to mind in a chain: every signature could be checked, every issuer is an authority
    /// with the key that the next one names, and no key or hash is weak, no rule of an authority is in the way.
    fn is_beyond_doubt(&self, chain: &[usize]) -> bool {
        let is_strong = |node: &usize| {
            let link = &self.nodes[*node].link;
            !link.has_weak_key() && (link.certificate.is_self_issued || link.weak_hash().is_none())
        };
        let is_issued = |pair: &[usize]| match pair {
            [below, above] => {
                let (below, above) = (&self.nodes[*below].link, &self.nodes[*above].link);
                below.signature_by(above.parsed().public_key()) == Signature::Holds
                    && below.is_key_of(above)
                    && above.certificate.is_ca
                    && !above.has_name_constraints()
                    && !above.excludes_servers()
            }
            _ => true,
        };
        let has_room = |(below, node): (usize, &usize)| {
            let most = self.nodes[*node].link.path_length();
            most.is_none_or(|most| below.saturating_sub(1) <= most as usize)
        };
        chain.iter().all(is_strong) && chain.windows(2).all(is_issued) && chain.iter().enumerate().skip(1).all(has_room)
    }
}

/// A name as OpenSSL compares names: without case, and with one space for several.
fn canonical(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").to_lowercase()
}
