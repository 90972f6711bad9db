"""Routes in a pathway small enough to be read: ligand, receptor, its kinase, substrate, and what answers to it."""

import antimony
import pytest

from screen.network import depends_on, find_routes, read_sbml, slice_network

PATHWAY = """
compartment cell = 2;
species R in cell, RL in cell, K in cell, KP in cell, S in cell, SP in cell, B in cell, M in cell;
R = 1; S = 1; M = 1;
binding: R => RL; cell*ligand/(1 + load_ligand)*R;
pairing: RL => K; cell*RL;
parting: K => R; cell*K;
activation: K => KP; cell*K/(1 + load_receptor);
deactivation: KP => K; cell*KP*(1 + B)/(1 + load_phosphatase);
phosphorylation: S => SP; cell*(KP/(1 + load_kinase) + K*h/(1 + load_helper))*S*(1 + load_brake)/(2 + load_brake);
dephosphorylation: SP => S; cell*SP;
brake: => B; cell*SP/(1 + load_gene) - cell*B;
making: => S; cell*M/(1 + load_making);
loss: S => ; cell*S*(1 + load_degrader);
loss_P: SP => ; cell*SP*(1 + load_degrader);
apart: M -> ; cell*(M - 1/(1 + load_translation));
ligand = 1; h = 0;
load_ligand = 0; load_receptor = 0; load_phosphatase = 0; load_kinase = 0; load_helper = 0; load_brake = 0;
load_gene = 0; load_making = 0; load_degrader = 0; load_translation = 0;
share := SP/(S + SP + 1e-9);
"""

DIRECT = {"load_ligand", "load_receptor", "load_kinase", "load_making", "load_degrader"}
INDIRECT = {"load_phosphatase", "load_brake", "load_gene", "load_translation"}


def network_of(text):
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(text) >= 0, antimony.getLastError()
    return read_sbml(antimony.getSBMLString(antimony.getModuleNames()[-1]))


@pytest.fixture(scope="module")
def pathway():
    return network_of(PATHWAY)


def routes(network, zero, **values):
    loads = sorted({*DIRECT, *INDIRECT, "load_helper"})
    return find_routes(slice_network(network, zero, ["share"]), ["share"], loads, values)


def of_kind(found, kind):
    return {load for load, each in found.items() if each == kind}


def test_what_drives_the_substrate_is_direct_and_what_answers_to_it_is_not(pathway):
    found = routes(pathway, ["h"])
    assert of_kind(found, "direct") == DIRECT
    assert of_kind(found, "indirect") == INDIRECT
    assert of_kind(found, "none") == {"load_helper"}


def test_a_switch_that_is_on_gives_a_route_and_a_ligand_that_is_off_takes_it(pathway):
    assert routes(pathway, [], h=1.0)["load_helper"] == "direct"
    unfed = routes(pathway, ["h", "ligand"])
    assert of_kind(unfed, "none") == {*DIRECT, *INDIRECT, "load_helper"}


def test_the_most_direct_route_to_any_observable_counts_and_others_have_none(pathway):
    part = slice_network(pathway, ["h"], ["share"])
    assert find_routes(part, ["nothing"], ["load_kinase", "load_helper"], {}) == {
        "load_kinase": "indirect",
        "load_helper": "none",
    }
    assert "load_kinase" in depends_on(part) and "load_helper" not in depends_on(part)


def test_the_size_of_what_is_read_and_of_a_rate_decides_nothing():
    """A share in units of 1e-9 and an extent of two molecules: the same routes."""
    small = PATHWAY.replace("share := SP/", "share := 1e-9*SP/")
    small = small.replace("phosphorylation: S => SP; cell*(", "phosphorylation: 2 S => 2 SP; cell*0.5e-9*(")
    found = routes(network_of(small), ["h"])
    assert (of_kind(found, "direct"), of_kind(found, "indirect")) == (DIRECT, INDIRECT)


def test_more_of_an_amount_does_what_less_of_a_load_does():
    """The ligand, and what the receptor, the substrate and what makes it begin with; the brake is indirect."""
    text = PATHWAY.replace("R = 1; S = 1; M = 1;", "R = R_total; S = 1; M = 1; B = B_total; K = K_total/2;")
    network = network_of(text + "R_total = 1; B_total = 0.5; K_total = 1; nobody = 3;")
    amounts = ["ligand", "R_total", "B_total", "K_total", "nobody"]
    found = find_routes(network, ["share"], ["load_kinase"], {"h": 0.0}, amounts)
    assert found == {
        "load_kinase": "direct", "ligand": "direct", "R_total": "direct", "B_total": "indirect",
        "K_total": "direct", "nobody": "none",
    }  # fmt: skip


def test_what_slows_the_observable_by_more_of_it_is_indirect():
    """A load that speeds the phosphatase and one that helps what activates: neither holds the substrate back."""
    text = PATHWAY.replace(
        "dephosphorylation: SP => S; cell*SP;", "dephosphorylation: SP => S; cell*SP*(1 + load_off);"
    )
    text = text.replace(
        "making: => S; cell*M/(1 + load_making);", "making: => S; cell*M*(1 + load_more)/(1 + load_making);"
    )
    network = network_of(text + "load_off = 0; load_more = 0;")
    assert find_routes(network, ["share"], ["load_off", "load_more"], {}) == dict.fromkeys(
        ("load_off", "load_more"), "indirect"
    )
