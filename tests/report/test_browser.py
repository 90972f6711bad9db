"""The page in a browser: it asks for nothing, follows what is chosen, gives as CSV what it shows; nothing is cut."""

import csv
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from screen.rank import DoseBasis, gather_responses, rank
from screen.report import Findings, read_labels, write_report
from screen.tables import DECISIVE
from tests.rank.worlds import AIM, drug_table, hill, responses, scenarios, summed_up, uneven
from tests.report.browser import Browser, browser, missing

DRUGS = tuple(f"drug{number}" for number in range(12))
CELLS = [(name, "default") for name in (*(f"cell{number}" for number in range(32)), "hepg2", "t_cell")]

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))


@pytest.fixture(scope="module")
def ranked(root, tmp_path_factory) -> tuple[Path, pl.DataFrame]:
    """The page of twelve drugs and a pair in 34 cells, and the table behind it."""
    table = scenarios(DRUGS, [(*DRUGS[:2], 500.0, 500.0)], CELLS, doses=(10.0, 500.0, 1000.0))
    half = {name: 20.0 * 3**number for number, name in enumerate(DRUGS)}
    found = gather_responses(responses(table, hill(half, uneven), draws=4), table)
    bases = [DoseBasis("equal_burden", 1000.0), DoseBasis("equal_concentration", 500.0)]
    made = rank(found, table, drug_table(DRUGS), aim=AIM, dose_bases=bases)
    page = tmp_path_factory.mktemp("page") / "report.html"
    labels = read_labels(root / "config/labels.tsv")
    own = frozenset(("t_cell", "drug3"))
    beside = summed_up(found) | {"combinations": matrix(), "isoboles": isoboles(), "decisive": decided()}
    write_report(Findings(made, aim=AIM, labels=labels, own=own, **beside), page)
    return page, made


def decided() -> pl.DataFrame:
    """In one cell the first place hangs on a constant of the runner-up."""
    row = {
        "context": "hepg2", "hypothesis": "default", "readout": "pY705_20min", "dose_basis": "equal_burden_1000nM",
        "leader": "drug0", "runner_up": "drug1", "margin": 1.0, "p_leader": 1.0, "kind": "affinity",
        "name": "drug1:MTORC1_RAPALOG", "value": 60.0, "slope": 1.0, "sd": 0.2, "swing": 0.2, "flips": True,
        "flip_value": 20.0, "margin_there": 0.0, "draws": 4,
    }  # fmt: skip
    return pl.DataFrame([row], schema=DECISIVE.dtypes())


def matrix() -> pl.DataFrame:
    """A pair at two doses of each drug in one cell: additive but for one dose, where Bliss is exceeded for sure."""
    rows = [
        {
            "context": "hepg2", "hypothesis": "default", "readout": "pY705_20min", "intervention": "drug0+drug1",
            "dose_a_nM": a, "dose_b_nM": b, "suppression_p50": 0.5, "excess_loewe_p05": None, "excess_loewe_p50": None,
            "excess_loewe_p95": None, "excess_bliss_p05": 0.02 if a == b == 500.0 else -0.1, "excess_bliss_p50": 0.042,
            "excess_bliss_p95": 0.1, "drug_c": None,
        }
        for a in (10.0, 500.0) for b in (10.0, 500.0)
    ]  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None)


def isoboles() -> pl.DataFrame:
    """The same pair beside a dose of its first drug: additive at one effect, synergistic at another."""
    head = {
        "context": "hepg2",
        "hypothesis": "default",
        "readout": "pY705_20min",
        "intervention": "drug0+drug1",
    }
    rows = [
        {
            "effect": 0.5,
            "dose_a_nM": 10.0,
            "dose_b_p50_nM": 30.0,
            "alone_a_p50_nM": 20.0,
            "alone_b_p50_nM": 60.0,
        },
        {
            "effect": 0.75,
            "dose_a_nM": 10.0,
            "dose_b_p50_nM": 20.0,
            "alone_a_p50_nM": 60.0,
            "alone_b_p50_nM": 180.0,
        },
        {
            "effect": 0.75,
            "dose_a_nM": 500.0,
            "dose_b_p50_nM": None,
            "alone_a_p50_nM": 60.0,
            "alone_b_p50_nM": 180.0,
        },
    ]
    return pl.DataFrame([head | row for row in rows])


