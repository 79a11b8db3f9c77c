"""deploy/kubernetes: every manifest fits its schema, and they fit each other, the image and the worker."""

from __future__ import annotations

import copy
import re
from typing import Any

import kubernetes_validate
import pytest
from deploy_files import (
    ALIVE,
    COMMANDS,
    CONSUMER_GROUP,
    DRAIN_SECONDS,
    KUBERNETES,
    METRICS,
    PARTITIONS,
    READY,
    SETTINGS,
    flaws,
    load,
    load_text,
    settings_env,
    stages,
)

import evalstream
from evalstream.streams.topics import COMPLETIONS

OLDEST, NEWEST = "1.31", "1.37"
"""Versions of Kubernetes; what both know, those between know."""

MANIFESTS = {path.relative_to(KUBERNETES).as_posix(): load(path) for path in sorted(KUBERNETES.rglob("*.yaml"))}
OBJECTS = {
    name: manifest for name, manifest in MANIFESTS.items() if not name.endswith(("kustomization.yaml", ".patch.yaml"))
}
"""What a cluster is given, by file; patches and kustomizations are for kubectl."""

KEDAS = {"ScaledObject", "TriggerAuthentication"}

DEPLOYMENT = OBJECTS["deployment.yaml"]
POD = DEPLOYMENT["spec"]["template"]["spec"]
(WORKER,) = POD["containers"]
LABELS = DEPLOYMENT["spec"]["template"]["metadata"]["labels"]
SCALED = OBJECTS["keda/scaled-object.yaml"]

each_object = pytest.mark.parametrize("name", sorted(OBJECTS))


def check(document: dict[str, Any]) -> None:
    """Hold a manifest against the schema of its kind; unknown fields are errors."""
    if document["kind"] in KEDAS:
        assert flaws(document, f"keda-{document['kind'].lower()}.json") == []
    else:
        for version in (OLDEST, NEWEST):
            assert kubernetes_validate.validate(document, version, strict=True) == version


def with_kafka_auth() -> dict[str, Any]:
    """Return the Deployment as kafka-auth's patch leaves it: lists of named things are joined."""
    patch = MANIFESTS["kafka-auth/worker.patch.yaml"]
    assert (patch["kind"], patch["metadata"]["name"]) == ("Deployment", DEPLOYMENT["metadata"]["name"])
    patch = patch["spec"]["template"]["spec"]
    (container,) = patch["containers"]
    assert patch.keys() == {"containers", "volumes"}
    assert container.keys() == {"name", "env", "volumeMounts"}
    made = copy.deepcopy(DEPLOYMENT)
    pod = made["spec"]["template"]["spec"]
    assert container["name"] == pod["containers"][0]["name"]
    pod["volumes"] += patch["volumes"]
    pod["containers"][0]["env"] += container["env"]
    pod["containers"][0]["volumeMounts"] += container["volumeMounts"]
    return made


def environment(deployment: dict[str, Any]) -> dict[str, Any]:
    """Return the variables of the worker: a value, or where it comes from."""
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["envFrom"] == [{"configMapRef": {"name": "evalstream"}}]
    own = {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container["env"]}
    assert len(own) == len(container["env"])
    assert not own.keys() & settings_env().keys()
    return settings_env() | own


@each_object
def test_every_manifest_fits_the_schema_of_its_kind(name: str) -> None:
    check(OBJECTS[name])


def test_the_worker_with_a_secret_fits_the_schema() -> None:
    check(with_kafka_auth())


def test_a_misspelt_field_does_not_fit() -> None:
    wrong = copy.deepcopy(DEPLOYMENT)
    wrong["spec"]["template"]["spec"]["enableServiceLink"] = False
    with pytest.raises(kubernetes_validate.ValidationError, match="enableServiceLink"):
        check(wrong)
    wrong = copy.deepcopy(SCALED)
    wrong["spec"]["triggers"][0]["metadata"]["lagThreshold"] = 2000  # KEDA wants text
    with pytest.raises(AssertionError, match="lagThreshold"):
        check(wrong)


@each_object
def test_no_manifest_chooses_the_namespace(name: str) -> None:
    assert "namespace" not in OBJECTS[name]["metadata"]
    assert OBJECTS[name]["metadata"]["labels"]["app.kubernetes.io/name"] == "evalstream"


def test_every_file_has_one_object_and_no_two_are_the_same() -> None:
    keys = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in OBJECTS.values()}
    assert len(keys) == len(OBJECTS)


