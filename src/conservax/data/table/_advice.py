"""What to do about text that is no number or no timestamp: only what is sure to be right."""

import re
from collections.abc import Iterable

_BETWEEN = " \u00a0\u2009\u202f'\u2019_"  # marks between thousands that are no decimal point
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


def is_marked(value: object) -> bool:
    """Whether text is a number but for commas, spaces or other marks within it."""
    return isinstance(value, str) and _MARKED.fullmatch(value.strip()) is not None


def may_be_date(text: str) -> bool:
    """Whether text may be a date by the name of a month, or a day and a month without a year."""
    if _NO_YEAR.fullmatch(text.strip()):
        return True
    return _MONTH.search(text) is not None and any(mark.isdigit() for mark in text)


def about_marks(values: Iterable[object]) -> str:
    """How to write numbers with marks in them, given those of one column."""
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


def about_dates(values: Iterable[object]) -> str:
    """How to convert dates that are not in ISO 8601, given those of one column."""
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
    """The format of a time of day; None if it is none that is known."""
    if not text:
        return ""
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    hours = "%I:%M" if found[4] else "%H:%M"
    seconds = (":%S" if found[2] else "") + (".%f" if found[3] else "")
    return found[1] + hours + seconds + (" %p" if found[4] else "")
