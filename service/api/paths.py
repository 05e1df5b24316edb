"""The routes' paths, where more than the routes themselves have to know them."""

HOT = "/predict_delay_probability"
INFER = "/v2/models/{name}/infer"
REPORT = "/report/"

NAMED = "atraso.route"
"""Where a request's scope names its route for the counters, if that is not its path."""
