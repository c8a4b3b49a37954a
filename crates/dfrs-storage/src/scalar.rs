//! Scalars as text and back: dates and times in ISO 8601, decimals digit by digit, the shortest floats.
//!
//! Whatever is written here is read back as the same value. Days are those of the proleptic Gregorian calendar; years
//! outside 0000 to 9999 carry a sign, as ISO 8601 wants it.

use std::fmt::Write as _;

use arrow_schema::{DataType, TimeUnit};

const DAY: i64 = 86_400;

/// The value that a text stands for in a type that is stored as a 64-bit integer; an error says what was expected.
pub fn parse_integer(text: &str, kind: &DataType) -> Result<i64, String> {
    let value = match kind {
        DataType::Date32 => date(text).filter(|days| i32::try_from(*days).is_ok()),
        DataType::Time32(unit) | DataType::Time64(unit) => clock(text, *unit)
            .and_then(|(seconds, part)| seconds.checked_mul(per_second(*unit))?.checked_add(part)),
        DataType::Timestamp(unit, zone) => timestamp(text, *unit, zone.is_some()),
        _ => text.parse().ok().filter(|value| fits(*value, kind)),
    };
    value.ok_or_else(|| format!("expected {}", described(kind)))
}

/// Whether an integer lies in the range of its type.
pub fn fits(value: i64, kind: &DataType) -> bool {
    match kind {
        DataType::Int8 => i8::try_from(value).is_ok(),
        DataType::Int16 => i16::try_from(value).is_ok(),
        DataType::Int32 => i32::try_from(value).is_ok(),
        _ => true,
    }
}

/// What a value of a type looks like, for messages.
pub fn described(kind: &DataType) -> String {
    let example = match kind {
        DataType::Boolean => "true or false",
        DataType::Utf8 | DataType::LargeUtf8 => "a string",
        DataType::Float32 | DataType::Float64 => "a number",
        DataType::Date32 => "a date such as \"2024-12-31\"",
        DataType::Time32(unit) | DataType::Time64(unit) => {
            return format!(
                "a time such as \"23:59:59\" with at most {} decimals",
                digits(*unit)
            );
        }
        DataType::Timestamp(unit, None) => {
            return format!(
                "a time such as \"2024-12-31T23:59:59\" without zone and with at most {} decimals",
                digits(*unit)
            );
        }
        DataType::Timestamp(unit, Some(_)) => {
            return format!(
                "a time with zone such as \"2024-12-31T23:59:59Z\" and with at most {} decimals",
                digits(*unit)
            );
        }
        DataType::Decimal128(precision, scale) => {
            return format!(
                "a decimal of at most {precision} digits, {scale} of them after the point"
            );
        }
        DataType::List(_) | DataType::LargeList(_) => "an array",
        DataType::Struct(_) => "an object",
        DataType::Null => "null",
        other => return format!("an integer ({})", other.to_string().to_lowercase()),
    };
    example.to_owned()
}

fn digits(unit: TimeUnit) -> usize {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

fn per_second(unit: TimeUnit) -> i64 {
    10_i64.pow(digits(unit) as u32)
}

/// Days since 1970-01-01. The year is cut into 400-year eras that all have the same number of days.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    (year + era * 400 + i64::from(month <= 2), month, day)
}

fn number(text: &str) -> Option<i64> {
    let all =
        !text.is_empty() && text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if all { text.parse().ok() } else { None }
}

fn date(text: &str) -> Option<i64> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let mut parts = rest.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let short = month.len() != 2 || day.len() != 2 || year.len() < 4;
    if short || parts.next().is_some() || (year.len() > 4 && rest.len() == text.len()) {
        return None;
    }
    let (year, month, day) = (sign * number(year)?, number(month)?, number(day)?);
    let found = days(year, month, day);
    (civil(found) == (year, month, day)).then_some(found) // 2023-02-30 comes back as another day
}

