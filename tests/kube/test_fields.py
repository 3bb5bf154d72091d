"""Field ownership, against what a recorded 1.36 and KEP-555 say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kube.definitions import definition_of
from core.kube.errors import Conflict
from core.kube.fields import Author, apply, paths, update
from core.kube.fields.typed import Malformed, members
from core.kube.objects import clone
from core.kube.resources import REGISTRY
from core.kube.structs import completed

THEN, NOW = "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"
CONFIG_MAPS = definition_of(REGISTRY["configmaps"])
DEPLOYMENTS = definition_of(REGISTRY["deployments.apps"])
ALPHA, BETA = Author("alpha", "Apply"), Author("beta", "Apply")
CURL = Author("curl", "Update", "apps/v1")
NOTHING = completed(REGISTRY["deployments.apps"], {"metadata": {}})


def config_map(**data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}} | ({"data": data} if data else {})


def deployment(*containers, replicas=1, **spec):
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": list(containers)}}} | spec,
    }


def stored(obj):
    """As the server keeps it: what was there before managedFields has a uid."""
    return clone(obj) | {"metadata": {"uid": "1"} | obj["metadata"]}


def applied(live, wanted, author=ALPHA, schema=CONFIG_MAPS, **more):
    before = clone(live)
    result = apply(live, wanted, schema, author, more.pop("now", NOW), **more)
    assert live == before, "the object given is not changed"
    return result


def new(wanted, author=ALPHA, schema=CONFIG_MAPS):
    bare = {"apiVersion": wanted["apiVersion"], "kind": wanted["kind"], "metadata": {}}
    return stored(applied(bare, wanted, author, schema, now=THEN))


def owned(obj, manager):
    return next(entry["fieldsV1"] for entry in obj["metadata"]["managedFields"] if entry["manager"] == manager)


def managers(obj):
    return [entry["manager"] for entry in obj["metadata"].get("managedFields", [])]


def refusal(live, wanted, author=BETA, schema=CONFIG_MAPS):
    with pytest.raises(Conflict) as caught:
        applied(live, wanted, author, schema)
    return caught.value


def test_applied_fields_are_owned_down_to_their_leaves_and_keys():
    container = {"name": "c", "image": "i", "ports": [{"containerPort": 80, "name": "http"}]}
    fields = owned(new(deployment(container), schema=DEPLOYMENTS), "alpha")
    assert fields["f:spec"]["f:template"]["f:spec"]["f:containers"] == {
        'k:{"name":"c"}': {
            ".": {},
            "f:image": {},
            "f:name": {},
            "f:ports": {
                'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}, "f:name": {}},
            },
        }
    }


def test_an_update_owns_what_it_adds_and_the_maps_it_begins():
    obj = deployment({"name": "c", "image": "i", "resources": {"requests": {"cpu": "1"}}}, selector={"matchLabels": {}})
    update(NOTHING, obj, DEPLOYMENTS, CURL, NOW)
    assert obj["metadata"]["managedFields"] == [
        {
            "manager": "curl",
            "operation": "Update",
            "apiVersion": "apps/v1",
            "time": NOW,
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:spec": {
                    "f:replicas": {},
                    "f:selector": {},
                    "f:template": {
                        "f:spec": {
                            "f:containers": {
                                'k:{"name":"c"}': {
                                    ".": {},
                                    "f:image": {},
                                    "f:name": {},
                                    "f:resources": {".": {}, "f:requests": {".": {}, "f:cpu": {}}},
                                }
                            }
                        }
                    },
                }
            },
        }
    ]


def test_another_value_for_an_owned_field_is_a_conflict():
    error = refusal(new(config_map(k="1")), config_map(k="2"))
    assert error.message == 'Apply failed with 1 conflict: conflict with "alpha": .data.k'
    assert error.details == {
        "causes": [{"reason": "FieldManagerConflict", "message": 'conflict with "alpha"', "field": ".data.k"}]
    }


def test_conflicts_are_told_by_their_owners():
    obj = deployment({"name": "c", "image": "i"})
    update(NOTHING, obj, DEPLOYMENTS, CURL, THEN)
    scaled = clone(obj)
    scaled["spec"]["replicas"] = 2
    update(obj, scaled, DEPLOYMENTS, Author("curl", "Update", "apps/v1", "scale"), NOW)
    error = refusal(stored(scaled), deployment({"name": "c", "image": "other"}, replicas=9), schema=DEPLOYMENTS)
    assert error.message == (
        'Apply failed with 2 conflicts: conflicts with "curl" with subresource "scale" using apps/v1:\n- .spec.replicas\n'
        'conflicts with "curl" using apps/v1:\n- .spec.template.spec.containers[name="c"].image'
    )


def test_force_takes_the_field_away_from_its_owner():
    live = new(config_map(k="1", mine="1"))
    forced = applied(live, config_map(k="2"), BETA, force=True)
    assert forced["data"] == {"k": "2", "mine": "1"}
    assert owned(forced, "alpha") == {"f:data": {"f:mine": {}}}
    assert owned(forced, "beta") == {"f:data": {"f:k": {}}}


def test_the_same_value_is_shared_and_then_kept_by_the_one_who_still_wants_it():
    shared = applied(new(config_map(k="1")), config_map(k="1"), BETA)
    assert managers(shared) == ["alpha", "beta"]
    left = applied(shared, config_map(), BETA)
    assert left["data"] == {"k": "1"}
    assert managers(left) == ["alpha"]


def test_a_field_no_longer_applied_and_owned_by_nobody_else_is_removed():
    live = new(config_map(k="1", gone="1"))
    assert applied(live, config_map(k="1"))["data"] == {"k": "1"}
    assert "data" not in applied(live, config_map())


def test_fields_that_others_wrote_stay():
    live = new(config_map(k="1"))
    live["data"]["other"] = "2"
    assert applied(live, config_map(k="3"))["data"] == {"k": "3", "other": "2"}


def test_a_list_item_goes_with_its_defaults_but_not_while_somebody_owns_a_part_of_it():
    live = new(deployment({"name": "a", "image": "i"}, {"name": "b", "image": "i"}), schema=DEPLOYMENTS)
    live["spec"]["template"]["spec"]["containers"][1]["imagePullPolicy"] = "Always"
    only_a = deployment({"name": "a", "image": "i"})
    left = applied(live, only_a, schema=DEPLOYMENTS)
    assert [container["name"] for container in left["spec"]["template"]["spec"]["containers"]] == ["a"]
    update(new(deployment(), schema=DEPLOYMENTS), touched := clone(live), DEPLOYMENTS, CURL, NOW)
    kept = applied(touched, only_a, schema=DEPLOYMENTS)
    assert [container["name"] for container in kept["spec"]["template"]["spec"]["containers"]] == ["a", "b"]


def test_list_items_keep_their_place_among_those_of_others():
    live = stored(deployment({"name": "a", "image": "i"}, {"name": "b", "image": "i"}, {"name": "c", "image": "i"}))
    live["metadata"]["managedFields"] = [{}]
    wanted = deployment({"name": "c", "image": "x"}, {"name": "new", "image": "x"})
    merged = applied(live, wanted, schema=DEPLOYMENTS)["spec"]["template"]["spec"]["containers"]
    assert [(container["name"], container["image"]) for container in merged] == [
        ("a", "i"),
        ("b", "i"),
        ("c", "x"),
        ("new", "x"),
    ]


def test_an_item_that_the_manager_moves_is_moved():
    live = stored(deployment(*({"name": name, "image": "i"} for name in "abc")))
    live["metadata"]["managedFields"] = [{}]
    wanted = deployment(*({"name": name, "image": "i"} for name in "ca"))
    merged = applied(live, wanted, schema=DEPLOYMENTS)["spec"]["template"]["spec"]["containers"]
    assert "".join(container["name"] for container in merged) == "bca"


def test_what_was_never_recorded_belongs_to_a_manager_of_its_own():
    error = refusal(stored(config_map(k="1")), config_map(k="2"))
    assert error.message == 'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.k'


def test_applying_the_same_again_changes_nothing_not_even_a_time():
    live = new(config_map(k="1"))
    assert applied(live, config_map(k="1")) == live


def test_an_update_takes_what_it_changes_and_forgets_what_it_removes():
    live = new(config_map(k="1", gone="1", stays="1"))
    changed = clone(live)
    changed["data"] = {"k": "2", "stays": "1"}
    update(live, changed, CONFIG_MAPS, Author("edit", "Update", "v1"), NOW)
    assert owned(changed, "alpha") == {"f:data": {"f:stays": {}}}
    assert owned(changed, "edit") == {"f:data": {"f:k": {}}}


def test_an_update_that_changes_nothing_leaves_the_record_alone():
    live = new(config_map(k="1"))
    same = clone(live)
    update(live, same, CONFIG_MAPS, Author("edit", "Update", "v1"), NOW)
    assert same == live


def test_a_client_may_rewrite_or_reset_the_record():
    live = new(config_map(k="1"))
    renamed = clone(live)
    renamed["metadata"]["managedFields"][0]["manager"] = "gamma"
    update(live, renamed, CONFIG_MAPS, Author("edit", "Update", "v1"), NOW)
    assert managers(renamed) == ["gamma"]
    reset = clone(live)
    reset["metadata"]["managedFields"] = [{}]
    update(live, reset, CONFIG_MAPS, Author("edit", "Update", "v1"), NOW)
    assert managers(reset) == []


@pytest.mark.parametrize(
    "record", [[{"operation": "Update"}], ["x"], [{"operation": 1, "apiVersion": "v1", "fieldsV1": {"q": 1}}]]
)
def test_a_record_that_cannot_be_read_is_taken_for_none(record):
    live = new(config_map(k="1"))
    broken = clone(live)
    broken["metadata"]["managedFields"] = record
    update(live, broken, CONFIG_MAPS, Author("edit", "Update", "v1"), NOW)
    assert broken == live


def test_many_managers_that_update_become_ancient_changes():
    live = config_map()
    for number in range(15):
        changed = clone(live)
        changed.setdefault("data", {})[f"k{number}"] = "1"
        update(live, changed, CONFIG_MAPS, Author(f"m{number}", "Update", "v1"), f"2026-01-01T00:00:{number:02}Z")
        live = changed
    assert len(managers(live)) == 10
    assert "ancient-changes" in managers(live)
    assert set(owned(live, "ancient-changes")["f:data"]) >= {"f:k0", "f:k5"}


@pytest.mark.parametrize(
    ("wanted", "schema", "message"),
    [
        pytest.param(config_map() | {"bogus": 1}, CONFIG_MAPS, ".bogus: field not declared in schema", id="unknown"),
        pytest.param(
            deployment({"name": "c", "bogus": 1, "worse": 1}),
            DEPLOYMENTS,
            'errors:\n  .spec.template.spec.containers[name="c"].bogus: field not declared in schema\n'
            '  .spec.template.spec.containers[name="c"].worse: field not declared in schema',
            id="unknown, deep down",
        ),
        pytest.param(
            deployment({"image": "i"}),
            DEPLOYMENTS,
            ".spec.template.spec.containers: element 0: associative list with keys has an element that omits key field"
            """ "name" (and doesn't have default value)""",
            id="an item without its key",
        ),
        pytest.param(
            deployment({"name": "c"}, {"name": "c"}),
            DEPLOYMENTS,
            '.spec.template.spec.containers: duplicate entries for key [name="c"]',
            id="an item twice",
        ),
    ],
)
def test_what_cannot_be_split_into_fields_is_refused(wanted, schema, message):
    with pytest.raises(Malformed) as caught:
        apply(wanted | {"metadata": {}}, wanted, schema, ALPHA, NOW)
    assert str(caught.value) == message


NAMES = st.sampled_from(["f:a", "f:b", 'k:{"name":"c"}', 'v:"x"', "f:."])
SETS = st.frozensets(st.lists(NAMES, min_size=1, max_size=4).map(tuple), max_size=8)


@given(SETS)
def test_sets_of_paths_survive_the_wire(found):
    assert paths.read(paths.write(found)) == found


VALUES = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), max_size=3)


@given(VALUES, VALUES, VALUES)
def test_after_a_forced_apply_the_object_says_what_was_applied(first, second, third):
    live = new(config_map(**first))
    live = applied(live, config_map(**second), BETA, force=True)
    live = applied(live, config_map(**third), force=True)
    said = live.get("data", {})
    assert third.items() <= said.items()
    assert set(said) == set(second) | set(third), "alpha gave up what it applied first"
    fields = {path for path in members(config_map(**third), CONFIG_MAPS) if path[0] == "f:data"}
    assert fields <= paths.read(owned(live, "alpha") if third else {})
