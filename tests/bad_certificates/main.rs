//! Certificates and keys as they should not be, through `ngxlint check` and `ngxlint certs`, beside what a real nginx
//! makes of them.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "these tests make files and start programs")]
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]
#![allow(clippy::print_stderr, reason = "what was compared, or not, is to be seen")]

mod case;
mod certificates;
mod files;
mod keys;

#[path = "../../src/tls/der.rs"]
mod der;
#[path = "../../src/tls/forged.rs"]
#[allow(dead_code, reason = "the tests of the room need more of it")]
mod forged;
#[path = "../program/mod.rs"]
mod program;
#[path = "../nginx/real.rs"]
#[allow(dead_code, reason = "nginx is only asked for its verdict")]
mod real;
