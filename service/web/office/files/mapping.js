// Asks which column of a file is which, where its first line does not say so.

import { FIELDS } from "../../flights/columns.js";

const element = (id) => document.getElementById(id);
const select = (field) => element(`column-${field}`);

let answered = () => {};

/** Shows a sheet's columns with what its first lines say of them; `told({ headed, places })` is called with the answer. */
export function askColumns(sheet, { headed, places, missing }, told) {
  answered = told;
  const names = sheet.first.fields.map((name, n) => `${n + 1}: ${name.trim() || "(vacía)"}`.slice(0, 60));
  for (const field of FIELDS) {
    const options = ["Elige una columna", ...names].map((text, n) => new Option(text, n ? n - 1 : ""));
    select(field).replaceChildren(...options);
    select(field).value = places[field] ?? "";
  }
  element("is-flight").checked = !headed;
  element("mapping").hidden = false;
  select(missing[0]).focus();
}

export function hideColumns() {
  element("mapping").hidden = true;
}

/** No column can be two things. */
function checkTwice() {
  const chosen = FIELDS.map((field) => select(field).value);
  FIELDS.forEach((field, n) => {
    const twice = chosen[n] && chosen.indexOf(chosen[n]) < n;
    select(field).setCustomValidity(twice ? "Esa columna ya está elegida." : "");
  });
}

/** Makes the form work. */
export function prepareMapping() {
  element("mapping").addEventListener("change", checkTwice);
  element("mapping").addEventListener("submit", (event) => {
    event.preventDefault();
    hideColumns();
    const places = Object.fromEntries(FIELDS.map((field) => [field, Number(select(field).value)]));
    answered({ headed: !element("is-flight").checked, places });
  });
}
