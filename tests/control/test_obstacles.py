"""Signed distances against distances to points of the rim; hits and ways of drawn paths."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.path import Path as Outline

from conservax.control import (
    Boxes,
    Circles,
    Ellipses,
    Polygons,
    collisions,
    homotopy_classes,
    homotopy_classes_used,
)
from conservax.data import DataError

SHAPES = {
    "circles": Circles([[0.3, -0.2]], 1.3),
    "boxes": Boxes([[-1.0, -0.5]], [[0.7, 1.4]]),
    "polygons": Polygons([[[-1.0, -1.0], [1.5, -1.0], [0.2, 0.1], [1.0, 1.6], [-1.2, 1.0]]]),
}


@pytest.mark.parametrize("name", SHAPES)
def test_signed_distance_is_that_to_the_rim(name):
    shape = SHAPES[name]
    (line,) = shape.outlines()
    share = np.linspace(0, 1, 400)[:, None, None]
    rim = ((1 - share) * line[:-1] + share * line[1:]).reshape(-1, 2)
    x = np.random.default_rng(0).uniform(-3, 3, (300, 2))
    far = np.linalg.norm(x[:, None] - rim, axis=-1).min(axis=1)
    expected = np.where(Outline(line).contains_points(x), -far, far)
    found = jax.vmap(shape.signed_distances)(jnp.asarray(x))[:, 0]
    # The rim is drawn of short straight pieces.
    np.testing.assert_allclose(found, expected, atol=4e-3)


@pytest.mark.parametrize("shape", [*SHAPES.values(), Ellipses([[0.0, 0.0]], [0.5, 2.0])])
def test_costs_are_finite_and_fall_outwards(shape):
    inside, far = (jnp.asarray(x) for x in (shape.centres()[0], [30.0, 40.0]))
    cost = jax.vmap(lambda x: shape(jnp.array(0.0), x))(jnp.stack([inside, far]))
    assert cost[0] > 0.1
    assert cost[1] == pytest.approx(0.0, abs=1e-12)
    assert np.isfinite(jax.jacfwd(lambda x: shape(jnp.array(0.0), x))(inside)).all()


def test_ellipses_of_equal_axes_are_circles():
    x = jnp.asarray([0.4, 2.0])
    round_, circle = Ellipses([[1.0, 0.0]], 1.5, margin=0.1), Circles([[1.0, 0.0]], 1.5, margin=0.1)
    np.testing.assert_allclose(round_(0.0, x), circle(0.0, x), rtol=1e-12)
    np.testing.assert_allclose(round_.signed_distances(x), circle.signed_distances(x))


def test_a_path_is_checked_between_its_points():
    circle = [Circles([[0.0, 0.0]], 0.5)]
    ends = np.array(
        [[[-3.0, 0.2], [3.0, 0.2]], [[-3.0, 0.6], [3.0, 0.6]], [[0.0, 0.0], [9.0, 9.0]]]
    )
    assert collisions(circle, ends).tolist() == [True, False, True]
    assert collisions([], ends).tolist() == [False] * 3


def test_ways_round_an_obstacle_are_told_apart():
    t = np.linspace(0, 1, 50)
    above, below = (np.stack([6 * t - 3, s * 2 * np.sin(np.pi * t)], axis=1) for s in (1, -1))
    turn = 2 * np.pi * t
    loop = np.stack([6 * t - 3 + 3 * np.sin(2 * turn), 3 * np.cos(2 * turn) - 3], axis=1)
    x = np.stack([above, above * [1, 1.5], below, loop])
    circles = [Circles([[0.0, 0.1], [0.0, 9.0]], 0.5)]
    turns = homotopy_classes(circles, x)
    assert (turns[0] == turns[1]).all()
    assert (turns[0] != turns[2]).any()
    assert (turns[:, 1] == turns[0, 1]).all()  # nobody goes round the far one
    assert homotopy_classes_used(turns[:3]) == 2
    assert homotopy_classes([Circles([[0.0, 0.0, 0.0]], 1.0)], np.zeros((2, 5, 3))) is None


def test_a_margin_moves_the_rim_of_the_cost():
    t = jnp.array(0.0)
    ring, wider = Circles([[0.0, 0.0]], 1.0, margin=0.5), Circles([[0.0, 0.0]], 1.5)
    box, larger = (
        Boxes([[-1.0, -1.0]], [[1.0, 1.0]], margin=0.5),
        Boxes([[-1.5, -1.5]], [[1.5, 1.5]]),
    )
    for x in ([1.7, 0.0], [0.0, 1.2]):
        assert ring(t, jnp.array(x)) == pytest.approx(float(wider(t, jnp.array(x))))
        assert box(t, jnp.array(x)) == pytest.approx(float(larger(t, jnp.array(x))))


def test_a_way_counts_if_one_in_a_hundred_takes_it():
    turns = np.zeros((1000, 2), int)
    turns[:9, 0] = 1
    assert homotopy_classes_used(turns) == 1
    turns[:10, 0] = 1
    assert homotopy_classes_used(turns) == 2


def test_a_closed_ring_is_the_polygon_without_its_last_corner():
    square = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]
    x = jnp.array([3.0, 0.0])
    assert Polygons([[*square, square[0]]]).signed_distances(x) == pytest.approx(2.0)


@pytest.mark.parametrize(
    "corners", [[[0, 0], [0, 0], [0, 0]], [[0, 0], [1, 1], [2, 2]], [[0, 0], [1, np.nan], [2, 0]]]
)
def test_corners_without_an_area_are_refused(corners):
    with pytest.raises(DataError, match="corners"):
        Polygons([corners])


def test_one_side_of_a_polygon_that_is_not_convex_is_one_way():
    bend = Polygons([[[0, 0], [4, 0], [4, 0.2], [0.2, 0.2], [0.2, 4], [0, 4]]])
    paths = np.array([[[4, 1], [0.5, 0.5], [1, 4]], [[4, 1], [3, 3], [1, 4]]])
    assert bend.signed_distances(jnp.asarray(bend.centres()[0]))[0] < 0
    assert homotopy_classes_used(homotopy_classes([bend], paths)) == 1
