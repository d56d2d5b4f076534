# SPDX-License-Identifier: MIT
"""What a model, a file or a web page may say to make a page do something: each line tries to set `window.ran`.

From the tricks that filters are known to miss: broken attributes and tags, SVG and MathML, addresses that are
scripts, Markdown's links and pictures, ends of raw text elements, mutations of a second parse, escapes, control
characters.
"""

from typing import Any

VECTORS = [
    "<script>window.ran=1</script>",
    "<SCRIPT SRC=//evil.invalid/x.js></SCRIPT>",
    "<scr<script>ipt>window.ran=1</scr</script>ipt>",
    "<script\x00>window.ran=1</script>",
    "<script/x>window.ran=1</script >",
    "</script><script>window.ran=1</script>",
    "</code></pre><script>window.ran=1</script>",
    "</summary></details><img src=x onerror=window.ran=1>",
    "</textarea><script>window.ran=1</script>",
    "</title><script>window.ran=1</script>",
    "</style><script>window.ran=1</script>",
    "</noscript><img src=x onerror=window.ran=1>",
    "</template><img src=x onerror=window.ran=1>",
    "</article></div></main><img src=x onerror=window.ran=1>",
    "<img src=x onerror=window.ran=1>",
    "<img src=x onerror=window.ran=1//",
    "<img/src=x/onerror=window.ran=1>",
    "<img src='x' onerror='window.ran=1'>",
    '<img src="x" onerror="window.ran=1">',
    "<img src=`x` onerror=window.ran=1>",
    "<img \x0csrc=x \x0conerror=window.ran=1>",
    "<img src=//evil.invalid/pixel.png>",
    '<img srcset="//evil.invalid/a.png 1x">',
    "<image src=x onerror=window.ran=1>",
    "<svg onload=window.ran=1>",
    "<svg><script>window.ran=1</script></svg>",
    "<svg><animate onbegin=window.ran=1 attributeName=x dur=1s>",
    "<svg><a xlink:href='javascript:window.ran=1'><text>x</text></a></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=window.ran=1>#x'></svg>",
    "<svg><style><img src=x onerror=window.ran=1></style></svg>",
    "<svg></p><style><a id='</style><img src=x onerror=window.ran=1>'>",
    "<svg><foreignObject><iframe srcdoc='<script>parent.ran=1</script>'></foreignObject></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=window.ran=1&gt;'>",
    "<math href='javascript:window.ran=1'>x</math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=window.ran=1>",
    "<noscript><p title='</noscript><img src=x onerror=window.ran=1>'>",
    "<template><script>window.ran=1</script></template>",
    "<iframe src='javascript:window.ran=1'></iframe>",
    "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
    "<object data='javascript:window.ran=1'></object>",
    "<embed src='javascript:window.ran=1'>",
    "<base href='//evil.invalid/'>",
    "<meta http-equiv=refresh content='0;url=javascript:window.ran=1'>",
    "<link rel=stylesheet href=//evil.invalid/x.css>",
    "<style>@import '//evil.invalid/x.css'; * { background: url(//evil.invalid/y) }</style>",
    "<p style='background:url(//evil.invalid/z)'>x</p>",
    "<input autofocus onfocus=window.ran=1>",
    "<details open ontoggle=window.ran=1>",
    "<video><source onerror=window.ran=1></video>",
    "<audio src=x onerror=window.ran=1>",
    "<body onload=window.ran=1>",
    "<marquee onstart=window.ran=1>x</marquee>",
    "<button popovertarget=chats formaction='javascript:window.ran=1' autofocus onfocus=window.ran=1>x</button>",
    "<a href='javascript:window.ran=1'>x</a>",
    "<form action='//evil.invalid/'><input name=x></form>",
    '" onmouseover="window.ran=1" autofocus onfocus="window.ran=1" x="',
    "' onmouseover='window.ran=1' autofocus onfocus='window.ran=1' x='",
    '"><script>window.ran=1</script>',
    "'><script>window.ran=1</script>",
    "`onmouseover=window.ran=1 ",
    "x onfocus=window.ran=1 autofocus tabindex=0",
    "javascript:window.ran=1",
    "JaVaScRiPt:window.ran=1//https://example.org",
    "java\tscript:window.ran=1",
    "\x01javascript:window.ran=1",
    "data:text/html,<script>window.ran=1</script>",
    "vbscript:window.ran=1",
    "https://example.org/\"onmouseover=\"window.ran=1",
    "[x](javascript:window.ran=1)",
    "[x](<javascript:window.ran=1>)",
    "[x](JAVASCRIPT&colon;window.ran=1)",
    "[x](java&#10;script:window.ran=1)",
    "[x](data:text/html;base64,PHNjcmlwdD53aW5kb3cucmFuPTE8L3NjcmlwdD4=)",
    '[x](https://example.org "\\" onmouseover=\\"window.ran=1")',
    "[x](https://example.org/'onmouseover='window.ran=1)",
    "![x](javascript:window.ran=1)",
    "![x](//evil.invalid/p.png)",
    "![\"onerror=\"window.ran=1](https://evil.invalid/q.png)",
    "<javascript:window.ran=1>",
    "<https://example.org/\"onmouseover=\"window.ran=1>",
    "[x]: javascript:window.ran=1\n\n[x]",
    "```\"><script>window.ran=1</script>\ncode\n```",
    "```html onmouseover=window.ran=1\n<script>window.ran=1</script>\n```",
    "| <img src=x onerror=window.ran=1> | b |\n|--|--|\n| <script>window.ran=1</script> | x |",
    "# <svg onload=window.ran=1>",
    "<!--><script>window.ran=1</script>-->",
    "<![CDATA[><script>window.ran=1</script>]]>",
    "<?xml version='1.0'?><script>window.ran=1</script>",
    "&lt;script&gt;window.ran=1&lt;/script&gt;",
    "&#60;img src=x onerror=window.ran=1&#62;",
    "\\u003cscript\\u003ewindow.ran=1\\u003c/script\\u003e",
    "+ADw-script+AD4-window.ran=1+ADw-/script+AD4-",
    "\x1b]8;;javascript:window.ran=1\x07<img src=x onerror=window.ran=1>\x1b]8;;\x07",
    "\x1b[31m<script>window.ran=1</script>\x1b[0m",
    "\x00<\x00s\x00c\x00r\x00i\x00p\x00t>window.ran=1</script>",
    "\u202e<script>window.ran=1</script>\u2066",
    "{{constructor.constructor('window.ran=1')()}}${window.ran=1}{% raw %}",
    "<kbd onclick=window.ran=1 onmouseover=window.ran=1>x</kbd><br onload=window.ran=1><sub/onclick=1>",
]  # fmt: skip

