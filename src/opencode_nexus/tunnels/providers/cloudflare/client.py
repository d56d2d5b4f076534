# SPDX-License-Identifier: MIT
"""The calls of Cloudflare's API that we use, one method each; each documented error as one of ours.

The token is revealed in one place, the header of a request. It stands in no address, no log line and no error, and what
Cloudflare says is searched for it before it is handed on. Secrets in an answer become `Secret` at once.
"""

import asyncio
import re
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, TypeAlias
from uuid import uuid4

import httpx2

from opencode_nexus.secrets.redact import Secret, redact
from opencode_nexus.tunnels.errors import BadTunnel
from opencode_nexus.tunnels.providers.cloudflare import errors
from opencode_nexus.tunnels.providers.cloudflare.permissions import RECORDS, TUNNEL, ZONES, Grant, Needed

JSON = dict[str, Any]
Refusal: TypeAlias = errors.CloudflareError | BadTunnel

BASE = "https://api.cloudflare.com/client/v4"
CONNECT, ANSWER = 10.0, 30.0  # seconds
PAGE, PAGES = 50, 20  # the API gives at most 50 zones a page; 1,000 are more than a page can show
TARGET = "cfargotunnel.com"

# The form of a token; anything else would be refused, and must not even get into a header.
_TOKEN = re.compile(r"[A-Za-z0-9_\-.]{20,256}")

# Codes of Cloudflare's errors, which say more than the status of the answer. Where the sources disagree on the
# status (10000 came with 401 and with 403), the code decides.
_BY_CODE: Mapping[int, type[Refusal]] = {
    6003: errors.ApiTokenInvalid,  # Invalid request headers
    6111: errors.ApiTokenInvalid,  # Invalid format for Authorization header
    10000: errors.ApiPermissionMissing,  # Authentication error: the token is good, but not for this
    1013: errors.NameTaken,  # You already have a tunnel with this name
    1022: errors.StillConnected,  # Cannot delete a tunnel that has active connections
    81053: errors.RecordTaken,  # An A, AAAA, or CNAME record with that host already exists
    81054: errors.RecordTaken,  # A CNAME record with that host already exists
    81057: errors.RecordTaken,  # The record already exists
    81058: errors.RecordTaken,  # An identical record already exists
    81044: errors.NotAtCloudflare,  # Record does not exist
}
_BY_STATUS: Mapping[int, type[Refusal]] = {
    401: errors.ApiTokenInvalid,
    403: errors.ApiPermissionMissing,
    404: errors.NotAtCloudflare,
    409: errors.NameTaken,
}
# Words that say more than their code, which stands for several things.
_BY_WORDS: Mapping[str, type[Refusal]] = {
    "access token from location": errors.ApiTokenElsewhere,  # 9109: Cannot use the access token from location
    "Invalid access token": errors.ApiTokenInvalid,  # 9109 too
}
_NO_ROUTE = (7000, 7003)  # "No route for that URI", "Could not route to …": says nothing about permissions


