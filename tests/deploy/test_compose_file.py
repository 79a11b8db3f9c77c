"""docker-compose.yml: it fits the Compose Specification, and says what we want it to say."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath
from typing import Any

import pytest
from deploy_files import (
    ALIVE,
    COMMANDS,
    DRAIN_SECONDS,
    READY,
    ROOT,
    SCHEMAS,
    SETTINGS,
    compose,
    flaws,
    image_pin,
    stages,
)

import evalstream

COMPOSE = compose()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("topics", "worker")
LASTING = sorted(SERVICES.keys() - {"topics"})

each_service = pytest.mark.parametrize("name", sorted(SERVICES))
each_lasting_service = pytest.mark.parametrize("name", LASTING)


def seconds(duration: str) -> int:
    """Read a duration such as 75s."""
    number = re.fullmatch(r"(\d+)s", duration)
    assert number
    return int(number[1])


def listeners(setting: str) -> dict[str, str]:
    """Read Kafka's way to list addresses by listener."""
    return dict(part.split("://") for part in SERVICES["kafka"]["environment"][setting].split(","))


def test_it_fits_the_compose_specification() -> None:
    assert flaws(COMPOSE, "compose-spec.json") == []


def test_the_specification_is_the_published_one() -> None:
    digest = hashlib.sha256((SCHEMAS / "compose-spec.json").read_bytes()).hexdigest()
    said = (SCHEMAS / "README.md").read_text("utf-8")
    assert f"sha256 {digest[:8]}…{digest[-4:]}" in said


def test_a_misspelt_key_does_not_fit_the_specification() -> None:
    wrong = compose()
    wrong["services"]["worker"]["read_onyl"] = True
    assert any("read_onyl" in flaw for flaw in flaws(wrong, "compose-spec.json"))


def test_kafka_the_topics_two_workers_and_prometheus_are_there() -> None:
    assert set(SERVICES) == {"kafka", "topics", "worker", "prometheus"}
    assert SERVICES["worker"]["deploy"]["replicas"] == 2


@each_service
def test_every_image_is_pinned(name: str) -> None:
    assert image_pin(SERVICES[name]["image"])


def test_kafka_is_the_fourth_from_the_projects_own_image() -> None:
    assert SERVICES["kafka"]["image"].startswith("apache/kafka:4.")


def test_our_image_has_the_packages_version_and_is_built_once_and_never_fetched() -> None:
    assert {SERVICES[name]["image"] for name in OURS} == {f"evalstream:{evalstream.__version__}"}
    build = SERVICES["topics"]["build"]
    assert (ROOT / build["context"]).resolve() == ROOT
    assert (ROOT / build["context"] / build["dockerfile"]).is_file()
    assert [name for name in SERVICES if "build" in SERVICES[name]] == ["topics"]
    assert {name: SERVICES[name]["pull_policy"] for name in OURS} == {"topics": "build", "worker": "never"}
    assert "topics" in SERVICES["worker"]["depends_on"]


@each_service
def test_every_published_port_is_on_this_machine_only(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)
    assert "network_mode" not in SERVICES[name]


@each_service
def test_no_service_has_rights_that_it_can_do_without(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"cap_add", "privileged", "devices", "pid", "ipc", "userns_mode"} & service.keys()


@each_service
def test_no_service_runs_as_root(name: str) -> None:
    user = stages()[-1].last("USER") if name in OURS else SERVICES[name]["user"]
    assert user.partition(":")[0] not in ("", "0", "root")


@each_service
def test_every_file_system_but_kafkas_is_read_only(name: str) -> None:
    service = SERVICES[name]
    assert service.get("read_only", False) == (name != "kafka")
    if service.get("read_only"):
        assert [mount.partition(":")[0] for mount in service["tmpfs"]] == ["/tmp"]


@each_service
def test_every_mount_is_a_file_of_the_repository_or_a_volume_that_is_declared(name: str) -> None:
    for mount in SERVICES[name].get("volumes", []):
        source, target, *mode = mount.split(":")
        assert PurePosixPath(target).is_absolute()
        if source.startswith("./"):
            assert (ROOT / source).is_file()
            assert mode == ["ro"]
        else:
            assert source in COMPOSE["volumes"]


