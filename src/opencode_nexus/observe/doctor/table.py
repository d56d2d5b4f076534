# SPDX-License-Identifier: MIT
"""The table of checks, in the order in which they are told."""

from opencode_nexus.observe.doctor import (
    attachments,
    awake,
    clock,
    copies,
    database,
    downloads,
    drafts,
    locks,
    log_size,
    orphans,
    ports,
    programs,
    rights,
    search,
    secrets_kept,
    tunnel,
    versions,
)
from opencode_nexus.observe.doctor.machine import home, machine
from opencode_nexus.observe.doctor.row import Row

VERSIONS = ("python", "opencode", "cloudflared")
"""The checks that tell which version of what runs."""

TABLE: tuple[Row, ...] = (
    Row("python", "OpenCode Nexus", programs.python),
    Row("opencode", "OpenCode", programs.opencode),
    Row("cloudflared", "Cloudflared", programs.cloudflared),
    Row("git", "Git", machine("git")),
    Row("ripgrep", "Ripgrep", machine("ripgrep")),
    Row("system", "Operating system", machine("system")),
    Row("memory", "Memory", machine("memory")),
    Row("disk", "Free disk space", machine("disk")),
    Row("awake", "Kept awake", awake.look),
    Row("network", "Network", machine("network")),
    Row("clock", "Clock", clock.look),
    Row("port", "Port", ports.look),
    Row("home", "Home folder", home),
    Row("rights", "Rights of the home folder", rights.look, rights.fix),
    Row("secrets", "Secrets", secrets_kept.look),
    Row("tunnel", "Tunnels' way out", tunnel.look),
    Row("database", "Database", database.look, database.fix),
    Row("search", "Search index", search.look, search.fix),
    Row("search-progress", "Search is up to date", search.progress, search.rebuild),
    Row("orphans", "Processes without a hub", orphans.look, orphans.fix),
    Row("locks", "Lock of the home folder", locks.look, locks.fix),
    Row("drafts", "Half-written files", drafts.look, drafts.fix),
    Row("downloads", "Half-done downloads", downloads.look, downloads.fix),
    Row("versions", "Old versions", versions.look, versions.fix),
    Row("copies", "Copies of the database", copies.look, copies.fix),
    Row("logs", "Size of the logs", log_size.look, log_size.fix),
    Row("attachments", "Leftover attachments", attachments.look, attachments.fix),
)
