// The light build knows no audio renditions: it plays our streams in silence.
import hls from "hls.js/dist/hls.min.mjs";
import api from "./assets/api.js";
import app from "./assets/app.js";
import composer from "./assets/composer.js";
import dom from "./assets/dom.js";
import icon from "./assets/icon.svg";
import live from "./assets/live.js";
import player from "./assets/player.js";
import recent from "./assets/recent.js";
import results from "./assets/results.js";
import style from "./assets/style.css";
import watch from "./assets/watch.js";

interface Asset {
  text: string;
  type: string;
}

const script = (text: string): Asset => ({ text, type: "text/javascript; charset=utf-8" });

/** What the page loads from `/assets/`, by file name. */
export const ASSETS: ReadonlyMap<string, Asset> = new Map([
  ["api.js", script(api)],
  ["app.js", script(app)],
  ["composer.js", script(composer)],
  ["dom.js", script(dom)],
  ["hls.js", script(hls)],
  ["icon.svg", { text: icon, type: "image/svg+xml" }],
  ["live.js", script(live)],
  ["player.js", script(player)],
  ["recent.js", script(recent)],
  ["results.js", script(results)],
  ["style.css", { text: style, type: "text/css; charset=utf-8" }],
  ["watch.js", script(watch)],
]);
