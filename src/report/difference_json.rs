//! What two configurations answer differently, as one JSON object. Its form is [`DIFFERENCE_SCHEMA`].

use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::trace_json::{HstsObject, kind_name, refusal_name};
use crate::model::following::answer::{Answer, AnsweredHop, CertificateIdentity, Standing};
use crate::model::following::difference::{Aspect, Comparison, Difference};
use crate::model::{Coverage, ResponseKind, Value, Verdict};

/// The JSON Schema of what [`write_difference_json`] writes.
pub const DIFFERENCE_SCHEMA: &str = include_str!("schema/difference.schema.json");

/// Grows when a program that reads the report would have to change.
const SCHEMA_VERSION: u32 = 1;

/// Writes the differences as one object and a line feed.
///
/// # Errors
/// What `out` says.
pub fn write_difference_json(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let object = ComparisonObject {
        schema_version: SCHEMA_VERSION,
        differences: DifferenceList(comparison),
        summary: Summary {
            hosts: comparison.hosts,
            requests: comparison.asked,
            different: comparison.differences.len(),
            left_out: comparison.left_out,
        },
    };
    serde_json::to_writer_pretty(&mut *out, &object)?;
    writeln!(out)
}

#[derive(Serialize)]
struct ComparisonObject<'r> {
    schema_version: u32,
    differences: DifferenceList<'r>,
    summary: Summary,
}

#[derive(Serialize)]
struct Summary {
    hosts: usize,
    requests: usize,
    different: usize,
    left_out: usize,
}

/// The differences, made into objects one by one while they are written.
struct DifferenceList<'r>(&'r Comparison);

impl Serialize for DifferenceList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = &self.0.differences;
        serializer.collect_seq(all.iter().map(|difference| DifferenceObject::new(all, difference)))
    }
}

#[derive(Serialize)]
struct DifferenceObject<'r> {
    url: &'r str,
    address: Option<String>,
    any_host: bool,
    changes: &'r [Aspect],
    follows: Option<&'r str>,
    old: Vec<AnswerObject<'r>>,
    new: Vec<AnswerObject<'r>>,
}

impl<'r> DifferenceObject<'r> {
    fn new(all: &'r [Difference], difference: &'r Difference) -> DifferenceObject<'r> {
        let cause = difference.follows.and_then(|cause| all.get(cause));
        DifferenceObject {
            url: difference.question.url.as_str(),
            address: difference.question.address.map(|address| address.to_string()),
            any_host: difference.question.is_stand_in,
            changes: &difference.changes,
            follows: cause.map(|cause| cause.question.url.as_str()),
            old: difference.old.iter().map(AnswerObject::new).collect(),
            new: difference.new.iter().map(AnswerObject::new).collect(),
        }
    }
}

#[derive(Serialize)]
struct AnswerObject<'r> {
    outcome: Verdict,
    hops: Vec<HopObject<'r>>,
    conditions: &'r [String],
}

impl<'r> AnswerObject<'r> {
    fn new(answer: &'r Answer) -> AnswerObject<'r> {
        AnswerObject {
            outcome: answer.verdict,
            hops: answer.hops.iter().map(HopObject::new).collect(),
            conditions: &answer.conditions,
        }
    }
}

#[derive(Serialize)]
struct HopObject<'r> {
    url: &'r str,
    refused: Option<&'static str>,
    certificate: Option<CertificateObject<'r>>,
    server: Option<&'r str>,
    response: Option<ResponseObject<'r>>,
    hsts: Option<HstsObject>,
}

#[derive(Serialize)]
struct CertificateObject<'r> {
    file: &'r str,
    covers_host: Option<bool>,
    names: &'r [String],
    identity: Option<IdentityObject<'r>>,
}

#[derive(Serialize)]
struct IdentityObject<'r> {
    issuer: &'r str,
    serial: &'r str,
    key: String,
    not_before: String,
    not_after: String,
    valid_now: bool,
}

#[derive(Serialize)]
struct ResponseObject<'r> {
    kind: &'static str,
    status: Option<u16>,
    target: Option<&'r str>,
    location_header: Option<&'r str>,
    upstream_servers: &'r [String],
    upstream_headers: Vec<HeaderObject<'r>>,
    root: Option<&'r str>,
}

#[derive(Serialize)]
struct HeaderObject<'r> {
    name: &'r str,
    value: &'r str,
}

impl<'r> HopObject<'r> {
    fn new(hop: &'r AnsweredHop) -> HopObject<'r> {
        HopObject {
            url: &hop.url,
            refused: hop.refusal.map(refusal_name),
            certificate: hop.certificate.as_ref().map(|certificate| CertificateObject {
                file: &certificate.file,
                covers_host: match certificate.coverage {
                    Coverage::Covered => Some(true),
                    Coverage::NotCovered => Some(false),
                    Coverage::Unknown => None,
                },
                names: &certificate.names,
                identity: certificate.identity.as_ref().map(IdentityObject::new),
            }),
            server: hop.server.as_deref(),
            response: hop.kind.map(|kind| ResponseObject {
                kind: kind_name(kind),
                status: if kind == ResponseKind::Closed { Some(444) } else { hop.status },
                target: hop.upstream.as_ref().and_then(|upstream| upstream.target.known()),
                location_header: hop.location_header.as_ref().and_then(Value::known),
                upstream_servers: hop.upstream.as_ref().map(|upstream| &upstream.servers[..]).unwrap_or_default(),
                upstream_headers: upstream_headers(hop),
                root: hop.root.as_ref().and_then(Value::known),
            }),
            hsts: hop.hsts.map(HstsObject::from),
        }
    }
}

fn upstream_headers(hop: &AnsweredHop) -> Vec<HeaderObject<'_>> {
    let headers = hop.upstream.iter().flat_map(|upstream| &upstream.headers);
    headers.map(|(name, value)| HeaderObject { name, value }).collect()
}

impl<'r> IdentityObject<'r> {
    fn new(identity: &'r CertificateIdentity) -> IdentityObject<'r> {
        IdentityObject {
            issuer: &identity.issuer,
            serial: &identity.serial,
            key: identity.key.to_string(),
            not_before: identity.validity.not_before.rfc3339(),
            not_after: identity.validity.not_after.rfc3339(),
            valid_now: identity.standing == Standing::Valid,
        }
    }
}