/// Seconds since midnight and the part of a second in units.
fn clock(text: &str, unit: TimeUnit) -> Option<(i64, i64)> {
    let (whole, part) = text
        .split_once('.')
        .map_or((text, None), |(whole, part)| (whole, Some(part)));
    let mut parts = whole.split(':');
    let (hour, minute) = (parts.next()?, parts.next()?);
    let second = match (parts.next(), part) {
        (Some(second), _) => second,
        (None, None) => "00",
        (None, Some(_)) => return None,
    };
    let lengths = [hour, minute, second].iter().all(|text| text.len() == 2);
    let (hour, minute, second) = (number(hour)?, number(minute)?, number(second)?);
    if !lengths || parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let part = match part {
        None => 0,
        Some(part) => {
            let kept = part.len().min(digits(unit));
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            if part[kept..].bytes().any(|digit| digit != b'0') {
                return None; // the unit cannot hold it
            }
            let value = if kept == 0 { 0 } else { number(&part[..kept])? };
            value * 10_i64.pow((digits(unit) - kept) as u32)
        }
    };
    Some((hour * 3600 + minute * 60 + second, part))
}

/// Seconds east of Greenwich, and the text before the zone.
fn zone(text: &str) -> Option<(&str, i64)> {
    if let Some(before) = text.strip_suffix(['Z', 'z']) {
        return Some((before, 0));
    }
    let at = text.rfind(['+', '-'])?;
    let (before, zone) = text.split_at(at);
    let (hours, minutes) = match zone.len() {
        6 if zone.as_bytes()[3] == b':' => (number(zone.get(1..3)?)?, number(zone.get(4..6)?)?),
        5 => (number(zone.get(1..3)?)?, number(zone.get(3..5)?)?),
        3 => (number(zone.get(1..3)?)?, 0),
        _ => return None,
    };
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    (hours < 24 && minutes < 60).then_some((before, sign * (hours * 3600 + minutes * 60)))
}

fn timestamp(text: &str, unit: TimeUnit, zoned: bool) -> Option<i64> {
    let at = text.find(['T', 't', ' '])?;
    let (day, rest) = (date(&text[..at])?, &text[at + 1..]);
    let (rest, offset) = if zoned { zone(rest)? } else { (rest, 0) };
    let (seconds, part) = clock(rest, unit)?;
    let seconds = i128::from(day) * i128::from(DAY) + i128::from(seconds - offset);
    i64::try_from(seconds * i128::from(per_second(unit)) + i128::from(part)).ok()
}

/// The digits of a decimal of the given precision and scale.
pub fn parse_decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (sign, mantissa) = mantissa
        .strip_prefix('-')
        .map_or((1, mantissa), |rest| (-1, rest));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = whole.bytes().chain(part.bytes());
    if whole.is_empty() || !all.clone().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut value: i128 = 0;
    for digit in all {
        value = value
            .checked_mul(10)?
            .checked_add(i128::from(digit - b'0'))?;
    }
    let shift = i32::from(scale)
        .checked_add(exponent)?
        .checked_sub(i32::try_from(part.len()).ok()?)?;
    for _ in 0..shift.unsigned_abs() {
        if value == 0 {
            break;
        }
        if shift > 0 {
            value = value.checked_mul(10)?;
        } else if value % 10 == 0 {
            value /= 10;
        } else {
            return None; // a digit would be lost
        }
    }
    (value < 10_i128.checked_pow(precision.into())?).then_some(sign * value)
}

/// Appends a date.
pub fn write_date(days: i64, out: &mut String) {
    let (year, month, day) = civil(days);
    let written = if (0..=9999).contains(&year) {
        write!(out, "{year:04}-{month:02}-{day:02}")
    } else {
        write!(out, "{year:+07}-{month:02}-{day:02}")
    };
    written.expect("a String takes everything");
}

/// Appends a time of the day, with as many decimals as the unit has, or none where they are zero.
pub fn write_time(value: i64, unit: TimeUnit, out: &mut String) {
    let (seconds, part) = (
        value.div_euclid(per_second(unit)),
        value.rem_euclid(per_second(unit)),
    );
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut written = write!(out, "{hour:02}:{minute:02}:{second:02}");
    if part != 0 {
        written = written.and(write!(out, ".{part:0width$}", width = digits(unit)));
    }
    written.expect("a String takes everything");
}

/// Appends a timestamp; one with a zone is an instant and written in UTC.
pub fn write_timestamp(value: i64, unit: TimeUnit, zoned: bool, out: &mut String) {
    let day = DAY * per_second(unit);
    write_date(value.div_euclid(day), out);
    out.push('T');
    write_time(value.rem_euclid(day), unit, out);
    if zoned {
        out.push('Z');
    }
}

