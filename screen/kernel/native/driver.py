"""The CUDA driver of this machine, through ctypes: memory, machine code and launches.

JAX has made the context; what is here works in that of the stream it is given.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import byref, c_int, c_size_t, c_uint, c_void_p
from functools import lru_cache
from typing import Any

from screen.errors import KernelError

LIBRARY = "libcuda.so.1"
WARP = 32
_PROCESSORS, _MAJOR, _MINOR = 16, 75, 76
_OUT_OF_MEMORY = 2
_MEMORY_CURE = "set XLA_PYTHON_CLIENT_MEM_FRACTION to less (0.5), or lower simulate.batch"


class Driver:
    """The functions of the driver that are needed; a KernelError where one fails."""

    def __init__(self, library: ctypes.CDLL):
        self._library = library
        self._call("cuInit", c_uint(0))

    def _call(self, name: str, *arguments: Any) -> None:
        result = getattr(self._library, name)(*arguments)
        if result == _OUT_OF_MEMORY:
            raise KernelError(
                f"engine cuda: memory of the GPU must suffice, found too little; {_MEMORY_CURE}"
            )
        if result:
            text = ctypes.c_char_p()
            self._library.cuGetErrorString(c_int(result), byref(text))
            said = (text.value or b"no message").decode()
            raise KernelError(f"engine cuda: {name} must succeed, found error {result} ({said})")

    def _asked(self, kind: Any, name: str, *arguments: Any) -> Any:
        value = kind()
        self._call(name, byref(value), *arguments)
        return value.value

    def version(self) -> int:
        """Newest major version of CUDA that it runs."""
        return self._asked(c_int, "cuDriverGetVersion") // 1000

    def architecture(self, device: int = 0) -> str:
        """Of a GPU, such as sm_90; KernelError where there is no GPU."""
        if self._asked(c_int, "cuDeviceGetCount") <= device:
            raise KernelError("engine cuda: an NVIDIA GPU must be there, found none")
        major, minor = (self._attribute(which, device) for which in (_MAJOR, _MINOR))
        return f"sm_{major}{minor}"

    def _attribute(self, which: int, device: int) -> int:
        return self._asked(c_int, "cuDeviceGetAttribute", c_int(which), c_int(device))

    @contextmanager
    def context(self, stream: int | None) -> Iterator[int]:
        """Work in the context of a stream; gives its address."""
        context = c_void_p()
        self._call("cuStreamGetCtx", c_void_p(stream), byref(context))
        self._call("cuCtxPushCurrent_v2", context)
        try:
            yield context.value or 0
        finally:
            self._call("cuCtxPopCurrent_v2", byref(c_void_p()))

    def device(self) -> int:
        """The GPU of the current context."""
        return self._asked(c_int, "cuCtxGetDevice")

    def load(self, code: bytes) -> int:
        """A module of machine code, for as long as the context lives."""
        return self._asked(c_void_p, "cuModuleLoadData", code)

    def function(self, module: int, name: str) -> int:
        """A kernel of a module."""
        return self._asked(c_void_p, "cuModuleGetFunction", c_void_p(module), name.encode())

    def constants(self, module: int, name: str, kind: Any) -> list[int]:
        """What a global array of a module holds; `kind` is its ctypes type."""
        address, size, found = c_void_p(), c_size_t(), kind()
        self._call("cuModuleGetGlobal_v2", byref(address), byref(size), c_void_p(module), name.encode())
        self._call("cuMemcpyDtoH_v2", byref(found), address, c_size_t(ctypes.sizeof(found)))
        return list(found)

    def warps(self, function: int) -> int:
        """How many warps of a kernel a multiprocessor holds."""
        blocks = "cuOccupancyMaxActiveBlocksPerMultiprocessor"
        return self._asked(c_int, blocks, c_void_p(function), c_int(WARP), c_size_t(0))

    def processors(self, device: int) -> int:
        """Multiprocessors of a GPU."""
        return self._attribute(_PROCESSORS, device)

    def free_memory(self) -> int:
        """Bytes that nobody has reserved."""
        free = c_size_t()
        self._call("cuMemGetInfo_v2", byref(free), byref(c_size_t()))
        return free.value

    @contextmanager
    def memory(self, stream: int | None, *sizes: int) -> Iterator[list[int]]:
        """Addresses of so many bytes each, until the work put into the stream by then is done."""
        taken: list[int] = []
        try:
            for size in sizes:
                taken.append(
                    self._asked(c_void_p, "cuMemAllocAsync", c_size_t(max(size, 1)), c_void_p(stream))
                )
            yield taken
        finally:
            for address in taken:
                self._call("cuMemFreeAsync", c_void_p(address), c_void_p(stream))

    def clear(self, stream: int | None, address: int, size: int) -> None:
        """Set bytes to 0."""
        if size:
            self._call(
                "cuMemsetD8Async", c_void_p(address), ctypes.c_ubyte(0), c_size_t(size), c_void_p(stream)
            )

    def to_device(self, stream: int | None, address: int, array: Any) -> None:
        """Copy a NumPy array there; it may be changed afterwards."""
        if array.nbytes:
            host, size = c_void_p(array.ctypes.data), c_size_t(array.nbytes)
            self._call("cuMemcpyHtoDAsync_v2", c_void_p(address), host, size, c_void_p(stream))

    def to_host(self, stream: int | None, array: Any, address: int) -> None:
        """Fill a NumPy array from there, after all that was put into the stream before."""
        if array.nbytes:
            host, size = c_void_p(array.ctypes.data), c_size_t(array.nbytes)
            self._call("cuMemcpyDtoHAsync_v2", host, c_void_p(address), size, c_void_p(stream))
            self._call("cuStreamSynchronize", c_void_p(stream))

    def launch(self, stream: int | None, function: int, warps: int, argument: ctypes.Structure) -> None:
        """Run a kernel with one argument, a block a warp."""
        one, none = c_uint(1), c_uint(0)
        arguments = (c_void_p * 1)(ctypes.addressof(argument))
        self._call(
            "cuLaunchKernel", c_void_p(function), c_uint(warps), one, one, c_uint(WARP), one, one, none,
            c_void_p(stream), arguments, None,
        )  # fmt: skip


@lru_cache(maxsize=1)
def find_driver() -> Driver:
    """The driver; KernelError where there is none."""
    try:
        return Driver(ctypes.CDLL(LIBRARY))
    except OSError:
        raise KernelError(
            f"engine cuda: an NVIDIA GPU and its driver must be there, found no {LIBRARY}"
        ) from None
