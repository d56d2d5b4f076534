# SPDX-License-Identifier: MIT
"""The icons of the installed app as PNG files, drawn by Chromium from the project's mark (favicon.svg).

Each is written with a palette of 16 colours, between the mark's two: 5 KB for all of them instead of 40.
"""

import base64
import os
import re
import shutil
import struct
import sys
import zlib
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "src/opencode_nexus/web/static"
SHADES = 16
# name → (pixels, share of the canvas that the mark takes, what lies behind it: rounded, square, or nothing)
ICONS = {
    "app-192.png": (192, 1.0, "rounded"),
    "app-512.png": (512, 1.0, "rounded"),
    "app-maskable.png": (512, 0.85, "square"),  # within the circle of 40 % that every shape of mask leaves
    "app-apple.png": (180, 1.0, "square"),  # iOS rounds it itself, and shows what is transparent as black
    "badge.png": (96, 1.3, "nothing"),  # Android shows its shape alone, in the colour of its status bar
}
DRAW = """async ([source, size]) => {
    const image = new Image();
    image.src = 'data:image/svg+xml;base64,' + btoa(source);
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), {width: size, height: size});
    const pen = canvas.getContext('2d');
    pen.drawImage(image, 0, 0, size, size);
    let text = '';
    for (const value of pen.getImageData(0, 0, size, size).data) text += String.fromCharCode(value);
    return btoa(text);
}"""


def drawing(svg: str, size: int, share: float, behind: str) -> str:
    """Return favicon.svg as the source of one icon."""
    shift = 16 * (1 - share)
    svg = svg.replace("<g ", f'<g transform="translate({shift} {shift}) scale({share})"><g ', 1)
    svg = svg.replace("</svg>", "</g></svg>").replace("<svg ", f'<svg width="{size}" height="{size}" ', 1)
    if behind == "square":
        svg = svg.replace(' rx="7"', "", 1)
    elif behind == "nothing":
        svg = re.sub(r"<rect[^>]*>", "", svg, count=1)
    return svg


def png(size: int, pixels: bytes, fill: tuple[int, int, int]) -> bytes:
    """Return RGBA `pixels` as a PNG whose palette goes from `fill` to white, then from `fill` to transparent."""
    most = SHADES - 1
    half = SHADES // 2
    palette = [tuple(round(a + (255 - a) * n / (half - 1)) for a in fill) for n in range(half)]
    alphas = [255] * half + [round(255 * (half - n) / half) for n in range(1, half + 1)]
    rows = bytearray()
    for y in range(size):
        row = bytearray()
        for x in range(size):
            red, _, _, alpha = pixels[4 * (y * size + x) : 4 * (y * size + x) + 4]
            if alpha < 250:
                row.append(min(most, half + round((255 - alpha) / 255 * half) - 1 if alpha < 240 else 0))
            else:
                row.append(round((red - fill[0]) / (255 - fill[0]) * (half - 1)) if fill[0] < 255 else 0)
        rows.append(0)
        rows += bytes(row[i] << 4 | row[i + 1] for i in range(0, size, 2))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    colours = b"".join(bytes(colour) for colour in [*palette, *[fill] * half])
    head = struct.pack(">IIBBBBB", size, size, 4, 3, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            chunk(b"PLTE", colours),
            chunk(b"tRNS", bytes(alphas)),
            chunk(b"IDAT", zlib.compress(bytes(rows), 9)),
            chunk(b"IEND", b""),
        ]
    )


def main() -> None:
    svg = (STATIC / "favicon.svg").read_text(encoding="utf-8")
    accent = re.search(r'fill="#(\w{6})"', svg)
    assert accent is not None
    colour = bytes.fromhex(accent[1])
    program = os.environ.get("NEXUS_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        total = 0
        for name, (size, share, behind) in ICONS.items():
            pixels = base64.b64decode(page.evaluate(DRAW, [drawing(svg, size, share, behind), size]))
            fill = (255, 255, 255) if behind == "nothing" else (colour[0], colour[1], colour[2])
            data = png(size, pixels, fill)
            (STATIC / name).write_bytes(data)
            total += len(data)
            print(f"{name}: {len(data):,} bytes", file=sys.stderr)
        browser.close()
    print(f"all: {total:,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
