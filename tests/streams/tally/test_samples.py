"""The table of sample-epochs agrees with dicts, which it is a smaller form of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evalstream.streams.tally import samples as module
from evalstream.streams.tally.samples import SampleTable

ids = st.one_of(st.integers(-3, 12), st.sampled_from(["1", "2", "a", "é", ""]), st.integers(2**63, 2**64))


@given(st.lists(st.tuples(ids, st.integers(0, 3)), max_size=60))
def test_it_numbers_sample_epochs_as_a_dict_would(keys):
    table, numbers = SampleTable(), {}
    for place, (sample_id, epoch) in enumerate(keys):
        number = numbers.setdefault((sample_id, epoch), len(numbers))
        assert table.number(sample_id, epoch, (0, place), False) == number
    assert list(zip(table.ids, table.epochs, strict=True)) == list(numbers)
    assert [type(i) for i in table.ids] == [type(i) for i, _ in numbers]
    assert table.have_epochs == (len({e for _, e in numbers}) > 1 or len({type(i) for i, _ in numbers}) > 1)
    for sample_id, _ in keys:
        alike = [(n, key) for key, n in numbers.items() if str(key[0]) == str(sample_id)]
        assert sorted(table.epochs_of(sample_id)) == [n for n, _ in alike]
        epochs = [table.epochs[n] for n in table.epochs_of(sample_id)]
        assert epochs == sorted(epochs)


def test_it_grows_without_losing_a_number():
    table = SampleTable()
    count = 5 * module._SMALLEST
    for i in range(count):
        assert table.number(f"s{i}" if i % 2 else i, 1 + i % 3, (0, i), False) == i
    assert [table.number(f"s{i}" if i % 2 else i, 1 + i % 3, (9, 9), False) for i in range(count)] == list(range(count))
    assert list(table.offsets) == list(range(count))
