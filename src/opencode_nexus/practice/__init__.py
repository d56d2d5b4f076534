# SPDX-License-Identifier: MIT
"""The practice model: a scripted stand-in for an AI, to try everything with no key and no internet.

Glossary
    script    what the practice model says and does, made from the request alone (pure)
    step      one thing it does: think (reasoning), say (text) or call (a tool)
    turn      everything between a message of the user and the end of the answer; several requests
    piece     a word with the space around it: what is streamed at once, and what it counts as a token
    model     the OpenAI-compatible HTTP address that OpenCode talks to, on loopback, with a key of its own
    practice  the service: off unless chosen, remembers its port and key, gives OpenCode its configuration

Neighbours: `setup` and the settings switch it on; `fleet` hands its configuration to the OpenCode it starts.
"""
