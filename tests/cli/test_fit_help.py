"""Options of `conservax fit`: one per field of its settings, panel by panel."""

import re
from dataclasses import fields

import pytest

from conservax import HoldOut, Training, models
from conservax.cli._options import chosen, documented, typed

PANELS = {
    "Data": "--time --columns --dims --degrees --prior-growth --validation --test --by --leave-out",
    "Events": "--sequence --window --stride --comcat --min-magnitude",
    "Model": "--model --components --width --depth --max-frequency --base --layers --transformer "
    "--max-log-scale --triggering --state-size --inter-event-components",
    "Objective": "--diffusion --reference --kinetic-weight --matching-weight --state-weight "
    "--growth-weight --total-mass",
    "Training": "--seed --steps --batch-size --learning-rate --noise --time-noise --patience "
    "--ensemble --clip --ema-decay --chunk --memory-rows --progress",
    "Output": "--out --resume --force --json",
}
SETTINGS = (
    *models.MODELS.values(),
    models.PointProcess,
    HoldOut,
    Training,
)


@pytest.fixture
def shown(run, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert run("fit", "--help") == 0
    return capsys.readouterr().out


def test_the_help_has_panels_in_order(shown):
    parts = re.split(r"╭─ (\w+) ─", shown)
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert [name for name in found if name in PANELS] == list(PANELS)
    for name, options in PANELS.items():
        flags = set(re.findall(r"^│ \*?\s*(--[a-z-]+)", found[name], re.MULTILINE))
        assert flags == set(options.split()), name


def test_every_field_has_an_option_where_a_type_allows_it_and_a_sentence(shown):
    for cls in SETTINGS:
        for field in fields(cls):
            flag = f"--{field.name.replace('_', '-')}"
            assert (flag in shown) == (typed(cls, field.name) is not None), field.name
            assert documented(cls)[field.name], field.name


def test_options_name_the_models_that_have_them(shown):
    lines = " ".join(shown.replace("│", " ").split())
    assert re.search(r"--growth-weight.*?With autoregressive, factorized, kernel-mixture", lines)
    assert re.search(r"--state-size.*?With point-process", lines)
    assert "Training steps at most: 2000, or 1500 of point processes" in lines


def test_only_explicit_options_become_settings():
    params = {"steps": 30, "noise": None, "ensemble": 2, "out": "run", "leave_out": []}
    assert chosen(Training, params) == {"steps": 30, "ensemble": 2}
    assert chosen(HoldOut, params) == {}