class Client:
    """Speaks to the API with one token; an async context manager. Every method may raise errors of this package."""

    def __init__(self, token: Secret, base: str = BASE) -> None:
        self._token, self._base = token, base.rstrip("/")
        self._http: httpx2.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        if not _TOKEN.fullmatch(self._token.reveal()):
            raise errors.ApiTokenInvalid("An API token has letters, digits, hyphens and underscores only.")
        # in a thread: reading the system's certificates took 0.4 s here
        secure = self._base.startswith("https:")
        certificates = await asyncio.to_thread(ssl.create_default_context) if secure else False
        timeout = httpx2.Timeout(ANSWER, connect=CONNECT)
        self._http = httpx2.AsyncClient(timeout=timeout, verify=certificates, headers={"User-Agent": "opencode-nexus"})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.aclose()

    # The token

    async def verify(self, account: str = "") -> JSON:
        """`{status, expires_on?}` of the token. One that belongs to an account is known under the account alone."""
        return dict(await self._call("GET", f"/accounts/{account}/tokens/verify" if account else "/user/tokens/verify"))

    async def accounts(self) -> list[JSON]:
        """`{id, name}` of the accounts that the token reaches."""
        return await self._list("/accounts")

    async def zones(self) -> list[JSON]:
        """`{id, name, status, account, permissions}` of the domains that the token reaches."""
        return await self._list("/zones", needs=ZONES)

    async def zone(self, zone: str) -> JSON:
        """One domain."""
        return dict(await self._call("GET", f"/zones/{zone}", needs=ZONES))

    async def may_edit_tunnels(self, account: str) -> Grant:
        """Whether tunnels can be changed in an account.

        The API tells no token its own permissions, so a change is asked for that cannot happen: of a tunnel whose id
        was made up this moment. Without the permission the answer is that it lacks, with it, that there is no such
        tunnel; any other answer tells nothing.
        """
        try:
            await self._call("PATCH", f"/accounts/{account}/cfd_tunnel/{uuid4()}", {"name": "nexus"}, needs=TUNNEL)
        except errors.ApiPermissionMissing:
            return "missing"
        except errors.NotAtCloudflare as error:
            return "not known" if error.data.get("cloudflare_code") in _NO_ROUTE else "granted"
        except (errors.CloudflareError, BadTunnel):
            return "not known"
        return "not known"

    # The tunnel

    async def tunnels_named(self, account: str, name: str) -> list[JSON]:
        """The living tunnels of that very name; names are unique in an account, so one at most."""
        query = {"name": name, "is_deleted": "false"}
        found = await self._call("GET", f"/accounts/{account}/cfd_tunnel", query=query, needs=TUNNEL)
        return [tunnel for tunnel in found or [] if tunnel.get("name") == name and not tunnel.get("deleted_at")]

    async def make_tunnel(self, account: str, name: str) -> tuple[str, Secret | None]:
        """Make a tunnel whose configuration lies at Cloudflare; its id, and its token where the answer holds it."""
        body = {"name": name, "config_src": "cloudflare"}
        made = await self._call("POST", f"/accounts/{account}/cfd_tunnel", body, needs=TUNNEL)
        return _id(made), Secret(str(made["token"])) if made.get("token") else None

    async def tunnel_token(self, account: str, tunnel: str) -> Secret:
        """The token that cloudflared runs the tunnel with."""
        token = await self._call("GET", f"/accounts/{account}/cfd_tunnel/{tunnel}/token", needs=TUNNEL)
        if not isinstance(token, str):
            raise errors.CloudflareUnreadable("It gave no token for the tunnel.")
        return Secret(token)

    async def put_ingress(self, account: str, tunnel: str, hostname: str, service: str) -> None:
        """Say where the tunnel leads: `hostname` to `service`, everything else nowhere."""
        rules = [{"hostname": hostname, "service": service}, {"service": "http_status:404"}]
        path = f"/accounts/{account}/cfd_tunnel/{tunnel}/configurations"
        await self._call("PUT", path, {"config": {"ingress": rules}}, needs=TUNNEL)

    async def drop_connections(self, account: str, tunnel: str) -> None:
        """Let Cloudflare forget the connections of a tunnel whose cloudflared is gone."""
        await self._call("DELETE", f"/accounts/{account}/cfd_tunnel/{tunnel}/connections", needs=TUNNEL)

    async def delete_tunnel(self, account: str, tunnel: str) -> None:
        """Delete a tunnel. Without `cascade`: what others hung on it is not ours to delete."""
        await self._call("DELETE", f"/accounts/{account}/cfd_tunnel/{tunnel}", needs=TUNNEL)

    # The record

    async def make_record(self, zone: str, hostname: str, tunnel: str) -> str:
        """Make the CNAME that leads `hostname` to the tunnel; its id."""
        body = {"type": "CNAME", "name": hostname, "content": f"{tunnel}.{TARGET}", "proxied": True}
        return _id(await self._call("POST", f"/zones/{zone}/dns_records", body, needs=RECORDS))

    async def records_named(self, zone: str, hostname: str) -> list[JSON]:
        """The CNAME records of that very name; by the rules of the DNS one at most."""
        query = {"type": "CNAME", "name": hostname}
        found = await self._call("GET", f"/zones/{zone}/dns_records", query=query, needs=RECORDS)
        return [record for record in found or [] if str(record.get("name", "")).lower() == hostname.lower()]

    async def record(self, zone: str, record: str) -> JSON:
        """One record: `{id, type, name, content}`."""
        return dict(await self._call("GET", f"/zones/{zone}/dns_records/{record}", needs=RECORDS))

    async def delete_record(self, zone: str, record: str) -> None:
        """Delete a record."""
        await self._call("DELETE", f"/zones/{zone}/dns_records/{record}", needs=RECORDS)

    # What all have in common

    async def _list(self, path: str, needs: Needed | None = None) -> list[JSON]:
        found: list[JSON] = []
        for page in range(1, PAGES + 1):
            got = await self._call("GET", path, query={"per_page": str(PAGE), "page": str(page)}, needs=needs)
            found += got or []
            if len(got or []) < PAGE:
                break
        return found

    async def _call(
        self,
        method: str,
        path: str,
        body: JSON | None = None,
        *,
        query: Mapping[str, str] | None = None,
        needs: Needed | None = None,
    ) -> Any:
        """Return the `result` of an answer; raises what the answer says against it."""
        assert self._http is not None, "use it as a context manager"
        headers = {"Authorization": f"Bearer {self._token.reveal()}"}
        try:
            answer = await self._http.request(method, self._base + path, json=body, params=query, headers=headers)
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise errors.CloudflareUnreachable(f"{method} {path}: {str(error) or type(error).__name__}.") from error
        try:
            said = answer.json()
        except ValueError:
            said = None
        if answer.status_code < 400 and isinstance(said, dict) and said.get("success", True) is True:
            return said.get("result")
        raise self._against(answer, said if isinstance(said, dict) else {}, needs)

    def _against(self, answer: httpx2.Response, said: JSON, needs: Needed | None) -> Refusal:
        """What an answer says against it, as an error of ours."""
        told = list(_told(said.get("errors")))
        words = redact("; ".join(f"{text} ({code})" if code else text for code, text in told), [self._token])[:500]
        status = answer.status_code
        if status == 429:
            wait = answer.headers.get("retry-after", "")
            seconds = int(wait) if wait.isdigit() else 300  # documented: all calls are blocked for five minutes
            return errors.CloudflareBusy(f"Try again in {seconds} s.", retry_after=seconds)
        if status >= 500:
            return errors.CloudflareDown(f"It answered {status}. {words}".strip())
        if not told:
            return errors.CloudflareUnreadable(f"It answered {status}, and nothing that can be read.")
        kinds = [kind for part, kind in _BY_WORDS.items() if part in words]
        kinds += [_BY_CODE[code] for code, _ in told if code in _BY_CODE]
        kind = kinds[0] if kinds else _BY_STATUS.get(status, errors.CloudflareError)
        if kind is errors.ApiPermissionMissing and needs is not None:
            return kind(f"It needs {needs.name}: that {needs.why}. Cloudflare says: {words}.", permission=needs.name)
        return kind(f"Cloudflare says: {words}.", cloudflare_code=told[0][0])


def _id(made: object) -> str:
    """The id of what an answer says was made."""
    if not isinstance(made, dict) or not isinstance(made.get("id"), str):
        raise errors.CloudflareUnreadable("It did not say what was made.")
    return str(made["id"])


def _told(entries: object) -> list[tuple[int, str]]:
    """(code, message) of each error, the causes below it too."""
    found: list[tuple[int, str]] = []
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict):
            code = entry.get("code")
            found.append((code if isinstance(code, int) else 0, str(entry.get("message", "")).rstrip(".")))
            found += _told(entry.get("error_chain"))
    return found
