"""How fast a long loop goes, how long it has left, and when its next checkpoint is due."""

import time


class Progress:
    """Of a loop that begins at `start` and makes at most `total` steps; checkpoints every so many seconds."""

    def __init__(self, total: int, start: int = 0, checkpoint_seconds: float = 120.0):
        self.total = total
        self.start = start
        self.period = checkpoint_seconds
        self.began = self.saved = time.monotonic()

    def is_due(self) -> bool:
        """Whether `checkpoint_seconds` have gone by since this last said yes."""
        now = time.monotonic()
        if now - self.saved < self.period:
            return False
        self.saved = now
        return True

    def line(self, step: int) -> str:
        """Rate and time left after so many steps, in words."""
        rate = (step - self.start) / max(time.monotonic() - self.began, 1e-9)
        left = (self.total - step) / max(rate, 1e-9)
        return f"{rate:.2f} iterations/s, at most {int(left // 60)}:{int(left % 60):02d} left"
