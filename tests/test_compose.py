"""docker-compose.yml and the Dockerfile, without Docker: what they say is what the tests start, and all of it exists."""

from __future__ import annotations

import re
import shlex
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from gridcast.broadcaster.names import ENV_PREFIX
from gridcast.broadcaster.settings import Settings
from tests.machines import roles

REPOSITORY = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("api", "worker")
TOP = {"name", "services", "volumes", "secrets", "networks", "configs"}
KNOWN = {
    *("build", "cap_drop", "command", "depends_on", "deploy", "environment", "healthcheck", "image", "init"),
    *("ports", "profiles", "restart", "secrets", "security_opt", "stop_grace_period", "volumes"),
}
"""Those of the compose specification that this file uses; a key that is misspelled is in no such list."""
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
DURATION = re.compile(r"(\d+(us|ms|s|m|h))+")
OPTIONAL = re.compile(r"\$\{[A-Z_]+:-[^}]*\}")


def docs() -> str:
    return "\n".join(page.read_text() for page in (REPOSITORY / "docs").glob("*.md"))


def env_names() -> set[str]:
    return {ENV_PREFIX + name.upper() for name in Settings.model_fields}


def test_it_has_only_what_the_compose_specification_knows() -> None:
    assert {name for name in COMPOSE if not name.startswith("x-")} <= TOP
    for name, service in SERVICES.items():
        assert set(service) <= KNOWN, name
        for other, how in service.get("depends_on", {}).items():
            assert other in SERVICES
            assert how["condition"] in CONDITIONS
            assert how["condition"] != "service_healthy" or "healthcheck" in SERVICES[other]
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert source in COMPOSE["volumes"] or (REPOSITORY / source).exists(), mount
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_a_health_check_limits_and_time_to_end(name: str) -> None:
    service = SERVICES[name]
    check = service["healthcheck"]
    assert check["test"][0] in ("CMD", "CMD-SHELL")
    for duration in (check["interval"], check["timeout"], service["stop_grace_period"]):
        assert DURATION.fullmatch(duration)
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert service["restart"] == "unless-stopped"


def test_what_scales_has_no_port_and_no_name_of_its_own() -> None:
    """`--scale api=3 --scale worker=4`: a published port, a container's name or a host's name could be had once only."""
    for name in OURS:
        assert not {"ports", "container_name", "hostname"} & set(SERVICES[name])
    assert "dynamic a" in roles.CADDYFILE.read_text(), "the proxy asks the resolver who is there now"
    assert SERVICES["proxy"]["ports"]


def test_only_this_machine_reaches_it_unless_it_is_told_otherwise() -> None:
    for service in SERVICES.values():
        for port in service.get("ports", []):
            assert "127.0.0.1:" in port


def test_commands_are_those_that_the_tests_of_many_machines_start() -> None:
    assert tuple(SERVICES["api"]["command"]) == roles.API
    assert tuple(SERVICES["worker"]["command"]) == roles.WORKER
    assert tuple(SERVICES["proxy"]["command"]) == roles.PROXY
    mounts = dict(mount.split(":")[:2] for mount in SERVICES["proxy"]["volumes"])
    (source,) = [source for source, target in mounts.items() if target == "/etc/caddy/Caddyfile"]
    assert (REPOSITORY / source) == roles.CADDYFILE


def test_the_broker_gets_the_configuration_of_those_tests_and_its_password_from_a_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "broker_password").write_text("p4ss-w0rd\n")
    stand_in = tmp_path / "docker-entrypoint.sh"
    stand_in.write_text('#!/bin/sh\necho "$@"\ncat\n')
    stand_in.chmod(stand_in.stat().st_mode | stat.S_IXUSR)
    shell = [
        part.replace("$$", "$").replace("/run/secrets", str(tmp_path))
        for part in SERVICES["broker"]["command"]
    ]
    done = subprocess.run(
        shell, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, check=True
    )
    command, *config = done.stdout.splitlines()
    assert tuple(shlex.split(command)) == roles.BROKER
    assert config == [*roles.BROKER_CONFIG, "requirepass p4ss-w0rd"]


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting_that_a_page_tells_of(name: str) -> None:
    told = docs()
    environment = SERVICES[name]["environment"]
    ours = {variable for variable in environment if variable.startswith(ENV_PREFIX)}
    assert ours <= env_names()
    for variable in ours:
        assert f"`{variable}`" in told or variable in told, variable
    for value in environment.values():
        for variable in re.findall(r"\$\{([A-Z_]+)", str(value)):
            assert f"`{variable}`" in told, f"what {variable} of docker-compose.yml does is told nowhere"