@pytest.fixture(scope="module")
def window(tmp_path_factory) -> Iterator[Browser]:
    """A browser, and that it complained of nothing once all is done."""
    with browser(tmp_path_factory.mktemp("downloads")) as found:
        yield found
        assert found.complaints() == []


def texts(window: Browser, selector: str) -> list[str]:
    """What the visible elements of a selector say."""
    return window.run(
        """return [...document.querySelectorAll(arguments[0])].filter((each) => each.checkVisibility())
        .map((each) => each.innerText.trim())""",
        selector,
    )


def overflow(window: Browser) -> list[str]:
    """Elements that are wider than what holds them, and the page where it is wider than the window."""
    return window.run(
        """const wide = (each) => each.scrollWidth > each.clientWidth && each.clientWidth > 0;
        return [document.documentElement, ...document.querySelectorAll(arguments[0])].filter(wide)
        .map((each) => each.tagName + "." + each.className + each.id)""",
        "section, article, #drug-map, .figures, .curves, .answers",
    )


def download(window: Browser) -> list[dict[str, str]]:
    """The rows of the CSV that the page gives."""
    path = window.downloads / "ranked_shown.csv"
    path.unlink(missing_ok=True)
    window.click("#csv")
    for _ in range(500):
        if path.exists():
            break
        time.sleep(0.02)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_page_asks_for_nothing_but_itself(window, ranked):
    window.requests()
    window.open(ranked[0], 1400)
    asked = [address for address in window.requests() if not address.startswith("data:")]
    assert asked == [ranked[0].resolve().as_uri()]


def test_a_chosen_cell_filters_everything(window, ranked):
    window.open(ranked[0], 1400)
    assert len(texts(window, "article h3")) == len(CELLS)
    assert texts(window, "article h3")[0] == "T cells yours"
    window.choose("#choose-cell", "33")
    assert texts(window, "article h3") == ["Cell9"]
    assert len(texts(window, ".answers tr")) == 1
    assert texts(window, "#drug-map thead button") == ["Cell9"]
    assert {row["context"] for row in download(window)} == {"cell9"}
    assert texts(window, "#first tbody") == []
    window.click("#clear")
    assert "constant of drug1 at MTORC1_RAPALOG" in texts(window, "#first tbody")[0]
    assert len(texts(window, "article h3")) == len(CELLS)


def test_the_csv_is_what_is_shown_in_its_order(window, ranked):
    window.open(ranked[0], 1400)
    window.choose("#choose-basis", "equal_concentration_500nM")
    window.choose("#search", "hepg2 drug1")
    window.click('#ranked th[data-column="suppression_p50"] button')
    rows = download(window)
    expected = ranked[1].filter(
        pl.col("context") == "hepg2",
        pl.col("readout") == "pY705_20min",
        pl.col("dose_basis") == "equal_concentration_500nM",
        pl.col("intervention").str.contains("drug1"),
    ).sort("suppression_p50", descending=True)  # fmt: skip
    assert [row["intervention"] for row in rows] == expected["intervention"].to_list() != []
    found = [float(row["suppression_p50"]) for row in rows]
    assert found == pytest.approx(expected["suppression_p50"].to_list(), abs=5e-5)
    assert {row["readout"] for row in rows} == {"pY705_20min"}
    assert texts(window, "#ranked tbody td:nth-child(3)") == [
        row["intervention"].replace("+", " + ") for row in rows
    ]
    window.choose("#choose-readout", "pY705_3h")
    assert {row["readout"] for row in download(window)} == {"pY705_3h"}


