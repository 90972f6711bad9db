"""What can be set, in the order of the stages, each with its unit, its default and its limits.

One class a section of config.yaml. A section holds what changes the answer; where and on how many cores a
stage runs is the business of the workflow's profiles. The JSON schema beside the workflow is made from
these classes.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    field_validator,
    model_validator,
)

from screen.errors import SettingsError
from screen.files import read_yaml
from screen.settings.combinations import Pairs, Triples
from screen.settings.kinds import (
    MOST_DRAWS,
    MOST_NAMES,
    NUMBER,
    AllOrNames,
    CellWeights,
    Doses,
    FilePath,
    Files,
    Genotypes,
    Layout,
    Name,
    OwnFolder,
    Positive,
    Section,
    Steps,
    Truth,
    UnitTime,
    all_different,
    twice,
)
from screen.settings.petab import PetabSettings
from screen.settings.race import RaceSettings
from screen.settings.readouts import ReadoutSettings, shipped_readouts


class NetworkSettings(Section):
    """Where the network comes from."""

    folder: FilePath = Path("config/network")
    """Folder of the Antimony modules (*.ant) and their parameters.tsv."""
    modules: AllOrNames = "all"
    """Modules to join, by file name without .ant, or `all`."""
    sbml: FilePath | None = None
    """SBML file of another network, in place of folder and modules: `mine` screens it."""
    start: Literal["rest", "initial"] = "rest"
    """Where lanes of `sbml` start: where its cell comes to rest without drug and stimulus, or the state in the file."""
    minutes: UnitTime = 1.0
    """Minutes of one unit of time of `sbml`: 0.0166667 for seconds."""

    @property
    def chosen(self) -> list[str] | None:
        """The modules that are named; None for all."""
        return None if self.modules == "all" else self.modules


class TableSettings(Section):
    """Files that describe cells and drugs, each one or a list of them; columns are explained in config/README.md."""

    contexts: Files = [Path("config/contexts.tsv")]
    """Contexts: totals, stimuli, timing and hypotheses of each cell."""
    hypotheses: Files = [Path("config/hypotheses.tsv")]
    """Hypotheses: switches, their options and what each of them sets."""
    drugs: Files = [Path("config/drugs.tsv")]
    """Drugs: class, mode and clinical exposure."""
    affinities: Files = [Path("config/affinities.tsv")]
    """Affinities: one row a drug, gene and measurement."""
    targets: Files = [Path("config/targets.tsv")]
    """Targets of the network, the genes they stand for and their ATP shift."""
    potency: FilePath = Path("config/potency")
    """Folder of potencies in cells and of what is estimated from all drugs."""

    def files(self) -> list[Path]:
        """Every file of every table."""
        return [*self.contexts, *self.hypotheses, *self.drugs, *self.affinities, *self.targets]

    def potency_files(self) -> list[Path]:
        """Every table of the folder of potencies."""
        return sorted(self.potency.glob("*.tsv"))


class ScenarioSettings(Section):
    """Which interventions are simulated in which contexts."""

    contexts: AllOrNames = "all"
    """Contexts to simulate, or `all`."""
    hypotheses: Annotated[list[Name], Field(max_length=MOST_NAMES), AfterValidator(all_different)] = []
    """Switches of hypotheses.tsv to cross in every context, beside those that a context lists itself."""
    constants: Literal["assay", "cell"] = "cell"
    """Constants of drugs: `assay`, one measurement a target with a residual a drug; `cell`, all of them together."""
    drugs: AllOrNames = "all"
    """Drugs to screen, or `all` that drugs.tsv marks as screened."""
    doses_nM: Doses = [1.0, 10.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0]
    """Free concentrations of every single agent [nM]."""
    pairs: Pairs = []
    """Pairs of drugs to combine, listed or `among` some drugs; `all` of the drugs screened; `[]` for none."""
    pair_doses_nM: Doses = [500.0]
    """Free concentrations of each drug of a pair [nM]."""
    own_pair_doses_nM: Annotated[dict[Name, Doses], Field(max_length=MOST_NAMES)] = {}
    """Other concentrations in pairs, by drug [nM]."""
    pair_layout: Layout = "ray"
    """`ray`: the smallest dose of one with the smallest of the other and so on; `matrix`: each with each."""
    triples: Triples = []
    """Three drugs to combine, listed, on a ray of their doses in pairs; their pairs are run too."""
    genetic: Genotypes = []
    """Genetic changes, ranked among each other: `JAK1_total=0` a knock-out, `30%` a knock-down to that share, more
    overexpression, `BRAF_V600E=1` a mutant; several by blanks are one change."""

    @field_validator("pairs", "triples")
    @classmethod
    def _listed_once(cls, given: Any) -> Any:
        seen = set()
        for drugs in given if isinstance(given, list) else ():
            if frozenset(drugs) in seen:
                what = "pair" if len(drugs) == 2 else "triple"
                raise ValueError(f"must list a {what} once, found {' + '.join(drugs)} again")
            seen.add(frozenset(drugs))
        return given


class SimulateSettings(Section):
    """How trajectories are integrated."""

    engine: Name = "auto"
    """`kernel` is generated C, `cuda` that on a GPU, `jax` pure JAX, `diffrax` a reference; `auto` the fastest here."""
    rtol: Annotated[float, Field(ge=1e-13, le=0.1, allow_inf_nan=False), NUMBER] = 1e-6
    """Relative tolerance of the fit and of facts."""
    screen_rtol: Annotated[float, Field(ge=1e-13, le=0.1, allow_inf_nan=False), NUMBER] = 1e-5
    """Relative tolerance of the screen; suppressions are then right to 1e-4, those of pY705 to 1e-5."""
    slices: Truth = True
    """Whether each cell runs on what of the network moves and matters there: half the time a lane, but each kind of
    cell is compiled once, which takes some seconds."""
    atol: Positive = 1e-9
    """Absolute tolerance, in the unit of the species."""
    max_steps: Annotated[int, Field(ge=100, le=1_000_000_000), NUMBER] = 100_000
    """Steps after which a trajectory counts as failed."""
    shards: Annotated[int, Field(ge=1, le=10_000), NUMBER] = 4
    """Parts that the workflow runs apart; few and long ones, each starts Python anew."""
    batch: Annotated[int, Field(ge=8, le=1_000_000), NUMBER] | None = None
    """Trajectories handed to the engine at a time; null: as many as keep it busy, 2048 on cores, 131 072 on a GPU."""


class FitSettings(Section):
    """How parameters are fitted and their spread is drawn."""

    problem: FilePath = Path("config/calibration/problem.yaml")
    """PEtab problem: conditions, observables, measurements and priors."""
    data: FilePath | None = None
    """Folder of public raw data for `import-data`; nothing: $SCREEN_DATA, else ../shared/data."""
    starts: Annotated[int, Field(ge=1, le=1000), NUMBER] = 4
    """Searches from different points."""
    adam: Steps = 60
    """Steps of the first, coarse search of each start."""
    polish: Steps = 30
    """Most Gauss-Newton steps of each start after that."""
    kicks: Steps = 0
    """Steps in units of `polish` that each start has for kicks of its end, each searched from again."""
    draws_from: Literal["measurements", "shipped", "nominal"] = "measurements"
    """`measurements`: fitted to them and held to the facts; `shipped`: the first of `panel.ensemble`, and no fit;
    `nominal`: one draw, the values of the network."""
    draws: Annotated[int, Field(ge=1, le=MOST_DRAWS), NUMBER] = 100
    """Parameter draws handed to the simulation."""
    draw_steps: Steps = 20
    """Most Gauss-Newton steps of each draw to the best fit of its own data and priors, both drawn anew."""

    def data_folder(self) -> Path:
        """The folder of public raw data: `data`, else $SCREEN_DATA, else beside the project."""
        return self.data or Path(os.environ.get("SCREEN_DATA") or "../shared/data")

    def problem_files(self) -> list[Path]:
        """The PEtab problem and what lies beside it, and the tables that it names elsewhere, of those that are there.

        SettingsError: a problem that cannot be read.
        """
        beside = [path for end in ("*.yaml", "*.tsv") for path in self.problem.parent.glob(end)]
        layout = read_yaml(self.problem, SettingsError, "PEtab file") if self.problem.is_file() else None
        named = [self.problem.parent / text for text in _tables_named(layout)]
        return sorted({*beside, *(path for path in named if path.is_file())})


def _tables_named(part: Any) -> Iterator[str]:
    """Every text of a PEtab problem but names of models, in whose place the network stands."""
    if isinstance(part, dict):
        part = [each for key, each in part.items() if key not in ("sbml_files", "model_files")]
    if isinstance(part, list):
        for each in part:
            yield from _tables_named(each)
    elif isinstance(part, str):
        yield part


class DoseBasisSettings(Section):
    """What makes doses of different drugs comparable."""

    kind: Name
    """equal_concentration, equal_burden (the sum of all doses), ic50_multiple (of the drug's own IC50) or clinical."""
    value: Positive | None = None
    """nM for equal_concentration and equal_burden, a multiple for ic50_multiple, nothing for clinical."""


class RankSettings(Section):
    """How interventions are ranked."""

    dose_bases: Annotated[list[DoseBasisSettings], Field(min_length=1)] = [
        DoseBasisSettings(kind="equal_concentration", value=1000.0),
        DoseBasisSettings(kind="equal_burden", value=1000.0),
        DoseBasisSettings(kind="clinical"),
    ]
    """Dose bases; each is ranked by itself. Doses must be among those simulated."""
    observable: Name = "pY705_level"
    """What is ranked: an observable or a species of the network; all of its read-outs are."""
    goal: Literal["lower", "raise"] = "lower"
    """Whether it is to fall or to rise."""
    side: Annotated[list[Name], Field(max_length=MOST_NAMES), AfterValidator(all_different)] | None = None
    """What is shown beside it: observables or species that are read out too; nothing: all of these."""
    floor: Positive = 1e-4
    """Below this a vehicle has nothing to suppress and its draw is lost [unit of what is ranked]."""
    discrepancy: FilePath | None = Path("config/discrepancy.tsv")
    """What the network gets wrong about it, by the kind of a drug's route to it; nothing: the draws alone count."""
    sets: Annotated[dict[Name, CellWeights], Field(max_length=MOST_NAMES)] = {}
    """Sets of contexts ranked together too, each with its weight; one of a negative weight is to be left alone."""


class PanelSettings(Section):
    """Published facts that the network is judged by."""

    table: FilePath = Path("config/panel/panel.tsv")
    """Checks of the facts, one row each."""
    ensemble: FilePath = Path("config/calibration/ensemble.parquet")
    """Draws that the panel is run under where there is no fit."""
    constrain: list[Literal["gate", "score", "contested", "input"]] = ["gate", "score", "contested"]
    """Tiers of facts that the draws of a fit are held to; none: the draws stay as the fit left them."""
    steps: Steps = 20
    """Most Gauss-Newton steps that a draw is moved to make the facts hold."""


class ReportSettings(Section):
    """What the report shows."""

    title: str = "STAT3 screen"
    """Title of the report."""
    top: Annotated[int, Field(ge=1, le=1000), NUMBER] = 15
    """Interventions shown in each figure."""
    labels: FilePath | None = Path("config/labels.tsv")
    """Names and colours of contexts, hypotheses, drug classes and ligands; nothing: names as the tables have them."""


class Settings(Section):
    """Everything that can be set."""

    seed: Annotated[int, Field(ge=0, lt=2**31), NUMBER] = 1
    """Seed of all randomness: the same seed gives the same answer."""
    results: OwnFolder = Path("results")
    """Folder of everything that a run makes; each configuration may have its own."""
    network: NetworkSettings = NetworkSettings()
    tables: TableSettings = TableSettings()
    scenarios: ScenarioSettings = ScenarioSettings()
    readouts: Annotated[list[ReadoutSettings], Field(min_length=1, max_length=MOST_NAMES)] = (
        shipped_readouts()
    )
    """Read-outs taken from every trajectory."""
    simulate: SimulateSettings = SimulateSettings()
    race: RaceSettings = RaceSettings()
    fit: FitSettings = FitSettings()
    petab: PetabSettings = PetabSettings()
    panel: PanelSettings = PanelSettings()
    rank: RankSettings = RankSettings()
    report: ReportSettings = ReportSettings()

    def lane_tables(self) -> list[Path]:
        """Every file of the tables that lanes are made from: with constants in cells, those of potencies too."""
        made = self.tables.potency_files() if self.scenarios.constants == "cell" else []
        return [*self.tables.files(), *made]

    def input_in(self, folder: Path) -> Path | None:
        """An input that lies where a run into `folder` would leave its results; None where there is none.

        What commands make may lie in a folder below: a problem that `import-data` wrote, draws, a discrepancy.
        """
        folder = folder.resolve()
        inputs = (*self.tables.files(), self.tables.potency, self.network.folder, self.panel.table)
        made = (
            self.fit.problem, self.panel.ensemble, self.network.sbml, self.rank.discrepancy, self.report.labels,
        )  # fmt: skip
        held = [path for path in inputs if path.resolve().is_relative_to(folder)]
        beside = [path for path in made if path and path.resolve().parent == folder]
        return next(iter(held + beside), None)

    @model_validator(mode="after")
    def _readouts_differ(self) -> Self:
        again = twice(readout.id for readout in self.readouts)
        if again:
            raise ValueError(f"`readouts` must have different ids, found {again} more than once")
        return self

    @model_validator(mode="after")
    def _results_hold_no_input(self) -> Self:
        held = self.input_in(self.results)
        if held:
            raise ValueError(
                f"`results` must be a folder without inputs, found {self.results}, which holds {held}"
            )
        return self

    @model_validator(mode="after")
    def _fits_its_network(self) -> Self:
        network = self.network
        if network.sbml is None:
            if (network.start, network.minutes) != ("rest", 1.0):
                raise ValueError(
                    "`network.start` and `network.minutes` must be left out without `network.sbml`"
                )
            return self
        needed = {
            "network.modules all": network.modules == "all",
            "fit.draws_from shipped or nominal": self.fit.draws_from != "measurements",
            "scenarios.constants assay": self.scenarios.constants == "assay",
            "rank.discrepancy null": self.rank.discrepancy is None,
        }
        missing = [name for name, there in needed.items() if not there]
        if missing:
            must = "what was fitted and learned for the modules says nothing of it"
            raise ValueError(f"`network.sbml` must come with {', '.join(missing)} ({must})")
        return self


def settings_schema() -> dict[str, Any]:
    """The JSON schema of config.yaml, for editors and the workflow catalogue."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Settings.model_json_schema()}
