"""How fast a long loop goes and how long it has left."""

import time


class Progress:
    """Of a loop that begins at `start` and makes at most `total` steps."""

    def __init__(self, total: int, start: int = 0):
        self.total = total
        self.start = start
        self.began = time.monotonic()

    def line(self, step: int) -> str:
        """Rate and time left after so many steps, in words."""
        rate = (step - self.start) / max(time.monotonic() - self.began, 1e-9)
        left = (self.total - step) / max(rate, 1e-9)
        return f"{rate:.2f} iterations/s, at most {int(left // 60)}:{int(left % 60):02d} left"
