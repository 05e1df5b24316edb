// Numbers and times as people read them.

export const DAYS = ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"];

export const percent = (part) => `${Math.round(part * 100)}\u00a0%`;

/** Of percentage points, with a sign. */
export const points = (part) => {
  const rounded = Math.round(part * 1000) / 10;
  const text = Math.abs(rounded).toLocaleString("es", { maximumFractionDigits: 1 });
  return `${rounded > 0 ? "+" : rounded < 0 ? "−" : ""}${text} puntos`;
};

/** A wall-clock time as if it were UTC, so that no zone moves it. */
export const clock = (text) => new Date(`${text.replace(" ", "T").slice(0, 16)}:00Z`);

export const stamp = (date) => date.toISOString().slice(0, 19).replace("T", " ");

/** 0 is Monday. */
export const weekday = (date) => (date.getUTCDay() + 6) % 7;

export const inFull = (text) =>
  clock(text).toLocaleString("es", {
    timeZone: "UTC", weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit",
  });
