//! `ngxlint`, a static analyzer for nginx configuration that knows what nginx would do.
//!
//! Data flows one way: [`source`] → [`syntax`] → [`config`] → [`model`] → [`rules`] → [`report`],
//! with [`nginx`], [`tls`] and [`hsts`] as what is known of nginx, of certificates and of HSTS, and [`settings`] as what a
//! repository says of itself. [`fixes`] makes the texts that findings offer. A room knows the rooms before it and none
//! after, and none but [`source`] opens files.

pub mod cli;
pub mod config;
pub mod fixes;
pub mod hsts;
pub mod model;
pub mod nginx;
pub mod report;
pub mod rules;
pub mod settings;
pub mod source;
pub mod syntax;
pub mod tls;
