import { beforeAll, describe, expect, it } from "vitest";
import { strayKeys } from "./chaos/evidence.ts";
import { recoveries } from "./chaos/recoveries.ts";
import { type Fate, PROGRESS_STEP, type StormReport, weatherStorm } from "./chaos/storm.ts";

/** `npm run chaos` asks for 200. */
const JOBS = Number(process.env.CHAOS_JOBS ?? 20);
const WORKER_KILLS = Math.ceil(JOBS / 40);
const LOSSES = 5 + JOBS / 5;
const RESUMED_WITHIN_MS = 30_000;

let report: StormReport;

describe(`${JOBS} jobs through losses of every kind`, () => {
  beforeAll(async () => {
    const say = process.env.CHAOS_JOBS === undefined ? undefined : console.log;
    report = await weatherStorm({
      jobs: JOBS,
      losses: LOSSES,
      workerKills: WORKER_KILLS,
      everyMs: 5_000,
      say,
    });
    const { losses, seconds, refusedDeliveries } = report;
    console.log(
      `${JOBS} jobs in ${Math.round(seconds)} s through ${losses.length} losses and ${refusedDeliveries} refused deliveries; resumed after`,
      recoveries(report).map(({ afterMs }) => afterMs),
    );
  }, 1_500_000);

  it("all end as they must", () => {
    const strange = report.fates.filter((fate) => !isAsExpected(fate));
    const shown = strange.map(({ input, refusedWith, job }) => ({ input: input.ending, refusedWith, job }));
    expect(shown, report.logs).toEqual([]);
  });

  it("none is done twice, and nothing that was accepted is left", () => {
    const { jobs, tasks, attempts, ends } = report.evidence;
    expect(jobs.filter(({ status }) => status === "pending" || status === "processing")).toEqual([]);
    for (const task of tasks) {
      const done = attempts.filter((attempt) => attempt.task_id === task.id && attempt.outcome === "done");
      expect(done).toHaveLength(task.state === "done" ? 1 : 0);
    }
    expect(ends).toHaveLength(jobs.length);
    expect(new Set(ends.map(({ job_id }) => job_id))).toEqual(new Set(jobs.map(({ id }) => id)));
  });

  it("what was lost goes on within 30 s", () => {
    const late = recoveries(report).filter(({ afterMs }) => afterMs > RESUMED_WITHIN_MS);
    expect(late).toEqual([]);
  });

  it("every output decodes to its end", () => {
    expect(report.undecodable).toEqual([]);
  });

  it("every end reaches the client's endpoint, as one event", () => {
    const told = report.fates.flatMap(({ jobId }) => (jobId ? [report.ends.get(jobId)?.size ?? 0] : []));
    expect(told).toEqual(told.map(() => 1));
  });

  it("no webhook tells of less than one before it, or of a milestone twice", () => {
    for (const [jobId, told] of report.progress) {
      // One event may come twice, and later than those after it: its sequence number is what counts.
      const once = new Map(told.map((each) => [each.sequence, each]));
      const inOrder = [...once.values()].sort((a, b) => a.sequence - b.sequence);
      const percentages = inOrder.map(({ percentage }) => percentage);
      expect(percentages, jobId).toEqual(percentages.toSorted((a, b) => a - b));
      const milestones = inOrder.filter(({ type }) => type === "job.progress");
      const steps = milestones.map(({ percentage }) => Math.floor(percentage / PROGRESS_STEP));
      expect(steps, jobId).toEqual([...new Set(steps)]);
    }
    expect([...report.progress.values()].flat().some(({ type }) => type === "job.progress")).toBe(true);
  });

  it("nothing is left behind in storage", () => {
    expect(strayKeys(report.evidence)).toEqual([]);
  });
});

function isAsExpected({ input: { ending }, refusedWith, job }: Fate): boolean {
  if ("refusedWith" in ending) return refusedWith === ending.refusedWith;
  if ("failsWith" in ending) return job?.status === "failed" && job.error?.code === ending.failsWith;
  const names = job?.outputs.map(({ name }) => name) ?? [];
  return job?.status === "completed" && names.join() === ending.names.join();
}
