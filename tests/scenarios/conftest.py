import pytest

from tests.scenarios.tables import CONFIG, TABLES, contexts_of, drugs_of


@pytest.fixture
def folder(tmp_path):
    """The small tables as files, for a test to spoil."""
    for name, text in TABLES.items():
        rows = [["" if cell == "-" else cell for cell in line.split(" ")] for line in text.splitlines()]
        (tmp_path / name).write_text("\n".join("\t".join(row) for row in rows) + "\n")
    return tmp_path


@pytest.fixture
def drugs(folder):
    return drugs_of(folder)


@pytest.fixture
def contexts(folder):
    return contexts_of(folder)


@pytest.fixture(scope="session")
def shipped_drugs():
    return drugs_of(CONFIG)
