"""Parts of a step between bounds, each against the condition that it must meet or by hand."""

from itertools import product

import numpy as np
import pytest

from screen.fit.trust_region import (
    Room,
    _Model,
    _onto_the_edge,
    _reach,
    _reflected,
    _shares,
    _steepest,
    lowest_in_plane,
    lowest_within,
    trust_region_step,
)

ONES = np.ones(2)
SQUARE = Room(np.zeros(2), -ONES, ONES)


@pytest.mark.parametrize("radius", [1e-4, 0.3, 2.0, 50.0])
@pytest.mark.parametrize("least", [-3.0, -1e-3, 0.0, 0.5])
@pytest.mark.parametrize("seed", range(4))
def test_the_lowest_point_within_a_radius_meets_its_condition(seed, least, radius):
    """(B + damping) x = -slope with no curvature left below 0, and no damping where x is short of the radius."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    bend, slope = turn @ np.diag([least, 0.6, 2.0, 30.0]) @ turn.T, rng.normal(size=4)
    found = lowest_within(slope, bend, radius)
    length = np.linalg.norm(found)
    damping = -(slope + bend @ found) @ found / length**2
    assert bend @ found + damping * found == pytest.approx(-slope, abs=1e-6 * max(1.0, radius))
    if length < radius * (1 - 1.001e-3):
        assert damping == pytest.approx(0.0, abs=1e-9) and least > 0
    else:
        assert length <= radius * (1 + 1.001e-3) and damping >= max(0.0, -least) - 1e-6


def test_without_a_slope_negative_curvature_is_gone_down_to_the_edge():
    found = lowest_within(np.zeros(3), np.diag([2.0, -1.0, 3.0]), 4.0)
    assert np.abs(found) == pytest.approx([0.0, 4.0, 0.0])
    assert not lowest_within(np.zeros(3), np.diag([2.0, 1.0, 3.0]), 4.0).any()


def test_what_is_just_as_far_as_the_radius_is_the_lowest_point_to_the_last_digit():
    assert lowest_within(np.array([1.0, 0.0]), np.diag([2.0, 1.0]), 0.5).tolist() == [-0.5, 0.0]


def test_a_direction_without_slope_and_curvature_is_not_gone_along():
    assert lowest_within(np.array([0.0, 0.5]), np.diag([0.0, 1.0]), 9.0) == pytest.approx([0.0, -0.5])


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("other", [1.0, -1.0])
def test_the_smallest_part_of_a_slope_says_which_way_down_the_negative_curvature(side, other):
    found = lowest_within(np.array([side * 1e-30, other]), np.diag([-1.0, 2.0]), 9.0)
    assert found == pytest.approx([-side * np.sqrt(81 - 1 / 9), -other / 3])


@pytest.mark.parametrize("least", [-3.0, -1e-3])
@pytest.mark.parametrize("along", [1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("radius", [0.3, 2.0, 50.0, 1e4])
def test_a_slope_with_next_to_no_part_along_the_negative_curvature_ends_on_the_edge_too(radius, along, least):
    """A damping is then found between bounds that are many decades apart."""
    found = lowest_within(np.array([along, 1.0, -2.0, 0.5]), np.diag([least, 0.6, 2.0, 30.0]), radius)
    assert np.linalg.norm(found) == pytest.approx(radius, rel=1.001e-3) and found[0] < 0


def test_a_damping_is_found_in_a_few_rounds_of_newton(monkeypatch):
    """Four for slopes as they come, five for those with next to no part along the negative curvature."""
    monkeypatch.setattr("screen.fit.trust_region.ROUNDS", 4)
    for seed, least, radius in product(range(4), (-3.0, -1e-3, 0.0), (1e-4, 0.3, 2.0, 50.0)):
        rng = np.random.default_rng(seed)
        turn, _ = np.linalg.qr(rng.normal(size=(4, 4)))
        bend, slope = turn @ np.diag([least, 0.6, 2.0, 30.0]) @ turn.T, rng.normal(size=4)
        assert np.linalg.norm(lowest_within(slope, bend, radius)) == pytest.approx(radius, rel=1.001e-3)
    monkeypatch.setattr("screen.fit.trust_region.ROUNDS", 5)
    for along, least, radius in product((1e-3, 1e-6, 1e-9), (-3.0, -1e-3), (0.3, 2.0, 50.0, 1e4)):
        found = lowest_within(np.array([along, 1.0, -2.0, 0.5]), np.diag([least, 0.6, 2.0, 30.0]), radius)
        assert np.linalg.norm(found) == pytest.approx(radius, rel=1.001e-3)


@pytest.mark.parametrize("along", [1.0, -1.0])
def test_to_the_edge_it_goes_down_the_slope(along):
    """From 3 to the side: 4 along makes 5."""
    found = _onto_the_edge(np.array([3.0, 0.0]), np.array([0.0, 1.0]), along, 5.0)
    assert found == pytest.approx([3.0, -4.0 * along])
    ahead = _onto_the_edge(np.array([0.0, 1.0]), np.array([0.0, 1.0]), along, 5.0)
    assert ahead == pytest.approx([0.0, -5.0 * along])


def test_the_plane_of_a_model_bent_down_holds_its_most_negative_direction():
    """Down the slope along it where the slope has a part there; the other way down where it points against."""
    bend = np.diag([3.0, -1.0, 1.0])
    for sign in (1.0, -1.0):
        slope = np.array([0.1, sign * 0.1, 0.0])
        found = lowest_in_plane(slope, bend, 10.0)
        assert np.linalg.norm(found) == pytest.approx(10.0, rel=2e-3)
        assert found[1] * sign < -9.9 and found[2] == pytest.approx(0.0, abs=1e-9)


def test_curvatures_of_next_to_nothing_do_not_make_a_step_endless():
    found = lowest_in_plane(np.array([1.0, 1e-9]), np.diag([1.0, 1e-20]), 5.0)
    assert np.isfinite(found).all() and np.linalg.norm(found) <= 5.0 * 1.001
    assert found[0] < 0 and found @ np.array([1.0, 1e-9]) < 0


def test_without_a_slope_the_plane_is_the_most_negative_direction_and_there_may_be_none():
    found = lowest_in_plane(np.zeros(3), np.diag([2.0, -1.0, 3.0]), 4.0)
    assert np.abs(found) == pytest.approx([0.0, 4.0, 0.0])
    assert lowest_in_plane(np.zeros(3), np.eye(3), 4.0).tolist() == [0.0, 0.0, 0.0]
    across = lowest_in_plane(np.array([0.1, 0.0, 0.0]), np.diag([3.0, -1.0, 1.0]), 10.0)
    assert abs(across[1]) > 9.9 and np.linalg.norm(across) == pytest.approx(10.0, rel=2e-3)


@pytest.mark.parametrize("size", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 2.0])
def test_of_two_unknowns_the_plane_is_everything_whatever_the_size_of_the_cost(share, size):
    slope, bend = np.array([3.0, -0.4]), np.array([[2.0, 0.7], [0.7, 0.5]])
    newton = -np.linalg.solve(bend, slope)
    radius = share * np.linalg.norm(newton)
    found = lowest_in_plane(size * slope, size * bend, radius)
    assert found == pytest.approx(lowest_within(slope, bend, radius), rel=1e-6)
    assert np.linalg.norm(found) == pytest.approx(min(share, 1.0) * np.linalg.norm(newton), rel=1.001e-3)


def test_of_more_unknowns_the_plane_holds_the_newton_step():
    rng = np.random.default_rng(3)
    root, slope = rng.normal(size=(5, 5)), rng.normal(size=5)
    bend = root @ root.T + np.eye(5)
    assert lowest_in_plane(slope, bend, 99.0) == pytest.approx(-np.linalg.solve(bend, slope))


def test_what_counts_as_no_curvature_hangs_on_the_greatest_of_all():
    """1e-15 is less than a trillionth of 1 and more than that of 1e-5: it counts as 1e-12."""
    found = lowest_in_plane(np.array([1.0, 1e-5, 1e-14]), np.diag([1.0, 1e-5, 1e-15]), 50.0)
    assert found == pytest.approx([-1.0, -1.0, -0.01], abs=0.02)


@pytest.mark.parametrize(("size", "least"), [(1.0, 1e-20), (1e6, -1e-8)])
def test_a_direction_that_does_not_bend_but_for_rounding_is_not_the_newton_step(size, least):
    """The third curvature is less than a trillionth of the greatest, whatever its sign: the plane is that of the steps
    in the other two, 1 and a quarter down. Along its direction the gradient alone would go equally far in both."""
    slope = size * np.array([1.0, 1.0, 1e-13])
    found = lowest_in_plane(slope, np.diag([size, 4 * size, least]), 5.0)
    assert found[:2] == pytest.approx([-1.0, -0.25], abs=0.02)


@pytest.mark.parametrize(("curvature", "counts"), [(1.5e-12, 1.5e-12), (0.5e-12, 1e-12), (0.0, 1e-12)])
def test_a_curvature_counts_as_a_trillionth_of_the_greatest_at_least(curvature, counts):
    found = lowest_within(np.array([0.0, 1.0]), np.diag([1.0, curvature]), 1e15)
    assert found == pytest.approx([0.0, -1 / counts])


def test_shares_are_how_often_a_move_fits_before_a_bound():
    room = Room(np.array([0.5, 0.0, 0.2]), np.array([-1.0, -1.0, -9.0]), np.array([1.0, 1.0, 9.0]))
    move = np.array([0.25, -0.5, 0.0])
    assert _shares(room, move).tolist() == [2.0, 2.0, np.inf]
    assert _reach(room, 4 * move) == 0.5
    assert _shares(SQUARE._replace(at=np.array([1.0, -1.0])), np.zeros(2)).tolist() == [np.inf, np.inf]


def test_steepest_descent_goes_to_the_lowest_point_the_radius_or_short_of_a_bound():
    """Slope (3, 4), curvature 100 along it per square of its length: lowest at a hundredth of the slope."""
    slope = np.array([3.0, 4.0])
    bent = _Model(slope, 100.0 * np.eye(2))
    assert _steepest(bent, SQUARE, ONES, 9.0, 0.95) == pytest.approx(-slope / 100)
    weak = _Model(slope / 100, 2.0 * np.eye(2))
    assert _steepest(weak, SQUARE, ONES, 9.0, 0.95) == pytest.approx(-slope / 200)
    flat = _Model(slope, np.zeros((2, 2)))
    assert _steepest(flat, SQUARE, ONES, 0.5, 0.95) == pytest.approx(-0.5 * slope / 5)
    assert _steepest(flat, SQUARE, ONES, 99.0, 0.95) == pytest.approx(-0.95 * slope / 4)
    assert _steepest(flat, SQUARE, 0.5 * ONES, 99.0, 0.8) == pytest.approx(-0.8 * 2 * slope / 4)


def test_a_step_that_meets_a_bound_goes_on_as_from_a_mirror():
    """(2, 1) meets 1 half way, at (1, 0.5), and goes on along (-2, 1) until half of it meets 1 again."""
    whole = np.array([2.0, 1.0])
    flat = _Model(np.array([-1.0, -3.0]), np.zeros((2, 2)))
    best, most = _reflected(flat, SQUARE, ONES, whole, 99.0, 0.9)
    assert best == pytest.approx(np.array([1.0, 0.5]) + 0.45 * np.array([-2.0, 1.0]))
    assert most == pytest.approx(best)
    # with room above, within 1.2 of the start: |(1 - 2 s, 0.5 + s)| = 1.2
    high = Room(np.zeros(2), -ONES, np.array([1.0, 5.0]))
    for radius, s in ((1.2, (3 + np.sqrt(9 - 20 * (1.25 - 1.44))) / 10), (99.0, 0.99)):
        near, _ = _reflected(flat, high, ONES, whole, radius, 0.99)
        assert near == pytest.approx(np.array([1.0, 0.5]) + s * np.array([-2.0, 1.0]))
    # lowest along it: -slope / bend = (2 * 1 - 3 + 4 * 1 - 1) / 40 with 8 of curvature each
    bent = _Model(np.array([-1.0, -6.0]), 8.0 * np.eye(2))
    along, bend = (np.array([-1.0, -6.0]) + 8 * np.array([1.0, 0.5])) @ np.array([-2.0, 1.0]), 40.0
    lowest, furthest = _reflected(bent, SQUARE, ONES, whole, 99.0, 0.9)
    assert lowest == pytest.approx(np.array([1.0, 0.5]) - along / bend * np.array([-2.0, 1.0]))
    assert furthest == pytest.approx(most)
    both, _ = _reflected(flat, SQUARE, ONES, np.array([2.0, 2.0]), 99.0, 0.9)
    assert both == pytest.approx([-0.8, -0.8])
    uphill = _Model(np.array([-1.0, 6.0]), np.eye(2))
    nearest, _ = _reflected(uphill, SQUARE, ONES, whole, 99.0, 0.9)
    assert nearest == pytest.approx(np.array([1.0, 0.5]) + 0.1 * 0.5 * np.array([-2.0, 1.0]))


def test_a_reflected_step_is_the_same_at_every_scale():
    """A tenth of (2, 1), bounds and radius, with a curvature along (-2, 1) of less than 1 in all."""
    small = Room(np.zeros(2), -0.1 * ONES, np.array([0.1, 0.5]))
    flat, whole, radius = _Model(np.array([-1.0, -3.0]), np.zeros((2, 2))), np.array([0.2, 0.1]), 0.12
    near, _ = _reflected(flat, small, ONES, whole, radius, 0.99)
    s = (3 + np.sqrt(9 - 20 * (1.25 - 1.44))) / 10
    assert near == pytest.approx(np.array([0.1, 0.05]) + s * np.array([-0.2, 0.1]))
    along = np.array([-0.01, -0.06]) @ np.array([-0.2, 0.1]) + 0.16 * np.array([0.1, 0.05]) @ np.array(
        [-0.2, 0.1]
    )
    lowest, _ = _reflected(_Model(np.array([-0.01, -0.06]), 0.16 * np.eye(2)), small, ONES, whole, 9.0, 0.9)
    assert lowest == pytest.approx(np.array([0.1, 0.05]) - along / (0.16 * 0.05) * np.array([-0.2, 0.1]))


def test_bounds_that_are_met_together_but_for_rounding_turn_both_parts_of_a_step():
    room = Room(np.zeros(2), -ONES, np.array([0.3, 3 * 0.1]))
    whole = np.array([0.4, 0.4])
    assert room.upper[0] < room.upper[1] < room.upper[0] * (1 + 1e-15)
    best, _ = _reflected(_Model(ONES, np.zeros((2, 2))), room, ONES, whole, 99.0, 0.9)
    assert best == pytest.approx(np.array([0.3, 0.3]) - 0.9 * 1.3)


def test_there_is_no_way_on_from_a_corner():
    """(2, 1.9999) meets 1 half way, and what it is turned into meets 1 at once."""
    flat = _Model(-ONES, np.zeros((2, 2)))
    assert _reflected(flat, SQUARE, ONES, np.array([2.0, 1.9999]), 99.0, 0.9) == []


@pytest.mark.parametrize("way", [1.0, -1.0])
def test_away_from_the_middle_the_room_is_that_of_the_side_that_a_step_goes_to(way):
    """Room of 0.25, 0.5 and 4 downhill; the third has no slope, and counts the room below it."""
    at = way * np.array([0.75, -0.5, 3.0])
    ends = np.sort(way * np.array([[1.0, -1.0, 9.0], [-9.0, 9.0, -1.0]]), axis=0)
    slope, bend = way * np.array([-0.1, 0.2, 0.0]), np.diag([3.0, 2.0, 1.0]) + 0.5
    root = np.sqrt([0.25, 0.5, at[2] - ends[0][2]])
    scaled = root[:, None] * bend * root + np.diag(np.abs(slope))
    want = -np.linalg.solve(scaled, root * slope)
    step = trust_region_step(Room(at, *ends), slope, bend, 99.0)
    assert step.move == pytest.approx(root * want) and step.length == pytest.approx(np.linalg.norm(want))
    assert step.charged == pytest.approx(0.5 * np.sum(np.abs(slope) * want**2))
    assert step.promised == pytest.approx(-root * slope @ want - 0.5 * want @ scaled @ want)


def test_a_lowest_point_that_is_nearer_than_the_bound_is_gone_to():
    """The first goes two thirds of the way to its bound; neither steepest descent nor a longer step is as good."""
    room, slope = Room(np.zeros(2), np.full(2, -1.0), np.ones(2)), np.array([-1.0, -0.1])
    step = trust_region_step(room, slope, np.diag([0.5, 3.0]), 99.0)
    assert step.move == pytest.approx([1 / 1.5, 0.1 / 3.1])


def test_a_step_that_is_cut_short_of_a_bound_is_taken_where_it_is_the_best():
    """The lowest point lies beyond the bound of the second, 0.943 of the way; 0.95 of that falls further than what is
    reflected or goes down the gradient."""
    room = Room(np.zeros(2), np.array([-0.7, -1.6]), np.array([1.9, 0.8]))
    slope, bend = np.array([-0.7, -2.5]), np.array([[1.5, -1.6], [-1.6, 1.9]])
    root = np.sqrt(room.upper)
    whole = -root * np.linalg.solve(root[:, None] * bend * root + np.diag(-slope), root * slope)
    step = trust_region_step(room, slope, bend, 50.0)
    assert step.move == pytest.approx(0.95 * np.min(room.upper / whole) * whole)
    assert step.move[1] == pytest.approx(0.95 * 0.8)


@pytest.mark.parametrize(("slopes", "share"), [((-1e-3, -5.0), 0.95), ((-1e-3, -0.02), 0.98)])
def test_how_far_a_step_goes_to_a_bound_hangs_on_the_unknown_furthest_from_its_minimum(slopes, share):
    """Without curvature both go to their bounds, 2 and 0.5 away, and end at this share of the way."""
    room = Room(np.zeros(2), np.full(2, -9.0), np.array([2.0, 0.5]))
    slope = np.array(slopes) / [2.0, 0.5]
    step = trust_region_step(room, slope, np.zeros((2, 2)), 99.0)
    assert step.move == pytest.approx(share * room.upper)


@pytest.mark.parametrize(("slope", "move"), [(-1e-3, 0.999), (-0.02, 0.98), (-5.0, 0.95), (5.0, -0.95)])
def test_a_step_ends_short_of_a_bound_the_less_so_the_nearer_the_minimum(slope, move):
    """Without curvature of its own the model of one unknown is lowest at its bound."""
    room = Room(np.zeros(1), np.full(1, -1.0), np.ones(1))
    step = trust_region_step(room, np.array([slope]), np.zeros((1, 1)), 99.0)
    assert step.move == pytest.approx([move]) and step.length == pytest.approx(abs(move))
    assert step.charged == pytest.approx(0.5 * abs(slope) * move**2)
    assert step.promised == pytest.approx(abs(slope * move) - step.charged)


def test_a_step_that_meets_no_bound_is_the_lowest_point_of_the_scaled_model():
    """Room of 4 downhill of the first and 1 of the second: scaled slopes 2 * 0.1 and 0.3."""
    room = Room(np.array([1.0, 0.0]), np.array([-3.0, -1.0]), np.array([2.0, 1.0]))
    slope, bend = np.array([0.1, -0.3]), np.array([[2.0, 0.2], [0.2, 3.0]])
    root = np.array([2.0, 1.0])
    scaled = root[:, None] * bend * root + np.diag(np.abs(slope))
    want = -np.linalg.solve(scaled, root * slope)
    step = trust_region_step(room, slope, bend, 99.0)
    assert step.move == pytest.approx(root * want) and step.length == pytest.approx(np.linalg.norm(want))
    short = trust_region_step(room, slope, bend, 0.01)
    assert short.length == pytest.approx(0.01, rel=2e-3)
