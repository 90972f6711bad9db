"""How much ATP an assay held, and what that makes of the constant in a cell."""

import math
from collections.abc import Callable, Mapping

SHIFT_RULES: Mapping[str, Callable[[float], float]] = {
    "none": lambda shift: shift,
    "km": lambda shift: max(1.0, shift / 2.0),
    "tenth_mM": lambda shift: shift / (1.0 + 0.1 * (shift - 1.0)),
    "lysate": math.sqrt,
    "cell": lambda shift: 1.0,
    "site": lambda shift: 1.0,
}
"""Factor from measured to cellular constant, by the ATP of the assay, given 1 + [ATP]/Km of the target.

No ATP (also a Ki): the whole shift. ATP near its Km: an IC50 is already twice the constant. 0.1 mM: a tenth of
the ATP of a cell (1 mM) was there. Cell lysate:
part of the ATP is there; its square root is assumed. Cells, and sites ATP does not touch: none.
"""

ASSAYS = tuple(SHIFT_RULES)
"""How much ATP the assay held; `site` is a site that ATP does not touch."""
