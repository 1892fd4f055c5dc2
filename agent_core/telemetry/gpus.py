"""Figures of the GPUs; what cannot be measured stays a gap."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GpuFigures:
    """All GPUs together: the busiest and hottest one's values, and the sum of memory."""

    percent: float | None = None
    memory_used: int | None = None
    temperature: float | None = None


class Gpus:
    """NVIDIA's own figures, where its driver is there; asked for once."""

    def __init__(self) -> None:
        self._library: Any = None
        self._handles: list[Any] = []
        try:
            import pynvml  # only where figures are taken: few machines have its driver

            pynvml.nvmlInit()
            count = pynvml.nvmlDeviceGetCount()
            self._handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(count)]
            self._library = pynvml
        except Exception as error:  # noqa: BLE001 - no library, driver or GPU: all mean "none"
            log.debug("No GPU figures: %s", error)

    @property
    def count(self) -> int:
        """Return how many GPUs there are."""
        return len(self._handles)

    def read(self) -> GpuFigures:
        """Return the present figures; what the driver does not say is None."""
        if not self._handles:
            return GpuFigures()
        nvml = self._library
        loads = [self._ask(nvml.nvmlDeviceGetUtilizationRates, handle) for handle in self._handles]
        memory = [self._ask(nvml.nvmlDeviceGetMemoryInfo, handle) for handle in self._handles]
        heat = [self._ask(nvml.nvmlDeviceGetTemperature, handle, 0) for handle in self._handles]
        return GpuFigures(
            percent=max((float(item.gpu) for item in loads if item is not None), default=None),
            memory_used=sum(int(item.used) for item in memory)
            if all(item is not None for item in memory)
            else None,
            temperature=max((float(item) for item in heat if item is not None), default=None),
        )

    def _ask(self, function: Any, *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except self._library.NVMLError:
            return None
