import { describe, expect, it } from "vitest";
import { farewellResponse } from "../../src/progress/farewell.ts";
import { finalSnapshot, type RecordedJob } from "../../src/progress/snapshot.ts";
import { listen, readEvents } from "./watching.ts";

const failed: RecordedJob = {
  jobId: "job_1",
  status: "failed",
  run: 2,
  outputsFailed: [{ name: "clip.mp4", code: "encoder_failed", message: "The encoder stopped." }],
  stages: ["analysis", "transcode", "packaging", "no such stage"],
  currentStage: "transcode",
  progressPercentage: 41.26,
  updatedAtMs: 0,
  tasks: [
    { taskId: "probe", kind: "probe", state: "done", attempt: 1 },
    { taskId: "chunk", kind: "stream", state: "failed", attempt: 3 },
  ],
};

describe("a job whose channel is empty", () => {
  it("is shown from its rows", () => {
    expect(finalSnapshot(failed)).toEqual({
      job_id: "job_1",
      status: "failed",
      run: 2,
      progress_percentage: 41.2,
      current_stage: "transcode",
      stage_percentage: 0,
      stage_details: {},
      resource_usage: null,
      stages: [
        { stage: "analysis", percentage: 100 },
        { stage: "transcode", percentage: 0 },
        { stage: "packaging", percentage: 0 },
      ],
      tasks: [
        { task_id: "probe", kind: "probe", stage: "analysis", state: "done", attempt: 1, percentage: 100 },
        { task_id: "chunk", kind: "stream", stage: "transcode", state: "failed", attempt: 3, percentage: 0 },
      ],
      outputs_failed: [{ name: "clip.mp4", code: "encoder_failed", message: "The encoder stopped." }],
      estimated_remaining: null,
      sequence: 0,
      timestamp: "1970-01-01T00:00:00.000Z",
      worker_id: null,
    });
  });

  it("is at 100 only when it completed", () => {
    const done = { ...failed, progressPercentage: 100 };
    expect(finalSnapshot(done).progress_percentage).toBe(99.9);
    const completed = finalSnapshot({ ...done, status: "completed" });
    expect(completed).toMatchObject({ progress_percentage: 100, current_stage: null, stage_percentage: 100 });
    expect(completed.stages.map((stage) => stage.percentage)).toEqual([100, 100, 100]);
  });

  it("still says goodbye to who watches it by WebSocket", async () => {
    const request = new Request("https://darkroom.test/", { headers: { Upgrade: "websocket" } });
    const watcher = listen(farewellResponse(request, finalSnapshot(failed)));
    expect(await watcher.next()).toMatchObject({ type: "snapshot", status: "failed" });
    expect(await watcher.next()).toMatchObject({ type: "end", status: "failed" });
    expect(await watcher.closed).toEqual({ code: 1000, reason: "job failed" });
  });

  it("still says goodbye to who watches it by event stream", async () => {
    const response = farewellResponse(new Request("https://darkroom.test/"), finalSnapshot(failed));
    const watcher = readEvents(response);
    expect(await watcher.next()).toMatchObject({ event: "snapshot", data: { status: "failed" } });
    expect(await watcher.next()).toMatchObject({ event: "end", data: { status: "failed" } });
    expect(await watcher.next()).toBeNull();
  });

  it("sends an EventSource away that comes back after the goodbye, and greets one that knew it while it ran", () => {
    const comeBack = (id: string) =>
      farewellResponse(
        new Request("https://darkroom.test/", { headers: { "Last-Event-ID": id } }),
        finalSnapshot(failed),
      ).status;
    expect(comeBack("0")).toBe(204);
    expect(comeBack("41")).toBe(200);
  });
});
