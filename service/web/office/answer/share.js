// Taking an answer along: its link, and a page on paper.

const element = (id) => document.getElementById(id);

async function copy() {
  const written = navigator.clipboard?.writeText(location.href) ?? Promise.reject(new Error("no clipboard"));
  const done = await written.then(() => true, copyOldWay);
  element("copied").textContent = done ? "Copiado." : "No se pudo copiar; el enlace es la dirección de esta página.";
}

/** A page that came without TLS has no clipboard. */
async function copyOldWay() {
  const field = Object.assign(document.createElement("textarea"), { value: location.href });
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  element("copy").focus();
  return done;
}

/** What was folded away is read on paper too, where nobody can unfold it. */
function unfold(is) {
  for (const fold of document.querySelectorAll("#why details")) {
    if (is && !fold.open) fold.dataset.folded = "";
    if (is || fold.dataset.folded !== undefined) fold.open = is;
    if (!is) delete fold.dataset.folded;
  }
}

/** Makes the buttons work. */
export function prepare() {
  element("copy").addEventListener("click", copy);
  element("print").addEventListener("click", () => print());
  addEventListener("beforeprint", () => unfold(true));
  addEventListener("afterprint", () => unfold(false));
}
