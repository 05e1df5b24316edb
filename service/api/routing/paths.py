"""The routes' paths, where more than the routes themselves have to know them."""

import re

HOT = "/predict_delay_probability"
EXPLAIN = "/explain_delay_probability"
MANY = "/predict_delay_probabilities"
MODEL = "/v2/models/{name}"
STATISTICS = "/v2/models/stats"
WEB = "/web"
REPORT = "/report/"

NAMED = "atraso.route"
"""Where a request's scope names its route for the counters, if its path does not say."""

_MODEL = re.compile(r"/v2/models/[^/]+(?:/versions/[^/]+)?(/ready|/infer|/config|/stats)?")
_FOLDER = re.compile(r"(/web|/report)(?:/.*)?")


def route_of(path: str) -> str:
    """The route that the counters know a path by, whatever becomes of the request: a redirect, a 401, a 404."""
    path = path.rstrip("/") or "/"
    if path != STATISTICS and (model := _MODEL.fullmatch(path)):
        return MODEL + (model[1] or "")
    if folder := _FOLDER.fullmatch(path):
        return WEB if folder[1] == WEB else REPORT
    return path
