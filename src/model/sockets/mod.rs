//! Who answers: servers, their names, the sockets they listen on, and which of them nginx selects.

pub mod bound;
pub mod https_service;
pub mod listen;
pub mod request_host;
pub mod selection;
pub(crate) mod served_hosts;
pub mod server;
pub mod server_names;
pub mod socket;
pub mod tls_side;
