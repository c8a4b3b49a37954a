//! Numbers as people and LaTeX write them, read exactly.

/// Two numbers that differ by more than this are different in every reading; closer ones depend on rounding.
const CLEARLY_DIFFERENT: f64 = 2e-6;
const MOST_DIGITS: usize = 30;
const CURRENCIES: [char; 6] = ['$', '€', '£', '¥', '₹', '₩'];

/// An exact number: a fraction, and whether it was written as a percentage.
///
/// # Examples
/// ```
/// use dfrs_text::answers::Number;
/// let half = Number::parse("\\frac{1}{2}").unwrap();
/// assert_eq!(half.same_as(&Number::parse("50%").unwrap()), Some(true));
/// assert_eq!(Number::parse("1,234.50").unwrap().canonical(), "1234.5");
/// assert_eq!(Number::parse("2x"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    numerator: i128,
    /// Above 0, without a common divisor with the numerator.
    denominator: i128,
    percent: bool,
    decimal: bool,
}

impl Number {
    /// Reads a text that is a number and nothing else: `-1,234.5`, `3/4`, `\frac{3}{4}`, `1 3/4`, `$5`, `28%`.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, length) = Self::prefix(text)?;
        text[length..].trim().is_empty().then_some(number)
    }

    /// Reads the number that a text begins with, and says how many bytes it takes.
    pub(super) fn prefix(text: &str) -> Option<(Self, usize)> {
        let mut reader = Reader { text, at: 0 };
        reader.spaces();
        let negative = reader.sign();
        reader.currency();
        let negative = negative != reader.sign();
        let mut number = reader.magnitude()?;
        if negative {
            number.numerator = -number.numerator;
        }
        number.percent = reader.percent();
        if !number.percent {
            reader.currency_behind();
            number.percent = reader.percent();
        }
        Some((number, reader.at))
    }

    /// Whether two numbers are the same; none where they are so close that it is a question of rounding.
    ///
    /// A percentage is the same as its number of hundredths and as the bare number: `28%` is `0.28` and `28`.
    pub fn same_as(&self, other: &Self) -> Option<bool> {
        let readings = |number: &Self, other: &Self| -> Vec<(i128, i128)> {
            let bare = (number.numerator, number.denominator);
            let hundredth = number
                .denominator
                .checked_mul(100)
                .map(|below| (number.numerator, below));
            let both = number.percent && !other.percent;
            std::iter::once(bare)
                .chain(hundredth.filter(|_| both))
                .collect()
        };
        let mut clearly_different = true;
        for one in readings(self, other) {
            for another in readings(other, self) {
                match same(one, another) {
                    Some(true) => return Some(true),
                    Some(false) => {}
                    None => clearly_different = false,
                }
            }
        }
        clearly_different.then_some(false)
    }

    /// The number in one form: digits, a decimal without trailing zeros, or a reduced fraction; `%` stays.
    pub fn canonical(&self) -> String {
        let percent = if self.percent { "%" } else { "" };
        let mut decimals = 0;
        let mut scaled = Some((self.numerator, self.denominator));
        while self.decimal && scaled.is_some_and(|(above, below)| above % below != 0) {
            decimals += 1;
            scaled = scaled.and_then(|(above, below)| Some((above.checked_mul(10)?, below)));
        }
        match scaled {
            Some((above, below)) if above % below == 0 => {
                let digits = format!(
                    "{:0>width$}",
                    (above / below).unsigned_abs(),
                    width = decimals + 1
                );
                let sign = if above < 0 { "-" } else { "" };
                let (whole, part) = digits.split_at(digits.len() - decimals);
                let point = if decimals == 0 { "" } else { "." };
                format!("{sign}{whole}{point}{part}{percent}")
            }
            _ => format!("{}/{}{percent}", self.numerator, self.denominator),
        }
    }

    fn of(numerator: i128, denominator: i128, decimal: bool) -> Option<Self> {
        if denominator == 0 {
            return None;
        }
        let divisor = gcd(numerator.unsigned_abs(), denominator.unsigned_abs());
        let sign = if denominator < 0 { -1 } else { 1 };
        let divisor = i128::try_from(divisor).ok()?.checked_mul(sign)?;
        Some(Self {
            numerator: numerator / divisor,
            denominator: denominator / divisor,
            percent: false,
            decimal,
        })
    }

    fn over(self, other: Self) -> Option<Self> {
        let above = self.numerator.checked_mul(other.denominator)?;
        let below = self.denominator.checked_mul(other.numerator)?;
        Self::of(above, below, false)
    }

    fn plus(self, other: Self) -> Option<Self> {
        let above = self.numerator.checked_mul(other.denominator)?;
        let above = above.checked_add(other.numerator.checked_mul(self.denominator)?)?;
        Self::of(
            above,
            self.denominator.checked_mul(other.denominator)?,
            false,
        )
    }
}

/// Whether two fractions are equal, clearly different, or (none) too close to tell.
fn same(one: (i128, i128), other: (i128, i128)) -> Option<bool> {
    if one == other {
        return Some(true);
    }
    if let (Some(left), Some(right)) = (one.0.checked_mul(other.1), other.0.checked_mul(one.1))
        && left == right
    {
        return Some(true);
    }
    let (left, right) = (one.0 as f64 / one.1 as f64, other.0 as f64 / other.1 as f64);
    let rounding = (left.abs() + right.abs()) * 1e-12;
    ((left - right).abs() > CLEARLY_DIFFERENT + rounding).then_some(false)
}

