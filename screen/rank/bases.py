"""What makes doses comparable, one line a basis in `BASES`.

The largest dose of the most drugs always suppresses most, so a ranking states on which footing doses stand.
A basis says for each intervention of a cell at which dose it stands: a dose that was tested, or one between
two that were (the response is then interpolated in log10 dose, draw by draw). Nothing is extrapolated.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from screen.errors import RankError
from screen.rank.paired import Ratio
from screen.rank.series import Cell, Combination, Potency, Series, same_dose
from screen.scenarios import GENETIC, parse_genotype
from screen.threads import cached_property


class DoseBasis(NamedTuple):
    """A kind from `BASES` and its value: nM for concentrations, a multiple for IC50, nothing for clinical."""

    kind: str
    value: float | None = None

    @property
    def name(self) -> str:
        """As in the column `dose_basis`: equal_concentration_1000nM, ic50_x3, clinical."""
        return BASES[self.kind].label.format(self.value)


class Place(NamedTuple):
    """Where an intervention stands: response = (1 - weight) * row `lower` + weight * row `upper`.

    `flag` says how the dose relates to the tested ones; where the rows are -1 there is no such dose. `alone`, `within`:
    as in `Combination`.
    """

    intervention: str
    drugs: tuple[str, ...]
    doses: tuple[float | None, ...]
    lower: int
    upper: int
    weight: float
    flag: str
    alone: tuple[int, ...] = ()
    within: tuple[int, ...] = ()

    @property
    def known(self) -> bool:
        """Whether a response can be read at this dose."""
        return self.lower >= 0


@dataclass(frozen=True)
class Standing:
    """Where the interventions of a ranking stand, in the order of their names."""

    places: tuple[Place, ...]

    @cached_property
    def lower(self) -> np.ndarray:
        """Rows [interventions], -1 where the dose is not known."""
        return np.array([place.lower for place in self.places])

    @cached_property
    def upper(self) -> np.ndarray:
        """The same of the rows above."""
        return np.array([place.upper for place in self.places])

    @cached_property
    def weight(self) -> np.ndarray:
        """What those count, [interventions]."""
        return np.array([place.weight for place in self.places])

    @cached_property
    def alone(self) -> np.ndarray:
        """Rows of each drug of several alone at its dose, [interventions, drugs]; -1 where there is none."""
        return _even([place.alone for place in self.places])

    @cached_property
    def within(self) -> np.ndarray:
        """Rows of each pair in a triple at its doses, [interventions, pairs]; -1 where there is none."""
        return _even([place.within for place in self.places])

    @cached_property
    def drugs(self) -> tuple[tuple[str, ...], np.ndarray]:
        """Names of all drugs, and which of them each intervention is, [interventions, drugs], -1 for none."""
        names = sorted({drug for place in self.places for drug in place.drugs})
        number = {drug: at for at, drug in enumerate(names)}
        return tuple(names), _even([[number[drug] for drug in place.drugs] for place in self.places])

    def read(self, ratio: Ratio, which: int) -> np.ndarray:
        """Values [interventions, draws] in a read-out, of ratio[scenarios, readouts, draws]; NaN at unknown doses."""
        found = ratio[self.lower, which]
        between = self.weight > 0.0
        part = self.weight[between, None]
        found[between] = (1.0 - part) * found[between] + part * ratio[self.upper[between], which]
        found[self.lower < 0] = np.nan
        return found

    def read_rows(self, rows: np.ndarray, ratio: Ratio, which: int) -> np.ndarray:
        """The same of rows [interventions, n], [interventions, n, draws]; NaN where one is -1."""
        found = ratio[rows, which]
        found[rows < 0] = np.nan
        return found


def _even(rows: Sequence[Sequence[int]]) -> np.ndarray:
    """Rows of integers, all of the length of the longest, 1 or more: -1 after their ends."""
    longest = max(1, *map(len, rows))
    return np.array([(*row, *[-1] * longest)[:longest] for row in rows])


class Footing(NamedTuple):
    """What a basis may look at: one cell, half-maximal doses in one read-out, clinical free concentrations."""

    cell: Cell
    potency: Mapping[str, Potency]
    clinical_nM: Mapping[str, float]


def place_series(series: Series, dose: float | None) -> Place:
    """A drug at a dose [nM]; None: no such dose is known."""
    name = (series.drug,)
    if dose is None:
        return Place(series.drug, name, (None,), -1, -1, 0.0, "unknown")
    exact = np.flatnonzero(same_dose(series.doses, dose))
    if exact.size:
        row = int(series.rows[exact[0]])
        return Place(series.drug, name, (float(series.doses[exact[0]]),), row, row, 0.0, "tested")
    above = int(np.searchsorted(series.doses, dose))
    if above in (0, series.doses.size):
        flag = "below_tested" if above == 0 else "above_tested"
        return Place(series.drug, name, (dose,), -1, -1, 0.0, flag)
    low, high = np.log10(series.doses[above - 1 : above + 1])
    weight = float((np.log10(dose) - low) / (high - low))
    lower, upper = (int(row) for row in series.rows[above - 1 : above + 1])
    return Place(series.drug, name, (dose,), lower, upper, weight, "interpolated")


def place_together(given: Combination) -> Place:
    """A pair or a triple stands at the doses at which it was tested."""
    name, drugs, doses, row, alone, within = given
    return Place(name, drugs, doses, row, row, 0.0, "tested", alone, within)


def _equal_concentration(footing: Footing, value: float) -> list[Place]:
    together = [c for c in footing.cell.combinations if all(same_dose(dose, value) for dose in c.doses)]
    return [place_series(s, value) for s in footing.cell.series] + [place_together(c) for c in together]


def _equal_burden(footing: Footing, value: float) -> list[Place]:
    """A pair that has the burden at several splits stands at the most even one."""
    evenest: dict[str, Combination] = {}
    for given in sorted(footing.cell.combinations, key=lambda c: max(c.doses) - min(c.doses)):
        if same_dose(sum(given.doses), value):
            evenest.setdefault(given.intervention, given)
    places = [place_together(given) for given in evenest.values()]
    return [place_series(s, value) for s in footing.cell.series] + places


def _ic50_multiple(footing: Footing, value: float) -> list[Place]:
    places = []
    for series in footing.cell.series:
        median = footing.potency[series.drug].median
        if np.isnan(median):
            places.append(place_series(series, None))
        elif np.isinf(median):
            flag = "above_tested" if median > 0 else "below_tested"
            places.append(place_series(series, None)._replace(flag=flag))
        else:
            places.append(place_series(series, value * 10.0**median))
    return places


def _clinical(footing: Footing, value: float) -> list[Place]:
    return [place_series(series, footing.clinical_nM.get(series.drug)) for series in footing.cell.series]


def _genetic(footing: Footing, value: float) -> list[Place]:
    """Genetic changes stand without a dose. Their parameters stand for drugs: what the network gets wrong of one is the
    same however much of it is left."""
    return [
        Place(name, parse_genotype(name)[0].names, (None,), row, row, 0.0, "tested")
        for name, row in footing.cell.genetic
    ]


class Basis(NamedTuple):
    """Name of a basis, whether it needs a value and one that was tested, its rule, and its name in words."""

    label: str
    needs_value: bool
    must_be_tested: bool
    places: Callable[[Footing, float], list[Place]]
    words: str


BASES: dict[str, Basis] = {
    "equal_concentration": Basis(
        "equal_concentration_{:g}nM",
        True,
        True,
        _equal_concentration,
        "every drug at {} nM free",
    ),
    "equal_burden": Basis(
        "equal_burden_{:g}nM",
        True,
        True,
        _equal_burden,
        "{} nM free drug in all",
    ),
    "ic50_multiple": Basis(
        "ic50_x{:g}",
        True,
        False,
        _ic50_multiple,
        "each drug at {} x its own IC50",
    ),
    "clinical": Basis("clinical", False, False, _clinical, "free peak concentration in patients"),
    GENETIC: Basis(GENETIC, False, False, _genetic, "genetic changes, no drug"),
}


OF_GENETIC = DoseBasis(GENETIC)
"""What genetic changes are ranked on: among each other."""


def basis_in_words(name: str) -> str:
    """In words what a value of the column `dose_basis` says; its own, with blanks, where no basis has that name.

    >>> basis_in_words("equal_burden_1000nM")
    '1000 nM free drug in all'
    """
    for basis in BASES.values():
        head, _, tail = basis.label.partition("{:g}")
        if name.startswith(head) and name.endswith(tail):
            return basis.words.format(name.removeprefix(head).removesuffix(tail))
    return name.replace("_", " ")


def check_bases(bases: Iterable[DoseBasis], cells: Iterable[Cell]) -> None:
    """RankError for an unknown kind, a value that does not fit, a dose never tested.

    >>> check_bases([DoseBasis("equal_concentration", 30.0)], find_cells(scenarios))
    Traceback (most recent call last):
    screen.errors.RankError: rank.dose_bases: equal_concentration must be at a tested dose [nM] (10, 90), found 30
    """
    bases, cells = tuple(bases), tuple(cells)
    problems = [] if bases else ["rank.dose_bases: must name at least one basis, found none"]
    tested = sorted({float(dose) for cell in cells for series in cell.series for dose in series.doses})
    for kind, value in bases:
        if kind not in BASES:
            problems.append(f"rank.dose_bases: must be one of {', '.join(BASES)}, found {kind}")
        elif BASES[kind].needs_value != (value is not None) or (value is not None and not 0 < value < np.inf):
            problems.append(f"rank.dose_bases: {kind} must have {_value_rule(kind)}, found {value}")
        elif BASES[kind].must_be_tested and not any(same_dose(dose, float(value or 0.0)) for dose in tested):
            listed = ", ".join(f"{dose:g}" for dose in tested) or "none"
            problems.append(
                f"rank.dose_bases: {kind} must be at a tested dose [nM] ({listed}), found {value:g}"
            )
        elif kind == GENETIC and not any(cell.genetic for cell in cells):
            problems.append(
                "rank.dose_bases: genetic must have genetic changes (scenarios.genetic), found none"
            )
    if problems:
        raise RankError(problems)
    repeated = [name for name, count in Counter(basis.name for basis in bases).items() if count > 1]
    if repeated:
        raise RankError(f"rank.dose_bases: must be named once each, found {repeated[0]} again")


def _value_rule(kind: str) -> str:
    return "a positive value" if BASES[kind].needs_value else "no value"


def unranked_pairs(bases: Iterable[DoseBasis], cells: Iterable[Cell]) -> list[str]:
    """Pairs and triples that stand on no basis at any of their doses.

    >>> unranked_pairs([DoseBasis("clinical")], find_cells(scenarios))
    []
    """
    bases = tuple(bases)
    stand, given = set(), dict[str, None]()
    for cell in cells:
        given |= dict.fromkeys(each.intervention for each in cell.combinations)
        for kind, value in bases:
            if BASES[kind].must_be_tested:
                places = BASES[kind].places(Footing(cell, {}, {}), float(value or 0.0))
                stand |= {place.intervention for place in places}
    return [each for each in given if each not in stand]
