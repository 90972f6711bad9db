"""All measurements of a drug in one linear model.

log10 of an assay's constant  = K - shift + family + study + noise,  K the log10 constant [nM] at the ATP of a cell,
log10 of a free IC50 in cells = sum w (K + cell) + response * constant + growth + panel + setting + noise,
K                             = mean + level + what is the drug's own.

`shift` is linear in the log10 ATP shift of the target around its table value, by the rule of the assay; `family` is
what an assay family reads too high for all drugs, `study` the same for one drug in one family; `cell` is how much
weaker a drug is in cells than its affinities say, at all its targets alike (free fraction, permeability): it is what
correlates them. `constant` and the weights w are the network's (`responses.tsv`); where the read-out is the target
itself they are 0 and 1. `response` is the share of the network's differences between read-outs that is found in
cells: 1 where the network is right, 0 leaves an additive model; what leads up to STATs may be right where RAF and MEK
are not, so that each has its own. `setting` is what is left of a read-out under a stimulus, the same in every study;
`panel` is what is left of a study. K of a kinase that binds is N(mean + level, sd) over all drugs, apart for targets
that a drug was made for (`intended.tsv`): that is all its class does. `level` is how much more weakly drugs bind one
target than others, apart for those made for it; without it, a target that many drugs bind well where no ATP is would
seem to hold little ATP in cells. A variant lies near its gene, or `apart` from it: rows of the latter have a K of their
own and tell of nothing else.
"""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.special import ndtr

from screen.potency.linear import ABOVE, BELOW, EXACT
from screen.potency.tables import CELL_KEY, ENGAGEMENT
from screen.scenarios import SHIFT_RULES

SAME_NUMBER = 0.011
"""log10 difference up to which two listings of one drug and construct are the same measurement (rounded pKd)."""

ELSEWHERE = "elsewhere"
"""Kind of the constant of another site or isoform than the target, which tells of assays alone."""

MEMORY = 3.0
"""Variance of a number from memory over that of one that was read."""

SIDES = {"=": EXACT, ">": ABOVE, "<": BELOW}

SHIFT_SD: Mapping[str, float] = {"memory": 0.4, "assumed": 0.5}
"""sd of the log10 ATP shift of a target, by the mark of its row; a shift of another mark is known."""


Estimates = Mapping[str, tuple[float, float]]
"""Value and sd by name."""


class Row(NamedTuple):
    """One measurement: log10 value, side, variance factor, group of the noise, coefficients of the latents."""

    drug: str
    value: float
    side: int
    scale: float
    group: str
    terms: tuple[tuple[str, float], ...]


class Tables(NamedTuple):
    """Checked tables, the pairs (drug, target) that were intended, and antibodies, which bind outside of a cell."""

    affinities: pl.DataFrame
    targets: pl.DataFrame
    constructs: pl.DataFrame
    cells: pl.DataFrame
    responses: pl.DataFrame
    intended: frozenset[tuple[str, str]]
    antibodies: frozenset[str]


class Silent(NamedTuple):
    """A pair of drug and construct of which only bounds are known: whether it binds at all is open."""

    drug: str
    target: str
    construct: str
    value: float
    """log10 of the largest bound."""
    slope: float
    """Of K over the log10 ATP shift of the target."""
    height: float
    """That log10 shift by the table of targets."""

    def bound(self, estimates: Estimates) -> float:
        """The bound on the scale of K, given what drugs share."""
        shift = middle_of(estimates, f"shift|{self.target}", self.height)
        return self.value + self.slope * shift - estimates["family|kinomescan"][0]

    def prior(self, estimates: Estimates) -> tuple[float, float]:
        """Mean and sd of what the assay would read, on the scale of K, were it to bind."""
        level = middle_of(estimates, f"level|{self.target}|other", 0.0)
        sd = math.hypot(estimates["sd|K"][0], estimates["sd|kinomescan"][0])
        return estimates["mean|other"][0] + level, sd

    def tail(self, estimates: Estimates) -> float:
        """Probability that this would lie beyond the bound."""
        mean, sd = self.prior(estimates)
        return float(ndtr((mean - self.bound(estimates)) / sd))


