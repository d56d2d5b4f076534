# SPDX-License-Identifier: MIT
"""A window of its own: `opencode-nexus desktop`.

The **window** is the system's own web view with the hub's pages in it; pywebview drives it (WebKitGTK or Qt on Linux,
WKWebView on macOS, WebView2 on Windows). The **hub** is a process of its own, which the window joins or starts: it
goes on without the window. The **watch** looks at the hub every few seconds, brings it back when it was killed, and
tells the **tray**, the icon beside the clock. The **instance** is the one window of a home folder: a second start
brings it to the front. Without a web view the hub opens in a browser's **app mode**, a window without tabs.
"""
