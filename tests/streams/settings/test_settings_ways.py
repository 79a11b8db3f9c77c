"""Every setting is an option, a variable and a key, under names that follow from its own; the page lists them all."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from evalstream.streams.cli import config, publish, score, worker
from evalstream.streams.cli.settings_options import SettingOption
from evalstream.streams.settings import Settings, load_settings
from evalstream.streams.settings.info import INFO, SECTIONS
from evalstream.streams.settings.page import BEGIN, END, rewritten
from evalstream.streams.settings.secrets import read_secret

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"

VALUES = {
    "broker": "kafka://host:9092",
    "log_dir": "/scored",
    "app_id": "mine",
    "blob_dir": "s3://bucket/blobs",
    "scorer_timeout": 1.5,
    "scoring_attempts": 5,
    "scorer_patience": 12.5,
    "window_samples": 7,
    "window_bytes": 1000,
    "sandbox": "docker",
    "sandbox_image": "debian:12-slim",
    "eval_deadline": 60,
    "state_retention": 86400,
    "model": "openai/gpt-4o",
    "model_role": "grader=openai/gpt-4o",
    "model_base_url": "http://127.0.0.1:8000/v1",
    "model_args": "temperature=0",
    "judge_budget": "5.00",
    "judge_prices": "/prices.yaml",
    "judge_cache": False,
    "judge_cache_path": "/judges.sqlite",
    "metrics_interval": 0,
    "metrics_port": 9100,
    "metrics_host": "0.0.0.0",
    "topic_prefix": "team-",
    "partitions": 16,
    "replication": 2,
    "completions_retention": 3600,
    "max_message_bytes": 1_000_000,
    "session_timeout": 10,
    "instance_id": "worker-1",
    "kafka_tls": True,
    "kafka_ca_file": "/ca.pem",
    "kafka_cert_file": "/cert.pem",
    "kafka_key_file": "/key.pem",
    "kafka_key_password": "s3kr1t",
    "kafka_key_password_file": "/key-password",
    "kafka_sasl_mechanism": "SCRAM-SHA-256",
    "kafka_username": "ann",
    "kafka_password": "s3kr1t",
    "kafka_password_file": "/password",
    "kafka_oauth_token": "s3kr1t",
    "kafka_oauth_token_file": "/token",
    "kafka_oauth_token_url": "https://example.org/token",
    "kafka_oauth_client_id": "evals",
    "kafka_oauth_client_secret": "s3kr1t",
    "kafka_oauth_client_secret_file": "/client-secret",
    "kafka_oauth_scope": "kafka",
}
"""Of each setting a value that is not its default."""

SECRETS = [name for name, info in INFO.items() if info.secret]
PLAIN = [name for name in INFO if name not in SECRETS]

each_setting = pytest.mark.parametrize("name", INFO)
each_secret = pytest.mark.parametrize("name", SECRETS)
each_plain = pytest.mark.parametrize("name", PLAIN)


def as_text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def in_force(name, loaded):
    """The setting's value in the form of VALUES, and where it came from."""
    value = getattr(loaded.settings, name)
    if name in SECRETS:
        value = value.get_secret_value()
    return str(value) if isinstance(value, Path) else value, loaded.sources[name]


def options_of(command: click.Command) -> set[str]:
    return {
        option for one in command.params if isinstance(one, SettingOption) for option in one.opts if option[:2] == "--"
    }


def test_there_is_a_value_for_each_setting():
    assert list(VALUES) == list(Settings.model_fields)
    defaults = Settings()
    assert not [name for name, value in VALUES.items() if getattr(defaults, name) == value]


def test_the_secrets_are_those_that_hold_a_secret():
    assert SECRETS == ["kafka_key_password", "kafka_password", "kafka_oauth_token", "kafka_oauth_client_secret"]
    assert all(f"{name}_file" in INFO for name in SECRETS)


@each_setting
def test_each_setting_is_a_variable(monkeypatch, name):
    variable = f"EVALSTREAM_{name.upper()}"
    monkeypatch.setenv(variable, as_text(VALUES[name]))
    loaded = load_settings()
    assert in_force(name, loaded) == (VALUES[name], variable)
    assert loaded.warnings == ()


