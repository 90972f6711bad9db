"""`python -m benchmarks` is `python benchmarks/engine.py`."""

from benchmarks.engine import main

if __name__ == "__main__":
    main()
