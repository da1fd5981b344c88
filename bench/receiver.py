"""Partners as one process of their own: HTTPS doors that answer at once, or never; every arrival is written down.

`python -m bench.receiver FOLDER DOORS HANGING`: prints the ports as one line of JSON, the hanging ones last, and writes
a line of door, time and id for each request whose head has arrived to `FOLDER/arrivals`.
"""

import asyncio
import json
import os
import ssl
import sys
import time
from pathlib import Path

_HOST = "127.0.0.1"
_ANSWER = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n"


class Doors:
    """All doors of this process."""

    def __init__(self, folder: Path) -> None:
        """With the certificate that lies in the folder."""
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "server.pem", folder / "server.key")
        self._arrivals = os.open(folder / "arrivals", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._never = asyncio.Event()

    async def open(self, number: int, *, hangs: bool) -> int:
        """Open one more door; returns its port."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while await self._one(reader, number):
                    if hangs:
                        await self._never.wait()
                    writer.write(_ANSWER)
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, _HOST, 0, ssl=self._context, backlog=1_000)
        return int(server.sockets[0].getsockname()[1])

    async def _one(self, reader: asyncio.StreamReader, number: int) -> bool:
        """Take one request; False where the line has ended."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return False
        at = time.time()
        lines = head.decode("latin-1").lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        os.write(self._arrivals, f"{number} {at:.6f} {headers.get('webhook-id', '')}\n".encode())
        await reader.readexactly(int(headers.get("content-length", "0")))
        return True


async def _main(folder: Path, doors: int, hanging: int) -> None:
    opened = Doors(folder)
    ports = [await opened.open(number, hangs=number >= doors) for number in range(doors + hanging)]
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
