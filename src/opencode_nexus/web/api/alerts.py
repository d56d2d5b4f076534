# SPDX-License-Identifier: MIT
"""/alerts: what is wrong now, and from when on it is told."""

from fastapi import APIRouter

from opencode_nexus.observe.alert_rules import Chosen
from opencode_nexus.web.api.deps import HubDep
from opencode_nexus.web.api.models.alert import Alert, AlertRule, AlertRuleChange
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.context import Hub

router = APIRouter(prefix="/alerts", tags=["alerts"])


def _rule(hub: Hub, chosen: Chosen) -> AlertRule:
    rule = chosen.rule
    return AlertRule(
        id=rule.id, label=rule.label, help=rule.help, level=rule.level, on=chosen.on, threshold=chosen.threshold,
        unit=rule.unit, minutes=chosen.minutes, words=chosen.words,
        open=sum(alert.rule == rule.id for alert in hub.alerts.all()),
    )  # fmt: skip


@router.get("")
async def list_alerts(hub: HubDep) -> Items[Alert]:
    """List the alerts that are open, the newest first. Those that are over are in the events of the kind alert."""
    return Items(
        items=[
            Alert(
                id=alert.id,
                rule=alert.rule,
                server_id=alert.subject if alert.subject.startswith("srv_") else None,
                tunnel_id=alert.subject if alert.subject.startswith("tun_") else None,
                level=alert.level,
                title=alert.title,
                detail=alert.detail,
                at=alert.at,
            )
            for alert in hub.alerts.all()
        ],
        next=None,
    )


@router.get("/rules")
async def list_alert_rules(hub: HubDep) -> Items[AlertRule]:
    """List the rules."""
    return Items(items=[_rule(hub, chosen) for chosen in hub.alerts.rules()], next=None)


@router.patch("/rules/{rule_id}")
async def change_alert_rule(hub: HubDep, rule_id: str, change: AlertRuleChange) -> AlertRule:
    """Change a rule; it holds from the next look on, ten seconds at most."""
    chosen = await hub.alerts.set_rule(rule_id, on=change.on, threshold=change.threshold, minutes=change.minutes)
    return _rule(hub, chosen)
