# SPDX-License-Identifier: MIT
"""/doctor: the checks, the fixes, and the report of a problem."""

from fastapi import APIRouter
from fastapi.responses import Response

from opencode_nexus.observe.doctor.finding import Finding as Found
from opencode_nexus.web.api.deps import HubDep
from opencode_nexus.web.api.models.doctor import Finding, Mend
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.pages.help_report import bundled, report_of

router = APIRouter(prefix="/doctor", tags=["doctor"])


@router.get("")
async def list_findings(hub: HubDep) -> Items[Finding]:
    """Make every check. It takes up to three seconds, and longer where a keyring or an OpenCode does not answer."""
    return Items(items=[_finding(found) for found in await hub.doctor.run()], next=None)


@router.post("/fix")
async def mend(hub: HubDep, wanted: Mend) -> Finding:
    """Mend what a check finds, and return what it finds afterwards."""
    return _finding(await hub.doctor.fix(wanted.id, wanted.seen))


@router.get("/report", response_class=Response, responses={200: {"content": {"application/zip": {}}}})
async def download_report(hub: HubDep) -> Response:
    """Download findings, settings and logs as one .zip; secrets are replaced by dots. Nothing is sent anywhere."""
    return bundled(await report_of(hub))


def _finding(found: Found) -> Finding:
    return Finding(
        id=found.id, title=found.title, status=found.status, said=found.said, todo=found.todo,
        does=list(found.does), seen=found.seen,
    )  # fmt: skip
