"""What XLA hands to a function it calls, read through ctypes: an engine that runs on a GPU needs no compiler here.

The structures are the leading fields of those in xla/ffi/api/c_api.h, the same in jax 0.10 to 0.12.
"""

import ctypes
import re
from collections.abc import Callable
from ctypes import POINTER, Structure, c_char_p, c_int, c_int64, c_size_t, c_void_p
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import jax

_INTERNAL = 13
_METADATA = 1
_NUMBERS: dict[int, Any] = {5: c_int64, 12: ctypes.c_double}
"""Types of attributes: XLA_FFI_DataType_S64 and _F64."""


class _Headed(Structure):
    """What most structures begin with: their size and a list of extensions."""

    _fields_ = [("struct_size", c_size_t), ("extension_start", c_void_p)]


def _structure(name: str, *fields: tuple[str, Any], base: type = _Headed) -> Any:
    return type(name, (base,), {"_fields_": list(fields)})


_Buffer = _structure(
    "_Buffer", ("dtype", c_int), ("data", c_void_p), ("rank", c_int64), ("dims", POINTER(c_int64))
)
_Buffers = _structure(
    "_Buffers", ("size", c_int64), ("types", c_void_p), ("items", POINTER(POINTER(_Buffer)))
)
_Text = _structure("_Text", ("pointer", c_void_p), ("length", c_size_t), base=Structure)
_Scalar = _structure("_Scalar", ("dtype", c_int), ("value", c_void_p), base=Structure)
_Attributes = _structure(
    "_Attributes", ("size", c_int64), ("types", c_void_p),
    ("names", POINTER(POINTER(_Text))), ("values", POINTER(POINTER(_Scalar))),
)  # fmt: skip
_Version = _structure("_Version", ("major", c_int), ("minor", c_int))
_Metadata = _structure("_Metadata", ("struct_size", c_size_t), ("version", _Version), base=Structure)
_Extension = _structure(
    "_Extension", ("struct_size", c_size_t), ("type", c_int), ("next", c_void_p),
    ("metadata", POINTER(_Metadata)), base=Structure,
)  # fmt: skip
_Error = _structure("_Error", ("message", c_char_p), ("code", c_int))
_Ended = _structure("_Ended", ("error", c_void_p))
_Stream = _structure("_Stream", ("context", c_void_p), ("stream", c_void_p))
_Api = _structure(
    "_Api", ("version", _Version), ("internal", c_void_p),
    ("create_error", ctypes.CFUNCTYPE(c_void_p, POINTER(_Error))), ("error_message", c_void_p),
    ("destroy_error", ctypes.CFUNCTYPE(None, POINTER(_Ended))), ("register", c_void_p),
    ("get_stream", ctypes.CFUNCTYPE(c_void_p, POINTER(_Stream))),
)  # fmt: skip
_CallFrame = _structure(
    "_CallFrame", ("api", POINTER(_Api)), ("context", c_void_p), ("stage", c_int),
    ("arguments", _Buffers), ("results", _Buffers), ("attributes", _Attributes),
)  # fmt: skip


def _sized(kind: Any, **fields: Any) -> Any:
    return kind(struct_size=ctypes.sizeof(kind), **fields)


_HANDLER = ctypes.CFUNCTYPE(c_void_p, POINTER(_CallFrame))


class Buffer(NamedTuple):
    """An array on the device: its address and its shape."""

    address: int
    shape: tuple[int, ...]


class Frame(NamedTuple):
    """One call."""

    arguments: tuple[Buffer, ...]
    results: tuple[Buffer, ...]
    attributes: dict[str, float]
    stream: int | None
    """Of the device; None where XLA has none, which is on a processor."""


def make_handler(run: Callable[[Frame], None]) -> Any:
    """A function that XLA can call; what `run` raises becomes the error of the computation."""

    def handle(pointer: Any) -> int | None:
        frame = pointer.contents
        try:
            if _answers_metadata(frame):
                return None
            run(_read(frame))
        except Exception as error:  # nothing may pass into XLA
            message = _sized(_Error, message=str(error).encode(), code=_INTERNAL)
            return frame.api.contents.create_error(ctypes.byref(message))
        return None

    return _HANDLER(handle)


def _answers_metadata(frame: Any) -> bool:
    """XLA asks once which version of the interface a handler was written for."""
    if not frame.extension_start:
        return False
    extension = ctypes.cast(frame.extension_start, POINTER(_Extension)).contents
    if extension.type != _METADATA:
        return False
    version = extension.metadata.contents.version
    version.major, version.minor = _interface()
    return True


@lru_cache(maxsize=1)
def _interface() -> tuple[int, ...]:
    """Version of the interface of this JAX, as a handler compiled here would have it from the header."""
    header = Path(jax.ffi.include_dir(), "xla/ffi/api/c_api.h").read_text(encoding="utf-8")
    return tuple(int(number) for number in re.findall(r"#define XLA_FFI_API_M(?:AJ|IN)OR (\d+)", header))


def _read(frame: Any) -> Frame:
    attributes = {}
    for i in range(frame.attributes.size):
        name, value = frame.attributes.names[i].contents, frame.attributes.values[i].contents
        number = ctypes.cast(value.value, POINTER(_NUMBERS[value.dtype])).contents.value
        attributes[ctypes.string_at(name.pointer, name.length).decode()] = number
    return Frame(_buffers(frame.arguments), _buffers(frame.results), attributes, _stream(frame))


def _buffers(buffers: Any) -> tuple[Buffer, ...]:
    items = (buffers.items[i].contents for i in range(buffers.size))
    return tuple(Buffer(item.data or 0, tuple(item.dims[: item.rank])) for item in items)


def _stream(frame: Any) -> int | None:
    asked = _sized(_Stream, context=frame.context)
    error = frame.api.contents.get_stream(ctypes.byref(asked))
    if error:
        frame.api.contents.destroy_error(ctypes.byref(_sized(_Ended, error=error)))
        return None
    return asked.stream
