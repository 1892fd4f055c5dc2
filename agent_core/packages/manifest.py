"""The manifest of a package, `conf/silodesk.json`, its content digest and its signature."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from agent_core.errors import PackageError, ProtocolError
from agent_core.keys import public_text
from agent_core.packages.model_declaration import ModelDeclaration
from agent_core.protocol.signing import canonical, sign, verify
from agent_core.protocol.states import Role

FORMAT_VERSION = 1
MANIFEST_PATH = "conf/silodesk.json"
SIGNATURE_PATH = "conf/silodesk.sig"
MANIFEST_LIMIT = 16 * 1024 * 1024

PackageType = Literal["client", "server", "flower"]
Engine = Literal["flower", "fedml", "script"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class FileEntry(_Part):
    """A file of a package: path below the root, size in bytes, SHA-256."""

    path: str = Field(min_length=1, max_length=512)
    size: int = Field(ge=0)
    sha256: Sha256


class EntryPoint(_Part):
    """What a role starts: a file below the package root, and in Flower the app object in it."""

    entry: str = Field(min_length=1, max_length=512)
    object_name: str = ""


class Manifest(_Part):
    """What a package says about itself; the content digest covers all of it."""

    format_version: int = FORMAT_VERSION
    name: str = Field(max_length=200)
    type: PackageType
    engine: Engine
    entries: dict[Role, EntryPoint] = Field(min_length=1)
    python: str = Field(default=">=3.11", max_length=100)
    requirements: list[Annotated[str, Field(max_length=1000)]] = Field(
        default_factory=list, max_length=500
    )
    data: list[str] = Field(default_factory=list, max_length=500)  # declared data needs
    outputs: list[str] = Field(default_factory=list, max_length=500)  # declared outputs
    model: ModelDeclaration | None = None
    files: list[FileEntry] = Field(max_length=20_000)
    content_digest: Sha256 = "0" * 64

    @model_serializer(mode="wrap")
    def _spelled(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Packages that declare no model are spelled, and hashed, as they always were.
        fields: dict[str, Any] = handler(self)
        return {key: fields[key] for key in fields if key != "model" or fields[key] is not None}

    def entry_for(self, role: Role | str) -> EntryPoint:
        """Return what a role starts; raises PackageError where the package lacks that role."""
        entry = self.entries.get(Role(role))
        if entry is None:
            raise PackageError(
                f"The package {self.name} has nothing for the role {role}.",
                next_step=f"Build it with `-t {role}`, or choose another package for this role.",
                code="package.role",
            )
        return entry


def digest_of(declared: dict[str, Any]) -> str:
    """Return the content digest: SHA-256 over the sorted paths and hashes of all files.

    What the manifest declares besides (entry, engine, requirements) counts as one more file, so
    that an approval of a digest cannot be carried over to another entry or another requirement.
    """
    rest = {key: declared[key] for key in declared if key not in {"files", "content_digest"}}
    lines = [(file["path"], file["sha256"]) for file in declared["files"]]
    lines.append((MANIFEST_PATH, hashlib.sha256(canonical(rest)).hexdigest()))
    digest = hashlib.sha256()
    for path, sha256 in sorted(lines):
        digest.update(f"{path}\0{sha256}\n".encode())
    return digest.hexdigest()


def seal(manifest: Manifest) -> Manifest:
    """Return the manifest with its content digest filled in."""
    digest = digest_of(manifest.model_dump(mode="json"))
    return manifest.model_copy(update={"content_digest": digest})


def to_bytes(raw: dict[str, Any]) -> bytes:
    """Return the one spelling of a manifest or signature as a file."""
    text = json.dumps(raw, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def read_manifest(data: bytes) -> tuple[Manifest, dict[str, Any]]:
    """Return the manifest in a file's bytes and its raw fields; raises PackageError."""
    raw = _read_object(data, "manifest")
    try:
        manifest = Manifest.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _unusable(f"its manifest is wrong at {where}: {first['msg']}") from error
    if manifest.format_version > FORMAT_VERSION:
        raise PackageError(
            f"The package has format {manifest.format_version}; this SiloDesk reads up to "
            f"{FORMAT_VERSION}.",
            next_step="Update SiloDesk.",
            code="package.format",
        )
    paths = {file.path for file in manifest.files}
    if len(paths) != len(manifest.files):
        raise _unusable("its manifest lists a file twice")
    for entry in manifest.entries.values():
        if entry.entry not in paths:
            raise _unusable(f"its entry {entry.entry} is not in it")
    if digest_of(raw) != manifest.content_digest:
        raise _unusable("its manifest does not match its content digest")
    return manifest, raw


def signature_bytes(manifest: Manifest, key: Ed25519PrivateKey) -> bytes:
    """Return the content of `conf/silodesk.sig`: the builder's public key and signature."""
    return to_bytes(
        {"public_key": public_text(key), "signature": sign(key, manifest.model_dump(mode="json"))}
    )


def check_signature(data: bytes, raw: dict[str, Any]) -> str:
    """Return the builder's public key after checking its signature; raises PackageError."""
    signature = _read_object(data, "signature")
    public_key, text = signature.get("public_key"), signature.get("signature")
    if not isinstance(public_key, str) or not isinstance(text, str) or len(signature) != 2:
        raise _unusable("its signature file has another shape")
    try:
        verify(public_key, text, raw)
    except ProtocolError as error:
        raise PackageError(
            "The package's signature does not match its manifest.",
            next_step="Ask the builder for it again; nothing of it was used.",
            code="package.signature",
        ) from error
    return public_key


def _read_object(data: bytes, what: str) -> dict[str, Any]:
    """Return the JSON object in a file that has the one spelling of `to_bytes`."""
    if len(data) > MANIFEST_LIMIT:
        raise _unusable(f"its {what} is larger than {MANIFEST_LIMIT // 1024**2} MiB")
    try:
        raw: dict[str, Any] = json.loads(data)
        # One spelling only: a second one could hide a repeated key or a changed blank.
        is_exact = isinstance(raw, dict) and to_bytes(raw) == data
    except (ValueError, RecursionError) as error:
        raise _unusable(f"its {what} is not JSON") from error
    if not is_exact:
        raise _unusable(f"its {what} is not spelled as SiloDesk spells it")
    return raw


def _unusable(cause: str) -> PackageError:
    return PackageError(
        f"The package cannot be trusted: {cause}.",
        next_step="Ask its builder for it again; nothing of it was used.",
        code="package.damaged",
    )
