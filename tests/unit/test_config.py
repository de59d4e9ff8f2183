"""Settings are read from the environment and validated."""

import pytest

from chalicelib import config

REQUIRED = {
    "TABLE_NAME": "t",
    "BUCKET_NAME": "b",
    "SPLIT_QUEUE_URL": "s",
    "LOAD_QUEUE_URL": "q",
    "EXPORT_QUEUE_URL": "e",
}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removes the settings from the environment and from the cache."""
    for name in config.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(config, "settings", config.settings.__wrapped__)


def test_settings_have_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    settings = config.settings()
    assert (settings.table_name, settings.phone_region, settings.phone_check) == ("t", "US", "possible")


def test_error_names_each_invalid_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (REQUIRED | {"PHONE_REGION": "usa", "WRITES_IN_FLIGHT": "99"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("TABLE_NAME")
    with pytest.raises(config.SettingsError) as error:
        config.settings()
    for name in ("TABLE_NAME: ", "PHONE_REGION: ", "WRITES_IN_FLIGHT: "):
        assert name in str(error.value)
    assert "BUCKET_NAME" not in str(error.value)
