// The line that keeps the answer in sight on a phone, where the answer itself is not.

const element = (id) => document.getElementById(id);

export function prepareStrip() {
  const seen = ([{ isIntersecting }]) => element("strip").classList.toggle("away", isIntersecting);
  new IntersectionObserver(seen, { rootMargin: "-48px 0px 0px 0px" }).observe(element("answers"));
}
