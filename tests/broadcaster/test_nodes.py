"""Where one listens to a cluster: at one node after the other, those among them that only the others named."""

from __future__ import annotations

from gridcast.broadcaster.nodes import Rota

A, B, C = ("10.0.0.1", 7000), ("10.0.0.2", 7000), ("10.0.0.3", 7001)


def slots(*hosts: tuple[str, int]) -> list[object]:
    """CLUSTER SLOTS as hiredis hands it out: each of them a master."""
    return [[n, n, [host.encode(), port, b"id", []]] for n, (host, port) in enumerate(hosts)]


def test_each_connection_goes_to_the_next_node() -> None:
    rota = Rota([A, B, C])
    assert {rota.next() for _ in range(3)} == {A, B, C}
    assert rota.next() != rota.next()


def test_nodes_that_others_name_are_tried_too_and_those_of_the_address_stay() -> None:
    rota = Rota([A])
    assert rota.next() == A
    rota.learn(slots(B, C), host=A[0])
    assert [rota.next() for _ in range(3)] == [B, C, A]


def test_a_node_that_is_named_no_more_is_left() -> None:
    rota = Rota([A])
    rota.next()
    rota.learn(slots(A, B, C), host=A[0])
    assert rota.next() == B
    rota.learn(slots(A, B), host=B[0])
    assert [rota.next() for _ in range(3)] == [A, B, A]


def test_a_node_that_does_not_know_its_own_name_is_where_it_was_reached() -> None:
    rota = Rota([A])
    rota.next()
    rota.learn([[0, 5, [b"", A[1], b"id", []], [None, B[1], b"id", []], [b"?", 1, b"id", []]]], host=A[0])
    assert {rota.next() for _ in range(4)} == {A}
