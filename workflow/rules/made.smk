# What tells that a stage has to run again whatever Snakemake remembers: the lists of what stages wrote, and from what.
from contextlib import suppress
from functools import cache

from snakemake.io import apply_wildcards, get_wildcard_names, glob_wildcards

from screen.cli.identity import shard_problems
from screen.files.made import file_digest, made_problem

# The date of a list that is not true.
LONG_AGO = 1

# List -> why it is not true, or nothing; files are read once, tables that all shards follow from too.
READ = {}
digest_once = cache(file_digest)
ASKED = set()


def edited(stage):
    """Files that a stage reads and people edit: those that no stage writes."""
    return sorted({str(file) for file in stage.input if file.is_ancient})


@cache
def spoiled_shards():
    """Shards that are there but damaged or of another screen, and what is wrong with them."""
    return shard_problems(SETTINGS, RESULTS)


def untrue(stage, record, file):
    """Why what a stage wrote, a file of it named, is not what it would write now; None where it is."""
    if record not in READ:
        origin = f"{stage.params.settings}-{stage.params.code}"
        problem = made_problem(record, origin, map(Path, edited(stage)), digest_once)
        if problem is None and file.parent == RESULTS.shard(0).parent:
            problem = spoiled_shards().get(file)
        READ[record] = problem
    return READ[record]


def altered(stage, wildcards):
    """What is no longer as its stage wrote it; said once, since then the stage runs again."""
    file, record = (
        Path(apply_wildcards(each, wildcards))
        for each in (stage.output[0], stage.output.made)
    )
    if not workflow.is_main_process or not os.path.lexists(record) or record in ASKED:
        return ""
    ASKED.add(record)
    return untrue(stage, record, file) or ""


def date_records():
    """Date the list of what a stage wrote 1970 where it is not true, so that the stage is older than what it reads.

    Snakemake compares params only where it remembers the last run: not after results were copied, renamed or taken
    from another folder. An input that is not `ancient` is needed for it, called `dated` where a stage has no other.
    """
    for stage in workflow.rules:
        if "made" not in stage.output.keys():
            continue
        first, made = stage.output[0], stage.output.made
        for wildcards in found(first, made):
            files = [Path(apply_wildcards(each, wildcards)) for each in stage.output]
            check_links(files)
            file, record = files[0], Path(apply_wildcards(made, wildcards))
            with suppress(OSError):
                if not os.path.lexists(record):
                    write_text_atomic(record, "")
                stale = untrue(stage, record, file) is not None
                if stale or record.stat().st_mtime <= LONG_AGO:
                    os.utime(record, 2 * (LONG_AGO if stale else file.stat().st_mtime,))


def check_links(files):
    """Snakemake ends where an output is a link that leads nowhere, and takes it for a file that vanished."""
    for file in files:
        if file.is_symlink() and not os.path.exists(file):
            raise WorkflowError(
                f"{file}: must be a file or lead to one, found a link to {os.readlink(file)}, which is not there; "
                "remove it, or bring back what it leads to"
            )


def found(*patterns):
    """Wildcards under which a file of either pattern is there; none where it has none."""
    wildcards = {}
    for pattern in patterns:
        names = list(get_wildcard_names(pattern))
        values = zip(*(getattr(glob_wildcards(pattern), name) for name in names))
        there = [()] * os.path.lexists(pattern) if not names else values
        wildcards |= {each: dict(zip(names, each)) for each in there}
    return list(wildcards.values())
