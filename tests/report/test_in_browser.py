"""The page in a browser. Skipped where Chromium is missing."""

import time

import pytest

from conservax.report import write_report

ODD = ('a "b" <i>', "c & d", "</script>", "e'f", "$x$", "g")


@pytest.fixture(scope="module")
def pages(tmp_path_factory, make_model):
    folder = tmp_path_factory.mktemp("pages")
    return {
        dim: write_report(
            make_model(dim, columns=ODD[:dim], kind="timestamp" if dim == 2 else "number"),
            folder / f"report {dim}.html",
        )
        for dim in (1, 2, 6)
    }


def wait_for(condition):
    for _ in range(100):
        if condition():
            return True
        time.sleep(0.1)
    return False


@pytest.fixture(params=[1, 2, 6])
def page(request, pages, browser):
    browser.open(pages[request.param])
    # The first picture is drawn when the page knows its own width.
    assert wait_for(lambda: browser.run("return now.textContent") != "")
    yield request.param
    assert browser.console() == []


def move(browser, frame):
    browser.run(
        f"const s = document.getElementById('time'); s.value = {frame};"
        "s.dispatchEvent(new Event('input'))"
    )
    return browser.picture()


@pytest.mark.usefixtures("page")
def test_the_slider_changes_the_picture_and_back(browser):
    first, later = move(browser, 0), move(browser, 25)
    assert first != later
    assert move(browser, 0) == first


@pytest.mark.usefixtures("page")
def test_the_keyboard_moves_the_slider(browser):
    before = move(browser, 5)
    browser.keys("#time", "\ue014")  # arrow right
    assert browser.run("return document.getElementById('time').value") == "6"
    assert browser.picture() != before


@pytest.mark.usefixtures("page")
def test_play_runs_until_stopped_and_restarts_at_the_end(browser):
    value = "return +document.getElementById('time').value"
    press = "document.getElementById('play').click()"
    move(browser, 3)
    browser.run(press)
    assert wait_for(lambda: browser.run(value) >= 5)
    browser.run(press)
    stopped = browser.run(value)
    time.sleep(0.5)
    assert browser.run(value) == stopped
    move(browser, 39)
    browser.run(press)
    assert browser.run(value) < 39
    move(browser, 0)
    assert browser.run("return document.getElementById('play').textContent") == "Play"


def test_every_switch_changes_the_picture_and_back(browser, page):
    before = move(browser, 20)
    switches = [["motion"], ["points"]] if page < 3 else [["points"]]
    for (switch,) in switches:
        press = f"document.getElementById('{switch}').click()"
        browser.run(press)
        assert browser.picture() != before, switch
        browser.run(press)
        assert browser.picture() == before, switch


def test_colour_scales_differ(browser, page):
    if page == 1:
        assert browser.run("return document.getElementById('scale')") is None
        return
    seen = set()
    for scale in ("root", "linear", "log"):
        browser.run(
            f"const s = document.getElementById('scale'); s.value = '{scale}';"
            "s.dispatchEvent(new Event('change'))"
        )
        seen.add(browser.picture())
    assert len(seen) == 3


def test_every_control_has_a_label_and_the_slider_has_its_time(browser, page):
    move(browser, 0)
    controls = "[...document.querySelectorAll('input, select')]"
    assert browser.run(f"return {controls}.filter((e) => !e.labels.length).length") == 0
    spoken = browser.run("return document.getElementById('time').getAttribute('aria-valuetext')")
    assert spoken.startswith("2023-11-" if page == 2 else "2.0")


def test_the_pointer_reads_the_density(browser, page):
    box = "const r = document.getElementById('canvas').getBoundingClientRect();"
    browser.run(
        box + "document.getElementById('canvas').dispatchEvent(new PointerEvent('pointermove',"
        "{clientX: r.left + 0.4 * r.width, clientY: r.top + 100}))"
    )
    text = browser.run("return document.getElementById('under').textContent")
    assert ("density" in text) == (page < 3)


def test_the_dark_theme_differs_from_the_light(browser, pages):
    seen = []
    for dark in (False, True):
        browser.open(pages[2], dark=dark)
        assert wait_for(lambda: browser.run("return now.textContent") != "")
        seen.append(browser.run("return getComputedStyle(document.body).backgroundColor"))
        seen.append(browser.picture())
    assert len(set(seen)) == 4
    assert browser.console() == []


@pytest.mark.usefixtures("page")
def test_the_page_fits_a_narrow_window(browser):
    wider = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert browser.run(wider) <= 0
