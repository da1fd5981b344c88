"""Health: alive, and ready to take referrals."""

from fastapi import APIRouter, Depends

from hub.api.doorway import Door, anyone
from hub.api.shapes import Health
from hub.flow.checkpoint import is_ready

router = APIRouter(prefix="/v1/health", tags=["health"])


@router.get("/live", operation_id="is_live", dependencies=[Depends(anyone)])
def live(door: Door) -> Health:
    """The process answers."""
    return Health(status="live", release=door.release)


@router.get("/ready", operation_id="is_ready", dependencies=[Depends(anyone)])
def ready(door: Door) -> Health:
    """The database answers and the log can be read; 503 otherwise."""
    is_ready(door.house)
    return Health(status="ready", release=door.release)
