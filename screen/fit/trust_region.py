"""One step of a trust region between bounds, which the walk nears but never sits on.

Bounds are kept by scaling, not by clipping: a step counts an unknown by the root of its distance to the bound that it
is pushed to, so that nothing runs into a bound far from the minimum and stays there (Coleman and Li 1996, doi
10.1137/0806023). The step is the lowest point of the model in the plane of its gradient and its Newton step, no longer
than the radius (Byrd, Schnabel and Shultz 1988): where most directions are open, a whole Newton step would go
furthest along those that the data say least about. What meets a bound is tried cut short and reflected from it, and
steepest descent beside them. Froehlich and Sorger 2022 (doi 10.1371/journal.pcbi.1010322) found these parts best for
models of cells.
"""

from typing import NamedTuple

import numpy as np

NEARLY = 0.95
"""Share of the way to a bound that a step takes at most, far from a minimum."""

CLOSE = 1e-3
"""How close the length of a step comes to the radius, as a share of it."""

SINGULAR = 1e-12
"""Curvatures below this share of the greatest count as none."""

ROUNDS = 80
"""Most Newton steps to the damping that gives a step its length."""


class Room(NamedTuple):
    """Where a vector is between its bounds [unknowns], all in units."""

    at: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


class Step(NamedTuple):
    """A step, and what it is judged by."""

    move: np.ndarray
    """[unknowns], in units."""
    length: float
    """In scaled unknowns, which the radius counts in too."""
    promised: float
    """How far the model falls along it; never negative."""
    charged: float
    """What of that is the scaling's own and not the cost's."""


class _Model(NamedTuple):
    """The model in scaled unknowns."""

    slope: np.ndarray
    bend: np.ndarray

    def at(self, move: np.ndarray) -> float:
        return float(self.slope @ move + 0.5 * move @ self.bend @ move)


def trust_region_step(room: Room, slope: np.ndarray, bend: np.ndarray, radius: float) -> Step:
    """The step from inside a box under a gradient [unknowns] and second derivatives [unknowns, unknowns], per unit.

    The second derivatives may be indefinite. An unknown whose bounds are equal stays.
    """
    away = np.where(slope < 0, room.upper - room.at, room.at - room.lower)
    root = np.sqrt(np.maximum(away, 0.0))
    model = _Model(root * slope, root[:, None] * bend * root + np.diag(np.abs(slope)))
    share = max(NEARLY, 1.0 - float(np.max(np.abs(away * slope))))
    whole = lowest_in_plane(model.slope, model.bend, radius)
    reach = _reach(room, root * whole)
    if reach > 1:
        chosen = whole
    else:
        tried = [share * reach * whole, _steepest(model, room, root, radius, share)]
        tried += _reflected(model, room, root, whole, radius, share)
        chosen = min(tried, key=model.at)
    charged = 0.5 * float(np.sum(np.abs(slope) * chosen**2))
    return Step(root * chosen, float(np.linalg.norm(chosen)), max(-model.at(chosen), 0.0), charged)


def lowest_in_plane(slope: np.ndarray, bend: np.ndarray, radius: float) -> np.ndarray:
    """The lowest point within the radius of slope @ x + x @ bend @ x / 2, in the plane of gradient and Newton step."""
    values, vectors = np.linalg.eigh(bend)
    along = vectors.T @ slope
    greatest = max(values[-1], np.finfo(float).tiny)
    if values[0] < -SINGULAR * greatest:
        newton = vectors[:, 0]  # either way: only the plane that it spans counts
    else:
        newton = -vectors @ (along / np.maximum(values, SINGULAR * greatest))
    if not (long := np.linalg.norm(newton)) > 0:
        return np.zeros_like(slope)
    plane = [newton / long]
    other = slope - plane[0] * (plane[0] @ slope)
    if np.linalg.norm(other) > 1e-9 * np.linalg.norm(slope):
        plane.append(other / np.linalg.norm(other))
    basis = np.stack(plane, axis=1)
    return basis @ lowest_within(basis.T @ slope, basis.T @ bend @ basis, radius)


