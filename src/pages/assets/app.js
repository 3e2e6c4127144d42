import { call, sendJson } from "./api.js";
import { startComposer } from "./composer.js";
import { byId, showProblem } from "./dom.js";
import { showJob } from "./live.js";
import { showRecent } from "./recent.js";

const keyForm = byId("key-form");
if (keyForm) startKeyForm(keyForm);
else await startWorkspace();

function startKeyForm(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await sendJson("/session", "POST", { key: byId("key").value.trim() });
      location.reload();
    } catch (error) {
      const unknown = error.status === 401 && { message: "This key does not open this service." };
      showProblem(byId("key-problem"), unknown || error);
    }
  });
  byId("key").focus();
}

async function startWorkspace() {
  byId("sign-out").addEventListener("click", async () => {
    await call("/session", { method: "DELETE" });
    location.reload();
  });
  const refresh = () => showRecent((jobId) => void showJob(jobId, undefined, refresh));
  await Promise.all([
    startComposer((accepted, file) => {
      void showJob(accepted.job_id, file.name, refresh);
      void refresh();
    }),
    refresh(),
  ]);
}
