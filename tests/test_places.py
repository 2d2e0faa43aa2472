"""Where every module is tested.

A module has its file of tests in the folder of its room: ``graphs/paths.py`` in
``tests/graphs/test_paths.py``. The table says where the others are tested, and why not
in a file of their own.
"""

from pathlib import Path

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "netrobust"

#: A file of tests, and modules that it tests besides its namesake.
TOGETHER = {
    # Verbs are tried as users type them, whichever module holds them.
    "cli/test_cli": (
        "cli/analyse cli/attack cli/console cli/figure_options cli/info cli/make "
        "cli/make_table cli/options cli/recover cli/streams"
    ),
    # What is read is the same layers, whatever format they come from.
    "convert/test_layer_files": (
        "convert/matlab convert/matrix_files convert/networkx_graphs "
        "convert/scipy_matrices convert/state_dicts"
    ),
    "convert/test_checkpoint_files": "convert/onnx_files convert/state_tensors",
    # The same graph comes in by every way, and goes out by it.
    "convert/test_graph_files": (
        "convert/bipartite_graphs convert/edge_lists convert/igraph_graphs "
        "convert/pandas_tables convert/pyg_graphs"
    ),
    "convert/test_module_kinds": "convert/weight_views",
    # Steps between a module and its graphs, each undone by another.
    "convert/test_torch_modules": "convert/layer convert/module_graphs",
    "experiments/test_percolate_module": (
        "convert/layer_stack experiments/module_checks experiments/module_scores"
    ),
    # An error is tested where it is raised, first of all by unknown names.
    "core/test_registry": "core/errors",
    # Messages carry the questions and answers of the parser.
    "core/test_isolated_parser": "core/messages",
    "experiments/test_damage_curve": "graphs/data_attributes graphs/perturb/scopes",
    "experiments/test_percolate": "experiments/compare",
    "experiments/test_retrain": "experiments/recover",
    "experiments/test_sweep": (
        "experiments/columns experiments/options experiments/plan stats/columns"
    ),
    "figures/test_draw": "figures/degree_tails figures/layout figures/text_tables",
    # A view is seen to work where a page holds it.
    "figures/test_styles": "figures/restyle",
    "studies/test_report": "cli/report figures/interactive",
    # The contract is what a graph is.
    "graphs/test_graph": "graphs/contract",
    "graphs/test_percolation": (
        "graphs/kernels graphs/measure/curve graphs/theory/layer"
    ),
    # Families are tested by law: one file holds a law, and all members are in it.
    "graphs/measure/test_base": "graphs/measure/degree graphs/measure/path",
    "graphs/measure/test_order": (
        "graphs/measure/mesoscale graphs/measure/spectrum graphs/measure/strength"
    ),
    "graphs/null/test_base": "graphs/null/conserved_quantities",
    "graphs/null/test_ensembles": "graphs/null/maxent",
    "graphs/null/test_rewiring": "graphs/null/swaps",
    "graphs/perturb/test_base": "graphs/perturb/remove graphs/perturb/reweight",
    "graphs/theory/test_giant": (
        "graphs/theory/fixed_point graphs/theory/messages graphs/theory/numbers "
        "graphs/theory/stack"
    ),
    "graphs/theory/test_signal": "graphs/theory/noise graphs/theory/reach",
    "neural/test_sparsify_laws": (
        "neural/sparsify/base neural/sparsify/baselines neural/sparsify/evolution "
        "neural/sparsify/gradient"
    ),
    "neural/test_sparsify_rules": "neural/sparsify/deep_r neural/sparsify/soft_rule",
    "neural/test_sparsify_hebb": (
        "neural/sparsify/cannistraci_hebb neural/sparsify/chain neural/sparsify/grow "
        "neural/sparsify/prune"
    ),
    "neural/test_link_prediction": "neural/sparsify/link_prediction",
    "neural/test_topology": (
        "neural/topology/base neural/topology/correlation neural/topology/preferential "
        "neural/topology/ring neural/topology/uniform"
    ),
    "neural/test_initialise": "neural/weight_init",
    "neural/test_input_attacks": "neural/gradient_attacks",
    "neural/test_learner": "neural/steps neural/tile",
    "neural/test_linear": "neural/dense",
    "neural/test_sparse_module": "neural/module_linear",
    "neural/test_train": "neural/rewire",
    "parallel/test_executor": (
        "parallel/partial_failure parallel/processes parallel/server"
    ),
    "parallel/test_dask_cluster": "parallel/dask_worker",
    "parallel/test_shard": "runs/shards studies/estimate",
    "runs/test_folder": "runs/json_files runs/manifest",
    "stats/test_paired_tests": "stats/holm",
    "stats/test_summary": "stats/curves stats/interval",
    # The whole job, its stages included.
    "studies/test_reproduce": (
        "studies/gallery studies/job studies/stages studies/training"
    ),
    "studies/test_study": "studies/presets studies/task",
}


def modules():
    """Every module of the package but the doors of its rooms."""
    found = {
        path.relative_to(PACKAGE).with_suffix("").as_posix()
        for path in PACKAGE.rglob("*.py")
    }
    return {name for name in found if not name.rpartition("/")[2].startswith("__")}


def own(module):
    """The file of tests of a module, in the folder of its room."""
    room, _, name = module.rpartition("/")
    return f"{room}/test_{name}"


def test_every_module_is_tested_in_its_place_or_in_one_that_is_named():
    listed = [one for row in TOGETHER.values() for one in row.split()]
    alone = {one for one in modules() if (TESTS / f"{own(one)}.py").exists()}
    assert len(listed) == len({*listed})
    assert {*listed} & alone == set(), "they have a file of their own"
    assert {*listed} | alone == modules()
    assert [name for name in TOGETHER if not (TESTS / f"{name}.py").exists()] == []


def test_a_room_has_a_folder_of_tests_and_a_folder_is_of_a_room():
    rooms = {path.parent.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")}
    folders = {path.parent.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    beside = {Path("faults"), Path("fuzz")}  # of no single room
    inside = {Path("neural/sparsify"), Path("neural/topology")}  # tested by law above
    assert folders - beside <= rooms
    assert rooms - folders == inside
