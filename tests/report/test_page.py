"""The page as text: self-contained, with escaped names and the values of the model."""

import html
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

import conservax
from conservax.model import Settings
from conservax.report import write_report
from conservax.report._example import example
from conservax.report._sections import score_table
from conservax.scoring import scores

ODD = ('a "b" <i>', "</script><script>alert(1)</script>", "$$x ${title}", "e'\n f")


class Reader(HTMLParser):
    """Collect elements, addresses that load something, scripts and text."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.loads, self.scripts, self.text = [], [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        # Names of XML vocabularies and anchors in the page itself are never fetched.
        self.loads += [
            v for k, v in attrs if k in ("src", "href", "xlink:href") and not v.startswith("#")
        ]

    def handle_data(self, data):
        if self.elements and self.elements[-1] == "script":
            self.scripts.append(data)
        self.text += data


@pytest.fixture(scope="module")
def page(tmp_path_factory, make_model):
    model = make_model(4, columns=ODD, source="<img src=x onerror=alert(1)> & co.csv")
    path = write_report(model, tmp_path_factory.mktemp("page") / "deep" / "report.html")
    return path.read_text(encoding="utf-8")


def test_the_page_loads_nothing(page):
    assert Reader(page).loads == ["data:,"]
    assert "default-src 'none'" in page
    assert not re.search(r"@import|url\(\s*['\"]?(?!#)|fetch\(|XMLHttpRequest", page)


def test_names_are_escaped(page):
    read = Reader(page)
    assert (read.elements.count("script"), read.elements.count("img")) == (2, 0)
    assert read.elements.count("i") == 0
    assert json.loads(read.scripts[0])["columns"] == list(ODD)
    assert "<img src=x onerror=alert(1)> & co.csv" in read.text
    assert "a < b" in read.text


def test_it_stays_small(page):
    assert len(page) < 5e6


def test_the_page_shows_the_checks(page):
    text = Reader(page).text
    for words in ("FAIL", "1 of 2 passed", "1 < 2 & so on", "too far"):
        assert words in text


@pytest.mark.parametrize("kind", ["number", "timestamp"])
def test_the_code_on_the_page_runs(make_model, monkeypatch, kind):
    model = make_model(2, columns=("lon\nimport nothing", "lat"), kind=kind)
    monkeypatch.setattr(conservax, "load", lambda path: model, raising=False)
    shown = re.search(r'<pre id="code"><code>(.*?)</code>', example(model), re.DOTALL)
    code = html.unescape(shown[1])
    found = {}
    exec(code, found)
    assert found["density"].shape == (2,)
    assert found["velocity"].shape == found["moved"].shape == (2, 2)
    assert found["draws"].shape == (1000, 2)
    np.testing.assert_allclose(found["x"][0], model.units.mean, atol=0.01 * model.units.std[1])


def test_the_page_reports_missing_data(tmp_path, make_model):
    model = make_model(1, data=False)
    model.metrics = model.metrics.iloc[:0]
    model.settings = Settings()
    text = Reader(write_report(model, tmp_path / "r.html").read_text(encoding="utf-8")).text
    assert text.count("came without its data") == 2
    assert "No training metrics" in text
    assert "No settings" in text


def test_scores_of_validation_rows_come_with_a_warning(make_model):
    model = make_model(1)
    both = scores(model, model.split.test)
    assert "optimistic" in score_table(both, "validation")
    assert "optimistic" not in score_table(both, "test")


def test_a_failure_leaves_what_was_there(tmp_path, make_model, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old")
    model = make_model(1)
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_report(model, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_streamlines_are_shown_for_two_coordinates_or_more(page, tmp_path, make_model):
    assert ", averaged over the other coordinates" in Reader(page).text
    line = write_report(make_model(1), tmp_path / "line.html").read_text(encoding="utf-8")
    assert ('id="streamlines"' in page, 'id="streamlines"' in line) == (True, False)
