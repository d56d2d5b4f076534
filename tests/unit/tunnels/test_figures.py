# SPDX-License-Identifier: MIT
"""The counters in cloudflared's metrics, as 2026.6.0 writes them, and the graph made of them."""

from opencode_nexus.tunnels.figures import COLUMNS, Figures, Graph, read

TEXT = """\
# HELP cloudflared_tunnel_total_requests Amount of requests proxied through all the tunnels
# TYPE cloudflared_tunnel_total_requests counter
cloudflared_tunnel_total_requests 312
cloudflared_tunnel_request_errors 5
cloudflared_tunnel_server_locations{connection_id="0",edge_location="lhr01"} 1
cloudflared_tunnel_server_locations{connection_id="1",edge_location="ams02"} 1
cloudflared_tunnel_server_locations{connection_id="2",edge_location="fra01"} 0
cloudflared_tunnel_tunnel_register_fail{error="server_error",rpcName="registerConnection"} 3
cloudflared_tunnel_tunnel_register_success{rpcName="registerConnection"} 1
quic_client_smoothed_rtt{conn_index="0"} 12
quic_client_smoothed_rtt{conn_index="1"} 11
quic_client_min_rtt{conn_index="0"} 1
cloudflared_tunnel_response_by_code{status_code="200"} NaN
what is this
"""


def test_what_is_read() -> None:
    assert read(TEXT) == Figures(312, 5, 11.5, ("ams02", "lhr01"), 3)
    assert read("") == Figures()


def test_the_graph_of_a_process_that_we_started() -> None:
    graph = Graph()
    graph.begin(counted=False)
    assert graph.add(1001, 2, 0) and not graph.add(1005, 2, 0) and graph.add(1009, 5, 1)
    assert graph.add(1011, 6, 1)
    assert graph.columns(1011) == ((1000, 5, 1), (1010, 1, 0))
    graph.begin(counted=False)  # it was started again, and counts from nothing
    assert graph.add(1012, 1, 0)
    assert graph.columns(1012) == ((1000, 5, 1), (1010, 2, 0))


def test_what_a_taken_up_process_did_before_is_not_of_now() -> None:
    graph = Graph()
    graph.begin(counted=True)
    assert not graph.add(1001, 300, 9)
    assert graph.add(1002, 301, 9)
    assert graph.columns(1002) == ((1000, 1, 0),)


def test_only_ten_minutes_are_kept() -> None:
    graph = Graph()
    graph.begin(counted=False)
    for number in range(100):
        graph.add(1000 + 10 * number, number, 0)
    assert len(graph.columns(1990)) == COLUMNS
    assert graph.columns(5000) == ()
