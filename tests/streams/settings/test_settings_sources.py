"""Which source of a setting counts, and what each of them may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalstream.streams.settings import Settings, load_settings


def in_force(name, options=None, config=None):
    loaded = load_settings(options, config)
    return getattr(loaded.settings, name), loaded.sources[name]


def test_without_any_source_each_setting_has_its_default():
    loaded = load_settings()
    assert loaded.settings == Settings()
    assert set(loaded.sources.values()) == {"default"}
    assert loaded.config_file is None
    assert loaded.warnings == ()


def test_options_come_before_variables_before_the_file_before_inspects_variable_before_defaults(write, monkeypatch):
    assert in_force("log_dir") == (Path("logs"), "default")
    monkeypatch.setenv("INSPECT_LOG_DIR", "of-inspect")
    assert in_force("log_dir") == (Path("of-inspect"), "INSPECT_LOG_DIR")
    write('log_dir = "of-file"')
    assert in_force("log_dir") == (Path("of-file"), "evalstream.toml")
    monkeypatch.setenv("EVALSTREAM_LOG_DIR", "of-variable")
    assert in_force("log_dir") == (Path("of-variable"), "EVALSTREAM_LOG_DIR")
    assert in_force("log_dir", {"log_dir": "of-option"}) == (Path("of-option"), "--log-dir")


def test_sources_complete_each_other(write, monkeypatch):
    write("partitions = 4")
    monkeypatch.setenv("EVALSTREAM_REPLICATION", "2")
    settings = load_settings({"window_samples": "10"}).settings
    assert (settings.partitions, settings.replication, settings.window_samples) == (4, 2, 10)


def test_code_that_makes_settings_is_not_changed_by_its_environment(write, monkeypatch):
    write("partitions = 4")
    monkeypatch.setenv("EVALSTREAM_PARTITIONS", "5")
    monkeypatch.setenv("INSPECT_LOG_DIR", "of-inspect")
    assert Settings().partitions == 8
    assert Settings().log_dir == Path("logs")


# Variables


def test_an_empty_variable_is_as_good_as_none(write, monkeypatch):
    write("partitions = 4")
    monkeypatch.setenv("EVALSTREAM_PARTITIONS", "")
    monkeypatch.setenv("EVALSTREAM_CONFIG", "")
    monkeypatch.setenv("INSPECT_LOG_DIR", "")
    assert in_force("partitions") == (4, "evalstream.toml")
    assert in_force("log_dir") == (Path("logs"), "default")


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("EVALSTREAM_BORKER", "EVALSTREAM_BROKER"),
        ("EVALSTREAM_LOGDIR", "EVALSTREAM_LOG_DIR"),
        ("EVALSTREAM_KAFKA_PASSWORT", "EVALSTREAM_KAFKA_PASSWORD"),
        ("evalstream_brokr", "EVALSTREAM_BROKER"),
        ("EVALSTREAM_CONFIGS", "EVALSTREAM_CONFIG"),
    ],
)
def test_a_misspelt_variable_gets_a_warning_that_names_the_nearest_one(monkeypatch, variable, meant):
    monkeypatch.setenv(variable, "secret")
    (warning,) = load_settings().warnings
    assert warning.startswith(variable)
    assert f"Did you mean {meant}?" in warning
    assert "secret" not in warning


def test_what_kubernetes_sets_for_a_service_of_our_name_is_no_misspelling(monkeypatch):
    for name in (
        "EVALSTREAM_SERVICE_HOST", "EVALSTREAM_SERVICE_PORT", "EVALSTREAM_SERVICE_PORT_METRICS", "EVALSTREAM_PORT",
        "EVALSTREAM_PORT_9090_TCP", "EVALSTREAM_PORT_9090_TCP_PROTO", "EVALSTREAM_PORT_9090_TCP_PORT",
        "EVALSTREAM_PORT_9090_TCP_ADDR",
    ):  # fmt: skip
        monkeypatch.setenv(name, "tcp://10.0.0.1:9090")
    assert load_settings().warnings == ()


def test_variables_of_ours_that_are_no_settings_are_known(monkeypatch):
    monkeypatch.setenv("EVALSTREAM_TRACEBACK", "1")
    monkeypatch.setenv("EVALSTREAM_CONFIG", "/dev/null")
    assert load_settings().warnings == ()


# The file


def test_the_file_is_the_option_else_the_variable_else_the_one_that_lies_here(write, monkeypatch):
    write("partitions = 1")
    write("partitions = 2", "of-variable.toml")
    write("partitions = 3", "of-option.toml")
    assert in_force("partitions") == (1, "evalstream.toml")
    monkeypatch.setenv("EVALSTREAM_CONFIG", "of-variable.toml")
    assert in_force("partitions") == (2, "of-variable.toml")
    assert in_force("partitions", config=Path("of-option.toml")) == (3, "of-option.toml")


def test_tables_are_there_for_order_only(write):
    write(
        "[scoring]\nattempts = 5\n[kafka]\nusername = 'ann'\nkafka_tls = true\npartitions = 4\n"
        "[kafka.oauth]\ntoken_file = '/token'\n[metrics]\nport = 9100\nmetrics_interval = 2\n"
    )
    settings = load_settings().settings
    assert settings.scoring_attempts == 5
    assert (settings.kafka_username, settings.kafka_tls, settings.partitions) == ("ann", True, 4)
    assert settings.kafka_oauth_token_file == Path("/token")
    assert (settings.metrics_port, settings.metrics_interval) == (9100, 2)


def test_relative_paths_start_at_the_files_folder(write, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    config = write(
        'log_dir = "scored"\nblob_dir = "s3://bucket/blobs"\n'
        '[kafka]\nca_file = "/etc/ca.pem"\nkey_file = "~/key.pem"\ncert_file = "None"',
        "conf/mine.toml",
    )
    settings = load_settings(config=config).settings
    assert settings.log_dir == Path("conf/scored")
    assert settings.blob_dir == "s3://bucket/blobs"
    assert settings.kafka_ca_file == Path("/etc/ca.pem")
    assert settings.kafka_key_file == Path("/home/ann/key.pem")
    assert settings.kafka_cert_file is None


# Values


def test_none_is_a_value_wherever_a_setting_may_have_none(write, monkeypatch):
    write('completions_retention = "none"\nmetrics_port = 9100\neval_deadline = 60')
    monkeypatch.setenv("EVALSTREAM_METRICS_PORT", "none")
    settings = load_settings({"eval_deadline": "None"}).settings
    assert (settings.completions_retention, settings.metrics_port, settings.eval_deadline) == (None, None, None)


def test_a_mechanism_may_be_written_small():
    assert load_settings({"kafka_sasl_mechanism": "scram-sha-512"}).settings.kafka_sasl_mechanism == "SCRAM-SHA-512"


def test_a_secret_and_its_file_are_one_thing_and_the_stronger_source_says_which(write, monkeypatch):
    write('kafka.password = "of-file"')
    settings = load_settings({"kafka_password_file": "pw"}).settings
    assert (settings.kafka_password, settings.kafka_password_file) == (None, Path("pw"))
    write('kafka.password_file = "pw"')
    monkeypatch.setenv("EVALSTREAM_KAFKA_PASSWORD", "of-variable")
    loaded = load_settings()
    assert loaded.settings.kafka_password is not None
    assert loaded.settings.kafka_password.get_secret_value() == "of-variable"
    assert loaded.settings.kafka_password_file is None
    assert loaded.sources["kafka_password_file"] == "default"
