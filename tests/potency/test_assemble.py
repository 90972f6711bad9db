"""The model of a few rows, worked by hand: its latents, their groups, and what is known of them before."""

import numpy as np
import polars as pl

from screen.potency.assemble import GUESSES, SHARED, assemble_rows
from screen.potency.linear import EXACT
from screen.potency.rows import ELSEWHERE, Row

TARGETS = pl.DataFrame(
    {
        "target": ["JAK1", "MEK", "STAT3_SH2", "SRC"],
        "atp_shift": [100.0, 10.0, 1.0, 1000.0],
        "mark": ["memory", "read", "fixed", "assumed"],
    }
)
TERMS = (
    ("mean|intended", 1.0), ("level|JAK1|intended", 1.0), ("K|a|JAK1|intended", 1.0), ("family|ki", 1.0),
    ("shift|JAK1", -1.0), ("study|ki|a", 1.0), ("shift|SRC", -0.5), ("K|a|MEK|other", 1.0), ("cell|a", 1.0),
    ("K|a|STAT3_SH2|fixed", 1.0), (f"{ELSEWHERE}|a|X", 1.0), ("growth", 1.0), ("level|MEK|other", 1.0),
    ("response|other", 1.0),
)  # fmt: skip
ROWS = [
    Row("a", 2.5, EXACT, 1.0, "ki", TERMS[:6]),
    Row("a", 1.5, EXACT, 3.0, "growth", TERMS[6:]),
    Row("b", 0.5, EXACT, 1.0, "ki", TERMS[:1]),
]


def test_latents_have_the_means_and_groups_that_are_known_before():
    """Means of what drugs share are assumptions: 1 uM of a kinase, 100 nM of a site that is none."""
    model, names = assemble_rows(ROWS, TARGETS)
    assert names == [name for name, _ in TERMS]
    known = dict(zip(names, zip(model.mean, model.latents, strict=True), strict=True))
    assert known == {
        "mean|intended": (3.0, "mean"), "level|JAK1|intended": (0.0, "level intended"),
        "K|a|JAK1|intended": (0.0, "K intended"), "family|ki": (0.0, "family"), "shift|JAK1": (2.0, "shift|JAK1"),
        "study|ki|a": (0.0, "study|ki"), "shift|SRC": (3.0, "shift|SRC"), "K|a|MEK|other": (0.0, "K"),
        "cell|a": (0.0, "cell"), "K|a|STAT3_SH2|fixed": (2.0, "K other"), f"{ELSEWHERE}|a|X": (2.0, "K other"),
        "growth": (0.0, "growth"), "level|MEK|other": (0.0, "level other"), "response|other": (1.0, "response"),
    }  # fmt: skip
    assert model.guess["shift|JAK1"] == 0.4 and model.guess["shift|SRC"] == 0.5
    assert {name: model.guess[name] for name in ("mean", "family", "growth", "response", "K other")} == {
        "mean": 2.0, "family": 0.5, "growth": 0.5, "response": 1.0, "K other": 3.0,
    }  # fmt: skip
    assert model.known == set(model.guess) - set(GUESSES)
    whole = np.zeros((3, len(names)))
    whole[0, :6], whole[1, 6:], whole[2, 0] = [v for _, v in TERMS[:6]], [v for _, v in TERMS[6:]], 1.0
    assert model.design.toarray().tolist() == whole.tolist()
    assert (model.value.tolist(), model.scale.tolist()) == ([2.5, 1.5, 0.5], [1.0, 3.0, 1.0])
    assert model.rows.tolist() == ["ki", "growth", "ki"]


def test_with_estimates_what_drugs_share_is_as_sure_as_stated_and_levels_are_in_the_constants():
    estimates = {f"sd|{name}": (0.7, 0.1) for name in GUESSES} | {
        "mean|intended": (2.2, 0.3), "shift|JAK1": (1.4, 0.0), "growth": (0.6, 0.2),
        "level|JAK1|intended": (0.25, 0.1), "level|MEK|other": (-0.5, 0.1), "response|other": (0.9, 0.1),
    }  # fmt: skip
    rows = [
        *ROWS,
        Row("a", 1.0, EXACT, 1.0, "phospho", (("panel|p", 1.0), ("setting|s", 1.0), ("K|a|SRC|other", 1.0))),
    ]
    estimates |= {"panel|p": (0.1, 0.05)}
    model, names = assemble_rows(rows, TARGETS, estimates)
    assert names == [
        name
        for name in (*(n for n, _ in TERMS), "panel|p", "setting|s", "K|a|SRC|other")
        if not name.startswith("level")
    ]
    mean = dict(zip(names, model.mean, strict=True))
    group = dict(zip(names, model.latents, strict=True))
    levels = [mean[f"K|a|{name}"] for name in ("JAK1|intended", "MEK|other", "SRC|other")]
    assert levels == [0.25, -0.5, 0.0]  # none is known of SRC
    sure = {"mean|intended": 2.2, "growth": 0.6, "shift|JAK1": 1.4, "response|other": 0.9}
    assert {name: (mean[name], model.guess[group[name]]) for name in sure} == {
        k: (v, 1e-6) for k, v in sure.items()
    }
    assert (mean["panel|p"], model.guess[group["panel|p"]]) == (0.1, 0.05)
    assert (mean["setting|s"], group["setting|s"], model.guess["setting"]) == (0.0, "setting", 0.7)
    assert model.known == frozenset(model.guess)


ASSUMED = {
    1.2: ("K",),  # constants of a drug at kinases that it was not made for: sixteenfold
    1.0: ("K intended",),
    0.6: ("kinobeads",),  # lysates on beads: fourfold
    0.4: ("level other", "level intended", "variant", "growth", "study|binding", "study|ki", "study|ic50",
          "study|kinobeads"),
    0.3: ("cell", "panel", "setting", "binding", "ki", "ic50", "site", "phospho"),  # twofold
    0.25: ("kinomescan",),
}  # fmt: skip


def test_sds_that_are_assumed_before_any_row_is_seen():
    """Another first guess is another assumption, which `estimates.tsv` is to be made anew under."""
    assert dict(GUESSES) == {name: sd for sd, names in ASSUMED.items() for name in names}
    assert set(SHARED) == {"mean", "level", "family", "shift", "growth", "response", "panel", "setting"}
