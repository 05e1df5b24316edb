// A flight -> the inputs of pipeline.onnx; times are read as the service reads them.

const TIME = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?(Z|[+-]\d\d(?::?\d\d)?)?$/;
const LONGEST = 256;
const MINUTE = 60_000;
const [FIRST, LAST] = [instant(1, 1, 1), instant(9999, 12, 31, 23, 59, 59)];
const CLOCK = new Intl.DateTimeFormat("en", {
  timeZone: "America/Santiago", calendar: "gregory", hourCycle: "h23", era: "short",
  year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
});

/** Milliseconds, as if a clock's time were UTC, so that the zone of this machine does not matter. */
function instant(year, month, day, hour = 0, minute = 0, second = 0) {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day); // Date.UTC takes the year 17 for 1917
  return date.setUTCHours(hour, minute, second);
}

/** A flight at `time`, Santiago's or with a UTC offset, as values by input. Throws RangeError where the service refuses it. */
export function flight(OPERA, SIGLADES, time) {
  for (const name of [OPERA, SIGLADES]) {
    if ([...name].length > LONGEST) throw new RangeError(`a name has at most ${LONGEST} characters`);
  }
  const when = readTime(time);
  if (!(when >= FIRST && when <= LAST)) {
    throw new RangeError(`${JSON.stringify(time)} is no time of the form YYYY-MM-DD HH:MM[:SS]`);
  }
  const date = new Date(when);
  const monday = 1; // of getUTCDay; for the model it is 0
  return {
    OPERA, SIGLADES, FECHA: date.toISOString().slice(0, 10), dia_semana: (date.getUTCDay() - monday + 7) % 7, hora: date.getUTCHours(),
  };
}

/** Santiago's local time as if it were UTC, NaN where there is no such time. */
function readTime(text) {
  const [, ...parts] = TIME.exec(text) ?? [];
  const offset = parts.pop();
  const [year, month, day, hour, minute, second = 0] = parts.map((part) => (part === undefined ? undefined : Number(part)));
  const local = instant(year, month, day, hour, minute, second);
  const exists = hour < 24 && minute < 60 && second < 60 && new Date(local).getUTCDate() === day && month >= 1 && month <= 12;
  if (!exists) return NaN;
  return offset === undefined ? local : inSantiago(local - MINUTE * minutesOf(offset));
}

/** Minutes that an offset is ahead of UTC, NaN for a day and more. */
function minutesOf(offset) {
  if (offset === "Z") return 0;
  const [, sign, hours, minutes = "0"] = /^([+-])(\d\d):?(\d\d)?$/.exec(offset);
  return hours < 24 && minutes < 60 ? (sign === "-" ? -1 : 1) * (60 * Number(hours) + Number(minutes)) : NaN;
}

function inSantiago(utc) {
  if (!(utc >= FIRST && utc <= LAST)) return NaN;
  const part = Object.fromEntries(CLOCK.formatToParts(utc).map(({ type, value }) => [type, value]));
  if (part.era !== "AD") return NaN;
  return instant(...["year", "month", "day", "hour", "minute", "second"].map((type) => Number(part[type])));
}

/** Holds what is read against `times`, texts with what the service reads each as. Throws an Error. */
export function checkTimes(times) {
  for (const { FECHA_PROGRAMADA: text, ...expected } of times) {
    let found = {};
    try {
      found = flight("", "", text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    for (const [name, value] of Object.entries(expected)) {
      if ((found[name] ?? null) !== value) throw new Error(`${JSON.stringify(text)}: ${name} is ${found[name]}, not ${value}`);
    }
  }
}

/** Flights -> the columns named in `taken`, as the session takes them; `Tensor` is that of the runtime. */
export function columns(flights, Tensor, taken) {
  const text = (name) => new Tensor("string", flights.map((each) => each[name]), [flights.length]);
  const number = (name) =>
    new Tensor("int64", BigInt64Array.from(flights, (each) => BigInt(each[name])), [flights.length]);
  const makers = { OPERA: text, SIGLADES: text, FECHA: text, dia_semana: number, hora: number };
  return Object.fromEntries(taken.map((name) => [name, makers[name](name)]));
}
