"""The filter, run by a small interpreter of classic BPF."""

from __future__ import annotations

import struct

import pytest

from agent_core.jobs import bubblewrap, seccomp

MACHINES = ["x86_64", "aarch64"]


def decide(program: bytes, number: int, architecture: int, first: int = 0) -> int:
    """Return what the filter answers to a system call."""
    data = struct.pack("<iIQ6Q", number, architecture, 0, first, 0, 0, 0, 0, 0)
    lines = list(struct.iter_unpack("=HBBI", program))
    value = at = 0
    for _ in range(1000):
        code, if_true, if_false, operand = lines[at]
        at += 1
        if code == seccomp.LOAD:
            (value,) = struct.unpack_from("<I", data, operand)
        elif code == seccomp.RETURN:
            return int(operand)
        else:
            is_met = value == operand if code == seccomp.EQUAL else value >= operand
            at += if_true if is_met else if_false
    raise AssertionError("the filter does not end")


@pytest.mark.parametrize("machine", MACHINES)
def test_named_calls_are_refused_and_all_others_allowed(machine: str) -> None:
    program = seccomp.program(machine)
    assert program is not None
    architecture, sockets, refused = seccomp.MACHINES[machine]
    for number in range(460):
        if number in sockets:
            continue
        wanted = seccomp.REFUSE if number in refused.values() else seccomp.ALLOW
        assert decide(program, number, architecture) == wanted, number


@pytest.mark.parametrize("machine", MACHINES)
def test_sockets_are_judged_by_their_family(machine: str) -> None:
    program = seccomp.program(machine)
    assert program is not None
    architecture, sockets, _ = seccomp.MACHINES[machine]
    for number in sockets:
        for family in range(50):
            is_refused = family in (seccomp.AF_VSOCK, seccomp.AF_ALG)
            wanted = seccomp.REFUSE if is_refused else seccomp.ALLOW
            assert decide(program, number, architecture, family) == wanted


def test_another_architecture_and_the_x32_numbers_are_refused() -> None:
    program = seccomp.program("x86_64")
    assert program is not None
    architecture = seccomp.X86_64[0]
    assert decide(program, 1, 0x40000003) == seccomp.REFUSE
    assert decide(program, seccomp.X32 + 1, architecture) == seccomp.REFUSE
    assert seccomp.program("riscv64") is None


@pytest.mark.parametrize(
    ("release", "holds"),
    [("6.1.0-18-amd64", True), ("5.15.0-91-generic", True), ("5.10.0-28", False), ("5.9", False)],
)
def test_old_kernels_count_processes_per_account(release: str, holds: bool) -> None:
    assert bubblewrap.counts_per_namespace(release) is holds
