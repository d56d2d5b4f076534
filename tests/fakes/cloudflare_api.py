# SPDX-License-Identifier: MIT
"""Cloudflare's API on loopback, made from the documented calls: accounts, zones, tunnels, records, and its refusals.

Real HTTP, so that what goes over the wire is what is tested. Answers have the API's envelope, and the codes and words
that it was seen to use. Any other call is answered as the API answers a path that it does not have (7000).
"""

import base64
import http.server
import json
import re
import secrets
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.leaks import remember

JSON = dict[str, Any]

TUNNEL_EDIT, TUNNEL_READ, DNS_EDIT, ZONE_READ = "tunnel:edit", "tunnel:read", "dns:edit", "zone:read"
ALL = frozenset({TUNNEL_EDIT, TUNNEL_READ, DNS_EDIT, ZONE_READ})

DENIED = (403, 10000, "Authentication error")
UNKNOWN = (401, 1000, "Invalid API Token")
MISFORMED = (400, 6003, "Invalid request headers")
NO_ROUTE = (404, 7000, "No route for that URI")
NO_TUNNEL = (404, 1002, "tunnel not found")
NO_RECORD = (404, 81044, "Record does not exist.")
NAME_TAKEN = (
    409, 1013,
    "You already have a tunnel with this name. "
    "Delete the existing tunnel, or choose a different name for your new tunnel",
)  # fmt: skip
STILL_CONNECTED = (400, 1022, "Cannot delete tunnel because it has active connections")
RECORD_TAKEN = (400, 81053, "An A, AAAA, or CNAME record with that host already exists.")
ELSEWHERE = (403, 9109, "Cannot use the access token from location: 192.0.2.7")
NOT_FOR_ACCOUNTS = (400, 1001, "List accounts endpoint does not support account owned tokens.")


class Refused(Exception):
    """An answer that says no: (status, code, message)."""

    def __init__(self, answer: tuple[int, int, str]) -> None:
        super().__init__(answer[2])
        self.status, self.code, self.message = answer


@dataclass
class Token:
    """An API token: what it may do, and the account that owns it (empty: a user's)."""

    text: str
    grants: frozenset[str] = ALL
    status: str = "active"
    owner: str = ""
    expires: str | None = None


@dataclass
class Fault:
    """What happens to the next call of `method` whose path holds `part`.

    `answer` is said in place of it. With `act` the call is done all the same; without an answer the connection is then
    closed, and with `hold` set it is closed only after that.
    """

    method: str
    part: str
    answer: tuple[int, JSON | str] | None = None
    act: bool = False
    hold: threading.Event | None = None
    headers: dict[str, str] = field(default_factory=dict)


def refusal(answer: tuple[int, int, str]) -> tuple[int, JSON]:
    """The answer in the API's envelope."""
    status, code, message = answer
    return status, {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}


