"""What `evalstream config` shows, and that the other commands heed the same settings."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from .helpers import sample

FILE = """
broker = "kafka://ann:s3kr1t@host:9092"
completions_retention = "none"
[kafka]
username = "ann"
password = "s3kr1t"
"""


@pytest.fixture
def config_file(folder) -> Path:
    (folder / "evalstream.toml").write_text(FILE)
    return folder / "evalstream.toml"


def rows(text):
    return {line.split()[0]: line.split()[1:] for line in text.splitlines()}


def assert_refused(result, *words):
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


def test_each_setting_its_value_and_where_it_came_from(spawn, config_file):
    environment = {**os.environ, "EVALSTREAM_SCORER_TIMEOUT": "60", "INSPECT_LOG_DIR": "of-inspect"}
    result = spawn("config", "--partitions", "16", "--kafka-tls", env=environment)
    assert (result.returncode, result.stderr) == (0, "")
    shown = rows(result.stdout)
    assert result.stdout.splitlines()[0].split() == ["setting", "value", "from"]
    assert shown["broker"] == ["kafka://ann:********@host:9092", "evalstream.toml"]
    assert shown["completions_retention"] == ["none", "evalstream.toml"]
    assert shown["kafka_password"] == ["********", "evalstream.toml"]
    assert shown["kafka_key_password"] == ["none", "default"]
    assert shown["scorer_timeout"] == ["60", "EVALSTREAM_SCORER_TIMEOUT"]
    assert shown["log_dir"] == ["of-inspect", "INSPECT_LOG_DIR"]
    assert shown["partitions"] == ["16", "--partitions"]
    assert shown["kafka_tls"] == ["true", "--kafka-tls"]
    assert shown["topic_prefix"] == ['""', "default"]
    assert "s3kr1t" not in result.stdout


def test_the_same_as_json(spawn, config_file):
    result = spawn("config", "--json", env={**os.environ, "EVALSTREAM_KAFKA_OAUTH_TOKEN": "s3kr1t"})
    shown = json.loads(result.stdout)
    assert shown["config_file"] == "evalstream.toml"
    assert shown["settings"]["broker"] == {"value": "kafka://ann:********@host:9092", "from": "evalstream.toml"}
    assert shown["settings"]["kafka_password"] == {"value": "********", "from": "evalstream.toml"}
    assert shown["settings"]["kafka_oauth_token"] == {"value": "********", "from": "EVALSTREAM_KAFKA_OAUTH_TOKEN"}
    assert shown["settings"]["scorer_timeout"] == {"value": 600.0, "from": "default"}
    assert shown["settings"]["metrics_port"] == {"value": None, "from": "default"}
    assert "s3kr1t" not in result.stdout


def test_it_does_not_wait_for_what_it_does_not_need(spawn):
    watch = "import atexit, sys; atexit.register(lambda: print({'faust', 'numpy', 'httpx'} & set(sys.modules)))"
    result = spawn("config", before=watch)
    assert result.stdout.endswith("set()\n")


@pytest.mark.parametrize("option", ["extra_headers={Authorization: Bearer s3kr1t}", "service_token=s3kr1t"])
def test_a_secret_among_a_models_options_is_masked(run, option, folder):
    (folder / "evalstream.toml").write_text(f'model_args = """max_tokens=5\n{option}"""\n')
    for shown in (run("config").stdout, run("config", "--json").stdout):
        assert "s3kr1t" not in shown
        assert "max_tokens=5" in shown


def test_a_value_has_one_line_whatever_is_in_it(run, folder):
    result = run("config", env={"EVALSTREAM_LOG_DIR": "a\n\x1b[31mb"})
    assert "a ?[31mb" in result.stdout


def test_a_misspelt_variable_is_warned_of_and_changes_nothing(run, five):
    for arguments in (["config", "--json"], ["score", five, "--scorer", "match", "--json"]):
        result = run(*arguments, env={"EVALSTREAM_SCORER_TIMEOUTS": "60"})
        assert result.exit_code == 0
        assert result.stderr.splitlines()[0] == (
            "Warning: EVALSTREAM_SCORER_TIMEOUTS is no setting, so it changes nothing."
            " Did you mean EVALSTREAM_SCORER_TIMEOUT?"
        )
        json.loads(result.stdout)


@pytest.mark.parametrize("command", [["config"], ["worker"], ["publish", "log.json"], ["score", "log.json"]])
def test_what_is_wrong_with_a_setting_is_said_by_every_command_in_one_line(run, five, folder, command):
    bad = {"EVALSTREAM_PARTITIONS": "many"}
    assert_refused(run(*command, env=bad), "EVALSTREAM_PARTITIONS: must be a whole number, not 'many'")
    assert_refused(run(*command, "--config", "mine.toml"), "--config: mine.toml: there is no such file")
    (folder / "evalstream.toml").write_text("borker = 1")
    assert_refused(run(*command), "evalstream.toml: there is no setting borker. Did you mean broker?")


@pytest.mark.parametrize("value", ["0", "-1", "nan", "soon", ""])
def test_a_bad_option_is_named(run, five, value):
    assert_refused(run("score", five, "--scorer", "match", "--scorer-timeout", value), "--scorer-timeout: must be ")


# The other commands heed them


def test_score_takes_settings_from_variables_and_the_file(run, make_log, folder, scorer_file, monkeypatch):
    (folder / "elsewhere").mkdir()
    make_log(sample(1), name="elsewhere/its.json")
    (folder / "evalstream.toml").write_text('log_dir = "elsewhere"')
    monkeypatch.setenv("EVALSTREAM_SCORER_TIMEOUT", "0.3")
    result = run("score", "--scorer", scorer_file("await asyncio.sleep(3600)\nreturn Score(value=1)"))
    assert result.exit_code == 1
    assert "0.3 s" in result.stdout
    assert Path("elsewhere/its-scored.json").exists()


def test_a_worker_and_a_publisher_meet_on_the_broker_of_the_file(spawn, five, folder):
    broker = folder / "broker"
    (folder / "evalstream.toml").write_text(f'broker = "embedded://{broker}"\nlog_dir = "scored"')
    assert spawn("publish", five, "--scorer", "match").returncode == 0
    result = spawn("worker", "--exit-when-idle", "1")
    assert result.returncode == 0, result.stderr
    assert f"worker is ready on embedded://{broker}, logs go to scored" in result.stderr
    assert len(list((folder / "scored").iterdir())) == 1


@pytest.mark.parametrize("command", [["worker"], ["publish", "log.json"]])
def test_a_broker_that_is_not_known_is_named_without_its_password(run, five, command):
    assert_refused(run(*command, "--broker", "redis://ann:s3kr1t@host"), "redis://ann:********@host")
    assert_refused(run(*command, "--broker", "embedded://ann:s3kr1t@host/x"), "embedded://ann:********@host/x")


# Help


def test_help_lists_the_settings_of_kafka_by_name_only_and_config_explains_them(run):
    lines = run("worker", "--help").stdout.splitlines()
    kafka = lines.index("Kafka (`evalstream config --help` explains these):")
    assert any("--kafka-sasl-mechanism" in line for line in lines[kafka:])
    assert len(lines) < 105
    assert any(line.startswith("  --scorer-timeout SECONDS") for line in lines[:kafka])
    explained = run("config", "--help").stdout
    assert "SCRAM-SHA-512" not in "\n".join(lines)
    assert "How to log in" in explained
    assert "EVALSTREAM_BROKER" in explained


@pytest.mark.parametrize("width", ["40", "80"])
def test_no_option_is_broken_at_its_hyphens(run, width):
    text = run("worker", "--help", terminal_width=int(width)).stdout
    kafka = text.partition("explains these):")[2]
    assert not [line for line in kafka.splitlines() if line.endswith("-")]
