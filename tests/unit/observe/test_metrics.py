# SPDX-License-Identifier: MIT
"""The table of metrics, and the text that is made of it."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from opencode_nexus.observe.metrics import METRICS, Samples, exposition


def test_every_metric_is_there_with_its_help_and_kind() -> None:
    text, kind = exposition(Samples())
    assert kind.startswith("text/plain")
    families = {family.name: family for family in text_string_to_metric_families(text.decode())}
    assert len(families) == len(METRICS)
    for metric in METRICS:
        family = families[metric.full_name.removesuffix("_total")]
        assert (family.documentation, family.type) == (metric.help, metric.kind)


def test_names_follow_the_rules_of_prometheus() -> None:
    for metric in METRICS:
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
    assert len({metric.name for metric in METRICS}) == len(METRICS)


def test_values_labels_and_states() -> None:
    told = Samples()
    labels = {"server_id": "srv_1", "server": 'a "b"\\\n'}
    told.put_state("server_state", "running", ("stopped", "running"), **labels)
    told.put("server_memory_bytes", None, **labels)
    told.put("records_total", 7)
    text, _ = exposition(told)
    samples = {
        (one.name, tuple(one.labels.values())): one.value
        for family in text_string_to_metric_families(text.decode())
        for one in family.samples
    }
    assert samples == {
        ("opencode_nexus_server_state", ('a "b"\\\n', "srv_1", "stopped")): 0,
        ("opencode_nexus_server_state", ('a "b"\\\n', "srv_1", "running")): 1,
        ("opencode_nexus_records_total", ()): 7,
    }


def test_what_the_table_does_not_have_is_refused() -> None:
    with pytest.raises(KeyError):
        Samples().put("no_such_metric", 1)
    with pytest.raises(ValueError, match="labels"):
        Samples().put("records_total", 1, server="x")
