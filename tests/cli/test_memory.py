"""Memory goes back to the machine."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from screen.cli.memory import give_back_freed

KEEP = """
import sys
import numpy as np
from screen.cli.memory import give_back_freed

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

if sys.argv[1] == "given":
    give_back_freed()
np.ones(2**21)  # freed at once: from now on smaller ones would come from the heap
before, kept, arrays = resident(), [], []
for _ in range(50):
    arrays.append(np.ones(2**19))
    kept.append(np.ones(2**13))
del arrays
print((resident() - before) // 2**20)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the C library must be glibc")
def test_what_is_freed_between_what_is_kept_is_given_back(root):
    def left(how: str) -> int:
        done = subprocess.run([sys.executable, "-c", KEEP, how], cwd=root, capture_output=True, text=True)
        return int(done.stdout)

    assert left("given") < 10 < 100 < left("as it is")


def test_the_c_library_is_told_to_map_a_mebibyte_by_itself_and_to_keep_two_heaps(monkeypatch):
    """M_MMAP_THRESHOLD is -3 and M_ARENA_MAX -8 in glibc's malloc.h; other C libraries have no mallopt."""
    told = []
    library = SimpleNamespace(mallopt=lambda *given: told.append(given))
    monkeypatch.setattr("ctypes.CDLL", lambda name: library)
    give_back_freed()
    assert told == [(-3, 1_048_576), (-8, 2)]
    del library.mallopt
    give_back_freed()
    assert len(told) == 2