class CloudflareApi:
    """Use as a context manager. `calls` holds each call as "METHOD path"; `reached` is set when a lost one was done."""

    def __init__(self) -> None:
        self.accounts: dict[str, str] = {}
        self.zones: dict[str, JSON] = {}
        self.tunnels: dict[str, JSON] = {}
        self.records: dict[str, JSON] = {}
        self.ingress: dict[str, list[JSON]] = {}
        self.tokens: dict[str, Token] = {}
        self.faults: list[Fault] = []
        self.calls: list[str] = []
        self.reached = threading.Event()
        self.tells_permissions = True
        self._lock = threading.Lock()
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                api.take(self)

            do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/client/v4"

    # What is there

    def account(self, name: str) -> str:
        """A new account; its id."""
        key = secrets.token_hex(16)
        self.accounts[key] = name
        return key

    def zone(self, name: str, account: str, status: str = "active") -> str:
        """A new zone; its id."""
        key = secrets.token_hex(16)
        self.zones[key] = {
            "id": key, "name": name, "status": status, "account": {"id": account, "name": self.accounts[account]},
        }  # fmt: skip
        return key

    def token(self, **what: Any) -> str:
        """A new API token; its text, in the form that Cloudflare gives them."""
        text = remember(secrets.token_urlsafe(30))
        self.tokens[text] = Token(text, **what)
        return text

    def tunnel(self, account: str, name: str) -> JSON:
        """A new tunnel with its token."""
        key, secret = str(uuid.uuid4()), remember(base64.b64encode(secrets.token_bytes(32)).decode())
        parts = json.dumps({"a": account, "t": key, "s": secret})
        made: JSON = {
            "id": key, "account_tag": account, "name": name, "connections": [], "deleted_at": None,
            "remote_config": True, "token": remember(base64.b64encode(parts.encode()).decode()),
            "credentials_file": {"AccountTag": account, "TunnelID": key, "TunnelSecret": secret},
        }  # fmt: skip
        self.tunnels[key] = made
        return made

    def record(self, zone: str, kind: str, name: str, content: str) -> JSON:
        """A new DNS record."""
        key = secrets.token_hex(16)
        self.records[key] = {"id": key, "zone": zone, "type": kind, "name": name, "content": content}
        return self.records[key]

    @property
    def living(self) -> list[JSON]:
        """The tunnels that are not deleted."""
        return [tunnel for tunnel in self.tunnels.values() if not tunnel["deleted_at"]]

    # What is asked

    def take(self, request: http.server.BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        parts = urlsplit(request.path)
        path = parts.path.removeprefix("/client/v4")
        length = int(request.headers.get("content-length") or 0)
        body = json.loads(request.rfile.read(length)) if length else {}
        with self._lock:
            self.calls.append(f"{request.command} {path}")
            fault = next((one for one in self.faults if one.method == request.command and one.part in path), None)
            if fault is not None:
                self.faults.remove(fault)
            said: tuple[int, JSON | str]
            if fault is None or fault.act:
                said = self._said(request, path, dict(parse_qsl(parts.query)), body)
        if fault is not None and fault.answer is None:
            self.reached.set()
            if fault.hold is not None:
                fault.hold.wait(30)
            request.close_connection = True
            return
        if fault is not None and fault.answer is not None:
            said = fault.answer
        self._send(request, *said, fault.headers if fault else {})

    def _said(self, request: http.server.BaseHTTPRequestHandler, path: str, query: dict[str, str], body: JSON) -> Any:
        try:
            kind, _, given = request.headers.get("authorization", "").partition(" ")
            if kind != "Bearer" or not re.fullmatch(r"[\w-]{40}", given):
                raise Refused(MISFORMED)
            token = self.tokens.get(given)
            if token is None:
                raise Refused(UNKNOWN)
            for method, pattern, act in self._table():
                found = re.fullmatch(pattern, path)
                if method == request.command and found:
                    result = act(token, *found.groups(), query, body)
                    return 200, {"success": True, "errors": [], "messages": [], "result": result}
            raise Refused(NO_ROUTE)
        except Refused as error:
            return refusal((error.status, error.code, error.message))

    @staticmethod
    def _send(request: http.server.BaseHTTPRequestHandler, status: int, body: JSON | str, more: dict[str, str]) -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        request.send_response(status)
        given = {"Content-Type": "application/json", "Content-Length": str(len(data)), **more}
        for name, value in given.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(data)

    def _table(self) -> list[tuple[str, str, Callable[..., Any]]]:
        tunnel, record = r"/accounts/(\w+)/cfd_tunnel", r"/zones/(\w+)/dns_records"
        return [
            ("GET", "/user/tokens/verify", self._verify_user),
            ("GET", r"/accounts/(\w+)/tokens/verify", self._verify_owned),
            ("GET", "/accounts", self._accounts),
            ("GET", "/zones", self._zones),
            ("GET", r"/zones/(\w+)", self._zone),
            ("GET", tunnel, self._tunnels),
            ("POST", tunnel, self._make_tunnel),
            ("PATCH", tunnel + r"/([\w-]+)", self._change_tunnel),
            ("DELETE", tunnel + r"/([\w-]+)", self._delete_tunnel),
            ("GET", tunnel + r"/([\w-]+)/token", self._token),
            ("DELETE", tunnel + r"/([\w-]+)/connections", self._drop),
            ("PUT", tunnel + r"/([\w-]+)/configurations", self._configure),
            ("GET", record, self._records),
            ("POST", record, self._make_record),
            ("GET", record + r"/(\w+)", self._record),
            ("DELETE", record + r"/(\w+)", self._delete_record),
        ]

    @staticmethod
    def _may(token: Token, *grants: str) -> None:
        if not token.grants.intersection(grants):
            raise Refused(DENIED)

    def _verify_user(self, token: Token, query: JSON, body: JSON) -> JSON:
        if token.owner:
            raise Refused(UNKNOWN)
        return {"id": "f267", "status": token.status, **({"expires_on": token.expires} if token.expires else {})}

    def _verify_owned(self, token: Token, account: str, query: JSON, body: JSON) -> JSON:
        if token.owner != account:
            raise Refused(UNKNOWN)
        return {"id": "f268", "status": token.status}

    @staticmethod
    def _page(found: list[JSON], query: JSON) -> list[JSON]:
        size, page = int(query.get("per_page", 20)), int(query.get("page", 1))
        return found[(page - 1) * size : page * size]

    def _accounts(self, token: Token, query: JSON, body: JSON) -> list[JSON]:
        if token.owner:
            raise Refused(NOT_FOR_ACCOUNTS)
        seen = self.accounts if token.grants & {TUNNEL_EDIT, TUNNEL_READ} else {}
        return self._page([{"id": key, "name": name} for key, name in seen.items()], query)

    def _shown(self, token: Token, zone: JSON) -> JSON:
        told = ["#zone:read", *(["#dns_records:edit", "#dns_records:read"] if DNS_EDIT in token.grants else [])]
        return {**zone, "permissions": told} if self.tells_permissions else zone

    def _zones(self, token: Token, query: JSON, body: JSON) -> list[JSON]:
        self._may(token, ZONE_READ)
        return self._page([self._shown(token, zone) for zone in self.zones.values()], query)

    def _zone(self, token: Token, zone: str, query: JSON, body: JSON) -> JSON:
        self._may(token, ZONE_READ)
        if zone not in self.zones:
            raise Refused((404, 7003, f"Could not route to /zones/{zone}, perhaps your object identifier is invalid?"))
        return self._shown(token, self.zones[zone])

    def _own(self, account: str, tunnel: str) -> JSON:
        found = self.tunnels.get(tunnel)
        if found is None or found["account_tag"] != account or found["deleted_at"]:
            raise Refused(NO_TUNNEL)
        return found

    def _tunnels(self, token: Token, account: str, query: JSON, body: JSON) -> list[JSON]:
        self._may(token, TUNNEL_EDIT, TUNNEL_READ)
        return [one for one in self.living if one["account_tag"] == account and one["name"] == query.get("name")]

    def _make_tunnel(self, token: Token, account: str, query: JSON, body: JSON) -> JSON:
        self._may(token, TUNNEL_EDIT)
        assert body["config_src"] == "cloudflare"
        if any(one["name"] == body["name"] and one["account_tag"] == account for one in self.living):
            raise Refused(NAME_TAKEN)
        return self.tunnel(account, body["name"])

    def _change_tunnel(self, token: Token, account: str, tunnel: str, query: JSON, body: JSON) -> JSON:
        self._may(token, TUNNEL_EDIT)
        return self._own(account, tunnel) | body

    def _delete_tunnel(self, token: Token, account: str, tunnel: str, query: JSON, body: JSON) -> JSON:
        self._may(token, TUNNEL_EDIT)
        found = self._own(account, tunnel)
        if found["connections"]:
            raise Refused(STILL_CONNECTED)
        found["deleted_at"] = "2026-11-28T12:00:00Z"
        return found

    def _drop(self, token: Token, account: str, tunnel: str, query: JSON, body: JSON) -> JSON:
        self._may(token, TUNNEL_EDIT)
        self._own(account, tunnel)["connections"] = []
        return {}

    def _token(self, token: Token, account: str, tunnel: str, query: JSON, body: JSON) -> str:
        self._may(token, TUNNEL_EDIT)
        return str(self._own(account, tunnel)["token"])

    def _configure(self, token: Token, account: str, tunnel: str, query: JSON, body: JSON) -> JSON:
        self._may(token, TUNNEL_EDIT)
        rules = body["config"]["ingress"]
        self._own(account, tunnel)
        if "hostname" in rules[-1]:
            raise Refused((400, 1056, "Bad Configuration: The last ingress rule must match all URLs"))
        self.ingress[tunnel] = rules
        return {"tunnel_id": tunnel, "version": 1, "config": body["config"]}

    def _records(self, token: Token, zone: str, query: JSON, body: JSON) -> list[JSON]:
        self._may(token, DNS_EDIT)
        return [one for one in self.records.values() if one["zone"] == zone and one["name"] == query.get("name")]

    def _make_record(self, token: Token, zone: str, query: JSON, body: JSON) -> JSON:
        self._may(token, DNS_EDIT)
        assert body["proxied"] is True
        if any(one["name"] == body["name"] and one["zone"] == zone for one in self.records.values()):
            raise Refused(RECORD_TAKEN)
        return self.record(zone, body["type"], body["name"], body["content"])

    def _record(self, token: Token, zone: str, record: str, query: JSON, body: JSON) -> JSON:
        self._may(token, DNS_EDIT)
        if record not in self.records or self.records[record]["zone"] != zone:
            raise Refused(NO_RECORD)
        return self.records[record]

    def _delete_record(self, token: Token, zone: str, record: str, query: JSON, body: JSON) -> JSON:
        self._record(token, zone, record, query, body)
        del self.records[record]
        return {"id": record}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for fault in self.faults:
            if fault.hold is not None:
                fault.hold.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
