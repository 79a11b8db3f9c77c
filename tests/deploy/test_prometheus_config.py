"""What Prometheus scrapes. These are the options in use, spelt as Prometheus spells them; promtool knows them all."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from deploy_files import DEPLOY, METRICS, compose, load, stages
from pydantic import BaseModel, ConfigDict, Field, ValidationError

Duration = Annotated[str, Field(pattern=r"^\d+(ms|s|m|h|d)$")]


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Global(Options):
    scrape_interval: Duration = "1m"


class DnsDiscovery(Options):
    names: list[str]
    type: Literal["SRV", "A", "AAAA", "MX", "NS"] = "SRV"
    port: int
    refresh_interval: Duration = "30s"


class Job(Options):
    job_name: str
    metrics_path: str = "/metrics"
    dns_sd_configs: list[DnsDiscovery]


class Config(Options):
    global_: Global = Field(alias="global")
    scrape_configs: list[Job]


FILE = DEPLOY / "prometheus" / "prometheus.yml"


def test_its_options_are_prometheuss() -> None:
    assert Config.model_validate(load(FILE))


def test_a_misspelt_option_is_found() -> None:
    wrong = load(FILE)
    wrong["scrape_configs"][0]["metric_path"] = "/metrics"
    with pytest.raises(ValidationError, match="metric_path"):
        Config.model_validate(wrong)


def test_every_worker_is_scraped_where_it_serves_its_metrics() -> None:
    (job,) = Config.model_validate(load(FILE)).scrape_configs
    (discovery,) = job.dns_sd_configs
    assert job.metrics_path == METRICS
    # One name, of which Docker's name server knows every replica's address.
    assert discovery.type == "A"
    assert discovery.names == ["worker"]
    assert "worker" in compose()["services"]
    assert str(discovery.port) == stages()[-1].env["EVALSTREAM_METRICS_PORT"]


def test_the_prometheus_of_compose_reads_it() -> None:
    mounts = compose()["services"]["prometheus"]["volumes"]
    assert "./deploy/prometheus/prometheus.yml:/etc/prometheus/prometheus.yml:ro" in mounts
