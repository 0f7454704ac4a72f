//! Versions of nginx, which rules and defaults follow.

use std::fmt;
use std::str::FromStr;

/// A version of nginx; the newest release when nobody says another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NginxVersion {
    /// 1 since 2011.
    pub major: u16,
    /// Odd: mainline; even: stable.
    pub minor: u16,
    /// The release within its branch.
    pub patch: u16,
}

/// The newest release that the tables know: nginx 1.31.4, 2026-08-19.
///
/// nginx: <https://nginx.org/en/CHANGES>
pub const NEWEST: NginxVersion = NginxVersion::new(1, 31, 4);

impl NginxVersion {
    /// The version of these three numbers.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> NginxVersion {
        NginxVersion { major, minor, patch }
    }
}

impl Default for NginxVersion {
    fn default() -> NginxVersion {
        NEWEST
    }
}

impl fmt::Display for NginxVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Text that is no version of nginx.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a version of nginx such as 1.29.7")]
pub struct VersionError(pub String);

impl FromStr for NginxVersion {
    type Err = VersionError;

    /// Reads `1.29.7`; the last number may be missing and is then 0.
    fn from_str(text: &str) -> Result<NginxVersion, VersionError> {
        let mut numbers = text.split('.').map(|part| match part.bytes().all(|byte| byte.is_ascii_digit()) {
            true => part.parse::<u16>().ok(),
            false => None,
        });
        match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
            (Some(Some(major)), Some(Some(minor)), patch @ (None | Some(Some(_))), None) => {
                Ok(NginxVersion::new(major, minor, patch.flatten().unwrap_or(0)))
            }
            _ => Err(VersionError(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_shown() {
        const ROWS: &[(&str, Option<&str>)] = &[
            ("1.29.7", Some("1.29.7")),
            ("1.29", Some("1.29.0")),
            ("0.8.55", Some("0.8.55")),
            ("1", None),
            ("", None),
            ("1.29.7.1", None),
            ("1.29.", None),
            ("1.+2.3", None),
            ("1.99999.0", None),
            ("nginx/1.22.1", None),
        ];
        for (text, shown) in ROWS {
            assert_eq!(
                text.parse::<NginxVersion>().ok().map(|version| version.to_string()).as_deref(),
                *shown,
                "{text}"
            );
        }
    }

    #[test]
    fn versions_are_ordered_by_number() {
        assert!(NginxVersion::new(1, 9, 15) < NginxVersion::new(1, 10, 0));
        assert!(NginxVersion::new(1, 29, 7) < NEWEST);
    }
}
