# SPDX-License-Identifier: MIT
"""The quick service: POST /tunnel gives a new tunnel under a name of its own."""

import asyncio
import base64
import contextlib
import json
from typing import TYPE_CHECKING

from tests.edge import http1
from tests.edge.tunnel import quick_tunnel

if TYPE_CHECKING:
    from tests.edge.cloud import Cloud


async def serve(cloud: "Cloud", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one connection."""
    with contextlib.suppress(http1.NoRequest, ConnectionError, asyncio.IncompleteReadError):
        request = await http1.read_request(reader)
        async for _ in http1.read_body(reader, request):
            pass
        cloud.note(f"quick service: {request.method} {request.path} from {request.header('user-agent')}")
        if (reply := cloud.faults.quick_reply) is not None:
            await http1.answer(writer, reply.status, reply.body, reply.content_type)
        elif (request.method, request.path) != ("POST", "/tunnel"):
            await http1.answer(writer, 404, b"not found")
        else:
            tunnel = quick_tunnel()
            cloud.tunnels[tunnel.id] = tunnel
            result = {
                "id": str(tunnel.id),
                "name": f"qt-{tunnel.id}",
                "hostname": tunnel.hostname,
                "account_tag": tunnel.account,
                "secret": base64.b64encode(tunnel.secret).decode(),
            }
            body = json.dumps({"success": True, "errors": [], "result": result}).encode()
            await http1.answer(writer, 200, body, "application/json")
    writer.close()
