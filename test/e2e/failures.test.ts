import { describe, expect, it } from "vitest";
import { makeClip } from "../fixtures/video.ts";
import { client, develop, outputNames } from "./service.ts";

const OUTPUTS = [{ format: "mp4", name: "clip.mp4", height: 120 }];

describe("a video of which one output cannot be made", () => {
  it("brings the others where partial results are allowed, and a retry tries only what is missing", async () => {
    const clip = await makeClip({ seconds: 1 });
    const late = { format: "mp4" as const, name: "late.mp4", height: 120, start: 30 };
    const outputs = [...OUTPUTS, late, { format: "mp3" as const, name: "sound.mp3" }];
    const { job_id: id } = await client.createJob({
      file: new Blob([clip]),
      filename: "clip.mp4",
      outputs,
      allowPartial: true,
      forceNew: true,
    });
    const job = await client.watchJob(id, { signal: AbortSignal.timeout(60_000) });
    const partly = {
      status: "completed",
      outputs_failed: [
        {
          name: "late.mp4",
          error: { code: "impossible_output", class: "configuration", retry_eligible: false },
        },
      ],
    };
    expect(job).toMatchObject({ ...partly, run: 1, error: null });
    expect(outputNames(job)).toEqual(["clip.mp4", "sound.mp3"]);
    expect((await client.getMedia(job.media_id)).status).toBe("ready");

    await client.retryJob(id);
    const again = await client.watchJob(id, { signal: AbortSignal.timeout(60_000) });
    expect(again).toMatchObject({ ...partly, run: 2 });
    expect(again.outputs).toEqual(job.outputs);
    const { timeline } = await client.getTimeline(id);
    const claims = timeline.filter(({ event }) => event === "task.claimed");
    expect(claims.map(({ run }) => run)).toEqual([1, 1, 1, 2]);
  });

  it("fails as a whole where they are not allowed, and where nothing can be made", async () => {
    const clip = await makeClip({ seconds: 1 });
    const late = { ...OUTPUTS[0], format: "mp4" as const, start: 30 };
    for (const [allowPartial, outputs] of [
      [false, [...OUTPUTS, { ...late, name: "late.mp4" }]],
      [true, [late]],
    ] as const) {
      const input = { file: new Blob([clip]), filename: "clip.mp4", forceNew: true };
      const { job_id: id } = await client.createJob({ ...input, outputs: [...outputs], allowPartial });
      const job = await client.watchJob(id, { signal: AbortSignal.timeout(60_000) });
      expect(job).toMatchObject({ status: "failed", outputs: [], error: { code: "impossible_output" } });
    }
  });
});

describe("a video that was cut off in the middle", () => {
  it("fails with a dead letter that says why, rejects its media, and fails again when requeued", async () => {
    const clip = await makeClip({ seconds: 1 });
    const half = Uint8Array.from(clip.subarray(0, clip.length >> 1));
    const { job } = await develop(half, "half.mp4", OUTPUTS);
    expect(job).toMatchObject({ status: "failed", run: 1, error: { class: "input", retry_eligible: false } });
    expect(await client.getMedia(job.media_id)).toMatchObject({
      status: "rejected",
      metadata: { rejection: { class: "input" } },
    });
    const letter = await client.getDeadLetter(job.job_id);
    expect(letter).toMatchObject({ code: job.error?.code, resolution: null, run: 1 });
    expect(letter.diagnostics).toMatchObject({
      retry_may_help: false,
      workers: [expect.stringContaining("slot-")],
    });
    const [attempt] = letter.history;
    // The probe may be over before anybody could measure it.
    expect(attempt?.peak_memory_bytes ?? Number.POSITIVE_INFINITY).toBeGreaterThan(1_000_000);
    expect(attempt?.error?.detail?.length ?? 0).toBeGreaterThan(10);

    const { requeued } = await client.requeueDeadLetters({ job_ids: [job.job_id] });
    expect(requeued).toEqual([{ job_id: job.job_id, status: "pending", run: 2 }]);
    const again = await client.watchJob(job.job_id, { signal: AbortSignal.timeout(60_000) });
    expect(again).toMatchObject({ status: "failed", run: 2 });
    expect(await client.getDeadLetter(job.job_id)).toMatchObject({ resolution: null, run: 2 });
    const { timeline } = await client.getTimeline(job.job_id);
    expect(timeline.map(({ event, run }) => `${run} ${event}`)).toEqual(
      [1, 2].flatMap((run) => [
        `${run} ${run === 1 ? "job.accepted" : "job.retried"}`,
        `${run} task.ready`,
        `${run} job.started`,
        `${run} task.claimed`,
        `${run} task.failed`,
        `${run} job.failed`,
      ]),
    );
  });
});
