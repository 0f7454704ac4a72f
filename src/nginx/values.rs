//! nginx's values, read as nginx's own C reads them.
//!
//! nginx: `src/core/ngx_parse.c`, `ngx_string.c`, `ngx_conf_file.c`; the limits are those of 64-bit systems.

/// Why nginx calls a value invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// No digits, a sign, a fraction, another letter than a unit's, a unit out of order.
    #[error("invalid value")]
    Invalid,
    /// More than nginx can count.
    #[error("value is too large")]
    TooLarge,
    /// Neither `on` nor `off`.
    #[error("it must be \"on\" or \"off\"")]
    NeitherOnNorOff,
}

/// `on` or `off`, without case: `ngx_conf_set_flag_slot`.
///
/// # Errors
/// [`ValueError::NeitherOnNorOff`] for anything else.
pub fn parse_flag(value: &[u8]) -> Result<bool, ValueError> {
    match value {
        on if on.eq_ignore_ascii_case(b"on") => Ok(true),
        off if off.eq_ignore_ascii_case(b"off") => Ok(false),
        _ => Err(ValueError::NeitherOnNorOff),
    }
}

/// Decimal digits and nothing else: `ngx_atoi`.
///
/// # Errors
/// [`ValueError`] where nginx says "invalid number".
pub fn parse_number(value: &[u8]) -> Result<u64, ValueError> {
    if value.is_empty() {
        return Err(ValueError::Invalid);
    }
    value.iter().try_fold(0, |number, byte| append_digit(number, *byte))
}

/// Bytes: digits, and `k` or `m` in either case: `ngx_parse_size`. nginx reads no `g` here.
///
/// # Errors
/// [`ValueError`] where nginx says "invalid value".
pub fn parse_size(value: &[u8]) -> Result<u64, ValueError> {
    match value.last() {
        Some(b'g' | b'G') => Err(ValueError::Invalid),
        _ => parse_offset(value),
    }
}

/// Bytes of a file or a body: digits, and `k`, `m` or `g` in either case: `ngx_parse_offset`.
///
/// # Errors
/// [`ValueError`] where nginx says "invalid value".
pub fn parse_offset(value: &[u8]) -> Result<u64, ValueError> {
    let (digits, shift) = match value {
        [digits @ .., b'k' | b'K'] => (digits, 10),
        [digits @ .., b'm' | b'M'] => (digits, 20),
        [digits @ .., b'g' | b'G'] => (digits, 30),
        digits => (digits, 0),
    };
    let number = parse_number(digits)?;
    if number > MOST >> shift { Err(ValueError::TooLarge) } else { Ok(number << shift) }
}

/// A time in milliseconds: `1m30s`, `1h 30m`, `60`, `500ms`; a number without a unit is seconds. `ngx_parse_time`.
///
/// # Errors
/// [`ValueError`] where nginx says "invalid value". A year (`y`) is too long for nginx to read here.
pub fn parse_time(value: &[u8]) -> Result<u64, ValueError> {
    add_units(value, Precision::Milliseconds)
}

/// A time in whole seconds, for directives that know none shorter (`ssl_session_timeout`, `expires` …): as
/// [`parse_time`], with years and without milliseconds. `ngx_parse_time`.
///
/// # Errors
/// [`ValueError`] where nginx says "invalid value".
pub fn parse_seconds(value: &[u8]) -> Result<u64, ValueError> {
    add_units(value, Precision::Seconds)
}

/// `NGX_MAX_INT_T_VALUE`, `NGX_MAX_SIZE_T_VALUE` and `NGX_MAX_OFF_T_VALUE` of a 64-bit nginx.
const MOST: u64 = i64::MAX.cast_unsigned();

#[derive(Clone, Copy, PartialEq, Eq)]
enum Precision {
    Seconds,
    Milliseconds,
}

/// A letter behind a number.
struct Unit {
    /// Its place in nginx's order, in which units only get shorter: after a unit of the same place or a later one
    /// it is invalid.
    place: u8,
    /// The place from which the next unit is judged; a blank ends the order.
    then: u8,
    /// Its length in seconds; `None`: a millisecond.
    seconds: Option<u64>,
}

