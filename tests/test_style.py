"""Figures as files: small, the same for the same figure, without what nobody sees; problems in one line."""

import re
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure

from screen.errors import LAST, LONGEST, ScreenError, printable
from screen.style import FONTS, PAPER, ROOT_RULE, _with_classes, drawing, to_svg


def drawn(lines: int = 5) -> Figure:
    """Lines of two kinds, dashed in one, and a text."""
    figure = Figure(figsize=(2, 1))
    axes = figure.add_subplot()
    for at in range(lines):
        axes.plot([0, 1 / 3], [at, at + 1 / 7], color="#123456", clip_on=at > 0)
    axes.plot([0, 1], [0, 1], color="#654321", linestyle="--")
    axes.set_title("p & $q$")
    return figure


def svg(paper: bool = True, lines: int = 5) -> str:
    with drawing():
        return to_svg(drawn(lines), paper=paper)


def test_the_same_figure_is_the_same_file_and_well_formed():
    text = svg()
    assert text == svg() and text.startswith("<svg") and text.endswith("</svg>\n")
    words = [node.text for node in ElementTree.fromstring(text).iter() if node.tag.endswith("}text")]
    assert "p & $q$" in words
    assert f"font-family: {FONTS}" in text and "<metadata" not in text and "<!--" not in text


def test_identifiers_that_nothing_refers_to_go_and_the_others_stay():
    text = svg()
    named = re.findall(r' id="([^"]*)"', text)
    assert named and all(f"#{name}" in text for name in named)
    referred = set(re.findall(r'(?:url\(|href=")#([\w.-]+)', text))
    assert referred == set(named)


def test_numbers_have_two_decimals_and_groups_of_nothing_go():
    text = svg()
    assert not re.search(r"(?<![#\w-])-?\d+\.\d{3,}", text)
    assert not re.search(r"<g/>|<g></g>", text) and not re.search(r">\s+<", text)
    assert svg(lines=0).count("<g>") < text.count("<g>")


def test_a_style_that_is_there_three_times_is_a_class_by_first_use():
    head = f"<style>{ROOT_RULE}</style>"
    body = "".join(f'<{name} style="{style}"/>' for name, style in zip("abbcdefg", "xyzzxzyx", strict=True))
    assert _with_classes(head + body) == (
        f"<style>{ROOT_RULE}.s0{{x}}.s1{{z}}</style>"
        '<a class="s0"/><b style="y"/><b class="s1"/><c class="s1"/><d class="s0"/><e class="s1"/><f style="y"/>'
        '<g class="s0"/>'
    )
    assert re.search(r"\.s0\{[^}]*\}", svg()) and 'class="s0"' in svg()


def test_a_figure_is_on_paper_unless_it_is_to_be_seen_through():
    assert f"fill: {PAPER}" in svg() and f"fill: {PAPER}" not in svg(paper=False)


def test_a_problem_is_shown_up_to_its_longest_and_cut_beyond():
    for text in ("x" * LONGEST, ["x" * LONGEST]):
        assert ScreenError(text).problems == ("x" * LONGEST,)
    (problem,) = ScreenError("x" * LONGEST + "; a cure").problems
    assert len(problem) == LONGEST and problem.startswith("x" * (LONGEST - LAST - 5) + " ... x")
    assert problem.endswith("x; a cure")
    assert LONGEST == 50 * 80  # lines of a terminal
    assert str(ScreenError(["a", "b"])) == "a\nb"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"), ("two\nlines", "two lines"), ("\x1b[31mred", "\\x1b[31mred"), ("a\u200bb", "a\\u200bb"),
        ("a\tb", "a\\tb"), ("µ\x00", "µ\\x00"), ("a\n\x07\nb", "a \\x07 b"),
    ],
)  # fmt: skip
def test_what_does_not_show_itself_is_written_out(text, shown):
    assert printable(text) == shown
