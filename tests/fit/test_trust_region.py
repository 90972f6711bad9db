"""Parts of a step between bounds, each against the condition that it must meet or by hand."""

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


@pytest.mark.parametrize("least", [-3.0, -1e-3])
@pytest.mark.parametrize("along", [1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("radius", [0.3, 2.0, 50.0, 1e4])
def test_a_slope_with_next_to_no_part_along_the_negative_curvature_ends_on_the_edge_too(radius, along, least):
    """A damping is then found between bounds that are many decades apart."""
    found = lowest_within(np.array([along, 1.0, -2.0, 0.5]), np.diag([least, 0.6, 2.0, 30.0]), radius)
    assert np.linalg.norm(found) == pytest.approx(radius, rel=1.001e-3) and found[0] < 0


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


def test_steepest_descent_goes_to_the_lowest_point_the_radius_or_short_of_a_bound():
    """Slope (3, 4), curvature 100 along it per square of its length: lowest at a hundredth of the slope."""
    slope = np.array([3.0, 4.0])
    bent = _Model(slope, 100.0 * np.eye(2))
    assert _steepest(bent, SQUARE, ONES, 9.0, 0.95) == pytest.approx(-slope / 100)
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