def test_a_pair_at_several_doses_has_its_matrices(window, ranked):
    window.open(ranked[0], 1400)
    window.choose("#choose-basis", "equal_concentration_500nM")
    window.choose("#search", "hepg2")
    window.run("document.querySelector('.pairs:not([hidden])').scrollIntoView()")
    window.wait("document.querySelectorAll('.matrix').length === 3")
    assert texts(window, ".pairs h4") == ["drug0 + drug1"]
    assert texts(window, ".matrix td") == [*["50"] * 4, *["4.2"] * 4, *["–"] * 4]
    assert window.run("return document.querySelectorAll('.matrix td.unsure').length") == 3

    assert window.run("return document.querySelectorAll('.isobole').length") == 2
    written = "return [...document.querySelectorAll('.isobologram text')].map((each) => each.textContent)"
    assert {"50 %", "75 %", "drug0, of its dose alone"} <= set(window.run(written))
    shown = "document.querySelectorAll('article:not([hidden]) .course')"
    assert window.run(f"return {shown}.length") == 6
    written = f"return [...{shown}[0].querySelectorAll('text')].map((each) => each.textContent)"
    assert {"drug0 + drug1", "20 min", "3 h"} <= set(window.run(written))


def test_answers_follow_the_dose_basis(window, ranked):
    window.open(ranked[0], 1400)
    before = texts(window, ".answers .lead")[0]
    assert "drug0" in before
    window.choose("#choose-basis", "equal_concentration_500nM")
    assert texts(window, ".answers .lead")[0] != before
    assert "500 nM" in texts(window, "#answers h2")[0]


def test_the_page_is_worked_by_keys(window, ranked):
    window.open(ranked[0], 1400)
    window.run("document.querySelector('#drug-map tbody button').focus()")
    window.press("\ue007")
    assert window.run("return document.querySelector('#search').value") == "drug0"
    assert texts(window, "#drug-map tbody button") == ["drug0"]
    window.run("document.querySelector('#choose-cell').focus()")
    window.press("\ue015")
    window.wait("document.querySelectorAll('article:not([hidden])').length === 1")


@pytest.mark.parametrize(
    ("width", "medium"), [(1400, "screen"), (1280, "screen"), (390, "screen"), (718, "print")]
)
def test_nothing_is_cut_and_letters_can_be_read(window, ranked, tmp_path, width, medium):
    window.open(ranked[0], width, medium=medium)
    if medium == "print":
        window.run("dispatchEvent(new Event('beforeprint'))")
    else:
        window.run("document.querySelector('article').scrollIntoView()")
    window.wait("document.querySelector('.figures svg')")
    assert overflow(window) == []
    sizes = window.run(
        """return [...document.querySelectorAll(".figures svg")].flatMap((picture) => {
        const scale = picture.getBoundingClientRect().width / picture.width.baseVal.value;
        return [...picture.querySelectorAll("text")].map((each) => scale * parseFloat(getComputedStyle(each).fontSize));
        })"""
    )
    assert len(sizes) > 50 and min(sizes) >= 9
    shown = texts(window, "#drug-map thead button")
    worked = texts(window, "nav, .filters, #more, .pages")
    assert worked == [] if medium == "print" else len(worked) >= 3
    if width == 390:
        while window.run("return document.querySelector('#map-where').innerText").split()[3] != str(
            len(CELLS)
        ):
            window.click("#map-on")
            shown += texts(window, "#drug-map thead button")
            assert overflow(window) == []
    assert len(shown) == len(set(shown)) == len(CELLS)
    window.picture(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 50_000


def test_paper_holds_every_figure(window, ranked, tmp_path):
    window.open(ranked[0], 1400)
    window.choose("#choose-cell", "0")
    window.run(
        "addEventListener('beforeprint', () => { window.printed = document.querySelectorAll('.figures svg').length; })"
    )
    window.pdf(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").stat().st_size > 30_000
    assert window.run("return window.printed") > 1
    window.click("#clear")
    window.run("dispatchEvent(new Event('beforeprint'))")
    drawn = window.run(
        "return [...document.querySelectorAll('.figures')].map((each) => each.childElementCount)"
    )
    assert len(drawn) == len(CELLS) and min(drawn) == 3
