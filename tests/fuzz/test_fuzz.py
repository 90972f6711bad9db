"""Spoilt files of every kind that is read: an answer or a refusal in lines, within 10 s and 2 GiB, and nothing else."""

import time

import pytest

from tests.fuzz.hunt import hunt
from tests.fuzz.readers import READERS


def test_spoilt_files_are_read_or_refused(tmp_path):
    count, failures = hunt(tmp_path, seconds=10, seed="same every time")
    assert failures == []
    assert count >= 2 * len(READERS)


@pytest.mark.slow
def test_spoilt_files_are_read_or_refused_for_ten_minutes(tmp_path):
    seed = str(time.time_ns())
    count, failures = hunt(tmp_path, seconds=600, seed=seed)
    assert failures == [], f"seed {seed}"
    assert count > 1000
