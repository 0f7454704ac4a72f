//! TLS towards upstreams: which passes speak it, which name they send and verify, and what a listen socket of this same
//! configuration makes of that.

mod constant;
pub mod handshake;
pub mod modules;
pub mod pass;
pub mod plain;
pub mod reach;
pub mod shared;
pub mod verdict;
