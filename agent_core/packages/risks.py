"""Mark the calls in Python source that an operator should look at, without running anything."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from agent_core.errors import PackageError
from agent_core.packages.engine import parse

KINDS = ("network", "files", "processes", "pickle", "eval", "native", "import")

_MODULES = {
    "network": {
        "socket", "ssl", "urllib", "urllib2", "urllib3", "http", "requests", "httpx", "aiohttp",
        "ftplib", "smtplib", "poplib", "imaplib", "telnetlib", "xmlrpc", "socketserver",
        "websocket", "websockets", "paramiko", "boto3", "botocore", "paho", "grpc", "zmq",
        "asyncio.open_connection", "asyncio.start_server", "huggingface_hub", "wandb",
        "torch.hub", "torch.utils.model_zoo",
    },
    "files": {"shutil", "glob", "tempfile", "zipfile", "tarfile", "sqlite3"},
    "processes": {"subprocess", "multiprocessing", "pty", "signal"},
    "pickle": {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve",
               "marshal", "jsonpickle"},
    "eval": {"code", "codeop"},
    "native": {"ctypes", "cffi", "mmap"},
    "import": {"importlib", "runpy", "imp", "zipimport", "pkgutil"},
}  # fmt: skip
_CALLS = {
    "eval": "eval", "exec": "eval", "compile": "eval", "__import__": "import",
    "open": "files", "io.open": "files",
    "os.system": "processes", "os.popen": "processes", "os.kill": "processes",
    "os.fork": "processes", "os.startfile": "processes",
    "os.remove": "files", "os.unlink": "files", "os.rename": "files", "os.replace": "files",
    "os.listdir": "files", "os.walk": "files", "os.scandir": "files", "os.open": "files",
    "torch.load": "pickle", "numpy.load": "files", "numpy.fromfile": "files",
    "numpy.loadtxt": "files", "numpy.savez": "files", "numpy.save": "files",
    "torch.save": "files",
}  # fmt: skip
_PREFIXES = (("os.exec", "processes"), ("os.spawn", "processes"), ("os.posix_spawn", "processes"),
             ("pandas.read_", "files"))  # fmt: skip
# Methods whose name alone says enough, whatever object they are called on.
_METHODS = {
    "read_text": "files", "read_bytes": "files", "write_text": "files", "write_bytes": "files",
    "unlink": "files", "rmtree": "files", "to_csv": "files", "to_pickle": "pickle",
    "read_pickle": "pickle", "create_subprocess_exec": "processes",
    "create_subprocess_shell": "processes", "urlopen": "network", "urlretrieve": "network",
    "load_state_dict_from_url": "network", "from_pretrained": "network",
}  # fmt: skip
_LINE_LIMIT = 200


@dataclass(frozen=True)
class Risk:
    """A call to look at: where, of which kind, and its line."""

    path: str
    line: int
    kind: str  # one of KINDS, or unreadable
    call: str
    text: str


def risks_in(text: str, path: str) -> list[Risk]:
    """Return the calls of a source file to look at, in order; code that hides is one too."""
    lines = text.splitlines()

    def at(line: int) -> str:
        return lines[line - 1].strip()[:_LINE_LIMIT] if 0 < line <= len(lines) else ""

    try:
        tree = parse(text, path)
    except PackageError as error:
        return [Risk(path, 1, "unreadable", "", error.sentence)]
    found = {
        (line, kind, call): Risk(path, line, kind, call, at(line))
        for line, kind, call in _marks(tree)
    }
    return [found[key] for key in sorted(found)]


def _marks(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.split(".")[0]
                aliases[alias.asname or first] = alias.name if alias.asname else first
                yield from _module_mark(node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                aliases[alias.asname or alias.name] = full
                yield from _module_mark(node.lineno, full)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            dotted = _dotted(node.func)
            head, _, rest = dotted.partition(".")
            full = ".".join(part for part in (aliases.get(head, head), rest) if part)
            kind = _call_kind(full) or _METHODS.get(_last(node.func), "")
            if kind:
                yield node.lineno, kind, full or _last(node.func)


def _module_mark(line: int, name: str) -> Iterator[tuple[int, str, str]]:
    for kind, modules in _MODULES.items():
        if any(name == module or name.startswith(f"{module}.") for module in modules):
            yield line, kind, f"import {name}"


def _call_kind(full: str) -> str:
    if full in _CALLS:
        return _CALLS[full]
    for prefix, kind in _PREFIXES:
        if full.startswith(prefix):
            return kind
    for kind, modules in _MODULES.items():
        if any(full.startswith(f"{module}.") or full == module for module in modules):
            return kind
    return ""


def _dotted(node: ast.expr) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else ""
