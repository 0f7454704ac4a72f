//! Certificates and keys, with those that use them.

pub mod certificate_use;
pub mod inventory;
pub mod key_use;
pub mod listed;
pub mod loading;
pub(crate) mod served_names;
pub mod stapling;
pub mod takers;
pub mod tls_endpoint;
pub mod tls_file_use;
pub mod tls_user;
pub(crate) mod unused;
