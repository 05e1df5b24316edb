package atraso;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/** {@code pipeline.onnx} in ONNX Runtime, with one thread. */
final class Model implements AutoCloseable {

    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;

    Model(Path file) throws OrtException {
        try (var options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            session = environment.createSession(file.toString(), options);
        }
    }

    /** For each flight, how likely it leaves more than 15 minutes late. */
    float[] probabilities(List<Flight> flights) throws OrtException {
        Map<String, OnnxTensor> inputs = new HashMap<>();
        try {
            inputs.put("OPERA", texts(flights, Flight::airline));
            inputs.put("SIGLADES", texts(flights, Flight::destination));
            inputs.put("FECHA", texts(flights, Flight::date));
            inputs.put("dia_semana", numbers(flights, Flight::weekday));
            inputs.put("hora", numbers(flights, Flight::hour));
            try (var result = session.run(inputs)) {
                return (float[]) result.get(0).getValue();
            }
        } finally {
            inputs.values().forEach(OnnxTensor::close);
        }
    }

    private OnnxTensor texts(List<Flight> flights, Function<Flight, String> value) throws OrtException {
        return OnnxTensor.createTensor(environment, flights.stream().map(value).toArray(String[]::new));
    }

    private OnnxTensor numbers(List<Flight> flights, ToLongFunction<Flight> value) throws OrtException {
        return OnnxTensor.createTensor(environment, flights.stream().mapToLong(value).toArray());
    }

    String runtimeVersion() {
        return environment.getVersion();
    }

    @Override
    public void close() throws OrtException {
        session.close();
    }
}
