from conservax.data import DataError


def test_a_data_error_is_a_value_error():
    assert issubclass(DataError, ValueError)
