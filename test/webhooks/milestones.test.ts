import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failTask } from "../../src/jobs/store/fail-task.ts";
import { saveProgress } from "../../src/jobs/store/save-progress.ts";
import { dispatchEvents } from "../../src/webhooks/dispatch.ts";
import { passesMilestone, progressSteps } from "../../src/webhooks/milestones.ts";
import { emptyStorage, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claimOne, rowsOf, START_MS, submit } from "../fixtures/jobs.ts";
import { eventsWritten, receive, register, withoutQueue } from "./receiving.ts";

beforeAll(prepareDatabase);
beforeEach(emptyStorage);

describe("a milestone", () => {
  it.each<[number, number, number[], boolean]>([
    [0, 24.9, [25], false],
    [0, 25, [25], true],
    [24.9, 60, [25], true],
    [25, 49.9, [25], false],
    [0, 9.9, [25, 10], false],
    [0, 10, [25, 10], true],
    [90, 100, [25], false],
    [0, 99, [], false],
  ])("from %d to %d %% with steps of %j: %s", (before, now, steps, expected) => {
    expect(passesMilestone(before, now, steps)).toBe(expected);
  });
});

it("is looked for at the steps of those who listen, and at none for nobody", async () => {
  const silent = (await submit()).job.id;
  await register({ owner: "bert", progressStep: 5 });
  await register({ events: ["job.completed"], progressStep: 5 });
  expect(await progressSteps(testEnv.DB, silent)).toEqual([]);
  await register({ progressStep: 10 });
  const own = (await submit({ webhookUrl: "https://hooks.example.com/" })).job.id;
  expect(await progressSteps(testEnv.DB, silent)).toEqual([10]);
  expect(await progressSteps(testEnv.DB, own)).toEqual([10, 25]);
});

it("goes to those whose own step was passed, while the job runs", async () => {
  const fine = await register({ progressStep: 10 });
  await register({ progressStep: 50 });
  const { job } = await submit();
  const advance = { jobId: job.id, run: 1, percentage: 30.5, stage: "resize_operations" };
  expect(await saveProgress(testEnv.DB, advance, START_MS)).toBe(false);
  expect(await rowsOf("events", "type = 'job.progress'")).toEqual([]);
  await claimOne();
  expect(await saveProgress(testEnv.DB, advance, START_MS)).toBe(true);
  expect(await saveProgress(testEnv.DB, advance, START_MS)).toBe(false);
  await dispatchEvents(withoutQueue, [job.id], START_MS);
  expect(await rowsOf("webhook_deliveries", "event_type = 'job.progress'")).toMatchObject([
    { endpoint_id: fine.endpoint.id },
  ]);
});

interface Told {
  progress_percentage: number;
  detail: { before?: number; progress_percentage?: number } | null;
}

/** What receivers are shown of each event of a job, in the order of their sequence numbers. */
async function percentagesTold(): Promise<number[]> {
  const ofJob = (await eventsWritten()).filter((event) => event.type.startsWith("job."));
  const told = ofJob.map((event) => JSON.parse(event.snapshot) as Told);
  return told.map(({ detail, progress_percentage }) => detail?.progress_percentage ?? progress_percentage);
}

describe("told once in a run, by what D1 knows", () => {
  const advance = (jobId: string, percentage: number, run = 1) =>
    saveProgress(testEnv.DB, { jobId, run, percentage, stage: "transcode" }, START_MS);

  it("whoever reports it again after everything else was lost", async () => {
    await register({ progressStep: 25 });
    const { job } = await submit();
    await claimOne();
    const answers = [];
    for (const percentage of [20, 27.2, 25, 26, 28, 49.9, 50, 27.2, 51]) {
      answers.push(await advance(job.id, percentage));
    }
    expect(answers).toEqual([false, true, false, false, false, false, true, false, false]);
    expect(await rowsOf("jobs")).toMatchObject([{ progress_percentage: 51 }]);
  });

  it("reckoned from the stage that D1 was told of in between, which passed one as well", async () => {
    await register({ progressStep: 25 });
    await register({ progressStep: 10 });
    const { job } = await submit();
    await claimOne();
    await advance(job.id, 9);
    await advance(job.id, 27.2);
    const [event] = await rowsOf("events", "type = 'job.progress'");
    expect(JSON.parse(String(event?.snapshot))).toMatchObject({
      detail: { before: 9, progress_percentage: 27.2, current_stage: "transcode" },
    });
  });

  it("so that the retry after a loss shows no less than the milestone before it", async () => {
    await register({ progressStep: 25 });
    const { job } = await submit();
    const { lease } = await claimOne();
    await advance(job.id, 20);
    await advance(job.id, 27.2);
    const lost = { code: "worker_lost", class: "system", message: "It is gone." };
    await failTask(testEnv.DB, lease, lost, { retry: true, delayMs: 0, counted: false }, START_MS);
    expect(await percentagesTold()).toEqual([0, 27.2, 27.2]);
  });

  it("and not by a channel that still speaks of the run before", async () => {
    await register({ progressStep: 25 });
    const { job } = await submit();
    await claimOne();
    await testEnv.DB.prepare("UPDATE jobs SET run = 2").run();
    expect(await advance(job.id, 60, 1)).toBe(false);
    expect(await rowsOf("jobs")).toMatchObject([{ progress_percentage: 0 }]);
    expect(await advance(job.id, 30, 2)).toBe(true);
  });
});

it("is noticed by the job's channel, once each, from what the workers report", async () => {
  receive(() => new Response());
  await register();
  const { job, tasks } = await submit();
  const { lease } = await claimOne();
  const channel = testEnv.JOB_PROGRESS.getByName(job.id);
  const atMs = Date.now();
  const task = {
    taskId: tasks[0]?.id ?? "",
    kind: "image" as const,
    stage: "validation" as const,
    weight: 1,
  };
  const running = { taskId: task.taskId, attempt: 1, atMs };
  await channel.record([
    { type: "accepted", jobId: job.id, stages: ["validation", "resize_operations"], tasks: [task], atMs },
    { type: "task_started", ...running, leaseToken: lease.token, workerId: "worker-1" },
  ]);
  const at = { type: "task_progress", stage: "resize_operations", ...running } as const;
  for (const [index, fraction] of [0.1, 0.5, 0.55, 0.9].entries()) {
    await channel.record([{ ...at, sequence: index + 1, fraction }]);
  }
  const told = async () => (await eventsWritten()).filter((event) => event.type === "job.progress");
  while ((await told()).length < 2) await testEnv.DB.prepare("SELECT 1").first();
  const percentages = (await told()).map(
    (event) => (JSON.parse(event.snapshot) as { detail: { progress_percentage: number } }).detail,
  );
  expect(percentages.length).toBeLessThanOrEqual(3);
  for (const { progress_percentage } of percentages) expect(progress_percentage).toBeGreaterThanOrEqual(25);
  await channel.record([{ type: "job_ended", status: "completed", atMs: atMs + 1 }]);
});
