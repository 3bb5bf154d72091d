"""What a claim that nobody serves is told."""

import pytest

pytestmark = pytest.mark.django_db(transaction=True)


def make_claim(stage, annotations=None, **spec):
    body = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **spec}
    meta = {"name": "data", "namespace": "default", "annotations": annotations or {}}
    stage.create(
        "persistentvolumeclaims", {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": body}
    )
    stage.run(1)


def make_class(stage, mode):
    body = {"provisioner": "example.com/disk", "volumeBindingMode": mode, "metadata": {"name": "fast"}}
    stage.create("storageclasses.storage.k8s.io", {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", **body})


@pytest.mark.parametrize(
    ("mode", "spec", "reason", "words"),
    [
        (None, {}, "FailedBinding", "no persistent volumes available for this claim and no storage class is set"),
        (None, {"storageClassName": "fast"}, "ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found'),
        ("Immediate", {"storageClassName": "fast"}, "ExternalProvisioning", "provisioner 'example.com/disk'"),
        ("WaitForFirstConsumer", {"storageClassName": "fast"}, "WaitForFirstConsumer", "waiting for first consumer"),
    ],
    ids=["no-class", "unknown-class", "no-provisioner", "first-consumer"],
)
def test_a_claim_is_told_what_it_waits_for(stage, mode, spec, reason, words):
    if mode:
        make_class(stage, mode)
    make_claim(stage, **spec)
    (told,) = stage.events_of("PersistentVolumeClaim", reason)
    assert words in told


def test_a_volume_that_would_fit_is_named(stage):
    body = {"capacity": {"storage": "5Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/data"}}
    stage.create(
        "persistentvolumes",
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "disk"}, "spec": body},
    )
    make_claim(stage)
    (told,) = stage.events_of("PersistentVolumeClaim", "FailedBinding")
    assert told.startswith('persistent volume "disk" would fit, but binding volumes is not simulated yet')


def test_the_annotation_of_old_names_the_class_too(stage):
    make_class(stage, "Immediate")
    make_claim(stage, {"volume.beta.kubernetes.io/storage-class": "fast"})
    assert len(stage.events_of("PersistentVolumeClaim", "ExternalProvisioning")) == 1