def family_of(kind: str, assay: str, atp: str) -> str:
    """Assay family of a row of affinities.tsv: `phospho` where it was read in cells, `site` for other proteins."""
    if atp == "cell":
        return "phospho"
    named = {"kinobeads": "kinobeads", "KINOMEscan": "kinomescan"}
    found = next((family for word, family in named.items() if word in (assay or "")), None)
    return found or {"Kd": "binding", "Kd_apparent": "kinobeads", "Ki": "ki"}.get(kind, "ic50")


class Measured(NamedTuple):
    """Every measurement once, and the pairs of which nothing but bounds is known.

    `apart` and `bounds_apart` tell of a variant `apart` from its gene, and of nothing else.
    """

    rows: list[Row]
    silent: list[Silent]
    apart: list[Row]
    bounds_apart: list[Silent]


def read_measured(tables: Tables) -> Measured:
    """All that the tables say of constants."""
    own = set(tables.constructs.filter(role="apart").select("target", "construct").iter_rows())
    rows, silent = _read(tables)
    found = Measured([], [], [], [])
    for row in rows:
        (found.rows if own.isdisjoint(sites_in(row)) else found.apart).append(row)
    for pair in silent:
        (found.bounds_apart if (pair.target, pair.construct) in own else found.silent).append(pair)
    return found


def read_rows(tables: Tables) -> tuple[list[Row], list[Silent]]:
    """Every measurement once, and the pairs of which nothing but bounds is known; none of variants `apart`."""
    found = read_measured(tables)
    return found.rows, found.silent


def sites_in(row: Row) -> list[tuple[str, str]]:
    """Target and protein of each constant that a measurement tells of."""
    return [site_of(name) for name, _ in row.terms if kind_of(name) == "K"]


def site_of(name: str) -> tuple[str, str]:
    """Target and protein of a latent K."""
    _, _, target, *protein, _ = name.split("|")
    return target, "|".join(protein)


def _read(tables: Tables) -> tuple[list[Row], list[Silent]]:
    frame = tables.affinities
    seen: dict[tuple, list[float]] = {}
    bound = set(frame.filter(pl.col("relation") == "=").select("drug", "target", "construct").iter_rows()) | {
        (row["drug"], row["target"], row["construct"]) for row in _cell_frame(tables) if row["construct"]
    }
    targets = {row["target"]: row for row in tables.targets.iter_rows(named=True)}
    roles = {row[:2]: row[2] for row in tables.constructs.select("construct", "target", "role").iter_rows()}
    rows: list[Row] = []
    silent: dict[tuple[str, str, str], Silent] = {}
    for row in frame.iter_rows(named=True):
        pair = row["drug"], row["target"], row["construct"]
        target = targets[row["target"]]
        family = family_of(row["type"], row["assay"], row["atp"])
        value = math.log10(row["value_nM"])
        slope, rest = _atp(row["atp"], target["atp_shift"])
        if pair not in bound:
            new = Silent(*pair, value + rest, slope, math.log10(target["atp_shift"]))
            silent[pair] = max(
                silent.get(pair, new), new, key=lambda each: each.value + each.slope * each.height
            )
            continue
        copies = seen.setdefault((*pair, row["relation"], "kd" if row["type"] == "Kd" else family), [])
        if any(abs(value - other) < SAME_NUMBER for other in copies):
            continue
        copies.append(value)
        role = roles.get((row["construct"], row["target"]))
        parts = _parts_of_constant(pair, row["gene"], role, target, tables)
        terms = tuple((name, 1.0) for name in parts)
        if family == "phospho":
            terms += ((f"cell|{row['drug']}", 1.0), (f"panel|{row['citation']}", 1.0))
        elif target["mark"] == "fixed":
            family = "site"
        else:
            terms += ((f"family|{family}", 1.0),)
            if slope and target["mark"] in SHIFT_SD and role != "other":
                terms += ((f"shift|{row['target']}", -slope),)
            else:
                rest += slope * math.log10(target["atp_shift"])
            if family != "kinomescan":
                terms += ((f"study|{family}|{row['drug']}", 1.0),)
        scale = MEMORY if row["mark"] in ("memory", "assumed") else 1.0
        rows.append(Row(row["drug"], value + rest, SIDES[row["relation"]], scale, family, terms))
    return rows + _cell_rows(tables, targets, roles), list(silent.values())


