package atraso;

import ai.onnxruntime.OrtException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** How likely a flight leaves late: java -jar target/atraso.jar "Sky Airline" Calama "2017-11-27 13:00". */
public final class Predict {

    public static void main(String[] args) {
        try {
            if (args.length != 3) {
                throw new IllegalArgumentException("an airline, a destination and a time are wanted");
            }
            var flight = Flight.of(args[0], args[1], args[2]);
            try (var model = new Model(root().resolve("pipeline.onnx"))) {
                System.out.println(String.format(Locale.ROOT, "%.4f", model.probabilities(List.of(flight))[0]));
            }
        } catch (IllegalArgumentException | OrtException error) {
            System.err.println(error.getMessage());
            System.err.println("usage: java -jar target/atraso.jar AIRLINE DESTINATION \"YYYY-MM-DD HH:MM\"");
            System.exit(1);
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