const fn unit(place: u8, seconds: u64) -> Unit {
    Unit { place, then: place, seconds: Some(seconds) }
}

const YEAR: u8 = 1;
const MONTH: u8 = 2;

/// The unit at the start of `text`, with what follows it.
fn split_unit(text: &[u8], precision: Precision) -> Option<(Unit, &[u8])> {
    Some(match text {
        [b'y', rest @ ..] => (unit(YEAR, 60 * 60 * 24 * 365), rest),
        [b'M', rest @ ..] => (unit(MONTH, 60 * 60 * 24 * 30), rest),
        [b'w', rest @ ..] => (unit(3, 60 * 60 * 24 * 7), rest),
        [b'd', rest @ ..] => (unit(4, 60 * 60 * 24), rest),
        [b'h', rest @ ..] => (unit(5, 60 * 60), rest),
        [b'm', b's', ..] if precision == Precision::Seconds => return None,
        [b'm', b's', rest @ ..] => (Unit { place: 8, then: 8, seconds: None }, rest),
        [b'm', rest @ ..] => (unit(6, 60), rest),
        [b's', rest @ ..] => (unit(7, 1), rest),
        [b' ', rest @ ..] => (Unit { place: 7, then: 9, seconds: Some(1) }, rest),
        _ => return None,
    })
}

fn append_digit(number: u64, byte: u8) -> Result<u64, ValueError> {
    if !byte.is_ascii_digit() {
        return Err(ValueError::Invalid);
    }
    let longer = number.checked_mul(10).and_then(|number| number.checked_add(u64::from(byte - b'0')));
    longer.filter(|number| *number <= MOST).ok_or(ValueError::TooLarge)
}

/// Adds the numbers of `text`, each times its unit. A last number without a unit is seconds, whatever stands
/// before it, as in `1h1`.
fn add_units(text: &[u8], precision: Precision) -> Result<u64, ValueError> {
    let (per_second, mut place) = match precision {
        Precision::Seconds => (1, 0),
        // Neither years nor months: nginx begins behind them.
        Precision::Milliseconds => (1000, MONTH),
    };
    let (mut total, mut number, mut has_digits) = (0, 0, false);
    let mut rest = text;
    while let Some(byte) = rest.first() {
        if byte.is_ascii_digit() {
            number = append_digit(number, *byte)?;
            has_digits = true;
            rest = &rest[1..];
            continue;
        }
        let (unit, behind) = split_unit(rest, precision).ok_or(ValueError::Invalid)?;
        if unit.place <= place {
            return Err(ValueError::Invalid);
        }
        place = unit.then;
        total = add_scaled(total, number, unit.seconds.map_or(1, |seconds| seconds * per_second))?;
        number = 0;
        let blanks = behind.iter().take_while(|byte| **byte == b' ').count();
        rest = &behind[blanks..];
    }
    if has_digits { add_scaled(total, number, per_second) } else { Err(ValueError::Invalid) }
}

