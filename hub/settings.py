"""Every setting, with its default and what it does. Environment variables, prefix `CONCORDAT_`; `docs/operations.md`.

Secrets may be given as files (`CONCORDAT_DATABASE_URL_FILE`, `CONCORDAT_BROKER_URL_FILE`), as containers do.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where this hub keeps things, listens, and how patient it is."""

    model_config = SettingsConfigDict(env_prefix="CONCORDAT_", extra="forbid", frozen=True, hide_input_in_errors=True)

    hub_name: Annotated[str, Field(pattern=r"^[a-z0-9.-]{3,60}$")] = "hub.concordat.example"
    """Name of this hub in signatures and as origin of its log."""
    data_dir: Path = Path("data")
    """Embedded database, keys, agreements and partners; made with mode 0700."""
    keys_dir: Path | None = None
    """Folder of the key files; `<data_dir>/keys` unless set. In scale-out, a mount of its own."""
    root_key: str = "file"
    """The root key: `file` (`kek` in the key folder), `file:PATH`, `command:PROGRAM ARGUMENTS` or `plugin:NAME`."""
    root_key_before: str | None = None
    """Where the root key was before, in the same form, until `concordat keys rotate --root` is through."""
    database_url: str | None = None
    """SQLAlchemy URL; SQLite in the data folder unless set. PostgreSQL: `postgresql+psycopg://...`."""
    database_url_file: Path | None = None
    query_role: str | None = None
    """PostgreSQL role that api, worker, timetable and commands sign in as; `concordat migrate` gives it its rights."""
    broker_url: str | None = None
    """kombu URL, `amqp://...`; in-process memory unless set."""
    broker_url_file: Path | None = None
    queue_name: Annotated[str, Field(pattern=r"^[a-z0-9_.-]{1,60}$")] = "concordat"
    """Queue of the hints at the broker; hubs that share a broker need one each."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    workers: Annotated[int, Field(ge=1, le=64)] = 24
    """Attempts under way at once in a process that delivers; a quarter of them is kept for danger."""
    lease_seconds: Annotated[int, Field(ge=5, le=3_600)] = 120
    """How long one attempt may take before another worker may look at it; longer than any transport's time-outs."""
    sweep_seconds: Annotated[float, Field(ge=0.05, le=60)] = 1.0
    """How often due work is looked for that no hint announced."""
    give_up_after_hours: Annotated[float, Field(gt=0, le=720)] = 24.0
    """How long a delivery is retried before it is parked for a person."""
    hold_minutes: Annotated[float, Field(ge=0, le=1_440)] = 10.0
    """How long a routine disclosure waits before it goes, so that its sender can take it back; 0 for not at all."""
    cooling_off_hours: Annotated[float, Field(ge=0, le=720)] = 24.0
    """How long after its announcement a changed door or key of an agency does not count yet."""
    max_body_bytes: Annotated[int, Field(ge=1_024, le=64 * 1024 * 1024)] = 1024 * 1024
    """Largest request taken."""
    max_attachment_bytes: Annotated[int, Field(ge=1_024, le=1024 * 1024 * 1024)] = 20 * 1024 * 1024
    """Largest attachment taken."""
    most_requests: Annotated[int, Field(ge=1, le=400)] = 24
    """Requests at work at once; four times as many may wait for a few seconds, and more are turned away."""
    most_waiting: Annotated[int, Field(ge=1, le=10_000_000)] = 200_000
    """Disclosures of one landlord that may wait for one agency; beyond it only danger is taken in for it."""
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] | None = None
    """Port for whoever watches this process (`/metrics`, `/live`, `/ready`), without credentials; none unless set."""
    metrics_host: str = "127.0.0.1"
    """Address that port is on; never one that people or partners can reach."""
    otlp_endpoint: Annotated[str, Field(pattern=r"^https?://[^\s?#@]+$")] | None = None
    """OpenTelemetry collector (OTLP over HTTP) that traces are sent to, with ids and codes only; none unless set."""
    disk_floor_mb: Annotated[int, Field(ge=0, le=1_048_576)] = 256
    """With less than that free on the disk of the data folder, in MiB, the hub is not ready; where the database is
    there too, only danger is taken in and nothing leaves."""
    witness_ca_file: Path | None = None
    """Certificates that witnesses' addresses are trusted by, instead of the machine's own."""
    proxy_secret_file: Path | None = None
    """File with what the TLS proxy sends as `X-Proxy-Secret`; without, nobody is believed about certificates."""

    public_url: Annotated[str, Field(pattern=r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?$")] = "http://localhost:8080"
    """Address by which people open this hub; passkeys are bound to its host, and a provider sends people back to it."""
    session_idle_minutes: Annotated[int, Field(ge=1, le=720)] = 30
    """After how long without use a session ends."""
    session_hours: Annotated[float, Field(gt=0, le=24)] = 12.0
    """After how long a session ends in any case."""
    oidc_issuer: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")] | None = None
    """OpenID provider through which people may sign in; none unless set."""
    oidc_client_id: str | None = None
    oidc_client_secret_file: Path | None = None
    oidc_two_factors: str = "mfa"
    """Values of `amr` or `acr`, with spaces between, by which the provider says that two factors were proved."""

    @property
    def database(self) -> str:
        """The database URL in force."""
        if self.database_url_file is not None:
            return self.database_url_file.read_text().strip()
        return self.database_url or f"sqlite:///{self.data_dir / 'concordat.sqlite3'}"

    @property
    def broker(self) -> str:
        """The broker URL in force."""
        if self.broker_url_file is not None:
            return self.broker_url_file.read_text().strip()
        return self.broker_url or "memory://localhost/"

    @property
    def proxy_secret(self) -> str | None:
        """What the proxy in front proves itself by; None when there is none to believe."""
        return self.proxy_secret_file.read_text().strip() if self.proxy_secret_file is not None else None

    @property
    def keys(self) -> Path:
        """The key folder in force."""
        return self.keys_dir or self.data_dir / "keys"

    @property
    def is_embedded(self) -> bool:
        """Whether this hub runs without servers."""
        return self.database.startswith("sqlite")
