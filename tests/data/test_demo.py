import numpy as np

from conservax.data import check_trainable, earthquakes


def test_the_earthquakes_are_those_of_2024_around_indonesia():
    table = earthquakes()
    assert len(table) == 596
    assert table.columns == ("lon", "lat")
    assert (table.time_name, table.time_kind) == ("time", "timestamp")
    days = table.t.astype("datetime64[s]").astype("datetime64[M]")
    assert str(days.min()) >= "2024-01"
    assert str(days.max()) <= "2024-12"
    assert (np.diff(table.t) >= 0).all()
    assert table.x.min(0)[0] > 90
    assert table.x.max(0)[0] < 145
    assert np.abs(table.x[:, 1]).max() < 15
    check_trainable(table)
