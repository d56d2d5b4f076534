# SPDX-License-Identifier: MIT
"""The set-up: six steps from an empty home folder to an agent that answers.

Glossary
    step         one of Welcome, System check, OpenCode, Owner account, Remote access, Finish
    page         where a step is filled in; the third step has two: the program, then the project folder
    plan         what is wanted, as answered so far; it survives a reload, a restart and a change of device
    reached      the furthest page that may be opened; /setup leads there
    check        one line of the system check: pass, warn, fail or unknown, and what to do
    set-up code  printed in the terminal at each start until there is an owner; opens the wizard in one browser,
                 which can show another code for a further one
    visit        a browser that gave the code: an opaque token in its cookie, its SHA-256 stored
    done         the server is made; from then on /setup only points to the settings

Neighbours: `install` finds or brings OpenCode, `access` makes the owner, `practice` is switched, `fleet`
makes and starts the server; `web.pages.setup` shows the steps and `cli.setup` takes them all at once.
"""
