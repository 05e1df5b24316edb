// Times as the service, people and calendars write them. All are wall-clock times of Santiago.

export const DAYS = ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"];

const SERVICE = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?$/;
const CLOCK = "(\\d{1,2}):(\\d\\d)(?::(\\d\\d))?(?:\\s*([ap])\\.?\\s?m\\.?)?";
const DAY_FIRST = new RegExp(`^(\\d{1,2})([/.-])(\\d{1,2})\\2(\\d{4}|\\d\\d),?\\s+${CLOCK}$`, "i");
const YEAR_FIRST = new RegExp(`^(\\d{4})([/.-])(\\d{1,2})\\2(\\d{1,2}),?\\s+${CLOCK}$`, "i");

/** The service's form of a time that it takes, or that is written as people and spreadsheets do; null for anything else. */
export function readTime(text) {
  const service = SERVICE.exec(text);
  if (service) return exists(service.slice(1)) ? text : null;
  const [dayFirst, yearFirst] = [DAY_FIRST.exec(text), YEAR_FIRST.exec(text)];
  if (!dayFirst && !yearFirst) return null;
  const [a, , month, b, written, minute, second = "00", half] = (dayFirst ?? yearFirst).slice(1);
  const [day, year] = dayFirst ? [a, b.padStart(4, "20")] : [b, a];
  const hour = half ? inTwentyFour(Number(written), half) : written;
  const parts = [year, ...[month, day, String(hour)].map((part) => part.padStart(2, "0")), minute, second];
  return exists(parts) ? `${parts.slice(0, 3).join("-")} ${parts.slice(3).join(":")}` : null;
}

/** 12 a. m. is midnight; an hour that no such clock shows is none. */
function inTwentyFour(hour, half) {
  if (hour < 1 || hour > 12) return 99;
  return (hour % 12) + (half.toLowerCase() === "p" ? 12 : 0);
}

function exists([year, month, day, hour, minute, second = "0"]) {
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return Number(year) > 0 && date.getUTCMonth() === Number(month) - 1 && hour < 24 && minute < 60 && second < 60;
}

/** As if it were UTC, so that no zone moves it. */
export const clock = (text) => new Date(`${text.replace(" ", "T").slice(0, 16)}:00Z`);

export const stamp = (date) => date.toISOString().slice(0, 19).replace("T", " ");

/** 0 is Monday. */
export const weekday = (date) => (date.getUTCDay() + 6) % 7;

const format = (options) => {
  const made = new Intl.DateTimeFormat("es", { timeZone: "UTC", hour: "2-digit", minute: "2-digit", ...options });
  return (text) => made.format(clock(text));
};

export const inFull = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
export const inShort = format({ weekday: "short", day: "numeric", month: "short", year: "numeric" });
export const inDigits = format({ day: "2-digit", month: "2-digit", year: "numeric" });
