// The field of a date, which takes what people write, and its calendar.

import { clock, dayInFull, dayShown, daysLater, monthInFull, readDay, stamp, today, weekday } from "../../times.js";

const element = (id) => document.getElementById(id);
const made = (name, properties, ...children) => {
  const one = Object.assign(document.createElement(name), properties);
  one.append(...children);
  return one;
};
const HEADS = [["lu", "lunes"], ["ma", "martes"], ["mi", "miércoles"], ["ju", "jueves"], ["vi", "viernes"], ["sá", "sábado"], ["do", "domingo"]];
const [FIRST, LAST] = ["1900-01-01", "2199-12-31"];

let shown; // the day that the calendar has its focus on

export const day = () => readDay(element("day").value);

/** Shows a day in the field, and in words under it. */
export function setDay(text) {
  element("day").value = dayShown(text);
  say();
}

function say() {
  const read = day();
  element("day-said").textContent = read ? `${dayInFull(`${read} 00:00`)}${read === today() ? " (hoy)" : ""}` : "";
}

function monthsLater(text, months) {
  const [year, month, date] = text.split("-").map(Number);
  const last = new Date(Date.UTC(year, month + months, 0));
  last.setUTCDate(Math.min(date, last.getUTCDate()));
  return stamp(last).slice(0, 10);
}

const KEYS = {
  ArrowLeft: (one) => daysLater(one, -1), ArrowRight: (one) => daysLater(one, 1),
  ArrowUp: (one) => daysLater(one, -7), ArrowDown: (one) => daysLater(one, 7),
  PageUp: (one) => monthsLater(one, -1), PageDown: (one) => monthsLater(one, 1),
  Home: (one) => daysLater(one, -weekday(clock(`${one} 00:00`))), End: (one) => daysLater(one, 6 - weekday(clock(`${one} 00:00`))),
};

function draw(focus) {
  const first = `${shown.slice(0, 7)}-01`;
  const start = daysLater(first, -weekday(clock(`${first} 00:00`)));
  const weeks = [0, 1, 2, 3, 4, 5].map((week) => [0, 1, 2, 3, 4, 5, 6].map((n) => daysLater(start, week * 7 + n)));
  const rows = weeks.filter((week) => week.some((one) => one.startsWith(shown.slice(0, 7)))).map((week) =>
    made("tr", {}, ...week.map((one) => made("td", {}, one.startsWith(shown.slice(0, 7)) ? dayButton(one) : ""))));
  const heads = HEADS.map(([short, name]) => made("th", { scope: "col", abbr: name, textContent: short }));
  const title = made("p", { id: "day-month", textContent: monthInFull(`${shown} 00:00`), ariaLive: "polite" });
  const step = (months, label, text) => {
    const button = made("button", { type: "button", className: "plain icon", textContent: text, ariaLabel: label });
    button.addEventListener("click", () => go(monthsLater(shown, months), false));
    return button;
  };
  element("day-picker").replaceChildren(
    made("div", { className: "head" }, step(-1, "Mes anterior", "‹"), title, step(1, "Mes siguiente", "›")),
    made("table", {}, made("thead", {}, made("tr", {}, ...heads)), made("tbody", {}, ...rows)),
  );
  if (focus) element("day-picker").querySelector(`[data-day="${shown}"]`).focus();
}

function dayButton(one) {
  const button = made("button", { type: "button", textContent: Number(one.slice(8)), tabIndex: one === shown ? 0 : -1, ariaLabel: dayInFull(`${one} 00:00`) });
  button.dataset.day = one;
  if (one === today()) button.setAttribute("aria-current", "date");
  button.setAttribute("aria-pressed", String(one === day()));
  return button;
}

function go(to, focus) {
  if (to < FIRST || to > LAST) return;
  shown = to;
  draw(focus);
}

function open() {
  shown = day() ?? today();
  element("day-picker").hidden = false;
  element("day-open").setAttribute("aria-expanded", "true");
  draw(true);
}

function close() {
  element("day-picker").hidden = true;
  element("day-open").setAttribute("aria-expanded", "false");
}

/** Makes the field work. */
export function prepareDay() {
  const [field, picker, button] = [element("day"), element("day-picker"), element("day-open")];
  field.addEventListener("input", say);
  field.addEventListener("change", () => day() && setDay(day()));
  field.addEventListener("keydown", (event) => {
    const days = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!days || !day()) return;
    event.preventDefault();
    setDay(daysLater(day(), days));
  });
  button.addEventListener("click", () => (picker.hidden ? open() : close()));
  picker.addEventListener("click", ({ target }) => {
    if (!target.dataset.day) return;
    setDay(target.dataset.day);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    close();
    button.focus();
  });
  picker.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      close();
      button.focus();
    } else if (event.key in KEYS && event.target.dataset.day) {
      event.preventDefault();
      go(KEYS[event.key](shown), true);
    }
  });
  addEventListener("pointerdown", ({ target }) => target.closest(".day") || close());
  picker.addEventListener("focusout", ({ relatedTarget }) => relatedTarget && !relatedTarget.closest(".day") && close());
}
