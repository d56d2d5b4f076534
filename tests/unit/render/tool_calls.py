# SPDX-License-Identifier: MIT
"""A call of each built-in tool, as OpenCode 1.18.33 told it (paths made short), and of some that it does not know."""

from typing import Any

FOLDER = "/p"
EDITED = """Index: /p/a.py
===================================================================
--- /p/a.py
+++ /p/a.py
@@ -1,4 +1,4 @@
 one
-two = 1
+two = 2 & <b>
 three
 four = 1
"""
ADDED = "Index: /p/added.txt\n====\n--- /p/added.txt\n+++ /p/added.txt\n@@ -0,0 +1,1 @@\n+hi\n"
DELETED = "Index: /p/new.py\n====\n--- /p/new.py\n+++ /p/new.py\n@@ -1,1 +0,0 @@\n-hello\n"
PATCH = "*** Begin Patch\n*** Add File: added.txt\n+hi\n*** Update File: a.py\n@@\n-three\n+THREE\n*** End Patch"
TODOS = [
    {"content": "Read <it>", "status": "completed", "priority": "high"},
    {"content": "Write it", "status": "in_progress", "priority": "low"},
    {"content": "Ship it", "status": "pending", "priority": "low"},
]
QUESTION = {
    "question": "Which?",
    "header": "W",
    "options": [{"label": "A", "description": "a"}, {"label": "B", "description": "b"}],
    "multiple": True,
}
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def done(entered: dict[str, Any], output: str, title: str = "", /, **metadata: Any) -> dict[str, Any]:
    """The state of a call that is over."""
    times = {"start": 1000, "end": 1400}
    return {
        "status": "completed",
        "input": entered,
        "output": output,
        "title": title,
        "metadata": metadata,
        "time": times,
    }


def running(entered: dict[str, Any], /, **metadata: Any) -> dict[str, Any]:
    return {"status": "running", "input": entered, "metadata": metadata, "time": {"start": 1000}}


def failed(entered: dict[str, Any], error: str) -> dict[str, Any]:
    return {"status": "error", "input": entered, "error": error, "time": {"start": 1000, "end": 1001}}


def read(text: str, start: int, end: int, total: int) -> dict[str, Any]:
    display = {"type": "file", "path": "/p/a.py", "text": text, "lineStart": start, "lineEnd": end, "totalLines": total}
    entered = {"filePath": "/p/a.py", "offset": start, "limit": end - start + 1}
    return done(
        entered, f"<path>/p/a.py</path>\n<type>file</type>\n<content>\n{text}\n</content>", "a.py", display=display
    )


def calls() -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """Return calls (tool, state) by the name of their golden file."""
    cut = "...output truncated...\n\nFull output saved to: /d/tool_1\n\n29999\n30000\n"
    aborted = "one\n\n<shell_metadata>\nUser aborted the command\n</shell_metadata>"
    entries = {"type": "directory", "path": "/p/src", "entries": ["b.py", "<c>/"], "offset": 1, "totalEntries": 2}
    kinds = (("add", "added.txt", ADDED), ("update", "a.py", EDITED), ("delete", "new.py", DELETED))
    files = [
        {"filePath": f"/p/{name}", "relativePath": name, "type": kind, "patch": text} for kind, name, text in kinds
    ]
    shot = {**done({"filePath": "/p/a.png"}, "Image read successfully", "a.png"), "attachments": [
        {"type": "file", "mime": "image/gif", "url": PIXEL},
        {"type": "file", "mime": "image/svg+xml", "url": "data:image/svg+xml;base64,PHN2Zy8+"},
    ]}  # fmt: skip
    diagnostics = {
        "/p/a.py": [{"severity": 1, "message": "Name <x> is not\ndefined"}, {"severity": 2, "message": "unused"}]
    }
    task = {"description": "Look", "prompt": "do it", "subagent_type": "general"}
    reported = (
        '<task id="ses_child0123456789" state="completed">\n<task_result>\nAll is <well>.\n</task_result>\n</task>'
    )
    return {
        "bash": [
            ("bash", running({"command": "make test", "description": "Test"}, output="\x1b[32mok\x1b[0m 1\n")),
            ("bash", done({"command": "false"}, "", "false", exit=1, output="")),
            ("bash", done({"command": "seq 1 30000"}, cut, exit=0, truncated=True, outputPath="/d/tool_1")),
            ("bash", done({"command": "sleep 9"}, aborted, exit=None)),
        ],
        "read": [
            ("read", read("two\nthree", 2, 3, 4)),
            ("read", done({"filePath": "/p/src"}, "<path>…", "src", display=entries)),
            ("read", failed({"filePath": "/p/nope"}, "File not found: /p/nope")),
            ("read", shot),
        ],
        "list": [("list", done({"path": "/p"}, "/p/\n  a.py\n", ""))],
        "write": [
            ("write", done({"filePath": "/p/new.py", "content": "a\nb\n"}, "Wrote file successfully.", exists=False)),
            ("write", done({"filePath": "/p/a.py", "content": "a"}, "Wrote it.", exists=True, diagnostics=diagnostics)),
        ],
        "edit": [
            ("edit", running({"filePath": "/p/a.py", "oldString": "two", "newString": "2"})),
            ("edit", done({"filePath": "/p/a.py"}, "Edit applied successfully.", "a.py", diff=EDITED)),
            ("edit", failed({"filePath": "/p/a.py"}, 'Missing key\n  at ["oldString"]')),
            ("multiedit", running({"filePath": "/p/a.py", "edits": [{"oldString": "1", "newString": ""}]})),
        ],
        "patch": [
            ("apply_patch", running({"patchText": PATCH})),
            ("apply_patch", done({"patchText": PATCH}, "Success.", diff=ADDED + EDITED + DELETED, files=files)),
        ],
        "search": [
            ("glob", done({"pattern": "**/*.py", "path": "/p"}, "/p/new.py\n/p/src/<b>.py", count=2, truncated=False)),
            ("grep", done({"pattern": "T"}, "Found 1 matches\n/p/src/b.py:\n  Line 2: T <b> = 1\n", matches=1)),
            ("grep", done({"pattern": "zzzz"}, "No files found", matches=0)),
            ("glob", failed({"pattern": "*"}, "ripgrep execution failed")),
        ],
        "web": [
            ("webfetch", done({"url": "https://example.org/?a=1&b=<2>", "format": "text"}, "Words.")),
            ("webfetch", done({"url": "javascript:alert(1)"}, "Words.")),
            ("websearch", done({"query": "x y", "numResults": 8}, "Found.")),
        ],
        "todo": [("todowrite", done({"todos": TODOS}, "[]", "2 todos", todos=TODOS)), ("todoread", running({}))],
        "task": [
            ("task", running(task, sessionId="ses_child0123456789")),
            ("task", done(task, reported, "Look", sessionId="ses_child0123456789")),
        ],
        "question": [
            ("question", running({"questions": [QUESTION]})),
            ("question", done({"questions": [QUESTION]}, "User has answered", answers=[["A", "my <own>"]])),
        ],
        "other": [
            ("skill", done({"name": "s"}, '<skill_content name="s">\n# Skill\n</skill_content>', "Loaded skill: s")),
            ("lsp", done({"operation": "hover", "filePath": "/p/a.py", "line": 3, "character": 7}, "[]")),
            ("invalid", done({"tool": "nosuch", "error": "Model tried to call unavailable tool 'nosuch'."}, "…")),
            ("github_create_issue", done({"title": "A <b>", "labels": ["x"]}, '{"number": 4}', "")),
            ("mine", done({}, "")),
        ],
    }  # fmt: skip
