// The keys / j k and ?, unless they are turned off. They rest while somebody types.

export function bindKeys() {
  if (document.body.dataset.keys !== "on") return;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const act = ACTS[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
}

const ACTS = {
  "/": () => {
    const field = document.querySelector("#search");
    field?.focus();
    field?.select();
  },
  j: () => step(1),
  k: () => step(-1),
  "?": () => location.assign("/console/help"),
};

/** To the next row's link, or the one before; Enter opens it as it does any link. */
function step(by) {
  const links = [...document.querySelectorAll("[data-row-link]")];
  const here = links.findIndex((link) => link.closest("tr")?.contains(document.activeElement));
  const next = here === -1 ? (by > 0 ? 0 : links.length - 1) : here + by;
  links[Math.min(Math.max(next, 0), links.length - 1)]?.focus();
}

function isTyping(target) {
  return (
    target instanceof HTMLElement && target.closest("input, select, textarea, [contenteditable]") !== null
  );
}