TOOLS = ("bash", "read", "list", "write", "edit", "apply_patch", "glob", "grep", "webfetch", "todowrite", "task",
         "question", "skill", "lsp", "invalid")  # fmt: skip


def states(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Return calls of every tool (its name, its state) that hold `text` wherever they can."""
    patch = f"--- {text}\n+++ {text}\n@@ -1,2 +1,2 @@ {text}\n {text}\n-{text}\n+{text} more\n"
    asked = {"question": text, "header": text, "options": [{"label": text, "description": text}]}
    todo = {"content": text, "status": text, "priority": text}
    names = ("command", "filePath", "path", "pattern", "url", "query", "content", "description", "prompt", "name",
             "tool", "error", "operation", "oldString", "subagent_type", "patchText")  # fmt: skip
    entered = {
        **dict.fromkeys(names, text),
        "todos": [todo],
        "questions": [asked],
        text: text,
        "newString": text + " more",
    }
    metadata = {
        "output": text, "diff": patch,
        "files": [{"filePath": text, "relativePath": text, "type": text, "patch": patch}],
        "todos": [todo], "answers": [[text]], "sessionId": text, "outputPath": text, "exit": text, "truncated": True,
        "diagnostics": {text: [{"severity": 1, "message": text}]}, "display": {"text": text, "entries": [text]},
    }  # fmt: skip
    attached = [{"type": "file", "mime": text, "url": text, "filename": text}]
    done = {"status": "completed", "input": entered, "output": text, "title": text, "metadata": metadata,
            "attachments": attached}  # fmt: skip
    made: list[tuple[str, dict[str, Any]]] = [(name, done) for name in (*TOOLS, text[:60])]
    found = f"Found 1 matches\n{text}:\n  Line 1: {text}\n"
    made.append(("grep", {"status": "completed", "input": entered, "output": found, "metadata": {}}))
    made.append(("bash", {"status": "error", "input": entered, "error": text, "metadata": metadata}))
    made.append(("edit", {"status": "running", "input": entered, "metadata": {}}))
    made.append((text[:60], {"status": text[:60], "input": entered, "metadata": {}}))
    return made


def parts(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the other kinds of part (its kind, its data) with `text` wherever they can hold it."""
    error = {"name": text, "data": {"message": text, "responseBody": text}}
    return [
        ("file", {"filename": text, "mime": text, "url": text}),
        ("file", {"filename": text, "mime": "image/png", "url": f"data:image/png;base64,{text}"}),
        ("file", {"filename": text, "mime": "image/svg+xml", "url": "data:image/svg+xml;base64,PHN2Zy8+"}),
        ("patch", {"files": [text, text]}),
        ("snapshot", {"snapshot": text}),
        ("step-finish", {"reason": "tool-calls", "cost": text, "tokens": {"input": text, "output": 1}}),
        ("retry", {"attempt": 1, "error": error}),
        ("compaction", {"auto": text}),
        ("agent", {"name": text}),
        ("subtask", {"agent": text, "description": text, "prompt": text}),
        (text[:40], {"what": text, text: text}),
    ]
