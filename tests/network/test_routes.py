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


def test_what_only_weakens_or_answers_is_indirect():
    """Loads that speed or slow the phosphatase, speed the making of the substrate, or act on what makes the brake."""
    text = PATHWAY.replace("=> S; cell*SP;", "=> S; cell*SP*(1 + load_off)/(1 + load_slow);")
    text = text.replace("M/(1 + load_making)", "M*(1 + 0.1*load_more)/(1 + load_making)")
    text = text.replace("cell*SP/(1 + load_gene)", "cell*SP*Y/(1 + load_gene)")
    more = """
        species X in cell, Y in cell; X = 1;
        idle: X => Y; cell*X/(1 + load_idle); back: Y => X; cell*Y;
        load_off = 0; load_slow = 0; load_more = 0; load_idle = 0;
    """
    loads = ("load_off", "load_slow", "load_more", "load_idle")
    assert find_routes(network_of(text + more), ["share"], loads, {}) == dict.fromkeys(loads, "indirect")


@pytest.mark.parametrize(
    ("helps", "direct", "indirect"),
    [(0.1, "load_receptor", "load_phosphatase"), (10.0, "load_phosphatase", "load_receptor")],
)
def test_of_two_forms_that_drive_what_leads_to_the_stronger_is_direct(pathway, helps, direct, indirect):
    """The kinase that is not active drives too: less than the active one, or more."""
    found = find_routes(pathway, ["share"], [direct, indirect, "load_helper", "load_ligand"], {"h": helps})
    assert found == {direct: "direct", indirect: "indirect", "load_helper": "direct", "load_ligand": "direct"}


def test_a_reaction_is_weighed_by_how_many_molecules_it_changes():
    """A dimer is read as one and a half monomers: to make one lowers what is read, to part one raises it."""
    network = network_of("""
        species A, D, P; A = 1; D = 1; P = 1;
        pair: 2 A => D; A^2/(1 + load_pair); part: D => 2 A; D/(1 + load_part);
        release: P => A; P/(1 + load_release); keep: A => P; A/(1 + load_keep);
        load_pair = 0; load_part = 0; load_release = 0; load_keep = 0; read := A + 1.5*D;
    """)
    found = find_routes(network, ["read"], ["load_pair", "load_part", "load_release", "load_keep"], {})
    assert found == {
        "load_pair": "indirect", "load_part": "direct", "load_release": "direct", "load_keep": "indirect"
    }  # fmt: skip


def test_more_of_what_makes_the_substrate_is_direct_and_of_what_takes_it_away_is_not():
    text = PATHWAY.replace("cell*M/(1 + load_making)", "cell*M*copies").replace(
        "cell*S*(1 +", "cell*S*taken*(1 +"
    )
    found = find_routes(network_of(text + "copies = 1; taken = 1;"), ["share"], [], {}, ["copies", "taken"])
    assert found == {"copies": "direct", "taken": "indirect"}


def test_what_reads_a_difference_has_a_route():
    """Where all species were at one level, nothing would move what is read."""
    network = network_of(
        PATHWAY.replace("=> S; cell*SP;", "=> S; cell*SP/(1 + load_slow);")
        + "load_slow = 0; gap := (SP - S)^2;"
    )
    found = find_routes(network, ["gap"], ["load_kinase", "load_slow"], {})
    assert sorted(found.values()) == ["direct", "indirect"]
