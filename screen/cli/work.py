"""How much work the stages of a screen are: what each counts, from the settings and the plan alone."""

from screen.cli.plan import ScreenInputs
from screen.settings import Settings


def count_work(settings: Settings, plan: ScreenInputs) -> dict[str, dict[str, int]]:
    """What each stage counts; steps are as many as the settings allow."""
    fit, draws, lanes = settings.fit, plan.draws, plan.counts.trajectories
    fitted = fit.draws_from == "measurements"
    cells = plan.scenarios.select("context", "hypothesis").n_unique()
    sliced = settings.simulate.slices and settings.network.sbml is None
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
            "shards": settings.simulate.shards,
            "slices": cells if sliced else 0,
            ("trajectories" if sliced else "whole_trajectories"): lanes,
        },
        **({"validate": {"draws": draws}} if settings.network.sbml is None else {}),
        "rank": responses,
        "report": responses,
    }