fn add_scaled(total: u64, number: u64, scale: u64) -> Result<u64, ValueError> {
    let sum = number.checked_mul(scale).and_then(|product| product.checked_add(total));
    sum.filter(|sum| *sum <= MOST).ok_or(ValueError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::ValueError::{Invalid, NeitherOnNorOff, TooLarge};
    use super::*;

    fn check(parse: fn(&[u8]) -> Result<u64, ValueError>, rows: &[(&str, Result<u64, ValueError>)]) {
        for (value, expected) in rows {
            assert_eq!(parse(value.as_bytes()), *expected, "{value:?}");
        }
    }

    // Each row below was given to `nginx -t` of 1.22.1 in a directive of its kind, and accepted or refused alike.

    #[test]
    fn flags_are_read_without_case() {
        assert_eq!(parse_flag(b"on"), Ok(true));
        assert_eq!(parse_flag(b"Off"), Ok(false));
        for value in ["", "yes", "1", "true", "on "] {
            assert_eq!(parse_flag(value.as_bytes()), Err(NeitherOnNorOff), "{value:?}");
        }
    }

    #[test]
    fn times_are_milliseconds() {
        const ROWS: &[(&str, Result<u64, ValueError>)] = &[
            ("60", Ok(60_000)),
            ("60s", Ok(60_000)),
            ("0", Ok(0)),
            ("00060", Ok(60_000)),
            ("1m30s", Ok(90_000)),
            ("1h 30m", Ok(5_400_000)),
            ("1d", Ok(86_400_000)),
            ("1w", Ok(604_800_000)),
            ("500ms", Ok(500)),
            ("1s 500ms", Ok(1_500)),
            ("60 ", Ok(60_000)),
            // A last number is seconds.
            ("1m30", Ok(90_000)),
            ("1h1", Ok(3_601_000)),
            ("1s500", Ok(501_000)),
            ("1ms5", Ok(5_001)),
            // A unit without a number counts nothing, if there is a number anywhere.
            ("m5", Ok(5_000)),
            ("hm5s", Ok(5_000)),
            // Units only get shorter, and stand once.
            ("1m1h", Err(Invalid)),
            ("10s5s", Err(Invalid)),
            ("5ms3s", Err(Invalid)),
            (" 1m", Err(Invalid)),
            ("1 m", Err(Invalid)),
            // Years and months are for whole seconds.
            ("1y", Err(Invalid)),
            ("1M", Err(Invalid)),
            // No time at all.
            ("", Err(Invalid)),
            ("s", Err(Invalid)),
            (" ", Err(Invalid)),
            ("-1", Err(Invalid)),
            ("1.5s", Err(Invalid)),
            ("1S", Err(Invalid)),
            ("1mo", Err(Invalid)),
            // The largest.
            ("9223372036854775807ms", Ok(MOST)),
            ("9223372036854775808ms", Err(TooLarge)),
            ("9223372036854775", Ok(9_223_372_036_854_775_000)),
            ("9223372036854776", Err(TooLarge)),
        ];
        check(parse_time, ROWS);
    }

    #[test]
    fn times_in_seconds_know_years_and_no_milliseconds() {
        const ROWS: &[(&str, Result<u64, ValueError>)] = &[
            ("5m", Ok(300)),
            ("1y", Ok(31_536_000)),
            ("1M", Ok(2_592_000)),
            ("1y 2M", Ok(36_720_000)),
            ("1y1y", Err(Invalid)),
            ("500ms", Err(Invalid)),
            ("1d1w", Err(Invalid)),
        ];
        check(parse_seconds, ROWS);
    }

    #[test]
    fn sizes_know_k_and_m_and_offsets_g() {
        const BOTH: &[(&str, Result<u64, ValueError>)] = &[
            ("512", Ok(512)),
            ("0", Ok(0)),
            ("10k", Ok(10_240)),
            ("10K", Ok(10_240)),
            ("1m", Ok(1_048_576)),
            ("1M", Ok(1_048_576)),
            ("", Err(Invalid)),
            ("k", Err(Invalid)),
            ("1kb", Err(Invalid)),
            ("1 k", Err(Invalid)),
            ("-1", Err(Invalid)),
            ("1.5m", Err(Invalid)),
            ("1t", Err(Invalid)),
            ("9007199254740991k", Ok(9_007_199_254_740_991 << 10)),
            ("9007199254740992k", Err(TooLarge)),
            ("9223372036854775808", Err(TooLarge)),
        ];
        check(parse_size, BOTH);
        check(parse_offset, BOTH);
        check(parse_size, &[("1g", Err(Invalid)), ("1G", Err(Invalid))]);
        check(parse_offset, &[("1g", Ok(1 << 30)), ("1G", Ok(1 << 30)), ("g", Err(Invalid))]);
    }

    #[test]
    fn numbers_are_digits() {
        const ROWS: &[(&str, Result<u64, ValueError>)] = &[
            ("100", Ok(100)),
            ("007", Ok(7)),
            ("", Err(Invalid)),
            ("1k", Err(Invalid)),
            ("-1", Err(Invalid)),
            ("99999999999999999999", Err(TooLarge)),
        ];
        check(parse_number, ROWS);
    }
}
