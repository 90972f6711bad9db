"""A drug of your own: write its rows from the constants you have measured or read.

Each constant is GENE=VALUE with a unit (pM, nM, uM, M), or "GENE>VALUE" in quotes where nothing was seen up to it. A
gene that is measured at several targets is given its own as GENE@TARGET=VALUE; a variant is left to the tables.
Example: python -m screen drug mynib JAK1=3.3nM JAK2=0.8nM TYK2=40nM "ALK>10uM"
"""

import argparse
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from screen.cli.options import add_shared, check_words, name_it, refuse_own_network, say, tell, without
from screen.errors import ScenarioError
from screen.settings import HIGHEST_NM, load_settings

if TYPE_CHECKING:
    from screen.scenarios import Target

CONSTANT = r"(?P<gene>[\w-]+)(@(?P<target>\w+))?(?P<relation>[=>])"
"""What stands before the value of a constant."""

SITES = {
    "rapalog": ("MTORC1_RAPALOG",),
    "sh2_inhibitor": ("STAT3_SH2",),
    "degrader": ("STAT3_DEGRADER",),
    "antisense": ("STAT3_SYNTHESIS",),
}
"""Mode -> the targets it acts at; every other mode acts at none of them."""

ATP = {"Kd": "none", "Kd_apparent": "none", "Ki": "none", "IC50": "km", "EC50_cell": "cell"}
"""Kind of constant -> ATP of its assay, for a drug that competes with it."""

GIVEN = "given with the command"


