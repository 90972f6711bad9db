"""JAX as the engines need it: double precision, and compiled functions kept on disk."""

import jax

from screen.kernel.cache import cache_folder


def configure() -> None:
    """Switch on 64-bit floats and JAX's own compilation cache; call once, before the first array."""
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_compilation_cache_dir", str(cache_folder() / "jax"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 1.0)
