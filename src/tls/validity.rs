//! Points in time and the period in which a certificate is valid.

use std::fmt;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const DAY: i64 = 24 * 60 * 60;

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds. Displays as its date in UTC.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(pub i64);

/// Text that is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an RFC 3339 time such as 2026-06-15T12:00:00Z or 2026-06-15")]
pub struct TimeError(String);

impl UnixTime {
    /// Reads an RFC 3339 `date-time`, or a `full-date` for its first second in UTC.
    ///
    /// # Errors
    /// [`TimeError`] when the text is neither.
    pub fn parse_rfc3339(text: &str) -> Result<UnixTime, TimeError> {
        let parsed = if text.len() == "2026-06-15".len() {
            OffsetDateTime::parse(&format!("{text}T00:00:00Z"), &Rfc3339)
        } else {
            OffsetDateTime::parse(text, &Rfc3339)
        };
        match parsed {
            Ok(time) => Ok(UnixTime(time.unix_timestamp())),
            Err(_) => Err(TimeError(text.to_owned())),
        }
    }

    /// As RFC 3339 writes it, in UTC.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let time = OffsetDateTime::from_unix_timestamp(self.0).ok().and_then(|time| time.format(&Rfc3339).ok());
        time.unwrap_or_else(|| self.to_string())
    }

    /// Whole days from `self` until `later`, rounded down: a day that is not complete does not count.
    #[must_use]
    pub fn days_until(self, later: UnixTime) -> i64 {
        later.0.saturating_sub(self.0).div_euclid(DAY)
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match OffsetDateTime::from_unix_timestamp(self.0) {
            Ok(time) => write!(f, "{}", time.date()),
            // Beyond the year 9999, which neither X.509 nor RFC 3339 can write.
            Err(_) => write!(f, "{} s", self.0),
        }
    }
}

/// The period in which a certificate is valid, both ends included (RFC 5280, section 4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Validity {
    /// The first valid second.
    pub not_before: UnixTime,
    /// The last valid second.
    pub not_after: UnixTime,
}

impl Validity {
    /// Whether `now` lies in the period.
    #[must_use]
    pub fn contains(&self, now: UnixTime) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// Whether the period is over at `now`.
    #[must_use]
    pub fn is_expired(&self, now: UnixTime) -> bool {
        now > self.not_after
    }

    /// Whether the period has not begun at `now`.
    #[must_use]
    pub fn is_not_yet_valid(&self, now: UnixTime) -> bool {
        now < self.not_before
    }

    /// The length of the period in seconds; 0 when it ends before it begins.
    #[must_use]
    pub fn lifetime(&self) -> i64 {
        self.not_after.0.saturating_sub(self.not_before.0).max(0)
    }

    /// Whole days that are left at `now`, negative once the period is over.
    #[must_use]
    pub fn days_left(&self, now: UnixTime) -> i64 {
        now.days_until(self.not_after)
    }

    /// What is left at `now`, for people: `12 days`, or hours where there are few.
    #[must_use]
    pub fn time_left(&self, now: UnixTime) -> String {
        const HOUR: i64 = 3600;
        let seconds = self.not_after.0.saturating_sub(now.0);
        match (self.days_left(now), seconds / HOUR) {
            (2.., _) => format!("{} days", self.days_left(now)),
            (_, 2..) => format!("{} hours", seconds / HOUR),
            (_, 1) => "1 hour".to_owned(),
            _ => "less than an hour".to_owned(),
        }
    }