@pytest.mark.parametrize("folder", [".", "keda", "kafka-auth"])
def test_each_kustomization_lists_its_folders_files(folder: str) -> None:
    kustomization = load(KUBERNETES / folder / "kustomization.yaml")
    patches = [patch["path"] for patch in kustomization.get("patches", []) if "path" in patch]
    there = {path.name for path in (KUBERNETES / folder).glob("*.yaml")}
    assert {*kustomization["resources"], *patches} == there - {"kustomization.yaml", "secret.example.yaml"}
    for component in kustomization.get("components", []):
        assert load(KUBERNETES / component / "kustomization.yaml")["kind"] == "Component"
    for patch in kustomization.get("patches", []):
        kinds = {manifest["kind"]: manifest["metadata"]["name"] for manifest in (DEPLOYMENT, SCALED)}
        assert kinds[patch["target"]["kind"]] == patch["target"]["name"]


def test_what_keda_scales_has_no_number_of_its_own() -> None:
    (patch,) = load(KUBERNETES / "keda" / "kustomization.yaml")["patches"]
    assert load_text(patch["patch"]) == [{"op": "remove", "path": "/spec/replicas"}]
    assert DEPLOYMENT["spec"]["replicas"] == 2


def test_the_settings_become_the_config_map_that_the_worker_reads() -> None:
    kustomization = load(KUBERNETES / "kustomization.yaml")
    assert kustomization["configMapGenerator"] == [{"name": "evalstream", "envs": ["settings.env"]}]
    assert environment(DEPLOYMENT)


def test_the_image_is_pinned_to_the_packages_version() -> None:
    (image,) = load(KUBERNETES / "kustomization.yaml")["images"]
    assert image["name"] == WORKER["image"] == "evalstream"
    assert image["newTag"] == evalstream.__version__


def test_the_worker_runs_a_known_command_with_known_settings() -> None:
    assert tuple(WORKER["args"]) in COMMANDS
    assert "command" not in WORKER
    ours = {name for name in environment(with_kafka_auth()) if name.startswith("EVALSTREAM_")}
    assert {"EVALSTREAM_KAFKA_PASSWORD_FILE", "EVALSTREAM_LOG_DIR"} < ours
    assert ours <= SETTINGS


def test_no_service_writes_into_the_workers_settings() -> None:
    assert POD["enableServiceLinks"] is False


def test_kafka_is_named_in_one_place() -> None:
    assert environment(DEPLOYMENT)["EVALSTREAM_BROKER"] == "kafka://$(KAFKA_BOOTSTRAP_SERVERS)"
    # An environment's own variables know those of envFrom, not the other way round.
    assert re.fullmatch(r"[\w.-]+:\d+(,[\w.-]+:\d+)*", settings_env()["KAFKA_BOOTSTRAP_SERVERS"])
    metadata = SCALED["spec"]["triggers"][0]["metadata"]
    assert metadata["bootstrapServersFromEnv"] == "KAFKA_BOOTSTRAP_SERVERS"
    assert "bootstrapServers" not in metadata


