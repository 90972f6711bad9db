"""What the driver of a GPU is asked, word for word, by a library that notes it; what is said where it refuses."""

import ctypes

import numpy as np
import pytest

from screen.errors import KernelError
from screen.kernel.native import driver
from screen.kernel.native.driver import Driver

ADDRESS = 4096
"""What the library writes wherever it is asked for a number, unless it is told another."""


def plain(argument):
    """The value of an argument of ctypes; what is passed by reference is `...`."""
    if isinstance(argument, ctypes.Array):
        return list(argument)
    return getattr(argument, "value", ...) if not isinstance(argument, bytes) else argument


class Library:
    """Functions that note their arguments, fill what they get by reference, and end as told."""

    def __init__(self, **told):
        self.told, self.asked, self.ends = told, [], {}

    def __getattr__(self, name):
        def call(*arguments):
            self.asked.append((name, *map(plain, arguments)))
            for argument in arguments:
                if hasattr(argument, "_obj") and not isinstance(argument._obj, ctypes.Array):
                    value = self.told.get(name, ADDRESS)
                    argument._obj.value = value.pop(0) if isinstance(value, list) else value
            return self.ends.get(name, 0)

        return call


@pytest.fixture
def library():
    return Library(
        cuDriverGetVersion=12_999,
        cuDeviceGetCount=2,
        cuDeviceGetAttribute=[9, 1],
        cuGetErrorString=b"no such thing",
    )


@pytest.fixture
def gpu(library):
    found = Driver(library)
    assert library.asked == [("cuInit", 0)]
    library.asked.clear()
    return found


def test_versions_and_kinds_are_read_off(gpu, library):
    assert gpu.version() == 12
    library.told["cuDriverGetVersion"] = 13_000
    assert gpu.version() == 13
    assert gpu.architecture(1) == "sm_91"
    attributes = [call for call in library.asked if call[0] == "cuDeviceGetAttribute"]
    assert attributes == [("cuDeviceGetAttribute", ..., which, 1) for which in (75, 76)]  # as in cuda.h
    library.told["cuDeviceGetAttribute"] = 132
    assert gpu.processors(1) == 132 and library.asked[-1] == ("cuDeviceGetAttribute", ..., 16, 1)


@pytest.mark.parametrize("there", [0, 1])
def test_a_gpu_that_is_not_there_is_said(gpu, library, there):
    library.told["cuDeviceGetCount"] = there
    with pytest.raises(KernelError, match="an NVIDIA GPU must be there, found none"):
        gpu.architecture(there)


@pytest.mark.parametrize(
    ("result", "text", "words"),
    [
        (2, b"", "memory of the GPU must suffice, found too little; set XLA_PYTHON_CLIENT_MEM_FRACTION"),
        (1, b"bad value", r"cuModuleLoadData must succeed, found error 1 \(bad value\)"),
        (3, None, r"cuModuleLoadData must succeed, found error 3 \(no message\)"),
    ],
)
def test_what_the_driver_refuses_is_one_line(gpu, library, result, text, words):
    library.ends["cuModuleLoadData"], library.told["cuGetErrorString"] = result, text
    with pytest.raises(KernelError, match=f"engine cuda: {words}"):
        gpu.load(b"code")


def test_work_is_done_in_the_context_of_the_stream_and_leaves_it(gpu, library):
    with gpu.context(5) as context:
        assert context == ADDRESS
        assert library.asked == [("cuStreamGetCtx", 5, ...), ("cuCtxPushCurrent_v2", ADDRESS)]
    assert library.asked[2:] == [("cuCtxPopCurrent_v2", ...)]
    library.told["cuStreamGetCtx"] = None
    with gpu.context(None) as context:
        assert context == 0


def test_memory_is_taken_and_given_back_in_the_stream_and_nothing_is_a_byte(gpu, library):
    library.told["cuMemAllocAsync"] = [100, 200]

    def fail():
        with gpu.memory(7, 64, 0) as taken:
            assert taken == [100, 200]
            assert library.asked == [("cuMemAllocAsync", ..., size, 7) for size in (64, 1)]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert library.asked[2:] == [("cuMemFreeAsync", address, 7) for address in (100, 200)]


def test_bytes_go_there_and_back_and_none_do_not(gpu, library):
    array, nothing = np.arange(3.0), np.zeros(0)
    gpu.clear(7, 300, 24)
    gpu.to_device(7, 300, array)
    gpu.to_host(7, array, 300)
    for call in (lambda: gpu.clear(7, 300, 0), lambda: gpu.to_device(7, 300, nothing),
                 lambda: gpu.to_host(7, nothing, 300)):  # fmt: skip
        call()
    assert library.asked == [
        ("cuMemsetD8Async", 300, 0, 24, 7), ("cuMemcpyHtoDAsync_v2", 300, array.ctypes.data, 24, 7),
        ("cuMemcpyDtoHAsync_v2", array.ctypes.data, 300, 24, 7), ("cuStreamSynchronize", 7),
    ]  # fmt: skip


def test_a_kernel_runs_as_blocks_of_a_warp_with_one_argument(gpu, library):
    argument = ctypes.c_int64(11)
    gpu.launch(7, 40, 3, argument)
    pointer = [ctypes.addressof(argument)]
    assert library.asked == [("cuLaunchKernel", 40, 3, 1, 1, 32, 1, 1, 0, 7, pointer, ...)]
    assert gpu.warps(40) == ADDRESS
    assert library.asked[1] == ("cuOccupancyMaxActiveBlocksPerMultiprocessor", ..., 40, 32, 0)


def test_where_no_driver_is_its_library_is_named(monkeypatch):
    def missing(name):
        raise OSError

    monkeypatch.setattr(ctypes, "CDLL", missing)
    monkeypatch.setattr(driver, "LIBRARY", "libnone.so.1")
    with pytest.raises(KernelError, match=r"GPU and its driver must be there, found no libnone\.so\.1"):
        driver.find_driver.__wrapped__()
