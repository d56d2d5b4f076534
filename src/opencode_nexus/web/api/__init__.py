# SPDX-License-Identifier: MIT
"""The API under /api/v1, for programs: JSON in and out, its document at /api/v1/openapi.json.

Glossary
    application  the FastAPI application that the route table mounts; one router a noun
    models       what goes in and out, as pydantic models, one file a noun
    item list    {"items": [...], "next": …}: `next` is what to send as `before` for the page after, or null
    problem      an error as problem+json (RFC 9457), with `code` for programs and `hint` for people
    inbox        what waits for a person: permissions and questions of all servers
    events       the hub's record of what happens, as a stream that resumes from a cursor `<boot>.<seq>`

Who asks was settled before a request comes here: `web.middleware` checks the token and its scopes.
"""
