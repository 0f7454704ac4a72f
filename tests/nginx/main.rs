//! ngxlint against real nginx: what `nginx -t` accepts, which files it reads, which server and
//! certificate it chooses, where it redirects to, what it answers, which WebSockets open, and what clients make of
//! that.
//!
//! The cases are generated from a seed that every failure names. `NGXLINT_SEED` sets another one,
//! `NGXLINT_ROUNDS` (default 1) makes the run longer, `NGXLINT_NGINX` (paths separated by `:`) says which
//! nginx to ask instead of those that are found. Where there is none the tests say so, and fail if `CI`
//! is set.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test runs programs and reads their files")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what was compared, or not, is to be seen")]

mod answers;
mod certificates;
mod clients;
mod http2;
mod includes;
mod names;
mod question;
mod random;
mod real;
mod rewriting;
mod selection;
mod stream;
mod suppressions;
mod syntax;
mod tls_files;
mod upstream_tls;
mod websocket;
