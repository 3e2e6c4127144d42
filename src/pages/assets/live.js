import { call } from "./api.js";
import { byId, el, showProblem, words } from "./dom.js";
import { showResults } from "./results.js";
import { watch } from "./watch.js";

let leaving = new AbortController();

/** Shows one job: live while it runs, then what it made or why it did not. `title` is the file's name when known. */
export async function showJob(jobId, title, onEnd) {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const panel = livePanel(jobId, title, () => showJob(jobId, title, onEnd));
  const place = byId("job");
  place.hidden = false;
  place.replaceChildren(panel.root);
  place.scrollIntoView({ behavior: "smooth", block: "nearest" });
  try {
    await watch(jobId, panel.update, signal);
    if (signal.aborted) return;
    const job = await call(`/v1/jobs/${jobId}`);
    if (signal.aborted) return;
    panel.end(job);
    showResults(panel.results, job);
    onEnd();
  } catch (error) {
    if (!signal.aborted) showProblem(panel.problem, error);
  }
}

/** `onRetried`: another run of the job has begun. */
function livePanel(jobId, title, onRetried) {
  const status = el("span", { class: "status", "data-status": "pending" }, "Pending");
  const bar = el("progress", { max: 100, value: 0, "aria-label": "Progress of the job" });
  const figure = el("output", { class: "figure" }, "0 %");
  const stages = el("ol", { class: "stages" });
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const results = el("div", { class: "results" });
  const cancel = el("button", { type: "button", class: "quiet" }, "Cancel");
  cancel.addEventListener("click", () => {
    cancel.disabled = true;
    call(`/v1/jobs/${jobId}?force=true`, { method: "DELETE" }).catch((error) => showProblem(problem, error));
  });
  const root = el(
    "div",
    { class: "live", "data-job": jobId },
    el("div", { class: "row spread" }, el("h2", {}, title ?? "Job"), status),
    el("div", { class: "meter" }, bar, figure),
    stages,
    problem,
    el("div", { class: "row spread" }, el("code", {}, jobId), cancel),
    results,
  );
  const setStatus = (value) => {
    status.dataset.status = value;
    status.textContent = words(value);
  };
  return {
    root,
    results,
    problem,
    update: (snapshot) => {
      setStatus(snapshot.status);
      bar.value = snapshot.progress_percentage;
      figure.textContent = `${Math.floor(snapshot.progress_percentage)} %`;
      stages.replaceChildren(...snapshot.stages.map((stage) => stageItem(stage, snapshot)));
    },
    end: (job) => {
      setStatus(job.status);
      const failure = job.error ?? lossOf(job);
      if (!failure) return cancel.remove();
      showProblem(problem, { message: failure.message, action: failure.suggested_action });
      cancel.replaceWith(retryButton(jobId, problem, onRetried));
    },
  };
}

/** What a job that completed went without, as one failure. */
function lossOf({ outputs_failed: lost }) {
  if (!lost?.length) return undefined;
  const message = lost.map(({ name, error }) => `${name} was not made: ${error.message}`).join(" ");
  return { message, suggested_action: lost[0].error.suggested_action };
}

function retryButton(jobId, problem, onRetried) {
  const button = el("button", { type: "button", class: "quiet" }, "Try again");
  button.addEventListener("click", () => {
    button.disabled = true;
    call(`/v1/jobs/${jobId}/retry`, { method: "POST" }).then(onRetried, (error) => {
      button.disabled = false;
      showProblem(problem, error);
    });
  });
  return button;
}

function stageItem({ stage, percentage }, snapshot) {
  const state = percentage >= 100 ? "done" : stage === snapshot.current_stage ? "now" : "next";
  const details = state === "now" ? detailsOf(snapshot.stage_details) : undefined;
  return el(
    "li",
    { "data-state": state, "aria-current": state === "now" ? "step" : undefined },
    el("span", { class: "stage-name" }, words(stage), details && el("small", {}, details)),
    el("span", { class: "stage-share" }, state === "done" ? "done" : `${Math.floor(percentage)} %`),
  );
}

function detailsOf({ current_operation, fps, speed } = {}) {
  const parts = [
    current_operation && words(current_operation),
    fps && `${Math.round(fps)} frames/s`,
    speed && `${speed.toFixed(1)}×`,
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(" · ") : undefined;
}
