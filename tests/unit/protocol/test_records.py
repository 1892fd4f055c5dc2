"""What REST answers may hold where files are named after it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from agent_core.protocol.records import ModelRecord, PackageInfo
from agent_core.protocol.records_models import ModelEntry, ModelPackage

GOOD = "0123456789abcdef" * 4
PACKAGE = {"zip_sha256": GOOD, "content_digest": GOOD, "type": "flower", "name": "x",
           "engine": "flower", "size": 1, "uploaded_at": 1.0, "fingerprint": ""}  # fmt: skip
MODEL = {"run_id": 1, "round": 1, "sha256": GOOD, "size": 1, "created_at": 1.0}


@pytest.mark.parametrize("bad", ["../../etc/passwd", "", "a" * 63, GOOD + "\n", GOOD.upper()])
@pytest.mark.parametrize(
    ("kind", "fields", "name"),
    [
        (PackageInfo, PACKAGE, "zip_sha256"),
        (PackageInfo, PACKAGE, "content_digest"),
        (ModelPackage, PACKAGE, "zip_sha256"),
        (ModelRecord, MODEL, "sha256"),
        (ModelEntry, MODEL, "sha256"),
    ],
)
def test_s1_a_hash_that_names_a_file_is_a_hash(
    kind: type[Any], fields: dict[str, Any], name: str, bad: str
) -> None:
    kind.model_validate(fields)
    with pytest.raises(ValidationError):
        kind.model_validate({**fields, name: bad})
