import { describe, expect, it } from "vitest";
import { makeClip } from "../fixtures/video.ts";
import { client, develop } from "./service.ts";

const OUTPUTS = [{ format: "mp4", name: "clip.mp4", height: 120 }];

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
