"""The hub's hand on the object store: addresses for others, and what only the hub may do."""

from __future__ import annotations

import errno
import hashlib
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from agent_core.errors import (
    ConflictError,
    LimitError,
    NotFoundError,
    ServiceError,
    StorageError,
    UnreachableError,
)

MIB = 1024 * 1024
SINGLE_LIMIT = 64 * MIB  # up to here one PUT: quicker than parts, and resumed soon enough
PART_MIN = 5 * MIB  # S3's own
PARTS_MAX = 10_000  # S3's own
DELETE_MAX = 1000  # S3's own
PUT_VALID_S = 6 * 3600
CACHE_SIZE = 4096
PROBE_KEY = "silodesk/probe"
_TRANSFER = TransferConfig(multipart_threshold=SINGLE_LIMIT, multipart_chunksize=16 * MIB)
_MISSING = {"404", "NoSuchKey", "NotFound"}


class ObjectStore:
    """One bucket of an S3 store; all methods but `presign_get` ask the store and block."""

    def __init__(
        self, url: str, access_key: str, secret_key: str, bucket: str, public_url: str | None = None
    ) -> None:
        """Remember the store; `public_url` is how others reach it, where that differs."""
        self.url, self.bucket = url, bucket
        self._client = _client(url, access_key, secret_key)
        self._public = _client(public_url, access_key, secret_key) if public_url else self._client
        self._urls: OrderedDict[tuple[str, int], tuple[float, str]] = OrderedDict()
        self._urls_lock = threading.Lock()

    def presign_put(
        self, key: str, size: int, part_size: int = 16 * MIB, *, in_parts: bool = False
    ) -> dict[str, Any]:
        """Return `{upload_id, part_size, parts: [{number, url}]}`; upload_id "" is a single PUT.

        `in_parts`: the object comes to be only by `complete`, and stays as it is afterwards.
        """
        if size <= SINGLE_LIMIT and not in_parts:
            parameters = {"Bucket": self.bucket, "Key": key}
            url = self._public.generate_presigned_url("put_object", parameters, PUT_VALID_S)
            parts = [{"number": 1, "url": url}]
            return {"upload_id": "", "part_size": max(size, 1), "parts": parts}
        smallest = SINGLE_LIMIT if size <= SINGLE_LIMIT else PART_MIN
        part_size = max(part_size, smallest, math.ceil(size / PARTS_MAX))
        with self._told():
            answer = self._client.create_multipart_upload(Bucket=self.bucket, Key=key)
        upload_id = str(answer["UploadId"])
        parts = [
            {"number": number, "url": self._part_url(key, upload_id, number)}
            for number in range(1, max(1, math.ceil(size / part_size)) + 1)
        ]
        return {"upload_id": upload_id, "part_size": part_size, "parts": parts}

    def _part_url(self, key: str, upload_id: str, number: int) -> str:
        parameters = {
            "Bucket": self.bucket,
            "Key": key,
            "UploadId": upload_id,
            "PartNumber": number,
        }
        return str(self._public.generate_presigned_url("upload_part", parameters, PUT_VALID_S))

    def complete(self, key: str, upload_id: str, parts: list[dict[str, Any]]) -> None:
        """Put the parts of an upload together; a repeat of a finished one is fine."""
        if not upload_id:
            return
        ordered = sorted(parts, key=lambda part: int(part["number"]))
        upload = {"Parts": [{"PartNumber": int(p["number"]), "ETag": p["etag"]} for p in ordered]}
        with self._told():
            try:
                self._client.complete_multipart_upload(
                    Bucket=self.bucket, Key=key, UploadId=upload_id, MultipartUpload=upload
                )
            except ClientError as error:
                code = _code(error)
                if code == "NoSuchUpload" and self.head(key) is not None:
                    return
                if code in {"InvalidPart", "InvalidPartOrder", "NoSuchUpload", "EntityTooSmall"}:
                    raise ConflictError(
                        "The parts of an upload do not fit together.",
                        next_step="Upload the file again.",
                        code="conflict.upload",
                    ) from error
                raise

    def presign_get(self, key: str, expires_s: int = 3600) -> str:
        """Return an address for reading, good for at least half of `expires_s`; asks no one."""
        now, name = time.monotonic(), (key, expires_s)
        with self._urls_lock:
            known = self._urls.get(name)
            if known is not None and now < known[0]:
                return known[1]
        parameters = {"Bucket": self.bucket, "Key": key}
        url = str(self._public.generate_presigned_url("get_object", parameters, expires_s))
        with self._urls_lock:
            self._urls[name] = (now + expires_s / 2, url)
            while len(self._urls) > CACHE_SIZE:
                self._urls.popitem(last=False)
        return url

    def head(self, key: str) -> int | None:
        """Return an object's size, or None where there is none."""
        with self._told():
            try:
                answer = self._client.head_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if _code(error) in _MISSING:
                    return None
                raise
            return int(answer["ContentLength"])

    def sha256(self, key: str) -> str:
        """Return the hash of an object's bytes, read in pieces; raises NotFoundError."""
        digest = hashlib.sha256()
        with self._told(key):
            answer = self._client.get_object(Bucket=self.bucket, Key=key)
            for block in answer["Body"].iter_chunks(MIB):
                digest.update(block)
        return digest.hexdigest()

    def drop_unfinished(self, prefix: str) -> None:
        """Drop what was uploaded in parts below a prefix and never put together."""
        with self._told():
            pages = self._client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                for begun in page.get("Uploads", []):
                    self._client.abort_multipart_upload(
                        Bucket=self.bucket, Key=begun["Key"], UploadId=begun["UploadId"]
                    )

    def delete(self, keys: list[str]) -> None:
        """Delete objects, as many as are there."""
        with self._told():
            for start in range(0, len(keys), DELETE_MAX):
                named = [{"Key": key} for key in keys[start : start + DELETE_MAX]]
                self._client.delete_objects(
                    Bucket=self.bucket, Delete={"Objects": named, "Quiet": True}
                )

    def delete_prefix(self, prefix: str) -> None:
        """Delete every object whose key starts so."""
        if not prefix:
            raise LimitError("An empty prefix would delete the whole store.")
        with self._told():
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                self.delete([str(item["Key"]) for item in page.get("Contents", [])])

    def put_bytes(self, key: str, content: bytes) -> None:
        """Store a small object."""
        with self._told():
            self._client.put_object(Bucket=self.bucket, Key=key, Body=content)

    def get_bytes(self, key: str) -> bytes:
        """Return a small object; raises NotFoundError."""
        with self._told(key):
            answer = self._client.get_object(Bucket=self.bucket, Key=key)
            return bytes(answer["Body"].read())

    def get_file(self, key: str, path: Path) -> None:
        """Fetch an object into a file; raises NotFoundError."""
        part = path.with_name(f".{path.name}.part")
        with self._told(key):
            answer = self._client.get_object(Bucket=self.bucket, Key=key)
            try:
                with part.open("wb") as file:
                    for block in answer["Body"].iter_chunks(MIB):
                        file.write(block)
                part.replace(path)
            except OSError as error:
                if isinstance(error, ConnectionError | TimeoutError):
                    raise
                raise _disk(path, error) from error
            finally:
                part.unlink(missing_ok=True)

    def put_file(self, key: str, path: Path) -> None:
        """Store a file of any size."""
        with self._told():
            self._client.upload_file(str(path), self.bucket, key, Config=_TRANSFER)

    def list_all(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """Yield key and size of every object whose key starts so."""
        with self._told():
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                for item in page.get("Contents", []):
                    yield str(item["Key"]), int(item["Size"])

    def ensure_bucket(self) -> None:
        """Make the bucket where there is none."""
        with self._told():
            try:
                self._client.head_bucket(Bucket=self.bucket)
                return
            except ClientError as error:
                if _code(error) not in {*_MISSING, "NoSuchBucket"}:
                    raise
            try:
                self._client.create_bucket(Bucket=self.bucket)
            except ClientError as error:
                if _code(error) not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                    raise

    def wait_until_it_serves(self, bound_s: float = 30.0) -> None:
        """Make the bucket and wait until what was stored before can be read, and more be stored.

        A store that has just started answers, but may not have found its volumes yet.
        """
        deadline = time.monotonic() + bound_s
        while True:
            try:
                self.ensure_bucket()
                try:
                    self.get_bytes(PROBE_KEY)
                except NotFoundError:
                    pass
                self.put_bytes(PROBE_KEY, b"SiloDesk")
                return
            except UnreachableError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.05)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._public.close()

    @contextmanager
    def _told(self, key: str = "") -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            raise self._refused(error, key) from error
        except (BotoCoreError, ConnectionError, TimeoutError) as error:
            raise UnreachableError(
                f"The object store at {self.url} does not answer.",
                next_step="It is tried again by itself; look at the store if it stays so.",
                code="unreachable.store",
            ) from error

    def _refused(self, error: ClientError, key: str) -> Exception:
        code = _code(error)
        if code in _MISSING:
            return NotFoundError(
                f"The object store has no {key or 'such object'}.",
                next_step="It may have been deleted; upload it again.",
                code="missing.object",
            )
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if status >= 500 or code in {"SlowDown", "RequestTimeout"}:
            return UnreachableError(
                f"The object store at {self.url} is not ready ({code}).",
                next_step="It is tried again by itself; look at the store's log if it stays so.",
                code="unreachable.store",
            )
        return ServiceError(
            f"The object store at {self.url} refuses the hub ({code}).",
            next_step="Check the access key, the secret key and the bucket's rights.",
            code="service.store",
        )


def _client(url: str, access_key: str, secret_key: str) -> Any:
    return boto3.session.Session().client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        region_name="us-east-1",
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            retries={"max_attempts": 3, "mode": "standard"},
            connect_timeout=5,
            read_timeout=60,
            max_pool_connections=32,
            # Stores other than AWS do not all know the newer checksum headers.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            proxies={} if "127.0.0.1" in url else None,
        ),
    )


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _disk(path: Path, error: OSError) -> StorageError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return StorageError(
        f"{path} cannot be written: {error.strerror or error}.",
        next_step="Free some space." if full else "Check the folder's permissions.",
        code="storage.full" if full else None,
    )