@pytest.mark.parametrize("name", OURS)
def test_the_values_are_valid_settings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for secret in COMPOSE["secrets"]:
        (tmp_path / secret).write_text("x" * 64)
    for variable, value in SERVICES[name]["environment"].items():
        text = OPTIONAL.sub(lambda match: match[0].partition(":-")[2][:-1], str(value))
        monkeypatch.setenv(variable, text.replace("/run/secrets", str(tmp_path)))
    settings = Settings()
    assert settings.redis_password == "x" * 64
    assert settings.recordings_at == "/data/recordings"
    if name == "api":
        assert settings.auth == "jwt"


def test_secrets_are_files_and_stand_in_no_variable() -> None:
    for secret in COMPOSE["secrets"].values():
        assert set(secret) == {"file"}
        assert secret["file"].startswith("./secrets/")
    assert "/secrets/" in (REPOSITORY / ".gitignore").read_text().splitlines()
    for service in SERVICES.values():
        for variable in service.get("environment", {}):
            if re.search("SECRET|PASSWORD|TOKEN|KEY", variable):
                assert variable.endswith("_FILE"), variable


def dockerfile() -> list[str]:
    text = (REPOSITORY / "Dockerfile").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_image_is_built_in_stages_with_the_page_and_runs_without_root() -> None:
    lines = dockerfile()
    stages = [n for n, line in enumerate(lines) if line.startswith("FROM ")]
    assert len(stages) == 3
    assert any("npm run build" in line for line in lines[: stages[1]])
    last = lines[stages[-1] :]
    assert [line for line in last if line.startswith("USER ")] == ["USER gridcast"]
    assert not [line for line in last if "npm" in line or "uv sync" in line], "tools of the build stay behind"
    (command,) = [line.removeprefix("CMD ") for line in last if line.startswith("CMD ")]
    assert tuple(yaml.safe_load(command)) == roles.API


def test_the_image_has_every_package_and_the_context_lets_them_in() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    folders = set(project["tool"]["setuptools"]["package-dir"].values())
    copied = {
        part.rstrip("/") for line in dockerfile() if line.startswith("COPY ") for part in line.split()[1:]
    }
    allowed = (REPOSITORY / ".dockerignore").read_text().split()
    for folder in folders:
        assert folder in copied, f"the Dockerfile does not copy {folder}/"
        assert f"!{folder}" in allowed, f".dockerignore keeps {folder}/ out"
    files = [
        part
        for line in dockerfile()
        if line.startswith("COPY ") and "--from" not in line
        for part in line.split()[1:-1]
    ]
    for name in files:
        assert (REPOSITORY / name).exists() or (REPOSITORY / "web" / name).exists(), name
        assert f"!{name.split('/')[0]}" in allowed, f".dockerignore keeps {name} out"


def test_prometheus_finds_each_api_process_and_asks_as_an_admin() -> None:
    config = yaml.safe_load((REPOSITORY / "deploy/prometheus.yml").read_text())
    (job,) = config["scrape_configs"]
    (found,) = job["dns_sd_configs"]
    assert (found["names"], found["type"], found["port"]) == (["api"], "A", roles.PORT)
    secret = Path(job["authorization"]["credentials_file"])
    assert secret.name in SERVICES["prometheus"]["secrets"]
    targets = [mount.split(":")[1] for mount in SERVICES["prometheus"]["volumes"]]
    assert {f"/etc/prometheus/{name}" for name in ("prometheus.yml", *config["rule_files"])} <= set(targets)


def test_every_alert_is_of_metrics_that_exist_and_explained() -> None:
    (group,) = yaml.safe_load((REPOSITORY / "deploy/alerts.yml").read_text())["groups"]
    metrics = (REPOSITORY / "docs/metrics.md").read_text()
    runbook = (REPOSITORY / "docs/operations.md").read_text()
    for rule in group["rules"]:
        for metric in re.findall(r"gridcast_\w+", rule["expr"]):
            assert f"`{metric}`" in metrics, metric
        assert f"`{rule['alert']}`" in runbook, f"docs/operations.md does not tell what {rule['alert']} means"
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in ("page", "warn")


def test_grafana_shows_the_dashboard_of_these_metrics() -> None:
    source = yaml.safe_load((REPOSITORY / "deploy/grafana/datasource.yml").read_text())["datasources"][0]
    assert source["url"] == "http://prometheus:9090"
    provider = yaml.safe_load((REPOSITORY / "deploy/grafana/dashboards.yml").read_text())["providers"][0]
    mounts = dict(mount.split(":")[:2] for mount in SERVICES["grafana"]["volumes"])
    (folder,) = [source for source, target in mounts.items() if target == provider["options"]["path"]]
    assert (REPOSITORY / folder / "gridcast.json").is_file()
