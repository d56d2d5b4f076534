# SPDX-License-Identifier: MIT
"""Who may come in: accounts, sign-ins, tokens, and the checks that every request passes.

Glossary
    owner        the one account, made by the set-up
    login        one signed-in browser: an opaque token in a cookie, its SHA-256 in the database
    token        an API token for programs (`Authorization: Bearer`), with a name, scopes and perhaps an end
    remote       what came through a tunnel; a login is marked so when it was opened there
    device       a login that a link made: it has a name, holds for 30 days, and is revoked by itself
    pairing      such a link: a secret that works once and for five minutes
    fresh        a login in which the password was given within ten minutes; what opens a further way in wants one
    local key    the bearer of one run of the hub, in hub.json, for commands of the same system user
    who          `who.Who`: the answer to "who asks?", and what that one may do
    source       where a request comes from, as far as it can be believed: an address, or an IPv6 /64
    account      in lockouts: the SHA-256 of a compared user name, whether we know that name or not
    lockout      five wrong passwords from one source shut that source out of that account for 30 minutes
    known source one that signed in well before; strangers' failures do not slow it down
    audit        the lines that say who signed in, failed, changed a password, made or revoked a token

Neighbours: below, `store` keeps the rows; above, `web.middleware` asks at each request, `web.pages.login`,
`web.pages.settings`, `setup` and `cli` use `access.Access`. `rules`, `hosts`, `origin`, `source`, `public`
and the first half of `lockout` are pure.
"""
