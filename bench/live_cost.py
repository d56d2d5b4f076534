# SPDX-License-Identifier: MIT
"""What one event costs the hub for each viewer: fold to wire, without network and without OpenCode.

    python -m bench.live_cost

CPU time of the process (not wall time, so that a busy machine does not count). `make` is turning a delta into
a frame (Markdown, tree, difference, JSON, gzip), once for all; `each` is handing it to one viewer.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator

from opencode_nexus.live import stream
from opencode_nexus.live.channel import Channel, Viewer
from opencode_nexus.live.view import View
from opencode_nexus.opencode.state import Change, Message, Part, SessionState, Status
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.conversation import Conversation

WORDS = "alpha beta gamma delta **bold** `code` epsilon zeta eta theta iota kappa lambda mu".split()
FRAMES = 200


def text(number: int) -> str:
    words = " ".join(WORDS[(number * 4 + k) % len(WORDS)] for k in range(4))
    return f"{words} " + ("\n\n" if number % 20 == 19 else "")


async def measure(viewers: int, per_frame: int) -> dict[str, float]:
    """Return µs for `viewers` that get `per_frame` events at a time; the frames are flushed by hand."""
    answer = Message("msg_answer0001", "assistant", 0.0)
    part = answer.parts["prt_text000001"] = Part("prt_text000001", answer.id, "text", closed=False)
    state = SessionState("ses_1", "Cost", "/p", status=Status("busy"), messages={answer.id: answer})
    page = Conversation(state, Links("", "srv_1", "ses_1"))
    view = View(page.tree)
    channel = Channel("chat:srv_1:ses_1", "boot", view.html)
    channel.collect = view.collect
    wire = 0

    async def follow(pieces: AsyncGenerator[bytes, None]) -> None:
        nonlocal wire
        async for piece in pieces:
            wire += len(piece)

    tasks = [asyncio.create_task(follow(stream.gzipped(Viewer(channel, 0), channel.cursor))) for _ in range(viewers)]
    await asyncio.sleep(0)
    wire, made, each, said = 0, 0.0, 0.0, 0
    for number in range(FRAMES):
        begun = time.process_time()
        for step in range(per_frame):
            delta = text(number * per_frame + step)
            part.text += delta
            said += len(delta)
            page.change([Change("delta", answer.id, part.id)])
        channel.flush()
        made += time.process_time() - begun
        begun = time.process_time()
        for _ in range(3):  # the viewers' tasks run
            await asyncio.sleep(0)
        each += time.process_time() - begun
    channel.close("restart")
    await asyncio.gather(*tasks)
    events = FRAMES * per_frame
    return {
        "viewers": viewers,
        "events_per_frame": per_frame,
        "make_us_per_event": round(made / events * 1e6, 2),
        "each_us_per_event": round(each / events / viewers * 1e6, 2),
        "total_us_per_event_and_viewer": round((made + each) / events / viewers * 1e6, 2),
        "wire_bytes_per_character": round(wire / viewers / said, 2),
    }


async def main() -> None:
    for viewers, per_frame in ((1, 1), (1, 10), (20, 10), (200, 10), (1000, 10)):
        print(json.dumps(await measure(viewers, per_frame)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
