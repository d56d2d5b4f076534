# SPDX-License-Identifier: MIT
"""What a browser or a program reaches over HTTP.

Glossary
    hub          `context.Hub`: the services a handler may use, found at `request.state.hub`
    who          `access.who.Who`: who asks, found at `request.state.who` (None: nobody yet)
    page         HTML for a person, under `pages/`; a plain form works without script
    API          JSON for programs, under `api/`, served below /api/v1
    middleware   what every request passes first, one class a file
    base path    the path under which a proxy serves the hub; `url()` in templates puts it before each address
"""
