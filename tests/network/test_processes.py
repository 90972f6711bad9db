"""What the SBML says of each module: processes, what acts on them and how, and the module they belong to."""

import pytest

from screen.maps import module_maps
from screen.maps.processes import INHIBITION, STIMULATION
from screen.network import compose_network


@pytest.fixture(scope="module")
def maps(network_folder, shipped):
    return {module.stem: module for module in module_maps(shipped, network_folder)}


def test_processes_of_a_small_network(small):
    folder = small(modules={
        "m02_brake.ant": """// M2: a brake. It
            // holds.
            brake has dimensionless;
            brake := 1/(1 + strength);
            //@needs m01
            back: B -> A; cell*k_back*(B - A)*brake;
            //@end
            """
    })  # fmt: skip
    base, source, brake = module_maps(compose_network(folder), folder)
    assert (base.processes, base.quantities, base.compartments) == ((), (), {})
    (conversion,) = source.processes
    assert (conversion.reactants, conversion.products, conversion.reversible) == (("A",), ("B",), False)
    assert conversion.modulators == (("brake", STIMULATION),)
    assert source.compartments == {"A": "cell", "B": "cell"}
    assert (brake.title, brake.text) == ("M2: a brake", "It holds.")
    (back,) = brake.processes
    assert (back.reversible, back.modulators) == (True, (("brake", STIMULATION),))
    assert brake.quantities == (("brake", ()),)


def test_the_digest_follows_structure_and_not_numbers(small):
    folder = small()
    before = [module.digest for module in module_maps(compose_network(folder), folder)]
    small({"k_forward": "m01_source\t0.7\tper_min\tlog10_normal\t0.3\tassumed\tassumed\tforward"})
    assert [module.digest for module in module_maps(compose_network(folder), folder)] == before
    text = (folder / "m01_source.ant").read_text().replace("k_forward*brake*A", "k_forward*A")
    (folder / "m01_source.ant").write_text(text)
    after = [module.digest for module in module_maps(compose_network(folder), folder)]
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, True]


def test_every_reaction_is_in_one_module(maps, shipped):
    names = [process.name for module in maps.values() for process in module.processes]
    assert len(names) == len(set(names)) == shipped.count("<reaction ")


def test_signs_of_the_shipped_network(maps):
    """SOCS3 removes receptors, act_ALK activates ALK, loads of drugs lower what their target does."""
    activation = next(p for p in maps["m07_alk"].processes if p.name == "ALK_activation")
    assert dict(activation.modulators)["act_ALK"] == STIMULATION
    drugs = dict(maps["m13_drugs"].quantities)
    assert drugs["act_JAK1"] == (("drug_weakness", STIMULATION), ("load_JAK1", INHIBITION))