def _atp(atp: str, shift: float) -> tuple[float, float]:
    """Slope and rest of log10 of the assay's factor, linear in log10 of the ATP shift around its table value."""
    step, rule, height = 1e-4, SHIFT_RULES[atp], math.log10(shift)
    slope = (math.log10(rule(shift * 10**step)) - math.log10(rule(shift))) / step
    return slope, math.log10(rule(shift)) - slope * height


def _parts_of_constant(
    pair: tuple[str, str, str], gene: str, role: str | None, row: Mapping, tables: Tables
) -> tuple[str, ...]:
    """Latents whose sum is the constant of a construct: that of its gene, and for a variant the distance from it."""
    drug, target, construct = pair
    base = gene if role == "variant" else construct
    made = "intended" if (drug, target) in tables.intended else "other"
    if role == "other":
        return (f"{ELSEWHERE}|{drug}|{target}|{base}",)
    parts: tuple[str, ...] = (f"K|{drug}|{target}|{base}|{made}",)
    if row["mark"] != "fixed":
        parts += (f"mean|{made}", f"level|{target}|{made}")
    if role == "variant":
        parts += (f"variant|{drug}|{construct}",)
    return parts


def _cell_frame(tables: Tables) -> Iterable[dict]:
    return tables.cells.filter(pl.col("used")).iter_rows(named=True)


def _cell_rows(tables: Tables, targets: Mapping, roles: Mapping) -> list[Row]:
    """Rows of potencies in cells; repeats of one experiment are one row at their mean."""
    genes = {(row["target"], gene.strip()) for row in targets.values() for gene in row["genes"].split(",")}
    answers = {tuple(row[name] for name in CELL_KEY): row for row in tables.responses.iter_rows(named=True)}
    grouped: dict[tuple, list[float]] = {}
    for row in _cell_frame(tables):
        if row["readout"] == ENGAGEMENT:
            constant, weights = 0.0, {(row["target"], row["construct"]): 1.0}
            setting = f"{row['measured']} {row['stimulus'].split(' (')[0]} {row['target']}"
        else:
            answer = answers.get(tuple(row[name] for name in CELL_KEY))
            if answer is None:
                continue
            constant, weights = answer["constant"], parse_weights(answer["weights"])
            main = max(weights, key=lambda name: weights[name])[0]
            setting = f"{row['readout']} {row['context']} {row['network_stimulus'] or 'none'} {main}"
        terms: dict[str, float] = {f"cell|{row['drug']}": sum(weights.values())}
        for (target, construct), weight in weights.items():
            role = roles.get((construct, target))
            gene = construct if (target, construct) in genes else gene_of(construct)
            pair = row["drug"], target, construct
            for name in _parts_of_constant(pair, gene, role, targets[target], tables):
                terms[name] = terms.get(name, 0.0) + weight
        terms |= {f"panel|{row['panel']}": 1.0, f"setting|{setting}": 1.0}
        if constant:
            terms[f"response|{_part(row['readout'])}"] = constant
        if row["kind"] == "growth":
            terms["growth"] = 1.0
        value = math.log10(row["ic50_nM"] * row["free_fraction"])
        scale = MEMORY if row["mark"] in ("memory", "assumed") else 1.0
        key = row["drug"], SIDES[row["relation"]], scale, row["kind"], tuple(sorted(terms.items()))
        grouped.setdefault(key, []).append(value)
    return [
        Row(drug, float(np.mean(values)), side, scale, kind, terms)
        for (drug, side, scale, kind, terms), values in grouped.items()
    ]


def _part(readout: str) -> str:
    """What of the network a read-out stands for: all STATs, else itself."""
    return "STAT" if readout.startswith(("pSTAT", "pY705")) else readout


def gene_of(construct: str) -> str:
    """The gene of a variant, such as EGFR of EGFR_T790M."""
    return construct.split("_")[0]


def parse_weights(text: str) -> dict[tuple[str, str], float]:
    """`target/construct=weight` separated by blanks, as {(target, construct): weight}."""
    parsed = {}
    for item in text.split():
        name, _, weight = item.partition("=")
        target, _, construct = name.partition("/")
        parsed[target, construct] = float(weight)
    return parsed


def kind_of(name: str) -> str:
    """Kind of a latent: what stands before the first bar."""
    return name.partition("|")[0]


def middle_of(estimates: Estimates, name: str, otherwise: float) -> float:
    """What was estimated, or this where it was not."""
    return estimates[name][0] if name in estimates else otherwise
