"""Memory goes back to the machine."""

import subprocess
import sys

import pytest

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