def test_the_worker_runs_as_the_images_user_without_rights() -> None:
    user, _, group = stages()[-1].last("USER").partition(":")
    assert POD["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": int(user),
        "runAsGroup": int(group),
        "fsGroup": int(group),
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert WORKER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert POD["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC", "serviceAccountName"} & POD.keys()


def test_what_is_written_to_is_mounted() -> None:
    pod = with_kafka_auth()["spec"]["template"]["spec"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = {mount["mountPath"]: mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
    assert volumes.keys() == set(mounts.values())
    assert "emptyDir" in volumes[mounts["/tmp"]]
    claim = volumes[mounts[settings_env()["EVALSTREAM_LOG_DIR"]]]["persistentVolumeClaim"]["claimName"]
    assert claim == OBJECTS["logs-claim.yaml"]["metadata"]["name"]
    # Two workers may be on two nodes.
    assert OBJECTS["logs-claim.yaml"]["spec"]["accessModes"] == ["ReadWriteMany"]


def test_the_probes_ask_what_the_worker_answers() -> None:
    (port,) = WORKER["ports"]
    assert str(port["containerPort"]) == environment(DEPLOYMENT)["EVALSTREAM_METRICS_PORT"]
    paths = {"startupProbe": ALIVE, "livenessProbe": ALIVE, "readinessProbe": READY}
    for probe, path in paths.items():
        assert WORKER[probe]["httpGet"] == {"path": path, "port": port["name"]}
        assert WORKER[probe]["timeoutSeconds"] <= WORKER[probe]["periodSeconds"]
    # Whoever only recovers, or only loses its partitions for a moment, is not killed.
    assert WORKER["livenessProbe"]["periodSeconds"] * WORKER["livenessProbe"]["failureThreshold"] >= 60


def test_a_worker_is_given_the_time_that_it_needs_to_end() -> None:
    assert POD["terminationGracePeriodSeconds"] > DRAIN_SECONDS


def test_a_worker_is_there_before_another_goes() -> None:
    assert DEPLOYMENT["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert OBJECTS["disruption-budget.yaml"]["spec"]["maxUnavailable"] == 1


def test_a_workers_memory_is_bounded_and_its_processor_is_not() -> None:
    assert WORKER["resources"]["limits"].keys() == {"memory", "ephemeral-storage"}
    assert WORKER["resources"]["requests"].keys() == {"cpu", "memory"}


def test_everything_selects_the_workers() -> None:
    selectors = [
        DEPLOYMENT["spec"]["selector"]["matchLabels"],
        OBJECTS["disruption-budget.yaml"]["spec"]["selector"]["matchLabels"],
        OBJECTS["network-policy.yaml"]["spec"]["podSelector"]["matchLabels"],
        OBJECTS["service.yaml"]["spec"]["selector"],
        *(spread["labelSelector"]["matchLabels"] for spread in POD["topologySpreadConstraints"]),
    ]
    assert len(selectors) == 5
    assert all(selector == LABELS for selector in selectors)


def test_the_metrics_can_be_found_and_nothing_else_can_be_reached() -> None:
    (port,) = WORKER["ports"]
    annotations = DEPLOYMENT["spec"]["template"]["metadata"]["annotations"]
    assert annotations == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(port["containerPort"]),
        "prometheus.io/path": METRICS,
    }
    (served,) = OBJECTS["service.yaml"]["spec"]["ports"]
    assert (served["port"], served["targetPort"]) == (port["containerPort"], port["name"])
    assert OBJECTS["service.yaml"]["spec"]["clusterIP"] == "None"
    policy = OBJECTS["network-policy.yaml"]["spec"]
    assert policy["policyTypes"] == ["Ingress"]
    assert policy["ingress"] == [{"ports": [{"protocol": "TCP", "port": port["name"]}]}]


def test_keda_counts_the_lag_of_our_group_and_starts_no_idle_worker() -> None:
    spec = SCALED["spec"]
    assert spec["scaleTargetRef"]["name"] == DEPLOYMENT["metadata"]["name"]
    (trigger,) = spec["triggers"]
    assert trigger["type"] == "kafka"
    assert trigger["metadata"]["consumerGroup"] == CONSUMER_GROUP
    assert trigger["metadata"]["topic"] == COMPLETIONS.name
    assert spec["maxReplicaCount"] == PARTITIONS
    assert spec["minReplicaCount"] == DEPLOYMENT["spec"]["replicas"]
    assert int(trigger["metadata"]["lagThreshold"]) > 0


def test_keda_speaks_a_protocol_that_kafka_4_still_knows() -> None:
    version = SCALED["spec"]["triggers"][0]["metadata"]["version"]
    assert tuple(map(int, version.split("."))) >= (2, 1, 0)


def test_the_example_of_a_secret_holds_none_and_has_every_key_that_is_used() -> None:
    secret = OBJECTS["kafka-auth/secret.example.yaml"]
    placeholders = {"username", "password", "ca.crt"}
    assert secret["stringData"].keys() - placeholders == {"keda-sasl", "keda-tls"}
    assert all(re.fullmatch("<.+>", secret["stringData"][key]) for key in placeholders)
    pod = with_kafka_auth()["spec"]["template"]["spec"]
    (mounted,) = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
    read = [value["secretKeyRef"] for value in environment(with_kafka_auth()).values() if isinstance(value, dict)]
    keda = OBJECTS["kafka-auth/trigger-authentication.yaml"]
    used = [
        *((mounted["secretName"], item["key"]) for item in mounted["items"]),
        *((ref["name"], ref["key"]) for ref in read),
        *((ref["name"], ref["key"]) for ref in keda["spec"]["secretTargetRef"]),
    ]
    assert {name for name, _ in used} == {secret["metadata"]["name"]}
    assert {key for _, key in used} == secret["stringData"].keys()


def test_the_worker_reads_its_secrets_from_where_they_are_mounted() -> None:
    pod = with_kafka_auth()["spec"]["template"]["spec"]
    folder = next(m["mountPath"] for m in pod["containers"][0]["volumeMounts"] if m["name"] == "kafka")
    files = {f"{folder}/{item['path']}" for v in pod["volumes"] if "secret" in v for item in v["secret"]["items"]}
    variables = environment(with_kafka_auth())
    assert {variables["EVALSTREAM_KAFKA_PASSWORD_FILE"], variables["EVALSTREAM_KAFKA_CA_FILE"]} == files


def test_keda_asks_kafka_as_the_same_user() -> None:
    patches = load(KUBERNETES / "kafka-auth" / "kustomization.yaml")["patches"]
    (patch,) = [patch for patch in patches if patch["target"]["kind"] == "ScaledObject"]
    (change,) = load_text(patch["patch"])
    assert (change["op"], change["path"]) == ("add", "/spec/triggers/0/authenticationRef")
    scaled = copy.deepcopy(SCALED)
    scaled["spec"]["triggers"][0]["authenticationRef"] = change["value"]
    check(scaled)
    assert change["value"]["name"] == OBJECTS["kafka-auth/trigger-authentication.yaml"]["metadata"]["name"]
