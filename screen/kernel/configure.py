"""JAX as the engines need it: double precision, and compiled functions kept on disk."""

import jax

from screen.errors import KernelError
from screen.kernel.cache import cache_folder, private_folder


def configure() -> None:
    """Switch on 64-bit floats and JAX's own compilation cache; call once, before the first array.

    The cache is used where nobody else can write to it, since what is in it runs. KernelError where JAX finds
    no device of the kind that it is told to use.
    """
    jax.config.update("jax_enable_x64", True)
    folder = private_folder(cache_folder() / "jax")
    jax.config.update("jax_compilation_cache_dir", None if folder is None else str(folder))
    try:
        jax.devices()
    except RuntimeError as error:
        platforms = jax.config.read("jax_platforms")
        raise KernelError(
            f"JAX_PLATFORMS: must name a kind of device that is here, found {platforms} "
            f"({str(error).splitlines()[0]}); unset it, or set it to cpu"
        ) from None
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 1.0)
