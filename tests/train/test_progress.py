"""Progress of training on a terminal, in a log and in a notebook."""

import io

import pandas as pd
import pytest

from conservax.train import ChunkReport, ProgressBar, Trained


def report(step):
    return ChunkReport(0, step, 1.5, 1.25, {"nll": 1.5})


def trained(steps, best, stopped_early):
    return Trained(None, pd.DataFrame(), 0, steps, stopped_early, best)


def logged(capsys, steps, seconds_per_step=0.01, total=2000, visible=True, end=None):
    """Lines on standard error of a fit with an explicit clock."""
    now = [0.0]
    with ProgressBar(total, visible=visible, clock=lambda: now[0]) as bar:
        for step in steps:
            now[0] = step * seconds_per_step
            bar.show(report(step))
        if end is not None:
            bar.end(end)
    out, err = capsys.readouterr()
    assert out == ""
    return err.splitlines()


def test_a_log_gets_a_plain_line_at_each_tenth(capsys):
    first, *lines = logged(capsys, range(100, 2001, 100))
    assert first == "fitting: 2000 steps; the first wait for the compiler"
    assert [line.split("  ")[0] for line in lines] == [
        f"fitting: step {step} of 2000" for step in [100, *range(200, 2001, 200)]
    ]
    assert all("loss 1.5000  validation 1.2500" in line for line in lines)
    # 0.01 s a step: 18 s for the 1800 steps after step 200.
    assert lines[1].endswith("  18 s left")
    assert lines[-1].endswith("validation 1.2500")
    assert not any("\x1b" in line for line in (first, *lines))


def test_a_slow_fit_logs_at_least_once_per_minute(capsys):
    lines = logged(capsys, range(100, 2001, 100), seconds_per_step=0.7)
    assert len(lines) == 1 + 20  # 70 s a chunk


def test_the_last_chunk_is_always_logged(capsys):
    lines = logged(capsys, [30], total=30)
    assert lines[-1].startswith("fitting: step 30 of 30")


def test_an_early_stop_is_logged_with_its_reason(capsys):
    lines = logged(capsys, range(100, 1201, 100), end=trained(1200, 200, stopped_early=True))
    assert lines[-1] == (
        "stopped early at step 1200: no better on the validation rows for 1000 steps; "
        "best at step 200, which is kept"
    )
    lines = logged(capsys, range(100, 2001, 100), end=trained(2000, 1900, stopped_early=False))
    assert not any("early" in line for line in lines)


def test_nothing_is_logged_where_progress_is_off(capsys):
    assert logged(capsys, [2000], visible=False, end=trained(2000, 200, stopped_early=True)) == []


def test_a_notebook_keeps_plain_lines(capsys, monkeypatch):
    # A notebook saves what goes to standard error, and neither bars nor widgets.
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    lines = logged(capsys, range(100, 2001, 100))
    assert sum("fitting: step" in line for line in lines) == 11


@pytest.mark.parametrize("stopped_early", [False, True])
def test_a_terminal_gets_one_bar(monkeypatch, stopped_early):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    with ProgressBar(2000) as bar:
        bar.show(report(1200))
        bar.end(trained(1200, 200, stopped_early))
    shown = screen.getvalue()
    assert "fitting: step" not in shown
    assert "1200/2000 steps" in shown
    assert ("stopped early at step 1200" in shown) is stopped_early
