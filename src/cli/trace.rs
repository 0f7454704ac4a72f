//! `ngxlint trace`: one request, and what becomes of it.

use super::arguments::{CertificateModeName, EdgeName};
use super::trace_arguments::{AskedUrl, RequestOptions, TraceArguments, TraceFormat};
use super::{RunError, Status, check, complain, configuration, difference, output};
use crate::model::{Environment, OtherHeaders, Request, Start, Tracer};
use crate::report::{self, TraceReport};

/// Runs the command.
pub(super) fn run(arguments: &TraceArguments) -> Result<Status, RunError> {
    let anchors = check::trust_anchors(&arguments.environment)?;
    let environment = Environment {
        document_files: !arguments.no_files,
        ..check::environment(&arguments.environment, &arguments.files, anchors)
    };
    let Some(asked) = &arguments.url else { return difference::run(arguments, environment) };
    let file = arguments.output.output.as_deref();
    if arguments.files.show_files {
        return configuration::show(arguments.conf.as_deref(), &arguments.files, file);
    }
    let says_scheme = arguments.request.headers.iter().any(|(name, _)| name == "x-forwarded-proto");
    if says_scheme && arguments.environment.edge == Some(EdgeName::Tls) {
        return Err(RunError::SchemeSaidTwice);
    }
    if arguments.request.sni.is_some() && asked.url.scheme() == "http" {
        complain("note", "--sni is of no use here: a request over http:// has no TLS handshake");
    }
    configuration::with_model(arguments.conf.as_deref(), &arguments.files, environment, |model, shown| {
        let (traces, is_complete) = Tracer::new(model).traces(&start(asked, &arguments.request));
        let report = TraceReport { model, asked: &asked.url, traces: &traces, is_complete, shown };
        output::write_to(file, |out| match arguments.output.format {
            TraceFormat::Human => {
                report::write_trace_human(&report, output::human_style(arguments.output.color, file.is_some()), out)
            }
            TraceFormat::Json => report::write_trace_json(&report, out),
        })?;
        let skips_certificates = arguments.environment.certs == CertificateModeName::Skip;
        let is_good = report.outcome().is_good() && (skips_certificates || report.is_covered());
        Ok(if is_good { Status::Success } else { Status::Found })
    })
}

fn start<'m>(asked: &AskedUrl, options: &RequestOptions) -> Start<'m> {
    let mut request = Request::get(&asked.url).expect("an asked URL is http or https, and has a host");
    request.target.clone_from(&asked.target);
    request.method.clone_from(&options.method);
    request.address = options.address.or(request.address);
    if options.no_sni {
        request.sni = None;
    } else if let Some(sni) = options.sni.as_ref().filter(|_| request.is_tls) {
        request.sni = Some(sni.clone());
    }
    let (hosts, headers): (Vec<_>, Vec<_>) = options.headers.iter().cloned().partition(|(name, _)| name == "host");
    let host = options.host.clone().or(hosts.into_iter().next().map(|(_, value)| value));
    request.host = host.or(request.host);
    request.headers = headers;
    request.other_headers = OtherHeaders::Absent;
    Start { url: asked.url.clone(), request, socket: None, hsts: options.hsts.clone(), max_hops: options.max_hops }
}
