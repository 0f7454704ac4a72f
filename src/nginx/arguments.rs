//! How many arguments a directive takes.

use std::fmt;

/// The numbers of arguments that a directive accepts; its name is not counted, nor is the `{` of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Arguments {
    /// Bit n: n arguments are accepted.
    counts: u8,
    /// More than any of the bits are accepted too.
    unlimited: bool,
}

/// nginx's `NGX_CONF_MAX_ARGS`: a directive with a fixed number of arguments has fewer than 8.
const MOST: u8 = 7;

impl Arguments {
    /// As many as `count`, at most seven.
    #[must_use]
    pub const fn exactly(count: u8) -> Arguments {
        Arguments::between(count, count)
    }

    /// From `least` to `most`, at most seven.
    #[must_use]
    pub const fn between(least: u8, most: u8) -> Arguments {
        assert!(least <= most && most <= MOST);
        let (mut counts, mut count) = (0, least);
        while count <= most {
            counts |= 1 << count;
            count += 1;
        }
        Arguments { counts, unlimited: false }
    }

    /// `least` or more, at most seven of them required.
    #[must_use]
    pub const fn at_least(least: u8) -> Arguments {
        Arguments { unlimited: true, ..Arguments::between(least, MOST) }
    }

    /// One or three, but not two: nginx's `NGX_CONF_TAKE13`.
    #[must_use]
    pub const fn one_or_three() -> Arguments {
        Arguments { counts: 1 << 1 | 1 << 3, unlimited: false }
    }

    /// Whether a directive with `count` arguments is accepted.
    #[must_use]
    pub const fn accepts(self, count: usize) -> bool {
        if count > MOST as usize { self.unlimited } else { self.counts & (1 << count) != 0 }
    }

    /// The fewest arguments.
    #[must_use]
    pub const fn least(self) -> usize {
        self.counts.trailing_zeros() as usize
    }

    /// The most arguments; `None` when there is no limit.
    #[must_use]
    pub const fn most(self) -> Option<usize> {
        if self.unlimited { None } else { Some(MOST as usize - self.counts.leading_zeros() as usize) }
    }
}

impl fmt::Display for Arguments {
    /// As a phrase: `no arguments`, `1 argument`, `1, 2 or 3 arguments`, `at least 2 arguments`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.unlimited {
            return match self.least() {
                0 => f.write_str("any number of arguments"),
                1 => f.write_str("at least 1 argument"),
                least => write!(f, "at least {least} arguments"),
            };
        }
        match (self.least(), self.most().unwrap_or_default()) {
            (0, 0) => return f.write_str("no arguments"),
            (1, 1) => return f.write_str("1 argument"),
            _ => {}
        }
        let last = self.most().unwrap_or_default();
        for count in (self.least()..=last).filter(|count| self.accepts(*count)) {
            let separator = match count {
                first if first == self.least() => "",
                count if count == last => " or ",
                _ => ", ",
            };
            write!(f, "{separator}{count}")?;
        }
        f.write_str(" arguments")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_counted_and_shown() {
        const ROWS: &[(Arguments, &str, &[usize], &[usize])] = &[
            (Arguments::exactly(0), "no arguments", &[0], &[1, 8]),
            (Arguments::exactly(1), "1 argument", &[1], &[0, 2, 9]),
            (Arguments::between(1, 2), "1 or 2 arguments", &[1, 2], &[0, 3]),
            (Arguments::between(1, 4), "1, 2, 3 or 4 arguments", &[1, 4], &[0, 5, 100]),
            (Arguments::one_or_three(), "1 or 3 arguments", &[1, 3], &[0, 2, 4]),
            (Arguments::at_least(1), "at least 1 argument", &[1, 7, 8, 5000], &[0]),
            (Arguments::at_least(2), "at least 2 arguments", &[2, 7, 8, 5000], &[0, 1]),
            (Arguments::at_least(0), "any number of arguments", &[0, 1, 9], &[]),
        ];
        for (arguments, shown, accepted, refused) in ROWS {
            assert_eq!(arguments.to_string(), *shown);
            assert!(accepted.iter().all(|count| arguments.accepts(*count)), "{shown}");
            assert!(!refused.iter().any(|count| arguments.accepts(*count)), "{shown}");
        }
        assert_eq!((Arguments::between(1, 4).least(), Arguments::between(1, 4).most()), (1, Some(4)));
        assert_eq!(Arguments::at_least(2).most(), None);
    }
}
