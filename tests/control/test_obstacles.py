"""Signed distances against distances to points of the boundary; collisions and homotopy classes of paths."""

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
def test_signed_distance_is_the_distance_to_the_boundary(name):
    shape = SHAPES[name]
    (line,) = shape.outlines()
    fraction = np.linspace(0, 1, 400)[:, None, None]
    boundary = ((1 - fraction) * line[:-1] + fraction * line[1:]).reshape(-1, 2)
    x = np.random.default_rng(0).uniform(-3, 3, (300, 2))
    distance = np.linalg.norm(x[:, None] - boundary, axis=-1).min(axis=1)
    expected = np.where(Outline(line).contains_points(x), -distance, distance)
    found = jax.vmap(shape.signed_distances)(jnp.asarray(x))[:, 0]
    # The outline consists of short straight pieces.
    np.testing.assert_allclose(found, expected, atol=4e-3)


@pytest.mark.parametrize("shape", [*SHAPES.values(), Ellipses([[0.0, 0.0]], [0.5, 2.0])])
def test_costs_are_finite_and_decrease_outwards(shape):
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


def test_collisions_are_found_between_the_points_of_a_path():
    circle = [Circles([[0.0, 0.0]], 0.5)]
    paths = np.array(
        [[[-3.0, 0.2], [3.0, 0.2]], [[-3.0, 0.6], [3.0, 0.6]], [[0.0, 0.0], [9.0, 9.0]]]
    )
    assert collisions(circle, paths).tolist() == [True, False, True]
    assert collisions([], paths).tolist() == [False] * 3


def test_homotopy_classes_around_an_obstacle_differ():
    t = np.linspace(0, 1, 50)
    above, below = (np.stack([6 * t - 3, s * 2 * np.sin(np.pi * t)], axis=1) for s in (1, -1))
    turn = 2 * np.pi * t
    loop = np.stack([6 * t - 3 + 3 * np.sin(2 * turn), 3 * np.cos(2 * turn) - 3], axis=1)
    x = np.stack([above, above * [1, 1.5], below, loop])
    circles = [Circles([[0.0, 0.1], [0.0, 9.0]], 0.5)]
    classes = homotopy_classes(circles, x)
    assert (classes[0] == classes[1]).all()
    assert (classes[0] != classes[2]).any()
    assert (classes[:, 1] == classes[0, 1]).all()  # no path winds around the far one
    assert homotopy_classes_used(classes[:3]) == 2
    assert homotopy_classes([Circles([[0.0, 0.0, 0.0]], 1.0)], np.zeros((2, 5, 3))) is None


def test_a_margin_moves_the_boundary_of_the_cost():
    t = jnp.array(0.0)
    ring, wider = Circles([[0.0, 0.0]], 1.0, margin=0.5), Circles([[0.0, 0.0]], 1.5)
    box, larger = (
        Boxes([[-1.0, -1.0]], [[1.0, 1.0]], margin=0.5),
        Boxes([[-1.5, -1.5]], [[1.5, 1.5]]),
    )
    for x in ([1.7, 0.0], [0.0, 1.2]):
        assert ring(t, jnp.array(x)) == pytest.approx(float(wider(t, jnp.array(x))))
        assert box(t, jnp.array(x)) == pytest.approx(float(larger(t, jnp.array(x))))


def test_a_homotopy_class_counts_from_one_percent_of_the_paths():
    classes = np.zeros((1000, 2), int)
    classes[:9, 0] = 1
    assert homotopy_classes_used(classes) == 1
    classes[:10, 0] = 1
    assert homotopy_classes_used(classes) == 2


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


def test_one_side_of_a_polygon_that_is_not_convex_is_one_homotopy_class():
    corner = Polygons([[[0, 0], [4, 0], [4, 0.2], [0.2, 0.2], [0.2, 4], [0, 4]]])
    paths = np.array([[[4, 1], [0.5, 0.5], [1, 4]], [[4, 1], [3, 3], [1, 4]]])
    assert corner.signed_distances(jnp.asarray(corner.centres()[0]))[0] < 0
    assert homotopy_classes_used(homotopy_classes([corner], paths)) == 1
