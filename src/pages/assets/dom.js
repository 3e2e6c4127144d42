/** Makes an element: `el("p", { class: "lead" }, "words", child)`. Names that start with `on` are listeners. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** "1.4 MB": decimal units, as storage is billed. */
export function bytes(count) {
  const units = ["B", "kB", "MB", "GB"];
  const power = count < 1 ? 0 : Math.min(Math.floor(Math.log10(count) / 3), units.length - 1);
  const value = count / 1000 ** power;
  return `${power > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}

/** "format_conversion" as a person reads it. */
export function words(name) {
  const spaced = name.replaceAll("_", " ").replace(/^hls /, "HLS ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** "4 minutes ago", in the reader's language. */
export function ago(isoTime) {
  const seconds = Math.round((Date.parse(isoTime) - Date.now()) / 1000);
  const [size, unit] = [
    [86_400, "day"],
    [3_600, "hour"],
    [60, "minute"],
  ].find(([size]) => Math.abs(seconds) >= size) ?? [1, "second"];
  return new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(Math.trunc(seconds / size), unit);
}

/** Shows an error in its place, or hides the place when there is none. */
export function showProblem(place, error) {
  place.hidden = !error;
  place.replaceChildren();
  if (!error) return;
  const fields = error.fields ?? [];
  place.append(
    el("b", {}, error.message),
    ...fields.map(({ path, message }) => el("span", {}, `${path}: ${message}`)),
  );
  if (error.action) place.append(el("span", {}, error.action));
}
