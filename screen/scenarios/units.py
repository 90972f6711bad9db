"""Amounts of substance and mass per volume in one unit each: nM, and ng/mL where the molar mass is not known."""

import re
from collections.abc import Mapping

NANOMOLAR, MASS = "nM", "ng_per_mL"

MICRO, GREEK_MU = "\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}"
"""Two letters that look alike; keyboards have either."""

SCALES: Mapping[str, tuple[float, str]] = {
    "pM": (1e-3, NANOMOLAR),
    "nM": (1.0, NANOMOLAR),
    "uM": (1e3, NANOMOLAR),
    f"{MICRO}M": (1e3, NANOMOLAR),
    "mM": (1e6, NANOMOLAR),
    "M": (1e9, NANOMOLAR),
    "pg/mL": (1e-3, MASS),
    "ng/mL": (1.0, MASS),
    "ug/mL": (1e3, MASS),
    f"{MICRO}g/mL": (1e3, MASS),
    "ng_per_mL": (1.0, MASS),
}
"""Unit as people write it -> factor, and the unit it is turned into."""

QUANTITY = r"(?P<value>(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)\s*(?P<unit>.*)"
"""How a value with its unit is written on a command line: 25ng/mL, .5 nM, 1e+3nM."""

MASSED = re.compile(r"(?P<unit>[^@]+)@(?P<kDa>\d+(\.\d*)?)kDa")


def in_standard_units(value: float, unit: str) -> tuple[float, str]:
    """A value in nM or ng_per_mL. With a molar mass, `ng/mL@21kDa` is turned into nM and `nM@21kDa` into ng_per_mL.

    A unit that is none of SCALES is left as it is, one without a mass that can be too: 1 nM of 1 kDa is 1 ng/mL.
    """
    massed = MASSED.fullmatch(unit.strip())
    name = (massed["unit"] if massed else unit).strip().replace(GREEK_MU, MICRO)
    kilodalton = float(massed["kDa"]) if massed else 1.0
    if name not in SCALES or kilodalton == 0:
        return value, unit
    factor, standard = SCALES[name]
    if massed is None:
        return value * factor, standard
    if standard == MASS:
        return value * factor / kilodalton, NANOMOLAR
    return value * factor * kilodalton, MASS
