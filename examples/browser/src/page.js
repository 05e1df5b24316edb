import { flight } from "./flight.js";
import { load } from "./model.js";

const element = (id) => document.getElementById(id);

function say(id, text) {
  element(id).textContent = text;
  element(id).hidden = !text;
}

function offer(list, names) {
  element(list).replaceChildren(
    ...names.map((name) => Object.assign(document.createElement("option"), { value: name })),
  );
}

function show(asked, probability, { threshold, OPERA, SIGLADES }) {
  const percent = (part) => part.toLocaleString("es", { style: "percent", maximumFractionDigits: 0 });
  const high = probability > threshold;
  say("state", "");
  element("result").hidden = false;
  element("result").dataset.high = high;
  element("probability").textContent = percent(probability);
  element("class").textContent = high
    ? `Alta probabilidad de atraso: está sobre el ${percent(threshold)}.`
    : `Baja probabilidad de atraso: no pasa del ${percent(threshold)}.`;
  say("flight", `${asked.OPERA} a ${asked.SIGLADES}, ${asked.FECHA}, ${asked.hora} horas`);
  const unknown = [
    OPERA.includes(asked.OPERA) ? "" : "la aerolínea",
    SIGLADES.includes(asked.SIGLADES) ? "" : "el destino",
  ].filter(Boolean);
  say("note", unknown.length ? `El modelo no conoce ${unknown.join(" ni ")}: se usan promedios.` : "");
}

async function begin() {
  const about = await (await fetch("about.json")).json();
  offer("airlines", about.OPERA);
  offer("destinations", about.SIGLADES);
  const predict = await load();
  say("state", "Listo. Elige un vuelo.");
  element("ask").disabled = false;
  element("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const asked = flight(element("opera").value, element("siglades").value, element("time").value);
      const [probability] = await predict([asked]);
      show(asked, probability, about);
    } catch (error) {
      for (const id of ["result", "flight", "note"]) element(id).hidden = true;
      say("state", `No se pudo calcular: ${error.message}`);
    }
  });
}

begin().catch((error) => say("state", `El modelo no se pudo cargar: ${error.message}. Vuelve a abrir la página.`));
