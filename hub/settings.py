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
    database_url: str | None = None
    """SQLAlchemy URL; SQLite in the data folder unless set. PostgreSQL: `postgresql+psycopg://...`."""
    database_url_file: Path | None = None
    broker_url: str | None = None
    """kombu URL, `amqp://...`; in-process memory unless set."""
    broker_url_file: Path | None = None
    queue_name: Annotated[str, Field(pattern=r"^[a-z0-9_.-]{1,60}$")] = "concordat"
    """Queue of the hints at the broker; hubs that share a broker need one each."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    workers: Annotated[int, Field(ge=1, le=64)] = 4
    """Threads that deliver."""
    lease_seconds: Annotated[int, Field(ge=5, le=3_600)] = 120
    """How long one attempt may take before another worker may look at it; longer than any transport's time-outs."""
    sweep_seconds: Annotated[float, Field(ge=0.05, le=60)] = 1.0
    """How often due work is looked for that no hint announced."""
    give_up_after_hours: Annotated[float, Field(gt=0, le=720)] = 24.0
    """How long a delivery is retried before it is parked for a person."""
    max_body_bytes: Annotated[int, Field(ge=1_024, le=64 * 1024 * 1024)] = 1024 * 1024
    """Largest request taken."""

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
    def keys(self) -> Path:
        """The key folder in force."""
        return self.keys_dir or self.data_dir / "keys"

    @property
    def is_embedded(self) -> bool:
        """Whether this hub runs without servers."""
        return self.database.startswith("sqlite")
