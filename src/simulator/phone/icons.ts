import { html, raw } from "hono/html";

/** Strokes on a grid of 24 by 24. */
const strokes = {
  call: "M6.6 3.5 9 4.4l1.2 4-1.9 1.8a12.6 12.6 0 0 0 5.5 5.5l1.8-1.9 4 1.2.9 2.4c.3 1-.2 2-1.1 2.4-1.3.6-2.8.5-4.9-.2A18 18 0 0 1 4.4 9.5c-.7-2.1-.8-3.6-.2-4.9.4-.9 1.4-1.4 2.4-1.1Z",
  hangUp:
    "M12 9c-3.6 0-6.7.9-8.6 2.5-.9.8-1.1 2-.6 3.1l.8 1.6 4.1-.8.5-2.8a12 12 0 0 1 7.6 0l.5 2.8 4.1.8.8-1.6c.5-1.1.3-2.3-.6-3.1C18.7 9.9 15.6 9 12 9Z",
  silence: "M9 9.5V6a3 3 0 0 1 6 0v5M9.7 13.2A3 3 0 0 0 13.5 14M6 11a6 6 0 0 0 9.5 4.9M12 17v3.5M4 4l16 16",
  skip: "M6 6.5v11l8-5.5-8-5.5ZM17.5 6v12",
  voice: "M4.5 9.7v4.6h3L12 18V6L7.5 9.7h-3ZM15.5 9.2a4 4 0 0 1 0 5.6M18 6.7a7.5 7.5 0 0 1 0 10.6",
  save: "M12 4v10.5M7.7 10.5 12 14.7l4.3-4.2M5 19.5h14",
  open: "M14 5h5v5M19 5l-8 8M17 14v4.5H5.5V7H10",
  back: "M19 12H5.5M11 6.2 5.2 12l5.8 5.8",
  keypad:
    "M5.3 5.3h1.4v1.4h-1.4zM11.3 5.3h1.4v1.4h-1.4zM17.3 5.3h1.4v1.4h-1.4zM5.3 11.3h1.4v1.4h-1.4zM11.3 11.3h1.4v1.4h-1.4zM17.3 11.3h1.4v1.4h-1.4zM5.3 17.3h1.4v1.4h-1.4zM11.3 17.3h1.4v1.4h-1.4zM17.3 17.3h1.4v1.4h-1.4z",
  again: "M19 12a7 7 0 1 1-2.2-5.1M17.3 3.5v3.7h-3.7",
} as const;

/** A drawing beside a label: nothing that a screen reader should say. */
export function icon(name: keyof typeof strokes) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d="${raw(strokes[name])}" />
  </svg>`;
}