    /// Whether the period, not yet over, ends within `days` of `now` or within `1/share` of its
    /// lifetime, whichever is less: certificates of 6 days exist, and 30 days would always be too late for them.
    #[must_use]
    pub fn expires_soon(&self, now: UnixTime, days: u32, share: u32) -> bool {
        let notice = (i64::from(days) * DAY).min(self.lifetime() / i64::from(share.max(1)));
        !self.is_expired(now) && self.not_after.0.saturating_sub(now.0) <= notice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3339_times_and_dates() {
        const TIMES: &[(&str, Option<i64>)] = &[
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-06-15T12:00:00Z", Some(1_781_524_800)),
            ("2026-06-15t12:00:00z", Some(1_781_524_800)),
            ("2026-06-15T14:00:00+02:00", Some(1_781_524_800)),
            ("2026-06-15T12:00:00.75Z", Some(1_781_524_800)),
            ("1950-01-01T00:00:00Z", Some(-631_152_000)),
            ("9999-12-31T23:59:59Z", Some(253_402_300_799)),
            ("2026-06-15", Some(1_781_481_600)),
            ("2026-02-30", None),
            ("2026-06-15T12:00:00", None), // no offset: whose noon?
            ("15.06.2026", None),
            ("1781524800", None), // ten bytes, as a date has
            ("äöüäö", None),
            ("", None),
        ];
        for &(text, expected) in TIMES {
            assert_eq!(UnixTime::parse_rfc3339(text).ok(), expected.map(UnixTime), "{text}");
            let written = expected.map(|seconds| UnixTime(seconds).rfc3339());
            let read = written.map(|text| UnixTime::parse_rfc3339(&text).ok().map(|time| time.0));
            assert_eq!(read, expected.map(Some), "{text}");
        }
    }

    #[test]
    fn dates_for_messages() {
        const DATES: &[(i64, &str)] = &[
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (1_781_524_800, "2026-06-15"),
            (253_402_300_799, "9999-12-31"),
            (i64::MAX, "9223372036854775807 s"),
        ];
        for &(seconds, expected) in DATES {
            assert_eq!(UnixTime(seconds).to_string(), expected);
        }
    }

    fn validity(first_day: i64, last_day: i64) -> Validity {
        Validity { not_before: UnixTime(first_day * DAY), not_after: UnixTime(last_day * DAY) }
    }

    #[test]
    fn both_ends_are_valid() {
        let period = validity(10, 20);
        // (now, not yet valid, valid, expired, days left)
        let rows = [
            (10 * DAY - 1, true, false, false, 10),
            (10 * DAY, false, true, false, 10),
            (20 * DAY, false, true, false, 0),
            (20 * DAY + 1, false, false, true, -1),
        ];
        for (now, not_yet, valid, expired, left) in rows {
            let now = UnixTime(now);
            assert_eq!(period.is_not_yet_valid(now), not_yet, "{now:?}");
            assert_eq!(period.contains(now), valid, "{now:?}");
            assert_eq!(period.is_expired(now), expired, "{now:?}");
            assert_eq!(period.days_left(now), left, "{now:?}");
        }
    }

    #[test]
    fn few_days_are_told_in_hours() {
        let end = validity(10, 20).not_after.0;
        let rows = [
            (2 * DAY, "2 days"),
            (2 * DAY - 1, "47 hours"),
            (7200, "2 hours"),
            (7199, "1 hour"),
            (3, "less than an hour"),
        ];
        for (left, text) in rows {
            assert_eq!(validity(10, 20).time_left(UnixTime(end - left)), text);
        }
    }

    #[test]
    fn soon_is_thirty_days_or_a_quarter_of_the_lifetime() {
        // (lifetime in days, days before the end, soon)
        const ROWS: &[(i64, i64, bool)] = &[
            (398, 31, false),
            (398, 30, true),
            (90, 23, false), // 22.5 days are a quarter
            (90, 22, true),
            (64, 17, false),
            (64, 16, true),
            (6, 2, false),
            (6, 1, true),
            (6, 0, true),
            (6, -1, false), // expired is another matter
            (-5, 0, true),  // ends before it begins: no lifetime, and over at once
        ];
        for &(lifetime, before, soon) in ROWS {
            let period = validity(1000, 1000 + lifetime);
            let now = UnixTime((1000 + lifetime - before) * DAY);
            assert_eq!(period.expires_soon(now, 30, 4), soon, "{lifetime} {before}");
        }
        assert!(!validity(0, i64::MAX / DAY).expires_soon(UnixTime(i64::MIN), u32::MAX, 0)); // no overflow
    }
}
