//! What a client makes of the certificates in a file: whether they lead to a root that it trusts, and what is odd about
//! them. RFC 5280, section 6; RFC 8446, section 4.4.2.
//!
//! webpki judges whether there is a path. Where it finds none it only says so; where the path breaks off is then found
//! here, certificate by certificate.

use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor};
use webpki::{EndEntityCert, Error, KeyUsage};
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::anchors::{Anchor, AnchorSource, TrustAnchors};
use super::certificate::{Certificate, KeyKind};
use super::link::{Link, Signature};
use super::oddity::{Oddity, OddityKind};
use super::validity::UnixTime;

/// What a client that knows some trust anchors makes of the certificates in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Whether, and how far, they lead to a trust anchor.
    pub trust: Trust,
    /// What else is to be said of them, in the order of the file.
    pub oddities: Vec<Oddity>,
}

/// One certificate of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Its number in the file, from 0: the leaf.
    pub index: usize,
    /// The line of its `-----BEGIN`.
    pub line: u32,
}

/// Whether a chain leads to a trust anchor. The dates of the leaf do not count here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// It does.
    Anchored {
        /// The anchor's subject.
        anchor: Box<str>,
        /// Who trusts it.
        source: AnchorSource,
    },
    /// It does, but clients refuse it on the way.
    Refused {
        /// The anchor's subject.
        anchor: Box<str>,
        /// What they mind.
        reason: Refusal,
    },
    /// The leaf signed itself, and is no anchor.
    SelfSigned,
    /// It leads to a root in the file that is no anchor: that of a private authority.
    PrivateRoot {
        /// The root.
        root: Place,
        /// Its subject.
        subject: Box<str>,
    },
    /// The issuer of a certificate is missing, and only a public authority makes such leaves: an intermediate was forgotten.
    Incomplete(MissingIssuer),
    /// The issuer of a certificate is neither in the file nor an anchor; it may be a private authority's.
    IssuerUnknown(MissingIssuer),
}

/// The certificate that would come next in a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingIssuer {
    /// The certificate whose issuer is missing.
    pub of: Place,
    /// The issuer's name.
    pub issuer: Box<str>,
    /// The identifier of the issuer's key, in hexadecimal.
    pub key_id: Option<Box<str>>,
    /// Where the issuer's certificate can be had.
    pub url: Option<Box<str>>,
    /// The certificate in the file with the issuer's name, which has another key.
    pub namesake: Option<Place>,
}

/// Why clients refuse a chain that leads to a trust anchor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An intermediate is not valid now.
    #[error("an intermediate is outside its dates")]
    Dates,
    /// There are more intermediates below an authority than it allows.
    #[error("an authority in it may not have so many intermediates below it (path length)")]
    PathLength,
    /// A name lies outside what an authority may certify.
    #[error("an authority in it may not certify such names (name constraints)")]
    NameConstraints,
    /// A certificate signed another and says that it is no authority.
    #[error("a certificate in it signed another one and is no certificate authority")]
    NotAnAuthority,
    /// An authority that may not certify TLS servers.
    #[error("an authority in it may not certify TLS servers (extended key usage)")]
    Usage,
    /// An authority that may not sign certificates.
    #[error("an authority in it may not sign certificates (key usage)")]
    KeyUsage,
    /// Anything else that webpki minds.
    #[error("a certificate in it is malformed, or has a critical extension that clients do not know")]
    Malformed,
}

impl Trust {
    /// Whether clients trust it, at least those that know the given anchors.
    #[must_use]
    pub fn is_anchored(&self) -> bool {
        matches!(self, Trust::Anchored { .. })
    }

    /// Whether clients trust it that know only what is built in.
    #[must_use]
    pub fn is_public(&self) -> bool {
        matches!(self, Trust::Anchored { source: AnchorSource::Public, .. })
    }
}

impl Chain {
    /// Judges the certificates of a file at the time `now`; nothing where there is none.
    #[must_use]
    pub fn of(certificates: &[Certificate], anchors: &TrustAnchors, now: UnixTime) -> Option<Chain> {
        let links = Links::open(certificates, anchors, now)?;
        let trust = links.trust();
        let oddities = links.oddities(&trust);
        Some(Chain { trust, oddities })
    }
}

