package atraso;

import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.regex.Pattern;

/** What the model looks at; the time is local in Santiago. */
record Flight(String airline, String destination, LocalDateTime time) {

    private static final Pattern TIME = Pattern.compile(
            "([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2})(:[0-9]{2}(?:[.,][0-9]+)?)?(?:(Z)|([+-])([0-9]{2})(?::?([0-9]{2}))?)?");
    private static final ZoneId SANTIAGO = ZoneId.of("America/Santiago");
    private static final int LONGEST = 256;

    /** Reads a time as the service does, and refuses what it refuses. */
    static Flight of(String airline, String destination, String time) {
        for (var name : new String[] {airline, destination}) {
            if (name.codePointCount(0, name.length()) > LONGEST) {
                throw new IllegalArgumentException("a name has at most " + LONGEST + " characters");
            }
        }
        try {
            return new Flight(airline, destination, readTime(time));
        } catch (DateTimeException error) {
            throw new IllegalArgumentException("\"" + time + "\" is no time of the form YYYY-MM-DD HH:MM[:SS]");
        }
    }

    private static LocalDateTime readTime(String text) {
        var found = TIME.matcher(text);
        if (!found.matches()) {
            throw new DateTimeException("no such form");
        }
        var seconds = found.group(3) == null ? "" : found.group(3).substring(0, 3);
        var local = checked(LocalDateTime.parse(found.group(1) + "T" + found.group(2) + seconds));
        if (found.group(4) == null && found.group(5) == null) {
            return local;
        }
        var utc = checked(local.minusMinutes(found.group(4) == null ? minutes(found.group(5), found.group(6), found.group(7)) : 0));
        return checked(utc.atOffset(ZoneOffset.UTC).atZoneSameInstant(SANTIAGO).toLocalDateTime());
    }

    /** Minutes that an offset is ahead of UTC; a day and more is none. {@link ZoneOffset} ends at 18 hours. */
    private static long minutes(String sign, String hours, String minutes) {
        int ahead = Integer.parseInt(hours) * 60 + (minutes == null ? 0 : Integer.parseInt(minutes));
        if (ahead >= ChronoUnit.DAYS.getDuration().toMinutes()) {
            throw new DateTimeException("no such offset");
        }
        return sign.equals("-") ? -ahead : ahead;
    }

    private static LocalDateTime checked(LocalDateTime time) {
        if (time.getYear() < 1 || time.getYear() > 9999) {
            throw new DateTimeException("out of the calendar");
        }
        return time;
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
