"""How busy a GPU is while it simulates the default screen: the first shard of all, as the workflow runs it.

    python benchmarks/gpu_simulate.py --results FOLDER --json FILE     # after `network` and `scenarios` there; a minute

The shard runs with the shipped draws, once with an empty cache, so that it compiles the kernels, and once more with
what that left. The simulation begins when all is read and the engine is named, and ends with the last trajectory. How
busy the GPU is, is what its driver says: the share of the time in which something ran on it.
"""

import argparse
import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
CHILD = (
    "import sys; from benchmarks.absent import stand_in; stand_in(); "
    "from screen.cli import main; sys.exit(main(sys.argv[1:]))"
)
"""The command, also where what composes networks is not installed."""


def main() -> int:
    """Run the shard twice; print and write what it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--results", type=Path, required=True, help="where network and scenarios are")
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
        settings["simulate"] |= {"engine": "auto", "shards": 1}
        own = Path(folder) / "results"
        shutil.copytree(arguments.results, own)
        (own / "constrain").mkdir(exist_ok=True)
        shutil.copyfile(ROOT / settings["panel"]["ensemble"], own / "constrain/draws.parquet")
        config = Path(folder) / "config.yaml"
        config.write_text(yaml.safe_dump(settings), encoding="utf-8")
        command = [sys.executable, "-c", CHILD, "simulate", "--config", str(config), "--results", str(own)]
        runs: list[dict[str, Any]] = []
        found = {
            "device": first_gpu()[2], "jax": version("jax"), "cores": os.cpu_count(),
            "python": sys.version.split()[0], "runs": runs,
        }  # fmt: skip
        for cache in ("empty", "filled"):
            runs.append({"cache": cache, **run(command, Path(folder) / "cache")})
            print(runs[-1], flush=True)
            arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


def run(command: list[str], cache: Path) -> dict[str, float | None]:
    """Seconds of a shard and of its simulation, its trajectories, and the share of that in which the GPU was busy."""
    samples: list[tuple[float, float]] = []
    over = threading.Event()
    threading.Thread(target=watch, args=(samples, over), daemon=True).start()
    began = simulated = ended = time.monotonic()
    lanes = kernels = 0
    environment = os.environ | {
        "SCREEN_CACHE": str(cache), "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "OPENBLAS_NUM_THREADS": "1",
    }  # fmt: skip
    with subprocess.Popen(
        [*command, "--shard", "0"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        env=environment,
    ) as shard:  # fmt: skip
        assert shard.stderr is not None
        for line in shard.stderr:
            if line.startswith("simulate: engine"):
                simulated = time.monotonic()
            if told := re.search(r": ([\d,]+) of [\d,]+ trajectories", line):
                lanes, ended = int(told[1].replace(",", "")), time.monotonic()
            elif line.startswith("kernel: "):
                kernels += line.startswith("kernel: compiled")
            else:
                print(line, end="", flush=True)
    over.set()
    if shard.returncode:
        raise SystemExit(shard.returncode)
    busy = [share for at, share in samples if simulated <= at <= ended]
    return {
        "seconds": time.monotonic() - began,
        "start_up_seconds": simulated - began,
        "simulation_seconds": ended - simulated,
        "trajectories": lanes,
        "trajectories_per_second": lanes / (ended - simulated),
        "kernels_compiled": kernels,
        "busy": sum(busy) / len(busy) / 100 if busy else None,
    }


class Rates(ctypes.Structure):
    """Shares of the last moments [%] in which something ran, and in which memory was read or written."""

    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


def first_gpu() -> tuple[Any, Any, str]:
    """The driver's library, the first GPU and its name; ends the program where there is none."""
    try:
        driver = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        raise SystemExit(
            "gpu_simulate: an NVIDIA GPU and its driver must be there, found no libnvidia-ml.so.1"
        ) from None
    device, name = ctypes.c_void_p(), ctypes.create_string_buffer(96)
    if driver.nvmlInit_v2() or driver.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(device)):
        raise SystemExit("gpu_simulate: the driver must know a GPU, found none")
    driver.nvmlDeviceGetName(device, name, len(name))
    return driver, device, name.value.decode()


def watch(samples: list[tuple[float, float]], ended: threading.Event) -> None:
    """Add when [s] and how busy the first GPU is [%], ten times a second."""
    (driver, device, _), rates = first_gpu(), Rates()
    while not ended.wait(0.1):
        if not driver.nvmlDeviceGetUtilizationRates(device, ctypes.byref(rates)):
            samples.append((time.monotonic(), rates.gpu))


if __name__ == "__main__":
    raise SystemExit(main())
