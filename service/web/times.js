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
  const made = new Intl.DateTimeFormat("es-CL", { timeZone: "UTC", ...options });
  return (text) => made.format(clock(text));
};

const CLOCKED = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

export const inFull = format({ weekday: "long", day: "numeric", month: "long", year: "numeric", ...CLOCKED });
export const inShort = format({ weekday: "short", day: "numeric", month: "short", year: "numeric", ...CLOCKED });
export const inDigits = format({ day: "2-digit", month: "2-digit", year: "numeric", ...CLOCKED });
export const dayInFull = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
export const monthInFull = format({ month: "long", year: "numeric" });

/** The service's form of today, in Santiago. */
export function today() {
  const parts = new Intl.DateTimeFormat("en-US", { timeZone: "America/Santiago", year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts();
  return ["year", "month", "day"].map((type) => parts.find((part) => part.type === type).value).join("-");
}

/** A day some days later, in the service's form. */
export function daysLater(day, days) {
  const date = clock(`${day} 00:00`);
  date.setUTCDate(date.getUTCDate() + days);
  return stamp(date).slice(0, 10);
}

const NAMED_DAYS = { hoy: 0, mañana: 1, "pasado mañana": 2 };

/** The service's form of a day as people write it; without a year it is this year's; null for anything else. */
export function readDay(text) {
  const written = text.trim().toLowerCase();
  if (Object.hasOwn(NAMED_DAYS, written)) return daysLater(today(), NAMED_DAYS[written]);
  const iso = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$/.exec(written);
  const ours = /^(\d{1,2})[-/. ](\d{1,2})(?:[-/. ](\d{4}|\d\d))?$/.exec(written) ?? /^(\d\d)(\d\d)(\d{4})$/.exec(written);
  if (!iso && !ours) return null;
  const [year, month, day] = iso ? iso.slice(1) : [(ours[3] ?? today().slice(0, 4)).padStart(4, "20"), ours[2], ours[1]];
  const parts = [year, month.padStart(2, "0"), day.padStart(2, "0")];
  return exists([...parts, 0, 0]) && year >= 1900 && year < 2200 ? parts.join("-") : null;
}

/** `HH:MM` of an hour of 24 as people write it: 6:05, 0605, 18.30, 6 h; null for anything else. */
export function readClock(text) {
  const found = /^(\d{1,2})(?:\s*[:.h]\s*(\d\d))?\s*(?:h|hrs?|horas)?\.?$/i.exec(text.trim()) ?? /^(\d{1,2})(\d\d)$/.exec(text.trim());
  if (!found) return null;
  const [hour, minute] = [found[1], found[2] ?? "00"];
  return hour < 24 && minute < 60 ? `${hour.padStart(2, "0")}:${minute}` : null;
}

/** As the day's field shows it. */
export const dayShown = (day) => day.split("-").reverse().join("-");
