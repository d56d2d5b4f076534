# SPDX-License-Identifier: MIT
"""A person's hands: a mouse, a keyboard alone, or fingers on a phone. Each does the same things its own way."""

from typing import Literal

from playwright.async_api import FilePayload, Locator, Page, expect

# A picture from a camera, made in the page: 3000 px wide, with a drop's or a paste's way to hand it over.
PICTURE = """async () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [3000, 1500];
    canvas.getContext("2d").fillRect(200, 200, 900, 900);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9)), held = new DataTransfer();
    held.items.add(new File([blob], "shop.jpg", { type: "image/jpeg" }));
    return held;
}"""

Way = Literal["mouse", "keyboard", "touch"]
WAYS: tuple[Way, ...] = ("mouse", "keyboard", "touch")
WIDTHS = {"mouse": 1440, "keyboard": 1440, "touch": 375}
STEPS = 200  # controls that are walked past before giving up

# Where the target lies from what has the focus: 0 it has it, 1 later on the page or inside, -1 before; or the group
# of radio buttons whose one button has the focus.
WAY_TO = """el => {
    const here = document.activeElement || document.body;
    if (here === el) return 0;
    if (el.type === 'radio' && here.type === 'radio' && here.name === el.name && here.form === el.form) return 2;
    if (here === document.body) return 1;
    return here.compareDocumentPosition(el) & Node.DOCUMENT_POSITION_PRECEDING ? -1 : 1;
}"""
NAME = "document.activeElement && document.activeElement.outerHTML.slice(0, 100)"


class Hands:
    """`way` is how the page is used. The keyboard goes by Tab, Shift+Tab and arrows and sets no focus itself."""

    def __init__(self, page: Page, way: Way) -> None:
        self.page, self.way = page, way

    async def to(self, target: Locator) -> None:
        """By keyboard: walk to it, as somebody does who sees where it is; fails after `STEPS` steps."""
        await expect(target).to_have_count(1)
        seen: list[str] = []
        for _ in range(STEPS):
            step = await target.evaluate(WAY_TO)
            if step == 0:
                # who walks with Tab must see where they are
                assert await target.evaluate("el => el.matches(':focus-visible')"), f"{target} has no focus to be seen"
                return
            await self.page.keyboard.press({2: "ArrowDown", 1: "Tab", -1: "Shift+Tab"}[step])
            seen.append(await self.page.evaluate(NAME))
        raise AssertionError(f"no way by keyboard to {target}: {seen[-20:]}")

    async def use(self, target: Locator, key: str = "Enter") -> None:
        """Press a button, follow a link, open what is folded, or choose a radio button."""
        if self.way == "mouse":
            await target.click()
        elif self.way == "touch":
            await target.tap()
        else:
            await self.to(target)
            if await target.get_attribute("type") != "radio":  # an arrow has chosen it
                await self.page.keyboard.press(key)
            elif not await target.is_checked():
                await self.page.keyboard.press("Space")

    async def write(self, field: Locator, text: str, *, typed: bool = False) -> None:
        """Put `text` in place of what stands in a field; `typed`: key by key."""
        if self.way == "keyboard":
            await self.to(field)
        else:
            await self.use(field)
        await self.page.keyboard.press("ControlOrMeta+a")
        if typed:
            await self.page.keyboard.type(text)
        else:
            await self.page.keyboard.insert_text(text)

    async def send(self, field: Locator, text: str) -> None:
        """Write a message and send it."""
        await self.write(field, text)
        if self.way == "keyboard":
            await self.page.keyboard.press("Enter")
        else:
            await self.use(self.page.get_by_role("button", name="Send", exact=True))

    async def choose(self, field: Locator, name: str) -> None:
        """Choose what begins with `name` in a list that opens; what the system draws itself has no page to touch."""
        if self.way == "keyboard":
            await self.to(field)
            await self.page.keyboard.type(name)
        else:
            await field.select_option(name)

    async def give(self, field: Locator, file: FilePayload) -> None:
        """Choose a file in the system's dialog."""
        async with self.page.expect_file_chooser() as opened:
            if self.way == "keyboard":
                await self.use(field)
            else:  # the field is seen as its label
                named = self.page.locator("label", has=field)
                await self.use(named if await named.count() else field)
        await (await opened.value).set_files(file)