/// The certificates of a file, and what they are judged by.
pub(super) struct Links<'a> {
    pub(super) links: Vec<Link<'a>>,
    /// The numbers of the links with a subject.
    by_subject: FxHashMap<Vec<u8>, Vec<usize>>,
    /// For a repeated certificate, the first one.
    first: Vec<Option<usize>>,
    anchors: &'a TrustAnchors,
    pub(super) now: UnixTime,
}

/// Where the path from the leaf ends.
enum End<'a> {
    Anchor(&'a Anchor),
    Root(usize),
    Open { at: usize, namesake: Option<usize> },
}

impl<'a> Links<'a> {
    fn open(certificates: &'a [Certificate], anchors: &'a TrustAnchors, now: UnixTime) -> Option<Links<'a>> {
        // They were read before, so all of them can be.
        let links: Vec<Link<'a>> = certificates.iter().filter_map(Link::open).collect();
        links.first()?;
        let mut seen: FxHashMap<&[u8], usize> = FxHashMap::default();
        let mut first = Vec::with_capacity(links.len());
        let mut by_subject: FxHashMap<Vec<u8>, Vec<usize>> = FxHashMap::default();
        for (index, link) in links.iter().enumerate() {
            let known = *seen.entry(link.certificate.der.as_ref()).or_insert(index);
            first.push((known != index).then_some(known));
            if known == index {
                by_subject.entry(link.subject().to_vec()).or_default().push(index);
            }
        }
        Some(Links { links, by_subject, first, anchors, now })
    }

    fn place(&self, index: usize) -> Place {
        Place { index, line: self.links[index].certificate.line }
    }

    pub(super) fn with_subject(&self, name: &[u8]) -> &[usize] {
        self.by_subject.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    fn trust(&self) -> Trust {
        let leaf = &self.links[0];
        let anchored = |anchor: &Anchor| Trust::Anchored { anchor: anchor.subject(), source: anchor.source };
        if let Some(anchor) = self.anchors.find_same(leaf.parsed()) {
            return anchored(anchor);
        }
        if self.is_self_signed(0) {
            return Trust::SelfSigned;
        }
        let error = match self.verify() {
            Ok(trust) => return trust,
            Err(error) => error,
        };
        match self.walk() {
            End::Anchor(anchor) => match self.refusal(&error) {
                Some(reason) => Trust::Refused { anchor: anchor.subject(), reason },
                None => anchored(anchor),
            },
            End::Root(root) => {
                Trust::PrivateRoot { root: self.place(root), subject: self.links[root].certificate.subject.clone() }
            }
            End::Open { at, namesake } => {
                let link = &self.links[at];
                let missing = MissingIssuer {
                    of: self.place(at),
                    issuer: link.certificate.issuer.clone(),
                    key_id: link.authority_key_id(),
                    url: link.issuer_url(),
                    namesake: namesake.map(|index| self.place(index)),
                };
                if leaf.is_publicly_issued() { Trust::Incomplete(missing) } else { Trust::IssuerUnknown(missing) }
            }
        }
    }

    /// Asks webpki for a path to an anchor.
    fn verify(&self) -> Result<Trust, Error> {
        let leaf = CertificateDer::from(self.links[0].certificate.der.as_ref());
        let leaf = EndEntityCert::try_from(&leaf)?;
        let named: FxHashSet<&[u8]> = self.links.iter().map(Link::issuer).collect();
        let mut anchors: Vec<TrustAnchor<'_>> = Vec::new();
        let mut sources: Vec<&Anchor> = Vec::new();
        for anchor in named.iter().flat_map(|name| self.anchors.with_subject(name)) {
            anchors.push(anchor.anchor.clone());
            sources.push(anchor);
        }
        if anchors.is_empty() {
            return Err(Error::UnknownIssuer);
        }
        // webpki does not look at key usages.
        let issuers = self.links[1..].iter().filter(|link| link.may_certify());
        let issuers: Vec<CertificateDer<'_>> =
            issuers.map(|link| CertificateDer::from(link.certificate.der.as_ref())).collect();
        // The dates of the leaf are judged elsewhere; here it is judged as long as it is valid.
        let validity = self.links[0].certificate.validity;
        let time = self.now.0.min(validity.not_after.0).max(validity.not_before.0);
        let time = rustls_pki_types::UnixTime::since_unix_epoch(Duration::from_secs(time.try_into().unwrap_or(0)));
        let algorithms = self.anchors.checked.algorithms(self.links[0].parsed().tbs_certificate.as_ref());
        let algorithms: Vec<&dyn SignatureVerificationAlgorithm> =
            algorithms.iter().map(|algorithm| algorithm as &dyn SignatureVerificationAlgorithm).collect();
        let path = leaf.verify_for_usage(&algorithms, &anchors, &issuers, time, KeyUsage::server_auth(), None, None)?;
        let anchor = path.anchor();
        let known = sources.iter().find(|known| {
            known.anchor.subject == anchor.subject
                && known.anchor.subject_public_key_info == anchor.subject_public_key_info
        });
        let known = known.ok_or(Error::UnknownIssuer)?;
        Ok(Trust::Anchored { anchor: known.subject(), source: known.source })
    }

    /// Goes from the leaf from issuer to issuer, to the best one at each step.
    fn walk(&self) -> End<'a> {
        let mut visited: FxHashSet<usize> = FxHashSet::default();
        let mut at = 0;
        loop {
            visited.insert(at);
            let link = &self.links[at];
            if let Some(anchor) = self.find_anchor(at) {
                return End::Anchor(anchor);
            }
            if self.is_self_signed(at) {
                return End::Root(at);
            }
            let mut namesake = None;
            let mut best = None;
            for &index in self.with_subject(link.issuer()).iter().filter(|index| !visited.contains(index)) {
                let issuer = &self.links[index];
                let signature = self.signature(at, issuer.parsed().public_key());
                if signature == Signature::Fails {
                    namesake = namesake.or(Some(index));
                    continue;
                }
                let rank = (signature, issuer.certificate.validity.contains(self.now), link.is_key_of(issuer));
                if best.is_none_or(|(known, _)| rank > known) {
                    best = Some((rank, index));
                }
            }
            match best {
                Some((_, index)) => at = index,
                None => return End::Open { at, namesake },
            }
        }
    }

    /// The anchor that signed a certificate.
    fn find_anchor(&self, at: usize) -> Option<&'a Anchor> {
        let signed = |anchor: &&Anchor| {
            let key = anchor.public_key();
            SubjectPublicKeyInfo::from_der(&key).is_ok_and(|(_, key)| self.signature(at, &key) != Signature::Fails)
        };
        self.anchors.with_subject(self.links[at].issuer()).iter().find(signed)
    }

    /// Whether a certificate is signed with its own key, as far as that can be told.
    fn is_self_signed(&self, at: usize) -> bool {
        let link = &self.links[at];
        link.certificate.is_self_issued && self.signature(at, link.parsed().public_key()) != Signature::Fails
    }

    /// Whether a certificate is signed with `key`; of an issuer that was seen before it is known.
    fn signature(&self, at: usize, key: &SubjectPublicKeyInfo<'_>) -> Signature {
        let link = &self.links[at];
        match at {
            0 => link.signature_by(key),
            _ => self.anchors.checked.find(&[link.certificate.bytes(), key.raw], || link.signature_by(key)),
        }
    }

    /// What webpki minds in a chain that leads to an anchor, unless it is told in another way.
    fn refusal(&self, error: &Error) -> Option<Refusal> {
        let leaf = &self.links[0];
        Some(match error {
            // Clients that are not made with webpki have no such limit.
            _ if self.links.iter().any(Link::is_too_large) => return None,
            Error::CertExpired { .. } | Error::CertNotValidYet { .. } => Refusal::Dates,
            Error::PathLenConstraintViolated => Refusal::PathLength,
            Error::NameConstraintViolation => Refusal::NameConstraints,
            Error::EndEntityUsedAsCa => Refusal::NotAnAuthority,
            Error::UnknownIssuer if !self.links[1..].iter().all(Link::may_certify) => Refusal::KeyUsage,
            Error::CaUsedAsEndEntity => return None,
            Error::RequiredEkuNotFoundContext(_) if leaf.excludes_servers() => return None,
            Error::RequiredEkuNotFoundContext(_) => Refusal::Usage,
            // Weak ones are told of as such, and P-521 is fine where people use it.
            Error::UnsupportedSignatureAlgorithmContext(_)
            | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => return None,
            Error::InvalidSignatureForPublicKey if self.has_weak_keys() => return None,
            _ => Refusal::Malformed,
        })
    }

    /// Whether webpki cannot check signatures for the sizes of keys.
    fn has_weak_keys(&self) -> bool {
        self.links
            .iter()
            .any(|link| matches!(link.certificate.key, KeyKind::Rsa { bits } | KeyKind::RsaPss { bits } if bits < 2048))
    }

    /// For each link whether it can be part of a chain from the leaf, by names alone.
    fn related(&self) -> Vec<bool> {
        let mut is_related = vec![false; self.links.len()];
        let mut pending = vec![0];
        is_related[0] = true;
        let mut names: FxHashSet<&[u8]> = FxHashSet::default();
        while let Some(index) = pending.pop() {
            let issuer = self.links[index].issuer();
            if !names.insert(issuer) {
                continue;
            }
            for &index in self.with_subject(issuer) {
                if !is_related[index] {
                    is_related[index] = true;
                    pending.push(index);
                }
            }
        }
        is_related
    }

    fn oddities(&self, trust: &Trust) -> Vec<Oddity> {
        let is_related = self.related();
        let leaf = self.find_real_leaf(&is_related);
        let mut oddities = Vec::new();
        let mut add = |index: usize, kind| oddities.push(Oddity { place: self.place(index), kind });
        if let Some(leaf) = leaf {
            add(0, OddityKind::LeafNotFirst { leaf: self.place(leaf) });
        }
        let first = &self.links[0];
        if first.certificate.is_ca && leaf.is_none() && *trust != Trust::SelfSigned {
            add(0, OddityKind::LeafIsAuthority);
        }
        if leaf.is_none() && first.excludes_servers() {
            add(0, OddityKind::NotForServers);
        }
        if let Some(handshakes) = first.unsigned_handshakes().filter(|_| leaf.is_none()) {
            add(0, OddityKind::NotForSignatures(handshakes));
        }
        if leaf.is_none() && first.certificate.names().is_empty() {
            add(0, OddityKind::NoNames);
        }
        // For each name the first certificate that it issued.
        let mut issued: FxHashMap<&[u8], usize> = FxHashMap::default();
        for (index, link) in self.links.iter().enumerate().rev() {
            issued.insert(link.issuer(), index);
        }
        for (index, link) in self.links.iter().enumerate() {
            if let Some(first) = self.first[index] {
                add(index, OddityKind::Duplicate { first: self.place(first) });
                continue;
            }
            if !is_related[index] {
                // In a file that starts in the middle, the rest of the chain is no news.
                if leaf.is_none() {
                    add(index, OddityKind::Unrelated);
                }
                continue;
            }
            if link.certificate.is_self_issued && index > 0 {
                // Of one that has but the name of the issuer, the trust tells.
                if trust.namesake() != Some(self.place(index)) {
                    add(index, OddityKind::NeedlessRoot);
                }
            } else {
                // The signature of a root is never checked, its key is the client's business.
                for kind in link.weaknesses() {
                    add(index, kind);
                }
            }
            if index > 0 {
                if let Some(&issued) = issued.get(link.subject()).filter(|&&issued| issued > index) {
                    add(index, OddityKind::WrongOrder { issued: self.place(issued) });
                }
                let (validity, is_needed) = (link.certificate.validity, self.is_needed(index, trust));
                if validity.is_expired(self.now) {
                    add(index, OddityKind::Expired { on: validity.not_after, is_needed });
                } else if validity.is_not_yet_valid(self.now) {
                    add(index, OddityKind::NotYetValid { from: validity.not_before, is_needed });
                }
            }
        }
        oddities
    }

    /// In a file that starts with an authority, the certificate of no authority that leads to it.
    fn find_real_leaf(&self, is_related: &[bool]) -> Option<usize> {
        if !self.links[0].certificate.is_ca {
            return None;
        }
        let mut by_issuer: FxHashMap<&[u8], Vec<usize>> = FxHashMap::default();
        for (index, link) in self.links.iter().enumerate().filter(|(index, _)| !is_related[*index]) {
            by_issuer.entry(link.issuer()).or_default().push(index);
        }
        let mut pending = vec![self.links[0].subject()];
        while let Some(name) = pending.pop() {
            for index in by_issuer.remove(name).unwrap_or_default() {
                if !self.links[index].certificate.is_ca {
                    return Some(index);
                }
                pending.push(self.links[index].subject());
            }
        }
        None
    }
}
