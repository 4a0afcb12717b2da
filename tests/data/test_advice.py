"""What an error advises is done here, and must give what was meant."""

import datetime
import re
import warnings

import numpy as np
import pandas as pd
import pytest

from conservax.data import DataError, read_table

LARGEST = np.resize([1e308, -1e308, 1.7e308], 400)
DAYS = [datetime.datetime(2021, 1, 1 + n, 15, 5) for n in range(28)]


def refusal(times, x=None):
    """The error about a column of times."""
    x = np.linspace(0, 1, len(times)) if x is None else x
    with pytest.raises(DataError) as caught:
        read_table(pd.DataFrame({"t": times, "x": x}))
    return str(caught.value)


def converted(message, times):
    """What the call in an error makes of the column."""
    calls = re.findall(r"pandas\.to_datetime\(column, format='([^']*)'\)", message)
    assert len(calls) == 1, message
    return pd.to_datetime(pd.Series(times), format=calls[0]).tolist()


@pytest.mark.parametrize(
    "form",
    [
        "%m/%d/%Y",
        "%d/%m/%Y",
        "%d.%m.%Y",
        "%m-%d-%y",
        "%m/%d/%Y %I:%M:%S %p",
        "%d/%m/%Y %H:%M",
        "%m/%d/%Y %H:%M:%S",
    ],
)
def test_dates_get_the_order_that_they_have(form):
    times = [day.strftime(form) for day in DAYS]
    meant = [datetime.datetime.strptime(text, form) for text in times]
    assert converted(refusal(times), times) == meant


def test_dates_of_either_order_do_not_get_one():
    message = refusal([f"0{n}/0{n + 1}/2021" for n in range(1, 8)])
    assert "format='%d/%m/%Y') if days do" in message
    assert "format='%m/%d/%Y') if months do" in message
    mixed = refusal(["13/01/2021", "01/13/2021", "01/14/2021"])
    assert "pandas" not in mixed
    assert "write all so" in mixed


def test_dates_in_two_forms_do_not_get_the_form_of_some():
    assert "pandas" not in refusal(["03/15/2024", "2024-03-16", "03/17/2024", "2024-03-18"])


@pytest.mark.parametrize("form", ["%d/%m", "%m/%d", "%d.%m."])
def test_dates_without_a_year_are_neither_labels_nor_numbers(form):
    message = refusal([day.strftime(form) for day in DAYS])
    assert "expected a timestamp in ISO 8601" in message
    assert "with their year" in message
    assert "map" not in message


@pytest.mark.parametrize("text", ["Jan {} 2021", "{} March 2021", "{:02d}:30", "{}:15"])
def test_dates_in_words_and_times_of_day_are_neither_labels_nor_turned_round(text):
    message = refusal([text.format(n) for n in range(1, 12)])
    assert "expected a timestamp in ISO 8601" in message
    assert "label" not in message
    assert "dayfirst" not in message
    assert "map" not in message


@pytest.mark.parametrize(
    ("texts", "reads"),
    [
        (["1,000.5", "2,000.5"], {"thousands": ","}),
        (["1,000,000", "2,000,000"], {"thousands": ","}),
        (["0,5", "12,25"], {"decimal": ","}),
        (["0,125", "0,250"], {"decimal": ","}),
        (["1.100,5", "2.200,25"], {"thousands": ".", "decimal": ","}),
        (["1 100,5", "2 200,25"], {"thousands": " ", "decimal": ","}),
        (["1.100.000", "2.200.000"], {"thousands": ".", "decimal": ","}),
    ],
)
@pytest.mark.parametrize("column", ["t", "x"])
def test_numbers_with_commas_are_reported_with_a_remedy(tmp_path, texts, reads, column):
    file = tmp_path / "data.csv"
    pd.DataFrame({"t": [0, 1], "x": [0, 1]}).assign(**{column: texts}).to_csv(file, index=False)
    with pytest.raises(DataError) as caught:
        read_table(file)
    message = str(caught.value)
    assert "label" not in message
    assert repr(texts[0]) in message
    assert f"column {column!r}" in message
    advised = dict(re.findall(r"(thousands|decimal)='(.)'", message))
    assert advised == reads
    plain = [text.replace(reads.get("thousands", "_"), "") for text in texts]
    plain = plain if "decimal" not in reads else [text.replace(",", ".") for text in plain]
    assert pd.read_csv(file, **advised)[column].tolist() == [float(text) for text in plain]


@pytest.mark.parametrize("text", ["1,{:03d}", "1 {:03d}", "1_{:03d}", "1'{:03d}"])
def test_numbers_with_marks_between_thousands_are_no_labels(text):
    message = refusal([text.format(n) for n in range(5)])
    assert "expected a number; got" in message
    assert "label" not in message
    assert "map" not in message


def test_a_comma_that_may_mean_either_is_reported_both_ways():
    message = refusal(["1,000", "2,000"])
    assert "'1,000' may be 1000 or 1.000" in message
    # ... also where smaller numbers have none.
    assert "may be 1000 or 1.000" in refusal(["500", "1,000", "2,000"])


