"""The compiled form: a network written as C around a handwritten step, and the compiler that builds it."""

from screen.kernel.native.compiler import compile_library, find_compiler
from screen.kernel.native.emit import emit

__all__ = ["compile_library", "emit", "find_compiler"]
