import { call } from "./api.js";
import { ago, byId, el, words } from "./dom.js";

const SHOWN = 8;

/** Lists the owner's newest jobs; choosing one shows it. */
export async function showRecent(onChoose) {
  const { jobs } = await call(`/v1/jobs?limit=${SHOWN}`);
  const place = byId("recent");
  if (jobs.length === 0) return place.replaceChildren(el("li", { class: "hint" }, "Nothing yet."));
  place.replaceChildren(...jobs.map((job) => recentItem(job, onChoose)));
}

function recentItem(job, onChoose) {
  const picture = job.outputs.find(({ type }) => type.startsWith("image/"));
  return el(
    "li",
    {},
    el(
      "button",
      { type: "button", class: "recent-job", onclick: () => onChoose(job.job_id) },
      picture ? el("img", { src: picture.url, alt: "", loading: "lazy" }) : el("span", { class: "blank" }),
      el("span", { class: "recent-words" }, el("b", {}, titleOf(job)), el("small", {}, ago(job.created_at))),
      el("span", { class: "status", "data-status": job.status }, words(job.status)),
    ),
  );
}

function titleOf({ kind, outputs }) {
  if (outputs.length === 0) return words(kind);
  return `${words(kind)}, ${outputs.length} ${outputs.length === 1 ? "output" : "outputs"}`;
}