def lowest_within(slope: np.ndarray, bend: np.ndarray, radius: float) -> np.ndarray:
    """The lowest point of slope @ x + x @ bend @ x / 2 with length <= radius, whatever the signs of the curvatures.

    >>> lowest_within(np.array([1.0, 0.0]), np.diag([2.0, 1.0]), 9.0).tolist()
    [-0.5, 0.0]
    >>> lowest_within(np.array([1.0, 0.0]), np.diag([2.0, 1.0]), 0.1).round(3).tolist()
    [-0.1, 0.0]
    """
    values, vectors = np.linalg.eigh(bend)
    along = vectors.T @ slope
    greatest = max(abs(values[0]), abs(values[-1]), np.finfo(float).tiny)
    least = max(0.0, SINGULAR * greatest - values[0])
    if np.linalg.norm(along / (values + least)) <= radius:
        inside = -vectors @ (along / (values + least))
        return inside if values[0] >= 0 else _onto_the_edge(inside, vectors[:, 0], along[0], radius)
    low, high = least, least + np.linalg.norm(along) / radius + max(0.0, -values[0])
    damping = low + 1e-3 * (high - low)
    for _ in range(ROUNDS):
        parts = along / (values + damping)
        length = np.linalg.norm(parts)
        if abs(length - radius) < CLOSE * radius:
            break
        low, high = (damping, high) if length > radius else (low, damping)
        fall = (parts @ (parts / (values + damping))) / length
        damping += (length - radius) / radius * length / fall
        if not low < damping < high:
            span = high - least
            damping = least + np.sqrt(max(low - least, 1e-6 * span) * span)
    return -vectors @ (along / (values + damping))


def _onto_the_edge(inside: np.ndarray, direction: np.ndarray, along: float, radius: float) -> np.ndarray:
    """From a point within the radius along a direction of negative curvature until it is that long."""
    direction = direction * (-1.0 if along > 0 else 1.0)
    ahead, short = inside @ direction, inside @ inside - radius**2
    return inside + direction * (-ahead + np.sqrt(ahead**2 - short))


def _shares(room: Room, move: np.ndarray) -> np.ndarray:
    """Which multiple of a move each unknown can make before it meets a bound [unknowns]."""
    with np.errstate(divide="ignore", invalid="ignore"):
        up, down = (room.upper - room.at) / move, (room.lower - room.at) / move
    return np.where(move > 0, up, np.where(move < 0, down, np.inf))


def _reach(room: Room, move: np.ndarray) -> float:
    return float(np.min(_shares(room, move)))


def _steepest(model: _Model, room: Room, root: np.ndarray, radius: float, share: float) -> np.ndarray:
    """The lowest point down the scaled gradient, within the radius and short of the bounds."""
    length = np.linalg.norm(model.slope)
    bend = model.slope @ model.bend @ model.slope
    far = min(length**2 / bend if bend > 0 else np.inf, radius / length)
    return -model.slope * min(far, share * _reach(room, -root * model.slope))


def _reflected(
    model: _Model, room: Room, root: np.ndarray, whole: np.ndarray, radius: float, share: float
) -> list[np.ndarray]:
    """A step to the first bound and on from there as if by a mirror, to the lowest point; none where there is none."""
    shares = _shares(room, root * whole)
    first = float(np.min(shares))
    hit = shares <= first * (1 + 1e-12)
    to, back = first * whole, np.where(hit, -whole, whole)
    there = np.clip(room.at + root * to, room.lower, room.upper)
    further = _shares(Room(there, room.lower, room.upper), root * back)
    ahead, short = to @ back, to @ to - radius**2
    long = (-ahead + np.sqrt(max(ahead**2 - short * (back @ back), 0.0))) / (back @ back)
    most = min(share * float(np.min(further)), long)
    least = (1 - share) * first
    if not 0 < least < most:
        return []
    slope, bend = (model.slope + model.bend @ to) @ back, back @ model.bend @ back
    best = np.clip(-slope / bend, least, most) if bend > 0 else most
    return [to + best * back, to + most * back]
