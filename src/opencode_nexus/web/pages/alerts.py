# SPDX-License-Identifier: MIT
"""The alerts: what is open, and the rules with their figures as one form."""

from dataclasses import dataclass

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.observe.alert_rules import Chosen, RuleUnusable, checked
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.inbox_view import alert_place

PATH = "/settings/alerts"
FIGURES = ("threshold", "minutes")


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule as the form shows it: `values` by figure as typed, "" for one that it does not have."""

    chosen: Chosen
    on: bool
    values: dict[str, str]


def _name(rule_id: str, what: str) -> str:
    return f"{rule_id}-{what}"


def _line(chosen: Chosen, typed: FormData) -> RuleLine:
    kept = {"threshold": chosen.threshold, "minutes": chosen.minutes}
    values = {
        what: "" if value is None else str(typed.get(_name(chosen.rule.id, what), f"{value:g}"))
        for what, value in kept.items()
    }
    return RuleLine(chosen, bool(typed.get(_name(chosen.rule.id, "on"))) if typed else chosen.on, values)


def _show(
    request: Request, status: int = 200, errors: dict[str, str] | None = None, typed: FormData | None = None
) -> Response:
    hub: Hub = request.state.hub
    base = request.scope.get("root_path", "")
    response: Response = hub.pages.response(
        request,
        "settings_alerts.html",
        status,
        open=[
            (alert, base + place, words) for alert in hub.alerts.all() for place, words in [alert_place(hub, alert.id)]
        ],
        rules=[_line(chosen, typed or FormData()) for chosen in hub.alerts.rules()],
        errors=errors or {},
        said="Saved." if request.query_params.get("said") == "saved" and not errors else "",
    )
    return response


async def page(request: Request) -> Response:
    """GET /settings/alerts"""
    return _show(request)


async def save(request: Request) -> Response:
    """POST /settings/alerts: each rule’s `<rule>-on`, `<rule>-threshold` and `<rule>-minutes`; all of it or nothing."""
    hub: Hub = request.state.hub
    async with request.form() as form:
        errors: dict[str, str] = {}
        figures: dict[str, dict[str, float]] = {}
        for chosen in hub.alerts.rules():
            rule = chosen.rule
            figures[rule.id] = {}
            for what in FIGURES:
                name = _name(rule.id, what)
                if name not in form:
                    continue
                try:
                    figure = float(str(form[name]).strip().replace(",", "."))
                    checked(rule, **{"threshold": None, "minutes": None, what: figure})
                    figures[rule.id][what] = figure
                except RuleUnusable as error:
                    errors[name] = error.detail
                except ValueError:
                    errors[name] = f"{rule.label}: enter a number, such as 2 or 0.5."
        if errors:
            return _show(request, RuleUnusable.status, errors, form)
        for rule_id, given in figures.items():
            await hub.alerts.set_rule(rule_id, on=bool(form.get(_name(rule_id, "on"))), **given)
    return RedirectResponse(f"{request.scope.get('root_path', '')}{PATH}?said=saved", 303)


routes: list[BaseRoute] = [
    Route(PATH, page, methods=["GET"]),
    Route(PATH, save, methods=["POST"]),
]
