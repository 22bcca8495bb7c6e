"""The summary as a person reads it."""

from __future__ import annotations

import io

from rich.console import Console

from gridcast.cli.summary import tables
from gridcast.client import Entry


def shown(summary: Entry, *, width: int = 120) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(tables(summary, title="a [bold]title[/bold]"))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_numbers_have_their_units_and_missing_ones_a_dash() -> None:
    summary: Entry = {"metrics": {"violation_time_s": 994.6, "worst_vmin": None}, "ticks": 36000}
    lines = shown(summary)
    assert any("voltage violation time" in line and "994.6 │ s" in line for line in lines)
    assert any("lowest voltage" in line and " - │ pu" in line for line in lines)
    assert any("36,000" in line for line in lines)


def test_each_model_is_a_line() -> None:
    summary: Entry = {
        "metrics": {
            "throughput_by_model_tps": {"Llama-3.1-8B": 5343911.6, "Qwen3-30B-A3B": None},
            "mean_itl_s_by_model": {"Llama-3.1-8B": 0.01724},
        }
    }
    [llama] = [line for line in shown(summary) if "Llama" in line]
    [qwen] = [line for line in shown(summary) if "Qwen" in line]
    assert "5,343,912" in llama
    assert "0.0172" in llama
    assert qwen.count(" - ") == 2


def test_models_keep_their_names_in_80_columns() -> None:
    names = ["Llama-3.1-8B", "Llama-3.1-70B", "Llama-3.1-405B", "Qwen3-30B-A3B", "Qwen3-235B-A22B"]
    columns = (
        "throughput_by_model_tps",
        "mean_batch_by_model",
        "mean_replicas_by_model",
        "mean_itl_s_by_model",
        "itl_deadline_fraction_by_model",
    )
    summary: Entry = {"metrics": {column: dict.fromkeys(names, 4730284.0) for column in columns}}
    lines = shown(summary, width=80)
    assert all(any(f" {name} " in line for line in lines) for name in names)


def test_text_from_the_service_is_no_markup() -> None:
    assert "a [bold]title[/bold]" in shown({})[0]