class Constant(NamedTuple):
    """A constant [nM] of a drug on a gene; `>`: no binding up to it."""

    gene: str
    target: str
    relation: str
    value: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    parser.add_argument("name", help="name of the drug")
    parser.add_argument("constants", nargs="+", metavar="GENE=VALUE", help="such as JAK1=3.3nM")
    parser.add_argument("--mode", default="atp_competitive", help="how it acts (default: %(default)s)")
    parser.add_argument(
        "--drug-class",
        default="own",
        metavar="CLASS",
        help="for the report, and for constants in cells the targets that are meant (default: %(default)s)",
    )
    parser.add_argument("--type", choices=ATP, default="Kd", help="kind of constant (default: %(default)s)")
    parser.add_argument(
        "--source", default=GIVEN, metavar="TEXT", help="who measured it (default: %(default)s)"
    )
    parser.add_argument(
        "--to", type=Path, default=Path("my"), metavar="FOLDER",
        help="folder of drugs.tsv and affinities.tsv; older rows of that name go (default: %(default)s)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Write the rows and say where the drug acts."""
    settings = load_settings(arguments.config)
    refuse_own_network(settings)
    import polars as pl

    from screen.files import restored
    from screen.network import read_parameters
    from screen.scenarios import AFFINITIES, DRUGS, MODES, implausible_affinities, read_drug_tables
    from screen.tables import read_placed, replace_rows

    if arguments.mode not in MODES:
        raise ScenarioError(f"--mode: must be one of {', '.join(MODES)}, found {arguments.mode}")
    names = {"name": arguments.name, "--drug-class": arguments.drug_class}
    check_words(names, {"--source": arguments.source})
    files, to = settings.tables, arguments.to
    drugs, affinities = to / "drugs.tsv", to / "affinities.tsv"
    their_drugs = without(files.drugs, drugs)
    their_affinities = without(files.affinities, affinities)
    known = read_drug_tables(their_drugs, their_affinities, files.targets)
    if arguments.name in known.drugs:
        raise ScenarioError(f"name: must be new, found {arguments.name} in a table of others")
    if arguments.name in read_parameters(settings.network.folder / "parameters.tsv")["parameter"]:
        raise ScenarioError(f"name: must not be that of a parameter of the network, found {arguments.name}")
    constants = _read(arguments.constants, known.targets, arguments.mode)
    atp = ATP[arguments.type] if arguments.mode in ("atp_competitive", "covalent") else "site"
    drug = {
        "drug": arguments.name, "class": arguments.drug_class, "mode": arguments.mode, "species": "any",
        "screened": True, "hill": 1.0, "mark": "measured", "source": arguments.source,
    }  # fmt: skip
    rows = [
        {
            "drug": arguments.name, "gene": c.gene, "construct": c.gene, "target": c.target, "type": arguments.type,
            "relation": c.relation, "value_nM": c.value, "atp": atp, "used": True, "mark": "measured",
            "citation": arguments.source,
        }
        for c in constants
    ]  # fmt: skip
    with restored(drugs, affinities):
        replace_rows(pl.DataFrame([drug], schema=DRUGS.dtypes()), drugs, DRUGS, "drug")
        replace_rows(pl.DataFrame(rows, schema=AFFINITIES.dtypes()), affinities, AFFINITIES, "drug")
        read_drug_tables([*their_drugs, drugs], [*their_affinities, affinities], files.targets)
    for c in constants:
        tell(f"{c.gene} at {c.target}: {arguments.type} {c.relation} {c.value:g} nM, ATP of the assay: {atp}")
    placed = read_placed([*their_affinities, affinities], AFFINITIES)
    for line in implausible_affinities(placed, only=arguments.name):
        say(f"drug: warning: {line}")
    if settings.scenarios.constants == "cell":
        meant = files.potency / "intended.tsv"
        say(
            f"drug: constants in cells take the targets that {meant} has for the class {arguments.drug_class}"
        )
    say(f"drug: {len(rows)} affinities in {affinities}{name_it('affinities', files.affinities, affinities)}")
    say(f"drug: 1 drug in {drugs}{name_it('drugs', files.drugs, drugs)}")
    return 0


def _read(texts: Sequence[str], targets: Mapping[str, "Target"], mode: str) -> list[Constant]:
    """The constants of the command line; genes outside the network are told and left out."""
    found: list[Constant] = []
    problems: list[str] = []
    for text in texts:
        try:
            constant = _constant(text, targets, mode)
        except ScenarioError as error:
            problems += error.problems
            continue
        if constant is None:
            say(f"drug: no target of the network counts {text}: left out")
        else:
            found.append(constant)
    counted = Counter((constant.gene, constant.target) for constant in found)
    problems += [
        f"constants: must be one for each gene at a target, found {gene} at {target} again"
        for (gene, target), count in counted.items()
        if count > 1
    ]
    if not problems and not any(constant.relation == "=" for constant in found):
        problems.append("constants: must hold one at a target of the network with =, found none")
    if problems:
        raise ScenarioError(problems)
    return found


def _constant(text: str, targets: Mapping[str, "Target"], mode: str) -> Constant | None:
    from screen.tables import QUANTITY, in_standard_units

    match = re.fullmatch(CONSTANT + QUANTITY, text)
    if match is None:
        raise ScenarioError(f"{text}: must be such as JAK1=3.3nM")
    value, unit = in_standard_units(float(match["value"]), match["unit"])
    if unit != "nM" or not 0 < value < math.inf:
        raise ScenarioError(f"{text}: must be a positive concentration in pM, nM, uM, mM or M, found {text}")
    if value > HIGHEST_NM:
        raise ScenarioError(f"{text}: must be at most {HIGHEST_NM:g} nM, found {value:g} nM")
    gene, wanted = match["gene"], match["target"]
    sites = {site for group in SITES.values() for site in group}
    possible = [
        name
        for name, target in targets.items()
        if gene in target.genes
        and (name == wanted if wanted else name in SITES.get(mode, set(targets) - sites))
    ]
    choice = [name for name, target in targets.items() if gene in target.genes]
    if len(possible) > 1 or (not possible and (wanted or choice)):
        raise ScenarioError(
            f"{text}: must name one target of {gene} ({', '.join(choice) or 'none'}), as {gene}@TARGET"
        )
    return Constant(gene, possible[0], match["relation"], value) if possible else None
