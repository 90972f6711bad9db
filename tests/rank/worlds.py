"""Small screens with known answers: responses made from formulas, so that every number of the ranking is known."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import polars as pl

from screen.rank import Aim, ResponseArray, count_endings, ranked_schema, score_doses
from screen.tables import RESPONSES, SCENARIOS


@dataclass(frozen=True)
class Readout:
    """A read-out at one time [min]."""

    id: str
    observable: str
    minutes: float

    def window(self) -> tuple[float, float]:
        return self.minutes, self.minutes


READOUTS = (
    Readout("pY705_20min", "pY705", 20.0),
    Readout("pY705_3h", "pY705", 180.0),
    Readout("pS727_20min", "pS727", 20.0),
    Readout("pERK_20min", "pERK", 20.0),
    Readout("pAKT_20min", "pAKT", 20.0),
)
AIM = Aim(READOUTS, "pY705", side=("pS727", "pERK", "pAKT"), floor=1e-4)
RANKED = ranked_schema(AIM)
"""Columns of a ranking with the aims of the shipped settings."""

DOSES = (10.0, 100.0, 1000.0, 10000.0)

Value = Callable[[dict, int, str], float | None]


def scenarios(
    drugs: Sequence[str],
    pairs: Sequence[tuple] = (),
    contexts: Sequence[tuple[str, str]] = (("liver", "default"),),
    doses: Sequence[float] = DOSES,
    weights: Mapping[tuple[str, str], float] = MappingProxyType({}),
) -> pl.DataFrame:
    """A scenarios table: vehicle, every drug at every dose, pairs (a, b, dose of a, of b) and triples (a, b, c, doses);
    weight of each hypothesis, equal by default."""
    rows = []
    shared = Counter(context for context, _ in contexts)
    for context, hypothesis in contexts:
        head = f"{context}|{hypothesis}"
        cell = (context, hypothesis, weights.get((context, hypothesis), 1.0 / shared[context]))
        rows.append((f"{head}|vehicle", *cell, "vehicle", "vehicle", *[None] * 6))
        for drug in drugs:
            rows += [
                (f"{head}|{drug}@{dose:g}", *cell, drug, "single", drug, dose, *[None] * 4) for dose in doses
            ]
        for given in pairs:
            size = len(given) // 2
            both = list(zip(given[:size], given[size:], strict=True))
            name = f"{head}|{'+'.join(f'{drug}@{dose:g}' for drug, dose in both)}"
            dosed = [*(part for each in both for part in each), *[None] * 6][:6]
            rows.append((name, *cell, "+".join(given[:size]), ("pair", "triple")[size - 2], *dosed))
    return pl.DataFrame(rows, schema=SCENARIOS.dtypes(), orient="row")


def responses(table: pl.DataFrame, value: Value, draws: int = 4) -> pl.DataFrame:
    """A responses table from value(scenario row, draw, readout); None is a failed trajectory."""
    rows = []
    for scenario in table.iter_rows(named=True):
        for draw in range(draws):
            for readout in READOUTS:
                found = value(scenario, draw, readout.id)
                status = "max_steps" if found is None else "ok"
                rows.append((scenario["scenario"], draw, readout.id, found, status, 100))
    return pl.DataFrame(rows, schema=RESPONSES.dtypes(), orient="row")


def hill(half: dict[str, float], vehicle: Callable[[int], float] = lambda draw: 0.5) -> Value:
    """pY705 = vehicle(draw) / (1 + sum of dose / half-maximal dose); other observables do not move."""

    def value(scenario: dict, draw: int, readout: str) -> float:
        if not readout.startswith("pY705"):
            return 0.4
        load = sum(
            scenario[f"dose_{part}_nM"] / half[scenario[f"drug_{part}"]]
            for part in "abc"
            if scenario[f"drug_{part}"] is not None
        )
        return vehicle(draw) / (1.0 + load)

    return value


def drug_table(drugs: Sequence[str], **columns: Sequence[float | None]) -> pl.DataFrame:
    """A drugs table with one class for all, and more columns if wanted."""
    return pl.DataFrame({"drug": list(drugs), "class": ["JAK"] * len(drugs), **columns})


def summed_up(found: ResponseArray, aim: Aim = AIM) -> dict[str, pl.DataFrame]:
    """What the report takes of responses."""
    return {"responses": score_doses(found, aim).responses, "endings": count_endings(found)}


def uneven(draw: int) -> float:
    """A vehicle that differs tenfold between draws."""
    return float(np.array([0.05, 0.5, 0.2, 0.4])[draw % 4])
