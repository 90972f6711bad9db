"""What `benchmarks/gpu.py` runs, in one file: analysed networks and their lanes.

python -m benchmarks.gpu_cases cases.npz       # about two minutes of one core
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cases import every_context
from screen.kernel import Model, build_model, configure
from screen.kernel.symbolic.serialise import to_json
from screen.network import read_sbml, slice_network

LANES_EACH = 64
SLICED, READ = "hepatocyte_mouse", ("pY705_level", "pSTAT1")


def main() -> None:
    """The shipped network in every context, the lanes mixed, and the slice of one context."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    configure()
    cases = every_context(LANES_EACH)
    first = cases[SLICED]
    live = np.any(first.parameters != 0, axis=0)
    zero = [name for name, moves in zip(first.model.parameters, live, strict=True) if not moves]
    part = build_model(slice_network(read_sbml(first.sbml), zero, READ))
    kept = [first.model.species.index(name) for name in part.species]
    order = np.random.default_rng(0).permutation(LANES_EACH * len(cases))
    parameters, state = (
        np.concatenate([getattr(case, name) for case in cases.values()])[order]
        for name in ("parameters", "state")
    )
    content: dict[str, Any] = {}
    add(content, "shipped", first.model, parameters, state)
    add(content, "slice", part, first.parameters, first.state[:, kept])
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(arguments.out, **content)


def add(content: dict[str, Any], name: str, model: Model, parameters: np.ndarray, state: np.ndarray) -> None:
    """One model with its lanes."""
    content[f"{name}.system"] = np.array(json.dumps(to_json(model.system)))
    content[f"{name}.parameters"], content[f"{name}.state"] = parameters, state


if __name__ == "__main__":
    main()
