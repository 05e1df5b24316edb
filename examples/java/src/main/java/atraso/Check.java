package atraso;

import ai.onnxruntime.OrtException;
import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Runs every golden vector and prints the largest difference: java -cp target/atraso.jar atraso.Check [golden.json [times.json]]. */
public final class Check {

    private static final double LIMIT = 1e-5;

    private record Vector(String OPERA, String SIGLADES, String FECHA_PROGRAMADA, Double delay_probability) {
        Flight flight() {
            if (OPERA == null || SIGLADES == null || FECHA_PROGRAMADA == null || delay_probability == null) {
                throw new IllegalArgumentException("a flight of the golden file lacks a field");
            }
            return Flight.of(OPERA, SIGLADES, FECHA_PROGRAMADA);
        }
    }

    private record Time(String FECHA_PROGRAMADA, String FECHA, Long dia_semana, Long hora) {
        /** It is read, or refused, as the service does. */
        boolean holds() {
            try {
                var flight = Flight.of("", "", FECHA_PROGRAMADA);
                return flight.date().equals(FECHA) && dia_semana == flight.weekday() && hora == flight.hour();
            } catch (IllegalArgumentException error) {
                return FECHA == null;
            }
        }
    }

    private interface Run {
        void run() throws OrtException;
    }

    public static void main(String[] args) {
        try {
            checkTimes(args.length > 1 ? Path.of(args[1]) : Predict.root().resolve("examples/times.json"));
            check(args.length > 0 ? Path.of(args[0]) : Predict.root().resolve("examples/golden.json"));
        } catch (IOException error) {
            fail("a file cannot be read: " + error.getMessage());
        } catch (JsonParseException | IllegalArgumentException | OrtException error) {
            fail(error.getMessage());
        }
    }

    private static void fail(String sentence) {
        System.err.println(sentence);
        System.exit(1);
    }

    private static void checkTimes(Path times) throws IOException {
        for (var time : new Gson().fromJson(Files.readString(times), Time[].class)) {
            if (!time.holds()) {
                throw new IllegalArgumentException("it was not read as it should: " + time);
            }
        }
    }

    private static void check(Path golden) throws IOException, OrtException {
        var vectors = new Gson().fromJson(Files.readString(golden), Vector[].class);
        if (vectors == null || vectors.length == 0) {
            throw new IllegalArgumentException("the golden file holds no flight");
        }
        var flights = new ArrayList<Flight>();
        for (var vector : vectors) {
            flights.add(vector.flight());
        }
        try (var model = new Model(Predict.root().resolve("pipeline.onnx"))) {
            var difference = Math.max(largest(model.probabilities(flights), vectors), largest(alone(model, flights), vectors));
            var one = leastMicroseconds(5, () -> alone(model, flights)) / flights.size();
            var many = leastMicroseconds(50, () -> model.probabilities(flights)) / flights.size();
            System.out.println(String.format(
                    Locale.ROOT,
                    "onnxruntime (Java) %s, pipeline.onnx: largest difference %.1e over %d flights, "
                            + "%.2f us alone, %.3f us in a batch of %d",
                    model.runtimeVersion(), difference, flights.size(), one, many, flights.size()));
            if (!(difference <= LIMIT)) {
                throw new IllegalArgumentException("a difference is above " + LIMIT);
            }
        }
    }

    private static float[] alone(Model model, List<Flight> flights) throws OrtException {
        var found = new float[flights.size()];
        for (int n = 0; n < found.length; n++) {
            found[n] = model.probabilities(List.of(flights.get(n)))[0];
        }
        return found;
    }

    /** The largest difference, NaN where some probability is none. */
    private static double largest(float[] found, Vector[] vectors) {
        double difference = 0;
        for (int n = 0; n < vectors.length; n++) {
            difference = Math.max(difference, Math.abs(found[n] - vectors[n].delay_probability()));
        }
        return difference;
    }

    /** The least time that it takes in so many tries. */
    private static double leastMicroseconds(int tries, Run what) throws OrtException {
        double least = Double.POSITIVE_INFINITY;
        for (int n = 0; n < tries; n++) {
            long start = System.nanoTime();
            what.run();
            least = Math.min(least, (System.nanoTime() - start) / 1000.0);
        }
        return least;
    }
}
