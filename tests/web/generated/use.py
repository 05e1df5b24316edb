"""Uses what openapi-python-client made, `client`, of the server at the given address."""

import sys

from client import Client
from client.api.flights import catalogue, explain, flights, predict, predict_many
from client.api.open_inference_protocol import infer, model, model_statistics, ready, repository, statistics
from client.api.server import metrics, status
from client.models import Error, ExplainDetail, Flight, InferenceError, InferenceRequest, Tensor, ValidationError

asked = Client(base_url=sys.argv[1])
flight = Flight(opera="Sky Airline", siglades="Calama", fecha_programada="2024-02-29 13:00:00")
new = Flight(opera="Nueva", siglades="Calama", fecha_programada="2017-11-27T13:00:00+0000")

one = predict.sync(client=asked, body=flight)
assert 0 <= one.delay_probability <= 1
assert not one.desconocidos  # it was not asked for

first, second = predict_many.sync(client=asked, body=[flight, new], detail=True)
assert (first.desconocidos, [str(each) for each in second.desconocidos]) == ([], ["OPERA"])
assert abs(first.probabilidad - one.delay_probability) <= 0.005 + 1e-9
why = explain.sync(client=asked, body=flight)
assert abs(why.base.probabilidad + sum(each.contribucion for each in why.motivos) - why.delay_probability) < 1e-6
assert explain.sync(client=asked, body=flight, detail=ExplainDetail.TABLES).variables
assert isinstance(predict.sync(client=asked, body=Flight("a", "b", "2017-11-27")), ValidationError)
assert isinstance(predict.sync(client=asked, body=Flight("a" * 3_000_000, "b", "x")), Error)

texts = {"OPERA": "Sky Airline", "SIGLADES": "Calama", "FECHA_PROGRAMADA": "2024-02-29 13:00:00"}
tensors = [Tensor(name=name, datatype="BYTES", shape=[1], data=[text]) for name, text in texts.items()]
reply = infer.sync("flight_delay", client=asked, body=InferenceRequest(inputs=tensors))
assert abs(reply.outputs[0].data[0] - first.probabilidad) < 1e-6
assert isinstance(infer.sync("flight_delay", client=asked, body=InferenceRequest(inputs=tensors[:1])), InferenceError)

assert model.sync("flight_delay", client=asked).inputs[0].datatype == "BYTES"
assert model_statistics.sync("flight_delay", client=asked).model_stats[0].inference_count > 0
assert len(statistics.sync(client=asked).model_stats) == len(repository.sync(client=asked)) == 2
assert ready.sync(client=asked).ready
assert status.sync(client=asked).model_type == "LGBM"
assert "Sky Airline" in catalogue.sync(client=asked).opera
assert flights.sync(client=asked)[0].minutos_de_atraso is not None
assert "atraso_workers 1" in metrics.sync(client=asked)
print("used")
