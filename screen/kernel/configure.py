"""JAX as the engines need it: double precision, and compiled functions kept on disk."""

import os

import jax

from screen.errors import KernelError
from screen.kernel.cache import cache_folder, private_folder


def configure() -> None:
    """Switch on 64-bit floats and JAX's own compilation cache; call once, before the first array.

    The cache is used where nobody else can write to it, since what is in it runs. KernelError where JAX finds
    no device of the kind that it is told to use.

    >>> configure()
    >>> model.initial(parameters).dtype
    dtype('float64')
    """
    jax.config.update("jax_enable_x64", True)
    folder = private_folder(cache_folder() / "jax")
    jax.config.update("jax_compilation_cache_dir", None if folder is None else str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)  # every shard compiles all slices
    find_devices()


def find_devices() -> list[jax.Device]:
    """What JAX computes on. KernelError where it is told (JAX_PLATFORMS) to use what is not here.

    >>> len(find_devices()) > 0
    True
    """
    try:
        return list(jax.devices())
    except (
        RuntimeError,
        AssertionError,
        AttributeError,
    ) as error:  # how JAX says so depends on what is installed
        said = str(error).splitlines()[0] if isinstance(error, RuntimeError) else "no such device"
        wanted = os.environ.get("JAX_PLATFORMS") or "any"
        raise KernelError(
            f"JAX_PLATFORMS: must name a kind of device that is here, found {wanted} ({said}); "
            "unset it, or set it to cpu"
        ) from None
