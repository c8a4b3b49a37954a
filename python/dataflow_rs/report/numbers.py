"""Numbers as people read them."""

from __future__ import annotations

import math


def count(value: float | None) -> str:
    """Return a whole number with separators.

    Examples:
        >>> count(1234567), count(None)
        ('1,234,567', '-')
    """
    return "-" if value is None else f"{value:,.0f}"


def short(value: float) -> str:
    """Return a number in at most five characters or so.

    Examples:
        >>> [short(n) for n in (0, 950, 1234, 56_700, 8_900_000, 2.5e9)]
        ['0', '950', '1.2k', '57k', '8.9M', '2.5G']
    """
    for factor, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            scaled = value / factor
            return f"{scaled:.0f}{unit}" if scaled >= 10 or scaled == int(scaled) else f"{scaled:.1f}{unit}"
    return f"{value:.0f}"


def share(part: float, whole: float) -> str:
    """Return a share in per cent; what is not all or nothing never looks like it.

    Examples:
        >>> share(1, 3), share(99_999, 100_000), share(1, 10**6), share(0, 0)
        ('33.3 %', '> 99.9 %', '< 0.1 %', '-')
    """
    if not whole:
        return "-"
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "< 0.1 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return f"{percent:.1f} %" if percent % 1 else f"{percent:.0f} %"


def seconds(value: float | None) -> str:
    """Return a duration.

    Examples:
        >>> [seconds(s) for s in (0.0004, 0.25, 7.3, 75, 4000, 90_000)]
        ['< 1 ms', '250 ms', '7.3 s', '1 min 15 s', '1 h 6 min', '25 h 0 min']
    """
    if value is None:
        return "-"
    if value < 0.001:
        return "< 1 ms"
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def measure(value: float | None) -> str:
    """Return a judged value or a threshold with as many digits as matter.

    Examples:
        >>> [measure(v) for v in (None, 3.0, 0.123456, 12345.6, float("nan"))]
        ['-', '3', '0.1235', '12,346', 'nan']
    """
    if value is None:
        return "-"
    if not math.isfinite(value):
        return str(value)
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


def plural(number: int, noun: str) -> str:
    """Return a number with its noun.

    Examples:
        >>> plural(1, "row"), plural(2000, "row")
        ('1 row', '2,000 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def money(value: float | None) -> str:
    """Return an amount of dollars.

    Examples:
        >>> money(0.00123), money(12.5), money(0.0000123)
        ('$0.0012', '$12.50', '$0.000012')
    """
    if value is None:
        return "-"
    if not 0 < value < 0.1:
        return f"${value:,.2f}"
    return f"${value:.{max(4, 1 - math.floor(math.log10(value)))}f}"
