"""A bundle -> what a worker serves."""

from pathlib import Path

import orjson

from service import native
from service.api import status
from service.api.body import JSON
from service.api.coding.kept import Kept
from service.api.contract import EXAMPLE, Replies, parse_flight
from service.api.flights.catalogue import catalogue
from service.api.flights.explanation import Explanations
from service.api.flights.listed import Listed
from service.api.names import Names
from service.api.served import Limits, Served
from service.api.v2.models import Models
from service.model.bundle import Bundle
from service.model.explain.reasons import Reasoner
from service.model.explain.tables import Explainer
from service.model.features import Features
from service.model.predictor import Predictor
from service.model.scorer import Scorer
from service.model.turns import Line, Lines
from service.server.metrics import Metrics
from service.server.records.predictions import Keeping, PredictionLog
from service.settings import Settings


def load(settings: Settings, bundle: Bundle, metrics: Metrics) -> Served:
    """What the bundle serves, once a first prediction has proved that it works. Raises BundleError."""
    scorer = Scorer(bundle)
    features = Features(bundle.tables, bundle.names)
    names = Names(features, metrics, strict=settings.strict)
    replies, explanations = Replies(bundle.threshold), Line(settings.max_explain_pending)
    made = native.native_of(bundle.tables, replies, settings.cache_size) if settings.native else None
    predictor = Predictor(
        features,
        scorer,
        replies,
        metrics,
        cache_size=settings.cache_size,
        max_pending=settings.max_pending,
        queue=made.queue if made else None,
    )
    predictor.score([parse_flight(orjson.dumps(EXAMPLE))])
    record = (
        PredictionLog(keeping(settings, folder), bundle.digest, metrics, features.name)
        if (folder := settings.log_predictions)
        else None
    )
    reasoner = Reasoner(bundle, scorer, explanations)
    known = catalogue(bundle.tables, features.spellings, bundle.evidence, bundle.period)
    return Served(
        bundle=bundle,
        report=settings.bundle / "docs",
        predictor=predictor,
        names=names,
        lines=Lines(settings.max_batch_pending),
        explainer=Explainer(bundle.tables, scorer, explanations),
        reasoner=reasoner,
        explanations=Explanations(bundle, reasoner),
        protocol=Models(bundle, predictor, names, settings.max_batch, made.reader if made else None),
        counts=metrics,
        is_ready=lambda: not metrics.is_leaving(),
        limits=Limits(settings.max_body, settings.max_batch),
        status=status.about(bundle.model_file.name),
        catalogue=Kept(orjson.dumps(known), JSON),
        flights=Listed(bundle.flights),
        marks={"x-model-version": bundle.digest},
        record=record,
        native=made,
    )


def keeping(settings: Settings, folder: Path) -> Keeping:
    return Keeping(
        folder, settings.log_predictions_sample, settings.log_predictions_bytes, settings.log_predictions_keep
    )