@each_setting
def test_each_setting_is_a_key_at_the_top_and_in_the_table_of_its_section(write, name):
    value = as_text(VALUES[name]) if isinstance(VALUES[name], bool) else repr(VALUES[name])
    section = INFO[name].section
    short = name.removeprefix(f"{section}_")
    for text in (f"{name} = {value}", f"[{section}]\n{name} = {value}", f"[{section}]\n{short} = {value}"):
        write(text)
        assert in_force(name, load_settings()) == (VALUES[name], "evalstream.toml")


@each_plain
def test_each_setting_is_an_option(name):
    option = f"--{name.replace('_', '-')}"
    arguments = [option, as_text(VALUES[name])]
    if isinstance(VALUES[name], bool):
        arguments = [option if VALUES[name] else f"--no-{option[2:]}"]
    result = CliRunner().invoke(config.command, ["--json", *arguments])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["settings"][name] == {"value": VALUES[name], "from": option}


@each_secret
def test_the_option_of_a_secret_names_a_file(write, name):
    path = write("s3kr1t\n", "secret.txt")
    option = f"--{name.replace('_', '-')}-file"
    assert INFO[name].option == option
    result = CliRunner().invoke(config.command, ["--json", option, str(path)])
    assert json.loads(result.stdout)["settings"][f"{name}_file"] == {"value": str(path), "from": option}
    assert read_secret(load_settings({f"{name}_file": str(path)}).settings, name) == "s3kr1t"


@each_secret
def test_no_command_takes_a_secret_itself(name):
    for command in (config.command, worker.command, publish.command, score.command):
        result = CliRunner().invoke(command, [f"--{name.replace('_', '-')}", "s3kr1t"])
        assert result.exit_code == 2
        assert "No such option" in result.stderr


def test_a_switch_can_be_switched_off():
    result = CliRunner().invoke(config.command, ["--json", "--no-kafka-tls"])
    assert json.loads(result.stdout)["settings"]["kafka_tls"] == {"value": False, "from": "--kafka-tls"}


def test_a_worker_has_all_options_and_the_others_those_that_concern_them():
    every = {info.option for info in INFO.values()}
    assert options_of(worker.command) == options_of(config.command) == every
    assert {"--broker", "--kafka-username", "--partitions", "--blob-dir"} < options_of(publish.command)
    assert not {"--scorer-timeout", "--app-id"} & options_of(publish.command)
    judges = {info.option for info in INFO.values() if info.section == "judges"}
    assert options_of(score.command) == {"--log-dir", "--scorer-timeout", "--sandbox", "--sandbox-image", *judges}


def test_an_option_that_may_be_repeated_gives_a_line_each_time():
    arguments = ["--model-role", "grader=a/b", "--model-role", "critic=c/d", "-M", "temperature=0", "-M", "seed=3"]
    settings = json.loads(CliRunner().invoke(config.command, ["--json", *arguments]).stdout)["settings"]
    assert settings["model_role"]["value"] == "grader=a/b\ncritic=c/d"
    assert settings["model_args"]["value"] == "temperature=0\nseed=3"


def test_a_user_without_a_home_keeps_judges_answers_beside_the_broker(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert Settings().judge_cache_path == Path(".evalstream").absolute() / "judges.sqlite"


def test_settings_stand_section_by_section():
    sections = [info.section for info in INFO.values()]
    assert sections == sorted(sections, key=SECTIONS.index)


@each_setting
def test_each_setting_says_what_it_means(name):
    assert INFO[name].text[0].isupper()
    assert INFO[name].text.endswith(".")
    # Where none is a value the text says what it means, but for what is just not given.
    assert type(None) not in INFO[name].kinds or "none" in INFO[name].text or INFO[name].section == "kafka"


def test_the_page_of_settings_is_up_to_date():
    page = PAGE.read_text("utf-8")
    assert rewritten(page) == page, "run `make settings-page`"
    assert all(f"| `{name}` |" in page for name in INFO)


def test_a_page_without_marks_is_left_alone():
    for page in ("", BEGIN, END, f"{END} {BEGIN}"):
        with pytest.raises(ValueError, match="lacks one of the marks"):
            rewritten(page)
