"""Health: alive, and ready to take referrals."""

from fastapi import APIRouter, Depends

from hub.api.doorway import Door, anyone
from hub.api.shapes.log import Health
from hub.errors import Unavailable

router = APIRouter(prefix="/v1/health", tags=["health"])


@router.get("/live", operation_id="is_live", dependencies=[Depends(anyone)])
async def live(door: Door) -> Health:
    """The process answers, also while every thread of it is at work."""
    return Health(status="live", release=door.release)


@router.get("/ready", operation_id="is_ready", dependencies=[Depends(anyone)])
def ready(door: Door) -> Health:
    """A referral sent now would be durable: store, log, disk and clock were tried. 503 with the reason otherwise."""
    looked = door.readiness()
    if looked.unready:
        says = f"the hub cannot take anything now ({', '.join(looked.unready)}); nothing was taken"
        raise Unavailable(looked.unready[0], says, after=5)
    return Health(status="ready", release=door.release, degraded=list(looked.degraded))
