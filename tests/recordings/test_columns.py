"""What a recording's columns are called, and what they mean."""

from __future__ import annotations

import pyarrow as pa

from gridcast.recordings.columns import UNIT, arrow_schema, columns_of
from tests.goldens import golden
from tests.recordings.examples import SCHEMA


def test_columns_stand_in_the_order_of_the_matrix_with_their_units() -> None:
    assert [(column.name, column.unit) for column in columns_of(SCHEMA)] == [
        ("t_s", "s"),
        ("v.671.a", "pu"),
        ("v.671.b", "pu"),
        ("dc.dc1.p_w.a", "W"),
        ("dc.dc1.p_w.b", "W"),
        ("dc.dc1.p_w.c", "W"),
        ("dc.dc1.batch.Llama-3.1-8B", "requests"),
        ("dc.dc1.replicas.Llama-3.1-8B", "replicas"),
        ("dc.dc1.itl_s.Llama-3.1-8B", "s"),
        ("dc.dc1.power_w.Llama-3.1-8B", "W"),
        ("taps.creg1a", "ratio"),
        ("storage.battery.p_kw", "kW"),
        ("storage.battery.q_kvar", "kvar"),
        ("storage.battery.soc", "1"),
    ]


def test_the_arrow_schema_adds_ticks_events_and_controls_and_says_each_unit() -> None:
    found = arrow_schema(columns_of(SCHEMA))
    assert [found.names[0], *found.names[-2:]] == ["tick", "events", "controls"]
    assert found.field("tick").type == pa.int64()
    assert found.field("v.671.b").metadata == {UNIT: b"pu"}
    assert {field.type for field in found if field.metadata} == {pa.float64()}
    assert [field.name for field in found if not field.nullable] == ["tick", "t_s"]


def test_the_schema_entry_of_the_stream_is_enough() -> None:
    told = golden("schema")
    names = [column.name for column in columns_of(told)]
    assert len(names) == len(set(names))
    assert names[1:3] == [f"v.{bus}.{phase}" for bus, phase in told["bus_phases"][:2]]
