// The key that a service may ask for: kept while the tab is open, and sent with every request.

const NAME = "atraso.key";

const WORDS = {
  es: { need: "Este servicio pide una clave.", wrong: "Esa clave no sirve.", label: "Clave de la API", send: "Usar" },
  en: { need: "This service asks for an API key.", wrong: "That key does not do.", label: "API key", send: "Use" },
};

let entered = () => {};

/** `told()` is called when a key was entered. */
export function whenEntered(told) {
  entered = told;
}

/** What a request carries for it. */
export function headers() {
  const key = sessionStorage.getItem(NAME);
  return key ? { "x-api-key": key } : {};
}

/** The service refused: ask for a key, or for another one. */
export function ask() {
  const words = WORDS[document.documentElement.lang.slice(0, 2)] ?? WORDS.en;
  const form = document.getElementById("key") ?? document.querySelector("main").insertAdjacentElement("beforebegin", made(words));
  if (!form.hidden) return; // several requests were refused at once
  form.hidden = false;
  form.querySelector("p").textContent = sessionStorage.getItem(NAME) ? words.wrong : words.need;
  sessionStorage.removeItem(NAME);
}

function made({ label, send }) {
  const form = Object.assign(document.createElement("form"), { id: "key", className: "card wide", hidden: true });
  const input = Object.assign(document.createElement("input"), {
    id: "key-input", type: "password", required: true, pattern: "[!-~]+", autocomplete: "off",
  });
  const name = Object.assign(document.createElement("label"), { htmlFor: input.id, textContent: label });
  const said = document.createElement("p");
  said.setAttribute("role", "alert");
  said.id = "key-said";
  form.setAttribute("aria-labelledby", said.id);
  form.append(said, name, input, Object.assign(document.createElement("button"), { textContent: send }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(NAME, input.value);
    input.value = "";
    form.hidden = true;
    entered();
  });
  return form;
}
