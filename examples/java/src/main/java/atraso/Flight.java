package atraso;

import java.time.DateTimeException;
import java.time.LocalDateTime;

/** What the model looks at; the time is local in Santiago. */
record Flight(String airline, String destination, LocalDateTime time) {

    /** Reads a time of the form YYYY-MM-DD HH:MM[:SS], with a space or a T between. */
    static Flight of(String airline, String destination, String time) {
        try {
            return new Flight(airline, destination, LocalDateTime.parse(time.replace(' ', 'T')));
        } catch (DateTimeException error) {
            throw new IllegalArgumentException("\"" + time + "\" is no time of the form YYYY-MM-DD HH:MM");
        }
    }

    String date() {
        return time.toLocalDate().toString();
    }

    /** 0 is Monday. */
    long weekday() {
        return time.getDayOfWeek().getValue() - 1;
    }

    long hour() {
        return time.getHour();
    }
}
