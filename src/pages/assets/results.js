import { bytes, el } from "./dom.js";
import { streamPlayer } from "./player.js";

/** Shows what a job made: images as a grid, streams and films in a player, and every file with its figures. */
export function showResults(place, job) {
  place.replaceChildren(
    ...job.outputs.map(outputCard),
    ...job.notes.map((note) => el("p", { class: "hint" }, note)),
  );
}

function outputCard(output) {
  return el(
    "figure",
    { class: output.type.startsWith("image/") ? "output image" : "output film" },
    preview(output),
    el(
      "figcaption",
      {},
      el("a", { href: output.url, download: output.playback_url ? undefined : output.name }, output.name),
      el("span", { class: "figures" }, figuresOf(output)),
    ),
  );
}

function preview(output) {
  if (output.playback_url?.endsWith(".m3u8")) return streamPlayer(output.playback_url);
  if (output.playback_url) return el("a", { class: "frame", href: output.playback_url }, "DASH manifest");
  if (output.type.startsWith("video/"))
    return el("video", { src: output.url, controls: true, preload: "metadata" });
  return el(
    "a",
    { class: "frame", href: output.url, target: "_blank", rel: "noopener" },
    el("img", { src: output.url, alt: output.name, width: output.width, height: output.height }),
  );
}

function figuresOf({ width, height, bytes: size, duration }) {
  return [width && `${width} × ${height}`, duration && `${duration.toFixed(1)} s`, bytes(size)]
    .filter(Boolean)
    .join(" · ");
}
