"""Triton's extensions of the protocol: how a model is configured, what it did, and which models there are."""

from collections.abc import Iterable

from service.api.v2.figures import Inferences
from service.api.v2.models import PLATFORM, Model
from service.api.v2.tensors import Json, Spec

TYPES = {"BYTES": "TYPE_STRING", "FP32": "TYPE_FP32"}
"""The datatypes as configurations spell them."""


def configuration(model: Model) -> Json:
    """The number of flights is among the dimensions, as in the model's metadata: hence no `max_batch_size`."""
    return {
        "name": model.name,
        "platform": PLATFORM,
        "backend": "onnxruntime",
        "max_batch_size": 0,
        "input": [_described(name, spec) for name, spec in model.inputs.items()],
        "output": [_described(name, spec) for name, spec in model.outputs.items()],
    }


def _described(name: str, spec: Spec) -> Json:
    return {"name": name, "data_type": TYPES[spec.datatype], "dims": [-1, *spec.width]}


def statistics(models: Iterable[tuple[Model, Inferences]]) -> Json:
    return {
        "model_stats": [
            {
                "name": model.name,
                "version": model.version,
                "last_inference": did.last_ms,
                "inference_count": did.flights,
                "execution_count": did.runs,
                "inference_stats": {
                    "success": {"count": did.done, "ns": did.done_ns},
                    "fail": {"count": did.failed, "ns": did.failed_ns},
                },
                "batch_stats": [],
            }
            for model, did in models
        ]
    }


def index(models: Iterable[Model]) -> list[Json]:
    """A worker that has not loaded its models answers nothing: whoever reads this finds them ready."""
    return [{"name": model.name, "version": model.version, "state": "READY", "reason": ""} for model in models]
