"""Remedies for text that is not a number or a timestamp: only what is sure to be right."""

import re
from collections.abc import Iterable
from typing import TypeGuard

_BETWEEN = " \u00a0\u2009\u202f'\u2019_"  # marks between thousands that are not a decimal point
_MARKED = re.compile(
    rf"[+-]?(?:\d{{1,3}}(?:(?:,\d{{3}})+|(?:[{_BETWEEN}]\d{{3}})+)(?:\.\d*)?|\d*,\d+"
    rf"|\d{{1,3}}(?:[.{_BETWEEN}]\d{{3}})+,\d*|\d{{1,3}}(?:\.\d{{3}}){{2,}})"
)
_DECIMAL_COMMA = re.compile(rf"[+-]?\d{{1,3}}(?:([.{_BETWEEN}])\d{{3}})+,\d*|[+-]?\d+(\.\d{{3}})+")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?$")
_DAY_MONTH = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(.*)")
_CLOCK = re.compile(r"([T ])\d{1,2}:\d{2}(:\d{2})?(\.\d+)?(?: ([AaPp][Mm]))?")
_NO_YEAR = re.compile(r"\d{1,2}/\d{1,2}|\d{1,2}\.\d{1,2}\.")
_MONTH = re.compile(r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b", re.IGNORECASE)

_LABEL = re.compile(r"(\D*?)(\d+(?:\.\d+)?)(?:\s*-\s*(\d+(?:\.\d+)?))?(\D*)")
_SIGNED = re.compile(r"(?:.*[\s(])?[-\u2212]")  # what stands before the digits of a number below 0
_WEEK = re.compile(r"\d{4}(-?)W(0[1-9]|[1-4]\d|5[0-3])")
_QUARTER = re.compile(r"\d{4}-?Q[1-4]")


def is_marked(value: object) -> TypeGuard[str]:
    """Whether text is a number but for commas, spaces or other marks within it."""
    return isinstance(value, str) and _MARKED.fullmatch(value.strip()) is not None


def may_be_date(text: str) -> bool:
    """Whether text may be a date by the name of a month, or a day and a month without a year."""
    if _NO_YEAR.fullmatch(text.strip()):
        return True
    return _MONTH.search(text) is not None and any(mark.isdigit() for mark in text)


def about_marks(values: Iterable[object]) -> str:
    """Remedy: how to write numbers with marks in them, from those of one column."""
    marked = [value.strip() for value in values if is_marked(value)]
    commas = [text for text in marked if "," in text]
    grouped = [found for found in map(_DECIMAL_COMMA.fullmatch, marked) if found]
    if grouped:
        return (
            "Write numbers without marks between thousands and with a decimal point, say with "
            f"pandas.read_csv(file, thousands={grouped[0][1] or '.'!r}, decimal=',')."
        )
    if not commas:
        return "Write numbers without marks between thousands: 1000."
    thousands = any("." in text or text.count(",") > 1 for text in commas)
    other = [text for text in commas if text.count(",") == 1 and not _GROUPED.match(text)]
    if thousands and other:
        return "Write numbers without commas, and with a decimal point."
    if thousands:
        return "Write numbers without commas: 1000, say with pandas.read_csv(file, thousands=',')."
    if other:
        return (
            "Write numbers with a decimal point: "
            f"{other[0].replace(',', '.')}, say with pandas.read_csv(file, decimal=',')."
        )
    return (
        f"{commas[0]!r} may be {commas[0].replace(',', '')} or {commas[0].replace(',', '.')}: write "
        "numbers without commas between thousands and with a decimal point, say with "
        "pandas.read_csv(file, thousands=',') or decimal=','."
    )


def about_labels(labels: list[str]) -> str:
    """Remedy: how to make times of labels: by the numbers in them where these are sure, else by hand."""
    weeks = [_WEEK.fullmatch(label) for label in labels]
    if all(weeks) and len({week[1] for week in weeks if week}) == 1:
        dash = "-" if "-" in labels[0] else ""
        return (
            "Convert the column, say to the Monday of each week with pandas.to_datetime("
            f"column.astype(str) + '{dash}1', format='%G{dash}W%V{dash}%u')."
        )
    if all(_QUARTER.fullmatch(label) for label in labels):
        return (
            "Convert the column, say to the first day of each quarter with "
            "pandas.PeriodIndex(column.astype(str), freq='Q').to_timestamp()."
        )
    values = _numbers_in(labels)
    times = ["..."] * len(labels) if values is None else [f"{value:g}" for value in values]
    pairs = [f"{label!r}: {value}" for label, value in zip(labels, times, strict=True)]
    shown = ", ".join(pairs[:3]) + ", and so on" * (len(pairs) > 3)
    call = f"column.astype(str).map({{{shown}}})"
    if values is None:
        return f"Give each its time, say with {call}, a number of yours in place of each '...'."
    return f"Give each its number, say with {call}."


def _numbers_in(labels: list[str]) -> list[float] | None:
    """The number in each label, of a range its middle; None where they may not be in order.

    That is: if words beside the numbers differ ("12h" and "1d"), a dash before one may be a minus or
    not ("T-3"), two numbers are the same, or ranges overlap ("10-2024" is a month).
    """
    ranges, beside = [], set()
    for label in labels:
        found = _LABEL.fullmatch(label)
        if found is None:
            return None
        before, low, high, after = found.groups()
        sign = -1 if _SIGNED.fullmatch(before) else 1
        if before.rstrip().endswith(("-", "\u2212")) and (sign > 0 or high):
            return None
        unit = after.strip().casefold()
        unit = unit.removesuffix("s") if len(unit) > 2 else unit  # days, but not ms
        beside.add((before.rstrip("-+\u2212").strip().casefold(), unit))
        ranges.append((sign * float(low), sign * float(low) if high is None else float(high)))
    ends = [end for one in sorted(ranges) for end in one]
    if len(beside) > 1 or len(set(ranges)) < len(labels) or ends != sorted(ends):
        return None
    return [(low + high) / 2 for low, high in ranges]


def about_dates(values: Iterable[object]) -> str:
    """Remedy: how to convert dates that are not in ISO 8601, from those of one column."""
    texts = [value.strip() for value in values if isinstance(value, str)]
    found = [_DAY_MONTH.fullmatch(text) for text in texts]
    dates = [one for one in found if one]
    if texts and all(_NO_YEAR.fullmatch(text) for text in texts):
        return "Write all times so, with their year."
    if not dates or len(dates) < len(texts):
        return "Write all times so, or as numbers."
    days_first = any(int(one[1]) > 12 for one in dates)
    months_first = any(int(one[3]) > 12 for one in dates)
    if days_first and months_first:
        return "Some begin with the day and some with the month: write all so."
    if days_first or months_first:
        return f"Convert the column, say with {_conversion(dates, days_first)}."
    return (
        f"Whether days or months come first is not to be seen: convert the column with "
        f"{_conversion(dates, True)} if days do, or with {_conversion(dates, False)} if months do."
    )


def _conversion(dates: list[re.Match[str]], days_first: bool) -> str:
    """A call of pandas that reads all of these dates and no others."""
    shapes = {(one[2], len(one[4]), _clock(one[5])) for one in dates}
    mark, digits, clock = next(iter(shapes))
    if len(shapes) > 1 or clock is None:
        return f"pandas.to_datetime(column, format='mixed', dayfirst={days_first})"
    first, second = ("%d", "%m") if days_first else ("%m", "%d")
    form = mark.join((first, second, "%Y" if digits == 4 else "%y")) + clock
    return f"pandas.to_datetime(column, format='{form}')"


def _clock(text: str) -> str | None:
    """The format of a time of day; None if it is not known."""
    if not text:
        return ""
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    hours = "%I:%M" if found[4] else "%H:%M"
    seconds = (":%S" if found[2] else "") + (".%f" if found[3] else "")
    return found[1] + hours + seconds + (" %p" if found[4] else "")