fn gcd(mut one: u128, mut other: u128) -> u128 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one.max(1)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn take(&mut self, prefix: &str) -> bool {
        let found = self.rest().starts_with(prefix);
        self.at += if found { prefix.len() } else { 0 };
        found
    }

    fn spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Whether there is a minus.
    fn sign(&mut self) -> bool {
        let minus = ["-", "−", "–"].iter().any(|sign| self.take(sign));
        if minus || self.take("+") {
            self.spaces();
        }
        minus
    }

    fn currency(&mut self) {
        if self.currency_sign() {
            self.spaces();
        }
    }

    fn currency_sign(&mut self) -> bool {
        let sign = self
            .rest()
            .chars()
            .next()
            .filter(|char| CURRENCIES.contains(char));
        self.at += sign.map_or(0, char::len_utf8);
        sign.is_some()
    }

    fn currency_behind(&mut self) {
        let before = self.at;
        self.spaces();
        if !self.currency_sign() {
            self.at = before;
        }
    }

    fn percent(&mut self) -> bool {
        let before = self.at;
        self.spaces();
        let found = [
            "%",
            "percentage points",
            "percentage",
            "percent",
            "per cent",
            "pct",
        ]
        .iter()
        .any(|word| self.take(word));
        let ends = !self.rest().starts_with(|char: char| char.is_alphanumeric());
        if !(found && ends) {
            self.at = before;
        }
        found && ends
    }

    /// A number without its sign: decimal, fraction or mixed number.
    fn magnitude(&mut self) -> Option<Number> {
        if self.rest().starts_with("\\frac") {
            return self.latex_fraction();
        }
        let (whole, spaced) = self.digits()?;
        let end = self.at;
        if self.take("/") && self.rest().starts_with(|char: char| char.is_ascii_digit()) {
            let (below, _) = self.digits()?;
            return if spaced { None } else { whole.over(below) };
        }
        self.at = end;
        if whole.decimal {
            return Some(whole);
        }
        self.mixed(whole).or_else(|| {
            self.at = end;
            Some(whole)
        })
    }

    /// What stands behind the whole part of a mixed number.
    fn mixed(&mut self, whole: Number) -> Option<Number> {
        let before = self.at;
        self.spaces();
        let part = if self.rest().starts_with("\\frac") {
            self.latex_fraction()?
        } else if self.at > before {
            let (above, _) = self.digits()?;
            if !self.take("/") {
                return None;
            }
            above.over(self.digits()?.0)?
        } else {
            return None;
        };
        let proper = part.numerator >= 0 && part.numerator < part.denominator;
        if proper { whole.plus(part) } else { None }
    }

    fn latex_fraction(&mut self) -> Option<Number> {
        self.take("\\frac");
        let above = self.argument()?;
        above.over(self.argument()?)
    }

    /// An argument of `\frac`: a number in braces, or one digit.
    fn argument(&mut self) -> Option<Number> {
        self.spaces();
        if self.take("{") {
            self.spaces();
            let negative = self.sign();
            let (mut number, _) = self.digits()?;
            self.spaces();
            if negative {
                number.numerator = -number.numerator;
            }
            return self.take("}").then_some(number);
        }
        let digit = self.rest().chars().next()?.to_digit(10)?;
        self.at += 1;
        Number::of(i128::from(digit), 1, false)
    }

    /// Digits with separators between groups of three, and decimals; also whether spaces were the separators.
    fn digits(&mut self) -> Option<(Number, bool)> {
        let mut digits = String::new();
        self.plain_digits(&mut digits);
        let mut separator = None;
        if (1..=3).contains(&digits.len()) {
            while let Some(char) = self.group(separator) {
                separator = Some(char);
                self.at += char.len_utf8();
                self.plain_digits(&mut digits);
            }
        }
        let whole = digits.len();
        let rest = self.rest().as_bytes();
        if rest.first() == Some(&b'.') && rest.get(1).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
            self.plain_digits(&mut digits);
        }
        if digits.is_empty() || digits.len() > MOST_DIGITS {
            return None;
        }
        let decimals = u32::try_from(digits.len() - whole).ok()?;
        let number = Number::of(digits.parse().ok()?, 10_i128.pow(decimals), decimals > 0)?;
        Some((number, separator.is_some_and(|char| char != ',')))
    }

    fn plain_digits(&mut self, digits: &mut String) {
        let rest = &self.text[self.at..];
        let end = rest
            .find(|char: char| !char.is_ascii_digit())
            .unwrap_or(rest.len());
        digits.push_str(&rest[..end.min(MOST_DIGITS + 1)]);
        self.at += end;
    }

    /// The separator before a further group of exactly three digits.
    fn group(&self, separator: Option<char>) -> Option<char> {
        let mut chars = self.rest().chars();
        let char = chars
            .next()
            .filter(|char| matches!(char, ',' | ' ' | '\u{a0}' | '\u{202f}'))?;
        let group = chars.as_str().as_bytes();
        let three = group.len() >= 3 && group[..3].iter().all(u8::is_ascii_digit);
        let more = group.get(3).is_some_and(u8::is_ascii_digit);
        (three && !more && separator.is_none_or(|known| known == char)).then_some(char)
    }
}
