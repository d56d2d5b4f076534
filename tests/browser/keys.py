# SPDX-License-Identifier: MIT
"""A person with a keyboard and no mouse: goes to a control by its name with Tab, and never clicks."""

from playwright.async_api import Page

STEPS = 120  # controls of one page that are walked past before giving up

# The name of the control that has the focus (a heading may have it, too), as a screen reader would say it,
# shortened to what these tests need.
NAME = """() => {
    const el = document.activeElement;
    if (!el || !el.matches('a[href], button, input, select, textarea, summary')) return '';
    const label = el.labels && el.labels[0];
    const words = el.getAttribute('aria-label') || (label && label.innerText) || el.innerText || el.value || '';
    return words.replace(/\\s+/g, ' ').trim();
}"""


class Keys:
    """The keyboard of one page."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def here(self) -> str:
        """Return the name of what has the focus now."""
        name: str = await self._page.evaluate(NAME)
        return name

    async def to(self, name: str) -> None:
        """Press Tab until a control whose name begins with `name` has the focus; fails after a full round."""
        seen = [await self.here()]
        while not seen[-1].startswith(name):
            assert len(seen) <= STEPS, f"no way by Tab to {name!r}: {seen}"
            await self._page.keyboard.press("Tab")
            seen.append(await self.here())
        assert await self._page.evaluate("document.activeElement.matches(':focus-visible')"), name

    async def press(self, name: str, key: str = "Enter") -> None:
        """Go to a control and press `key` on it."""
        await self.to(name)
        await self._page.keyboard.press(key)

    async def fill(self, name: str, text: str) -> None:
        """Go to a field and type `text` in place of what stands there."""
        await self.to(name)
        await self._page.keyboard.press("ControlOrMeta+a")
        await self._page.keyboard.type(text)

    async def choose(self, group: str, name: str) -> None:
        """Go to the group of radio buttons that holds one whose name begins with `group`; then by arrows to `name`."""
        await self.to(group)
        for _ in range(STEPS):
            if (await self.here()).startswith(name):
                return
            await self._page.keyboard.press("ArrowDown")
        raise AssertionError(f"no way by arrows to {name!r}")
