"""How much work the stages of a screen are: what each counts, from the settings and the plan alone."""

from screen.cli.network import is_sliced
from screen.cli.plan import ScreenInputs
from screen.cli.rounds import count_shards, is_raced
from screen.settings import Settings

GOES_ON = 0.26
"""Share of the pairs that go on after 16 draws: of all pairs of five classes in every cell (`MEASURED`)."""


def expected_trajectories(settings: Settings, plan: ScreenInputs) -> int:
    """How many trajectories a screen is; where pairs can stop, if as many go on as `GOES_ON`."""
    first = settings.race.draws
    if first is None or not is_raced(settings):
        return plan.counts.trajectories
    pairs = plan.scenarios.filter(role="pair").height
    going_on = plan.counts.scenarios - pairs + round(GOES_ON * pairs)
    return first * plan.counts.scenarios + (plan.draws - first) * going_on


def count_work(settings: Settings, plan: ScreenInputs) -> dict[str, dict[str, int]]:
    """What each stage counts; steps are as many as the settings allow."""
    fit, draws, lanes = settings.fit, plan.draws, expected_trajectories(settings, plan)
    fitted = fit.draws_from == "measurements"
    cells = plan.scenarios.select("context", "hypothesis").n_unique()
    sliced = is_sliced(settings)
    of_fit = {
        "gradients": fit.starts * fit.adam,
        "steps": (fit.starts * (fit.kicks + 1) + 1) * fit.polish + draws * fit.draw_steps,
    }
    responses = {"responses": lanes * len(settings.readouts)}
    return {
        "network": {},
        "scenarios": {"scenarios": plan.counts.scenarios},
        **({"fit": of_fit} if fitted else {}),
        **(
            {"constrain": {"steps": draws * settings.panel.steps}}
            if fitted and settings.panel.constrain
            else {}
        ),
        "simulate": {
            "shards": count_shards(settings),
            "slices": cells if sliced else 0,
            ("trajectories" if sliced else "whole_trajectories"): lanes,
        },
        **({"race": {"scenarios": plan.counts.scenarios}} if is_raced(settings) else {}),
        **({"validate": {"draws": draws}} if settings.network.sbml is None else {}),
        "rank": responses,
        "report": responses,
    }