@pytest.mark.parametrize(
    "above",
    ["# by me\n", "# by me, in 2021\n", "# a\n# b\n", "# by me\n# a,b,c\n", "# a, b, c, d\n"],
)
def test_lines_above_the_header_are_blamed_for_what_they_do(tmp_path, above):
    file = tmp_path / "data.csv"
    file.write_text(above + "t,x\n" + "".join(f"{n},{n}\n" for n in range(5)))
    with pytest.raises(DataError, match="Row 1 begins with '#'") as caught:
        read_table(file)
    assert "UTF" not in str(caught.value)


@pytest.mark.parametrize("above", ["My data\n", "My data\n\n", "% by me\n"])
def test_titles_above_the_header_are_to_be_removed_and_not_the_rows(tmp_path, above):
    file = tmp_path / "data.csv"
    file.write_text(above + "t,x\n" + "".join(f"{n},{n}\n" for n in range(5)))
    with pytest.raises(DataError, match=r"Row 1 .* remove .* above them") as caught:
        read_table(file)
    assert "Mend the row" not in str(caught.value)
    assert "1 names" not in str(caught.value)
    assert "1 values" not in str(caught.value)


def test_a_row_of_too_many_values_is_not_blamed_on_the_encoding(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("t,x\n0,1\n1,2,3\n")
    with pytest.raises(DataError, match=r"row 3: expected 2 values.* got 3") as caught:
        read_table(file)
    assert "UTF" not in str(caught.value)
    file.write_bytes("t,größe\n0,1\n1,2\n".encode("latin-1"))
    with pytest.raises(DataError, match="Save it as UTF-8"):
        read_table(file)


def test_semicolons_are_seen_before_decimal_commas(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("t;x\n0,5;1,5\n1,5;2,5\n")
    with pytest.raises(DataError, match=r"separated by commas; got the header 't;x'.*points"):
        read_table(file)


def mapped(message):
    """The numbers that an error gives to labels."""
    call = re.search(r"map\((\{.*?\})\)", message)
    return {} if call is None else eval(call[1])  # as whoever follows does


@pytest.mark.parametrize(
    "labels",
    [
        ["late", "early", "middle"],
        ["E18.5", "P0"],  # before and after birth
        ["12h", "1d", "3d"],
        ["3ms", "5m"],
        ["T-3", "T-1", "T0"],  # below 0, or named so
        ["1a", "1b"],
        ["10-2023", "11-2023", "1-2024"],
        ["2024-W10", "2024W12"],
        ["9-3", "8-2"],
    ],
)
def test_labels_in_no_sure_order_get_none(labels):
    message = refusal(np.repeat(labels, 9))
    assert mapped(message) == dict.fromkeys(labels, ...)
    assert "a number of yours in place of each" in message


@pytest.mark.parametrize(
    ("labels", "numbers"),
    [
        (["day 3", "day -3", "Day 0"], [3, -3, 0]),
        (["-2 h", "1 h", "-1 h"], [-2, 1, -1]),
        (["3 days", "1 day", "7 days"], [3, 1, 7]),
        (["Day 06-09", "Day 00-03", "Day 03-06"], [7.5, 1.5, 4.5]),
    ],
)
def test_labels_with_numbers_get_these(labels, numbers):
    assert mapped(refusal(np.repeat(labels, 9))) == dict(zip(labels, numbers, strict=True))


@pytest.mark.parametrize(
    ("form", "meant"),
    [
        ("{y}-W{w:02d}", datetime.datetime.fromisocalendar),
        ("{y}W{w:02d}", datetime.datetime.fromisocalendar),
        ("{y}-Q{q}", lambda y, w, _: datetime.datetime(y, 3 * (w // 13) + 1, 1)),
    ],
)
def test_weeks_and_quarters_are_converted_as_the_calendar_has_them(form, meant):
    weeks = [(2024, 50), (2024, 10), (2025, 1), (2020, 40)]
    texts = [form.format(y=y, w=w, q=w // 13 + 1) for y, w in weeks]
    call = re.search(r"with (pandas\..*)\.$", refusal(np.repeat(texts, 9)))
    found = eval(call[1], {"pandas": pd, "column": pd.Series(texts)})
    assert list(found) == [meant(y, w, 1) for y, w in weeks]


@pytest.mark.parametrize(
    "times", [["0", "1", "2", "3"], ["2024-01-01", "2024-01-02", "2024-01-03"]]
)
def test_a_comment_among_the_rows_is_to_be_removed(tmp_path, times):
    file = tmp_path / "data.csv"
    lines = [f"{time},{n}" for n, time in enumerate(times)]
    file.write_text("\n".join(["t,x", *lines[:2], "# hello", *lines[2:]]))
    with pytest.raises(DataError, match=r"row 4: .*got '# hello'\. .* remove the row\.") as caught:
        read_table(file)
    assert "all as timestamps" not in str(caught.value)
    # ... but of a time of the other kind either may be meant.
    assert "Write all times as numbers or all as" in refusal(["1", "2", "2024-01-03"])


@pytest.mark.parametrize(
    ("most", "far"), [(np.linspace(-1, 1, 400), 2), (np.full(400, 1e308), 0), (LARGEST, 0)]
)
def test_the_largest_numbers_are_reported_without_an_overflow(most, far):
    x = most.copy()
    x[[7, 8]] = 1.7e308, -1.7e308
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        notes = read_table(pd.DataFrame({"t": np.arange(400.0), "x": x})).notes
    assert sum("values are far from all others" in note for note in notes) == bool(far)
