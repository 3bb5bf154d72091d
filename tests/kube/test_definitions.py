"""Claims about how the schema is kept."""

from core.kube.definitions import definitions, one_by_one, read_definitions


def test_definitions_read_one_by_one_are_those_of_the_file() -> None:
    assert dict(one_by_one()) == read_definitions()


def test_kept_definitions_have_every_field_and_no_prose() -> None:
    pod = definitions()["io.k8s.api.core.v1.Pod"]
    assert set(pod["properties"]) == {"apiVersion", "kind", "metadata", "spec", "status"}
    assert "description" not in pod
    assert len(definitions()) == len(read_definitions())
