package atraso;

import ai.onnxruntime.OrtException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** How likely a flight leaves late: java -jar target/atraso.jar "Sky Airline" Calama "2017-11-27 13:00". */
public final class Predict {

    private static final String USAGE = """
            usage: java -jar target/atraso.jar AIRLINE DESTINATION "YYYY-MM-DD HH:MM[:SS]"

            The probability that the flight leaves Santiago more than 15 minutes late. The time is Santiago's;
            with a UTC offset, as in 2017-11-27T13:00Z, it is converted.""";

    public static void main(String[] args) {
        if (List.of(args).contains("-h") || List.of(args).contains("--help")) {
            System.out.println(USAGE);
            return;
        }
        try {
            if (args.length != 3) {
                throw new IllegalArgumentException("an airline, a destination and a time are wanted");
            }
            var flight = Flight.of(args[0], args[1], args[2]);
            warn("OPERA", "airline", flight.airline());
            warn("SIGLADES", "destination", flight.destination());
            try (var model = new Model(root().resolve("pipeline.onnx"))) {
                System.out.println(String.format(Locale.ROOT, "%.4f", model.probabilities(List.of(flight))[0]));
            }
        } catch (IOException | IllegalArgumentException | OrtException error) {
            System.err.println(error.getMessage());
            System.err.println(USAGE);
            System.exit(1);
        }
    }

    /** Tells of a name that no table knows. */
    private static void warn(String part, String what, String name) throws IOException {
        var manifest = JsonParser.parseString(Files.readString(root().resolve("tables/manifest.json"))).getAsJsonObject();
        for (var each : manifest.getAsJsonArray("features")) {
            var feature = each.getAsJsonObject();
            var key = feature.getAsJsonArray("key");
            if (key.size() == 1 && key.get(0).getAsString().equals(part)) {
                var table = root().resolve("tables/" + feature.get("name").getAsString() + ".json");
                if (!JsonParser.parseString(Files.readString(table)).getAsJsonObject().has(name)) {
                    System.err.println("the model does not know the " + what + " \"" + name + "\": it takes averages");
                }
                return;
            }
        }
    }

    /** The folder with the ONNX files, above the one that this jar is in. */
    static Path root() {
        try {
            var jar = Path.of(Predict.class.getProtectionDomain().getCodeSource().getLocation().toURI());
            return jar.resolve("../../../..").normalize();
        } catch (URISyntaxException error) {
            throw new IllegalStateException(error);
        }
    }
}
