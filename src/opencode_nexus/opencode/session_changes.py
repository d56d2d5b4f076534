# SPDX-License-Identifier: MIT
"""OpenCode's routes that change a session as a whole: undo, fork, compact, archive.

Each may raise what `api.Client` raises; SessionBusy where the session must be idle.
"""

import httpx2

from opencode_nexus.opencode.api import JSON, Client, message_in
from opencode_nexus.opencode.errors import OpenCodeError, OpenCodeUnreachable, SessionBusy

LONG = 900.0  # seconds that a model may take to sum up a session


async def revert(client: Client, session_id: str, message_id: str) -> JSON:
    """Undo a user's message and all after it; returns the session.

    Given an answer's id, OpenCode 1.18.33 hides from the question on and puts back only what changed after the
    answer, so that files and messages disagree: never give it one.
    """
    return dict(await client.json("POST", f"/session/{session_id}/revert", body={"messageID": message_id}))


async def unrevert(client: Client, session_id: str) -> JSON:
    """Bring back what was undone; returns the session."""
    return dict(await client.json("POST", f"/session/{session_id}/unrevert"))


async def message_diff(client: Client, session_id: str, message_id: str) -> list[JSON]:
    """What answering a user's message changed: `{file, patch, additions, deletions, status}` each."""
    return list(await client.json("GET", f"/session/{session_id}/diff", messageID=message_id))


async def fork(client: Client, session_id: str, before: str | None) -> JSON:
    """Copy a session, up to right before the message `before` (None: all of it); returns the new session."""
    body = {"messageID": before} if before else {}
    return dict(await client.json("POST", f"/session/{session_id}/fork", body=body))


async def summarize(client: Client, session_id: str, model: str) -> None:
    """Let `model` ("provider/model") sum the session up; returns when it has."""
    provider_id, _, model_id = model.partition("/")
    body = {"providerID": provider_id, "modelID": model_id}
    # the answer comes when the model is done, long after the client's own patience has ended
    timeout = httpx2.Timeout(LONG, connect=5.0)
    try:
        answer = await client.http.post(f"/session/{session_id}/summarize", json=body, timeout=timeout)
    except httpx2.TransportError as error:
        raise OpenCodeUnreachable(f"POST /summarize: {str(error) or type(error).__name__}") from error
    if answer.status_code >= 400:
        raise (SessionBusy if answer.status_code == 409 else OpenCodeError)(message_in(answer.content))


async def archive(client: Client, session_id: str, at: float | None) -> JSON:
    """Archive a session since `at` (epoch seconds), or bring it back (None); returns it.

    OpenCode takes no null to end it (1.18.33); 0 is none for its own lists too.
    """
    body = {"time": {"archived": round(at * 1000) if at is not None else 0}}
    return dict(await client.json("PATCH", f"/session/{session_id}", body=body))


async def has_snapshots(client: Client, directory: str) -> bool:
    """Whether OpenCode keeps snapshots of a folder's files: it does in a git repository."""
    project = await client.json("GET", "/project/current", directory=directory)
    return isinstance(project, dict) and project.get("vcs") == "git"