/// Whether a text is exactly what a float is written as, here or by Python, so that reading it loses nothing.
pub fn is_canonical_float(text: &str) -> bool {
    if matches!(text, "NaN" | "inf" | "-inf") {
        return true;
    }
    let begins = text
        .bytes()
        .next()
        .is_some_and(|byte| byte == b'-' || byte.is_ascii_digit());
    let marked = text.bytes().any(|byte| matches!(byte, b'.' | b'e'));
    if text.len() > 26 || !begins || !marked {
        return false;
    }
    let Ok(value) = text.parse::<f64>() else {
        return false;
    };
    let mut buffer = ryu::Buffer::new();
    let ours = buffer.format(value);
    ours == text || ours == text.replace("e+", "e").replace("e-0", "e-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stamp(text: &str, unit: TimeUnit, zoned: bool) -> Option<i64> {
        let zone = zoned.then(|| "UTC".into());
        parse_integer(text, &DataType::Timestamp(unit, zone)).ok()
    }

    #[test]
    fn timestamps() {
        let second = TimeUnit::Second;
        for (text, unit, zoned, expected) in [
            ("1970-01-01T00:00:00", second, false, Some(0)),
            ("1969-12-31 23:59", second, false, Some(-60)),
            (
                "2024-02-29T12:00:00.5",
                TimeUnit::Millisecond,
                false,
                Some(1_709_208_000_500),
            ),
            ("2023-02-29T12:00:00", second, false, None),
            ("2024-01-01T00:00:00.5", second, false, None),
            (
                "2024-01-01T00:00:00.000",
                second,
                false,
                Some(1_704_067_200),
            ),
            ("2024-01-01T00:00:00Z", second, false, None),
            ("2024-01-01T00:00:00", second, true, None),
            (
                "2024-01-01T02:00:00+02:00",
                second,
                true,
                Some(1_704_067_200),
            ),
            (
                "2023-12-31T23:00:00-0100",
                second,
                true,
                Some(1_704_067_200),
            ),
            ("2024-01-01T24:00:00", second, false, None),
            (
                "+12024-01-01T00:00:00",
                second,
                false,
                Some(317_273_587_200),
            ),
            ("12024-01-01T00:00:00", second, false, None),
            ("2024-01-01", second, false, None),
        ] {
            assert_eq!(stamp(text, unit, zoned), expected, "{text}");
        }
    }

    #[test]
    fn decimals() {
        for (text, expected) in [
            ("1.10", Some(110)),
            ("-0.5", Some(-50)),
            ("1e1", Some(1000)),
            ("1.234", None),
            ("1.230", Some(123)),
            ("999.99", Some(99_999)),
            ("1000", None),
            ("0e999999999", Some(0)),
            ("1e999999999", None),
            (".5", None),
            ("+1", None),
            ("", None),
        ] {
            assert_eq!(parse_decimal(text, 5, 2), expected, "{text}");
        }
    }

    #[test]
    fn canonical_floats() {
        for text in [
            "1.0", "-0.0", "0.1", "1e16", "1e+16", "1e-07", "1e-7", "NaN", "-inf", "5e-324",
        ] {
            assert!(is_canonical_float(text), "{text}");
        }
        for text in [
            "1", "0.50", "1.", ".5", "01.5", "1e5", "+1.0", "nan", "infinity", "1E16", "", "1.0 ",
        ] {
            assert!(!is_canonical_float(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_timestamp_comes_back(value: i64, unit in 0..4_usize, zoned: bool) {
            let unit = [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond][unit];
            let mut text = String::new();
            write_timestamp(value, unit, zoned, &mut text);
            prop_assert_eq!(stamp(&text, unit, zoned), Some(value), "{}", text);
        }

        #[test]
        fn any_date_comes_back(value: i32) {
            let mut text = String::new();
            write_date(value.into(), &mut text);
            prop_assert_eq!(parse_integer(&text, &DataType::Date32), Ok(value.into()), "{}", text);
        }

        #[test]
        fn no_text_panics(text: String, unit in 0..4_usize) {
            let unit = [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond][unit];
            let zone = Some("UTC".into());
            for kind in [DataType::Date32, DataType::Time64(unit), DataType::Timestamp(unit, zone), DataType::Int8] {
                let _ = parse_integer(&text, &kind);
            }
            let _ = (parse_decimal(&text, 38, 10), is_canonical_float(&text));
        }
    }
}
