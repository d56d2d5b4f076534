# SPDX-License-Identifier: MIT
"""Whether a message names a model and an agent that there are.

OpenCode 1.18.33 accepts a prompt with an agent that it does not have and then drops its text; with a model that it
does not offer it keeps the text and never answers (measured).
"""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from opencode_nexus.chat.errors import AgentUnknown, ModelUnknown, VariantUnknown
from opencode_nexus.opencode.api import Client

TOLD = 12  # names that an error lists


@dataclass(slots=True)
class _Names:
    """What was offered in one folder when it was asked for last; None: not asked for yet."""

    models: dict[str, tuple[str, ...]] | None = None  # with their variants
    agents: set[str] | None = None


class Choices:
    """The names that each running server offers in each folder.

    OpenCode reads its configuration when it starts and when it is told to load it anew, so an answer holds until
    then. A name that is not in it is asked for again all the same: somebody else may have told OpenCode.
    """

    def __init__(self) -> None:
        self._names: WeakKeyDictionary[Client, dict[str, _Names]] = WeakKeyDictionary()

    def forget(self) -> None:
        """What is offered changes: ask again."""
        self._names.clear()

    async def check(
        self, client: Client, directory: str, model: str | None, agent: str | None, variant: str | None = None
    ) -> None:
        """Return if all are offered (None: OpenCode's own choice).

        Raises ModelUnknown, AgentUnknown or VariantUnknown; a variant without a model is OpenCode's to judge.
        """
        known = self._names.setdefault(client, {}).setdefault(directory, _Names())
        if model is not None and model not in (known.models or ()):
            providers = (await client.usable_providers(directory)).get("providers") or ()
            known.models = {
                f"{one['id']}/{name}": variants_of(offer)
                for one in providers
                for name, offer in (one.get("models") or {}).items()
            }
            if model not in known.models:
                raise ModelUnknown(_told(model, set(known.models)))
        if variant is not None and model is not None and variant not in (known.models or {})[model]:
            raise VariantUnknown(_told(variant, set((known.models or {})[model])))
        if agent is not None and agent not in (known.agents or ()):
            known.agents = {str(one.get("name", "")) for one in await client.agents(directory) if not one.get("hidden")}
            if agent not in known.agents:
                raise AgentUnknown(_told(agent, known.agents))


def variants_of(offer: object) -> tuple[str, ...]:
    """Return the names of a model's variants, in OpenCode's order: the ways in which it can be asked to think."""
    variants = offer.get("variants") if isinstance(offer, dict) else None
    return tuple(variants) if isinstance(variants, dict) else ()


def _told(asked: str, offered: set[str]) -> str:
    names = sorted(offered)
    more = f" and {len(names) - TOLD} more" if len(names) > TOLD else ""
    return f"Asked for: {asked[:80]!r}. There is: {', '.join(names[:TOLD]) or 'none'}{more}."
