# SPDX-License-Identifier: MIT
"""Each fault of a tunnel: what it is said to be then, and how it is again, with the genuine cloudflared.

`NOW` are those of `make test`; the others take long, since cloudflared itself waits a random time of up to 20 s before
it connects again.
"""

from collections.abc import Awaitable, Callable

from tests.tunnels import faults_here as here
from tests.tunnels import faults_outside as outside
from tests.tunnels.ground import Ground

Fault = Callable[[Ground], Awaitable[None]]

FAULTS: dict[str, Fault] = {
    function.__name__: function
    for function in (
        outside.cut_http2, outside.cut_quic, outside.cut_named, outside.network_gone, outside.no_network_at_start,
        outside.no_network_at_start_named, outside.udp_dead, outside.udp_dead_with_a_socket, outside.rate_limited,
        outside.no_quick_tunnel, outside.expired, outside.expired_quic, outside.token_refused,
        outside.token_refused_quic, outside.too_old, outside.come_back_later, outside.led_elsewhere, outside.not_routed,
        here.cloudflared_killed, here.cloudflared_killed_named, here.told_to_end_while_streaming,
        here.hub_killed, here.hub_killed_before_noting,
        here.removed_while_hub_is_dead, here.both_killed, here.users_own_configuration, here.users_own_environment,
        here.old_program, here.unknown_flag, here.swapped, here.stopped_while_streaming, here.origin_down,
    )
}  # fmt: skip
SLOW = frozenset({"cut_http2", "cut_quic", "cut_named", "network_gone", "expired", "expired_quic", "old_program"})
NOW = tuple(name for name in FAULTS if name not in SLOW or name == "cut_quic")
