// Times in the reader's own zone; the server writes UTC, which stays in the title.

const FORMATS = {
  moment: {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  },
  clock: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
};

const formatters = Object.fromEntries(
  Object.entries(FORMATS).map(([style, options]) => [
    style,
    new Intl.DateTimeFormat("en-GB", { ...options, hourCycle: "h23" }),
  ]),
);

/** Rewrites every time below an element, but in evidence. Days are the server's: it has been told the offset. */
export function localTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    if (element.closest(".evidence") !== null) continue;
    const formatter = formatters[element.dataset.style];
    if (formatter !== undefined) element.textContent = formatter.format(new Date(element.dateTime));
  }
}

/** For the figures by day: a cookie, because the server draws them. */
export function tellOffset() {
  const offset = -new Date().getTimezoneOffset();
  document.cookie = `yesline-offset=${offset}; path=/console; samesite=lax; max-age=31536000`;
}
