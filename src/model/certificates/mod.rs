//! Certificates and keys, with the servers that use them.

pub mod certificate_use;
pub mod inventory;
pub mod key_use;
pub(crate) mod other_server;
pub(crate) mod served_names;
pub(crate) mod unused;