def test_every_declared_volume_is_used() -> None:
    used = {mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])}
    assert COMPOSE["volumes"].keys() <= used


def test_the_workers_keep_their_logs_where_they_write_them() -> None:
    environment = stages()[-1].env | SERVICES["worker"]["environment"]
    assert SERVICES["worker"]["volumes"] == [f"logs:{environment['EVALSTREAM_LOG_DIR']}"]


@each_lasting_service
def test_every_lasting_service_starts_again_and_has_a_health_check(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    check = service["healthcheck"]
    assert check["test"][0] == "CMD"
    assert seconds(check["timeout"]) < seconds(check["interval"])
    assert seconds(check["start_period"]) > seconds(check["start_interval"])
    assert check["retries"] > 1


def test_what_ends_by_itself_has_no_health_check_and_is_not_started_again() -> None:
    assert SERVICES["topics"]["healthcheck"] == {"disable": True}
    assert SERVICES["topics"]["restart"] == "no"


def test_a_worker_is_healthy_when_it_is_ready() -> None:
    *probe, path = SERVICES["worker"]["healthcheck"]["test"]
    *of_image, alive = stages()[-1].health_check
    assert (probe, path) == (["CMD", *of_image], READY)
    assert alive == ALIVE


def test_kafkas_health_check_asks_the_broker_where_the_workers_find_it() -> None:
    *tool, address = SERVICES["kafka"]["healthcheck"]["test"]
    assert tool == ["CMD", "/opt/kafka/bin/kafka-broker-api-versions.sh", "--bootstrap-server"]
    assert address == listeners("KAFKA_ADVERTISED_LISTENERS")["INTERNAL"]


@each_service
def test_every_service_waits_for_what_it_needs(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        lasting = needed in LASTING
        assert how == {"condition": "service_healthy" if lasting else "service_completed_successfully"}
    assert ("kafka" in SERVICES[name].get("depends_on", {})) == (name in OURS)


def test_a_worker_is_given_the_time_that_it_needs_to_end() -> None:
    assert seconds(SERVICES["worker"]["stop_grace_period"]) > DRAIN_SECONDS


def test_our_services_run_known_commands_with_known_settings() -> None:
    assert {tuple(SERVICES[name]["command"]) for name in OURS} == COMMANDS
    for name in OURS:
        assert SERVICES[name]["environment"].keys() <= SETTINGS


def test_kafka_is_one_node_that_leads_itself() -> None:
    kafka = SERVICES["kafka"]["environment"]
    assert kafka["KAFKA_PROCESS_ROLES"] == "broker,controller"
    voter = f"{kafka['KAFKA_NODE_ID']}@{SERVICES['kafka']['hostname']}{listeners('KAFKA_LISTENERS')['CONTROLLER']}"
    assert kafka["KAFKA_CONTROLLER_QUORUM_VOTERS"] == voter
    assert re.fullmatch(r"[\w-]{22}", kafka["CLUSTER_ID"])
    copies = [value for name, value in kafka.items() if name.endswith(("REPLICATION_FACTOR", "MIN_ISR"))]
    assert len(copies) == 5
    assert set(copies) == {1}


def test_kafka_tells_containers_and_this_machine_each_an_address_that_works() -> None:
    told = listeners("KAFKA_ADVERTISED_LISTENERS")
    bound = listeners("KAFKA_LISTENERS")
    assert told.keys() == bound.keys() - {"CONTROLLER"}
    assert told["INTERNAL"] == f"kafka{bound['INTERNAL']}"
    assert told["HOST"] == f"127.0.0.1{bound['HOST']}"
    for name in OURS:
        assert SERVICES[name]["environment"]["EVALSTREAM_BROKER"] == f"kafka://{told['INTERNAL']}"
    assert SERVICES["kafka"]["ports"] == [f"{told['HOST']}{bound['HOST']}"]


def test_topics_are_made_by_evalstream_alone_and_kept() -> None:
    kafka = SERVICES["kafka"]
    assert kafka["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert kafka["volumes"] == [f"kafka-data:{kafka['environment']['KAFKA_LOG_DIRS']}"]
