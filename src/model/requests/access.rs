//! Who may ask: `allow`, `deny`, `auth_basic`, `auth_request`, `satisfy`.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_access_module.html>,
//! <https://nginx.org/en/docs/http/ngx_http_core_module.html#satisfy>

use std::net::IpAddr;

/// The length of the network `network` (`address`, `address/length`, `all`), where it holds `address`.
pub(crate) fn covers_address(network: &str, address: IpAddr) -> Option<u32> {
    if network == "all" {
        return Some(0);
    }
    let (base, length) = match network.split_once('/') {
        Some((base, length)) => (base, Some(length)),
        None => (network, None),
    };
    let (base, address, bits): (u128, u128, u32) = match (base.parse().ok()?, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => (base.to_bits().into(), address.to_bits().into(), 32),
        (IpAddr::V6(base), IpAddr::V6(address)) => (base.to_bits(), address.to_bits(), 128),
        _ => return None,
    };
    let length = match length {
        Some(length) => length.parse::<u32>().ok().filter(|length| *length <= bits)?,
        None => bits,
    };
    let shift = bits - length;
    let is_inside = length == 0 || base >> shift == address >> shift;
    is_inside.then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORKS: &[(&str, &str, Option<u32>)] = &[
        ("127.0.0.1", "127.0.0.1", Some(32)),
        ("127.0.0.0/8", "127.9.9.9", Some(8)),
        ("10.0.0.0/8", "127.0.0.1", None),
        ("0.0.0.0/0", "127.0.0.1", Some(0)),
        ("all", "::1", Some(0)),
        ("::1", "::1", Some(128)),
        ("2001:db8::/32", "2001:db8:1::1", Some(32)),
        ("127.0.0.1", "::1", None),
        ("unix:", "127.0.0.1", None),
        ("10.0.0.0/33", "10.0.0.1", None),
    ];

    #[test]
    fn networks_hold_addresses() {
        for (network, address, expected) in NETWORKS {
            let address = address.parse().expect("an address of this table");
            assert_eq!(covers_address(network, address), *expected, "{network} {address}");
        }
    }
}
