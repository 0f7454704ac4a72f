//! What two configurations answer differently.

use std::collections::BTreeSet;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::model::following::answer::{Answer, AskedUpstream};
use crate::model::following::questions::{Question, questions};
use crate::model::{KnownHstsHost, Model, Request, Start, Tracer, Verdict};

/// What of an answer changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// Whether there is a connection at all.
    Connection,
    /// The certificate.
    Certificate,
    /// The server.
    Server,
    /// The status, or what kind of answer it is.
    Status,
    /// Where a redirect leads.
    Redirect,
    /// The upstream, or its servers.
    Upstream,
    /// The headers that nginx sends to the upstream.
    UpstreamHeaders,
    /// Where the files are that are sent.
    Root,
    /// The HSTS policy.
    Hsts,
    /// How it ends.
    Outcome,
    /// What it depends on.
    Conditions,
}

/// A request that is answered differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The request.
    pub question: Question,
    /// The answers before, one for each assignment of what is unknown.
    pub old: Vec<Answer>,
    /// The answers after.
    pub new: Vec<Answer>,
    /// Which of them differ first: the pair of this number.
    pub case: usize,
    /// Which of the requests of that pair differ first.
    pub hop: usize,
    /// What changes there.
    pub changes: Vec<Aspect>,
    /// The answer to this request is the same redirect as before, and what changes is what another difference, the one
    /// of this number, already says of its target.
    pub follows: Option<usize>,
}

/// All that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// In the order of hosts, ports and paths.
    pub differences: Vec<Difference>,
    /// Requests that were asked.
    pub asked: usize,
    /// Hosts that were asked for.
    pub hosts: usize,
    /// Locations and rewrites with a regex for which no path was asked, because there are too many.
    pub left_out: usize,
}

impl Comparison {
    /// Asks both configurations for everything that either names. `hsts` and `max_hops` as in a [`Start`].
    #[must_use]
    pub fn new(old: &Model<'_>, new: &Model<'_>, hsts: &[KnownHstsHost], max_hops: usize) -> Comparison {
        let (questions, left_out) = questions(old, new);
        let asked = questions.len();
        let host = |question: &Question| question.url.host_str().map(str::to_owned);
        let hosts = questions.chunk_by(|a, b| host(a) == host(b)).count();
        let found = questions.into_par_iter().filter_map(|question| {
            let [old, new] = [answers(old, &question, hsts, max_hops), answers(new, &question, hsts, max_hops)];
            (old != new).then(|| Difference::new(question, old, new))
        });
        let mut differences: Vec<Difference> = found.collect();
        find_causes(&mut differences);
        Comparison { differences, asked, hosts, left_out }
    }
}

fn answers(model: &Model<'_>, question: &Question, hsts: &[KnownHstsHost], max_hops: usize) -> Vec<Answer> {
    let Some(request) = Request::get(&question.url) else { return Vec::new() };
    let request = Request { address: question.address.or(request.address), ..request };
    let start = Start { url: question.url.clone(), request, socket: None, hsts: hsts.to_vec(), max_hops };
    let (traces, is_complete) = Tracer::new(model).traces(&start);
    let mut answers: Vec<Answer> = traces.iter().map(|trace| Answer::new(model, trace)).collect();
    if let Some(last) = answers.last_mut().filter(|_| !is_complete) {
        last.verdict = Verdict::Undetermined;
    }
    answers
}

impl Difference {
    fn new(question: Question, old: Vec<Answer>, new: Vec<Answer>) -> Difference {
        let case = old.iter().zip(&new).position(|(old, new)| old != new);
        let case = case.unwrap_or(old.len().min(new.len()));
        let (hop, mut changes) = match (old.get(case), new.get(case)) {
            (Some(old), Some(new)) => changes(old, new),
            _ => (0, vec![Aspect::Conditions]),
        };
        let lets_in = |answers: &[Answer]| answers.get(case).is_some_and(|answer| answer.refuses_with().is_none());
        if lets_in(&old) && lets_in(&new) && refusals(&old) != refusals(&new) && !changes.contains(&Aspect::Conditions)
        {
            changes.push(Aspect::Conditions);
        }
        Difference { question, old, new, case, hop, changes, follows: None }
    }

    /// The answers that differ first; `None` where one side has no more of them.
    #[must_use]
    pub fn pair(&self) -> Option<(&Answer, &Answer)> {
        self.old.get(self.case).zip(self.new.get(self.case))
    }
}

/// The statuses with which some are kept out.
fn refusals(answers: &[Answer]) -> BTreeSet<u16> {
    answers.iter().filter_map(Answer::refuses_with).collect()
}

/// The first request that is answered differently, and how.
fn changes(old: &Answer, new: &Answer) -> (usize, Vec<Aspect>) {
    let at = old.hops.iter().zip(&new.hops).position(|(old, new)| old != new);
    let at = at.unwrap_or(old.hops.len().min(new.hops.len()).saturating_sub(1));
    let mut changes = Vec::new();
    if let (Some(old), Some(new)) = (old.hops.get(at), new.hops.get(at)) {
        let asked = |upstream: &Option<AskedUpstream>| {
            upstream.as_ref().map(|upstream| (upstream.target.clone(), upstream.servers.clone()))
        };
        let headers = |upstream: &Option<AskedUpstream>| upstream.as_ref().map(|upstream| upstream.headers.clone());
        // Another kind of answer has no such things.
        let is_told_more = old.kind == new.kind;
        let pairs = [
            (old.refusal != new.refusal, Aspect::Connection),
            (old.certificate != new.certificate, Aspect::Certificate),
            (old.server != new.server, Aspect::Server),
            ((old.kind, old.status) != (new.kind, new.status), Aspect::Status),
            (old.location_header != new.location_header || old.url != new.url, Aspect::Redirect),
            (asked(&old.upstream) != asked(&new.upstream), Aspect::Upstream),
            (is_told_more && headers(&old.upstream) != headers(&new.upstream), Aspect::UpstreamHeaders),
            (is_told_more && old.root != new.root, Aspect::Root),
            (old.hsts != new.hsts, Aspect::Hsts),
        ];
        changes.extend(pairs.into_iter().filter(|(differs, _)| *differs).map(|(_, aspect)| aspect));
    }
    if old.verdict != new.verdict {
        changes.push(Aspect::Outcome);
    }
    if changes.is_empty() {
        changes.push(Aspect::Conditions);
    }
    (at, changes)
}

/// Finds the differences that are there only because a redirect leads to another one.
fn find_causes(differences: &mut [Difference]) {
    let by_url: FxHashMap<String, usize> = differences
        .iter()
        .enumerate()
        // What follows from another difference is no cause itself.
        .filter(|(_, difference)| difference.question.address.is_none() && difference.hop == 0)
        .map(|(number, difference)| (difference.question.url.to_string(), number))
        .collect();
    for difference in differences.iter_mut() {
        let target = difference.pair().filter(|_| difference.hop > 0).and_then(|(old, new)| {
            let (old, new) = (old.hops.get(difference.hop)?, new.hops.get(difference.hop)?);
            (old.url == new.url).then_some(&old.url)
        });
        difference.follows = target.and_then(|url| by_url.get(url)).copied();
    }
}
