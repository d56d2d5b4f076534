# SPDX-License-Identifier: MIT
"""/setup: how far the set-up is, and all of it at once for the command."""

from dataclasses import asdict

from fastapi import APIRouter

from opencode_nexus.access.errors import ScopeMissing
from opencode_nexus.access.who import Who
from opencode_nexus.install.progress import Progress
from opencode_nexus.setup.state import STEPS
from opencode_nexus.web.api.deps import HubDep, WhoDep
from opencode_nexus.web.api.models.setup import Bringing, NewSetup, Program, Setup, SetupDone

router = APIRouter(prefix="/setup", tags=["hub"])


def _own_user(who: Who) -> None:
    # it compares a password without counting wrong ones, so it is for the machine's own user
    if who.via != "local":
        raise ScopeMissing("Only a command of the user who runs the hub may do this.")


def bringing_of(progress: Progress) -> Bringing:
    """Return how far a job is as the API tells it."""
    return Bringing(
        stage=progress.stage,
        running=progress.running,
        text=progress.text,
        done=progress.done,
        total=progress.total,
        rate=progress.rate,
        left=progress.left,
        error=progress.error,
    )


@router.get("")
async def get_setup(hub: HubDep) -> Setup:
    """Show how far the set-up is."""
    checked, progress = await hub.wizard.selected(), hub.installer.progress
    return Setup(
        done=hub.wizard.done,
        step=hub.wizard.step,
        steps=list(STEPS),
        opencode=None if checked is None else Program(path=str(checked.program), version=checked.version),
        bringing=bringing_of(progress),
    )


@router.post("")
async def set_up(hub: HubDep, who: WhoDep, wanted: NewSetup) -> SetupDone:
    """Do every step with these answers; what is there already stays as it is. For the machine's own user."""
    _own_user(who)
    outcome = await hub.wizard.apply(
        owner=wanted.owner,
        password=wanted.password.get_secret_value(),
        project=wanted.project,
        opencode=wanted.opencode,
        practice=wanted.practice,
    )
    return SetupDone(**asdict(outcome))


@router.post("/bring", status_code=202)
async def bring_opencode(hub: HubDep, who: WhoDep) -> None:
    """Begin to bring a copy of OpenCode into the home folder; follow it with GET."""
    _own_user(who)
    if not hub.installer.running:
        hub.installer.bring()


@router.post("/bring/cancel", status_code=204)
async def cancel_bringing_opencode(hub: HubDep, who: WhoDep) -> None:
    """End the job that brings OpenCode; nothing half-done is left. Without one, nothing is done."""
    _own_user(who)
    await hub.installer.cancel()
