import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { passesMilestone, progressSteps, tellMilestone } from "../../src/webhooks/milestones.ts";
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
    expect(passesMilestone({ before, now, stage: null }, steps)).toBe(expected);
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
  const advance = { before: 0, now: 30.5, stage: "resize_operations" };
  await tellMilestone(withoutQueue, job.id, advance, START_MS);
  expect(await rowsOf("events", "type = 'job.progress'")).toEqual([]);
  await claimOne();
  await tellMilestone(withoutQueue, job.id, advance, START_MS);
  await tellMilestone(withoutQueue, job.id, advance, START_MS);
  expect(await rowsOf("webhook_deliveries", "event_type = 'job.progress'")).toMatchObject([
    { endpoint_id: fine.endpoint.id },
  ]);
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
