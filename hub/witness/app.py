"""The witness as others reach it: one address that takes checkpoints (C2SP tlog-witness), with no credential.

Whoever asks proves nothing but that the log signed what they bring. Put a TLS proxy before it (docs/witnessing.md).
"""

import logging

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from hub.audit.signed_note import NoteError
from hub.audit.witness import LONGEST, SIZE_TYPE, Refused, read
from hub.clock import Clock
from hub.logs import event
from hub.witness.memory import Memory

_log = logging.getLogger(__name__)


def make_witness(memory: Memory, clock: Clock) -> FastAPI:
    """The application of one witness."""
    app = FastAPI(title="Concordat witness", openapi_url=None, docs_url=None, redoc_url=None)

    @app.post("/add-checkpoint")
    async def add_checkpoint(request: Request) -> Response:
        """Cosign a checkpoint that adds to the last one cosigned, or say why not by the protocol's status."""
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > LONGEST:
                return Response(status_code=413)
        return await run_in_threadpool(_answer, memory, clock, bytes(body))

    return app


def _answer(memory: Memory, clock: Clock, body: bytes) -> Response:
    try:
        line = memory.cosign(read(body), clock)
    except NoteError:
        return Response(status_code=400)
    except Refused as refused:
        if refused.status in (409, 422):
            event(_log, "witness_refused", logging.WARNING, status=refused.status)
        if refused.size is None:
            return Response(status_code=refused.status)
        return Response(f"{refused.size}\n", refused.status, headers={"Content-Type": SIZE_TYPE})
    return Response(line, media_type="text/plain; charset=utf-8")
