"""A seccomp filter in classic BPF that closes doors which namespaces leave open."""

from __future__ import annotations

import errno
import platform
import struct

AF_VSOCK = 40
AF_ALG = 38
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # BPF_LD|ABS, JEQ, JGE, RET
ALLOW = 0x7FFF0000
REFUSE = 0x00050000 | errno.EPERM
NUMBER_AT, ARCHITECTURE_AT, FIRST_ARGUMENT_AT = 0, 4, 16
X32 = 0x40000000

# audit architecture, numbers of: socket, socketpair, and what is refused outright
X86_64 = (
    0xC000003E,
    (41, 53),
    {
        "ptrace": 101, "add_key": 248, "request_key": 249, "keyctl": 250, "perf_event_open": 298,
        "bpf": 321, "userfaultfd": 323, "io_uring_setup": 425, "io_uring_enter": 426,
        "io_uring_register": 427,
    },
)  # fmt: skip
AARCH64 = (
    0xC00000B7,
    (198, 199),
    {
        "ptrace": 117, "add_key": 217, "request_key": 218, "keyctl": 219, "perf_event_open": 241,
        "bpf": 280, "userfaultfd": 282, "io_uring_setup": 425, "io_uring_enter": 426,
        "io_uring_register": 427,
    },
)  # fmt: skip
MACHINES = {"x86_64": X86_64, "amd64": X86_64, "aarch64": AARCH64, "arm64": AARCH64}


def instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """Return one instruction of classic BPF."""
    return struct.pack("=HBBI", code, if_true, if_false, value)


def program(machine: str = "") -> bytes | None:
    """Return the filter for this or a named machine, or None where it is not known."""
    known = MACHINES.get((machine or platform.machine()).lower())
    if known is None:
        return None
    architecture, sockets, refused = known
    # Each test falls through to the next; a hit jumps to the final REFUSE.
    body: list[tuple[int, int, bool]] = [(AT_LEAST, X32, True)]
    body += [(EQUAL, number, True) for number in refused.values()]
    length = len(body)
    families = (AF_VSOCK, AF_ALG)
    lines = [
        instruction(LOAD, ARCHITECTURE_AT),
        instruction(EQUAL, architecture, 1, 0),
        instruction(RETURN, REFUSE),
        instruction(LOAD, NUMBER_AT),
    ]
    after_body = len(sockets) + 1 + 1 + len(families) + 1
    for index, (code, value, _) in enumerate(body):
        lines.append(instruction(code, value, length - index - 1 + after_body, 0))
    lines.append(instruction(EQUAL, sockets[0], 2, 0))
    lines.append(instruction(EQUAL, sockets[1], 1, 0))
    lines.append(instruction(RETURN, ALLOW))
    lines.append(instruction(LOAD, FIRST_ARGUMENT_AT))
    for index, family in enumerate(families):
        lines.append(instruction(EQUAL, family, len(families) - index, 0))
    lines.append(instruction(RETURN, ALLOW))
    lines.append(instruction(RETURN, REFUSE))
    return b"".join(lines)
