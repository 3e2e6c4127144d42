import {
  createExecutionContext,
  createMessageBatch,
  getQueueResult,
  waitOnExecutionContext,
} from "cloudflare:test";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Env, Ticket } from "../../src/config.ts";
import { MediaError } from "../../src/errors.ts";
import { probeImage } from "../../src/image/probe.ts";
import { attemptPrefix } from "../../src/jobs/claimed-task.ts";
import { concludeFailed } from "../../src/processing/conclude.ts";
import { createSlot } from "../../src/processing/slot.ts";
import type { TaskEvent } from "../../src/video/protocol.ts";
import worker from "../../src/worker.ts";
import { ask, emptyStorage, keyFor, ORIGIN, prepareDatabase, storedKeys, testEnv } from "../fixtures/app.ts";
import { concat, fileOf, photo } from "../fixtures/images.ts";
import { claim, rowsOf, submit } from "../fixtures/jobs.ts";
import { eventStream, openTranscoder } from "./transcoder-stand-in.ts";

const SHORT = "container-short";
const REFUSED = "The JPEG cannot be decoded: a table is missing or makes no sense.";

let key: { Authorization: string };

beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
});
beforeEach(emptyStorage);
afterAll(emptyStorage);

/** The service without tickets for containers: there are none that would answer, and the lane would ask for ever. */
const QUIET = { ...testEnv, CONTAINER_SHORT_QUEUE: { sendBatch: async () => {} } } as unknown as Env;

function imageOutput(name: string) {
  const place = { position: { x: 0.5, y: 0.5 }, background: [255, 255, 255, 255] };
  return { name, format: "webp", width: 4, resizeMode: "fit", allowEnlarge: false, ...place, quality: 80 };
}

/** A file whose end is there, with a table of codes that makes no sense. */
function withBadTable(jpeg: Uint8Array): Uint8Array<ArrayBuffer> {
  const at = jpeg.findIndex((byte, index) => byte === 0xff && jpeg[index + 1] === 0xc4);
  return concat(jpeg.subarray(0, at + 5), [255], jpeg.subarray(at + 6));
}

/** Data whose end is zeros: other decoders would make grey of it. */
function withHole(jpeg: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat(jpeg.subarray(0, -400), new Uint8Array(5_000), [0xff, 0xd9]);
}

/** A job of an original that is spoilt, run at the edge by one ticket. */
async function runAtTheEdge(
  spoil: (jpeg: Uint8Array) => Uint8Array,
  { allowPartial = false, names = ["a.webp"] } = {},
) {
  const bytes = await fileOf(photo(90, 60), "jpeg");
  const spec = { outputs: names.map(imageOutput), probe: probeImage(bytes, bytes.length) };
  const { job, tasks } = await submit({
    createdAtMs: Date.now(),
    allowPartial,
    tasks: [{ spec, outputNames: names }],
  });
  await testEnv.MEDIA.put(`media/${job.mediaId}/original`, spoil(bytes));
  await deliverTicket();
  return { jobId: job.id, taskId: tasks[0]?.id ?? "" };
}

async function deliverTicket(): Promise<void> {
  const message = { id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body: { lane: "edge" } };
  const batch = createMessageBatch<Ticket>("darkroom-edge", [message as never]);
  const context = createExecutionContext();
  await worker.queue(batch, QUIET);
  await getQueueResult(batch, context);
}

/** Lets a slot take what there is, whose transcoder answers with the event. */
async function runInContainer(event: () => TaskEvent | Promise<TaskEvent>) {
  const transcoder = openTranscoder(async () => eventStream([await event()]));
  const running: Promise<unknown>[] = [];
  const { fetchTranscoder, world } = transcoder;
  const waitUntil = (work: Promise<unknown>) => running.push(work);
  const slot = createSlot({ env: QUIET, name: "slot-1", size: "standard", fetchTranscoder, waitUntil });
  const offer = await slot.offer(SHORT);
  for (let at = 0; at < running.length; at++) await running[at];
  return { offer, requests: world.requests };
}

/** Stores the files as the transcoder would, and says so. */
async function made(...names: string[]): Promise<TaskEvent> {
  const [task] = await rowsOf<{ id: string; job_id: string; attempt: number }>("tasks", "state = 'leased'");
  const { id: taskId = "", job_id: jobId = "", attempt = 0 } = task ?? {};
  for (const name of names)
    await testEnv.MEDIA.put(`${attemptPrefix({ jobId, taskId, attempt })}${name}`, "1234");
  const files = names.map((name) => ({ name, path: name, type: "image/webp", bytes: 4, sha256: "ab" }));
  return { type: "done", result: { kind: "files", files, notes: [] } };
}

function failed(code: string): TaskEvent {
  return { type: "error", code, message: "The image is damaged or incomplete." } as TaskEvent;
}

async function read(jobId: string) {
  return (await (await ask(`/v1/jobs/${jobId}`, { headers: key })).json()) as {
    status: string;
    error: { code: string; message: string } | null;
    outputs: { name: string }[];
    outputs_failed: { name: string; error: { code: string; message: string } }[];
  };
}

describe("an original that the edge refuses", () => {
  it("is read by a container before anybody is told, strictly and not for long", async () => {
    const { jobId, taskId } = await runAtTheEdge(withBadTable);
    expect(await rowsOf("tasks")).toMatchObject([
      { state: "ready", lane: SHORT, slot_size: "standard", counted_failures: 0, system_failures: 0 },
    ]);
    expect((await read(jobId)).status).toBe("processing");
    const { requests } = await runInContainer(() => made("a.webp"));
    expect(requests).toMatchObject([
      { kind: "image", attemptId: `slot-1.${taskId}.2`, strict: true, timeLimitMs: 30_000 },
    ]);
    expect(await read(jobId)).toMatchObject({ status: "completed", outputs: [{ name: "a.webp" }] });
    expect(await rowsOf("attempts")).toMatchObject([
      { number: 1, outcome: "failed", failure: expect.stringContaining(REFUSED) },
      { number: 2, outcome: "done" },
    ]);
  });

  it.each(["corrupt_image", "unsupported_image", "timeout", "encoder_failed", "out_of_memory"])(
    "is damaged when the container ends with %s, and goes to nobody else",
    async (code) => {
      const { jobId } = await runAtTheEdge(withBadTable);
      await runInContainer(() => failed(code));
      expect(await read(jobId)).toMatchObject({
        status: "failed",
        error: { code: "corrupt_image", message: `${REFUSED} A second decoder could not read it either.` },
      });
      expect(await rowsOf("attempts")).toHaveLength(2);
      expect((await runInContainer(() => failed(code))).offer).toMatchObject({ answer: "empty" });
      expect(await storedKeys("outputs/")).toEqual([]);
    },
  );

  it("waits while no container answers, and is not given up for that", async () => {
    const { jobId } = await runAtTheEdge(withBadTable);
    await runInContainer(() => failed("transcoder_unavailable"));
    expect(await rowsOf("tasks")).toMatchObject([{ state: "ready", lane: SHORT, counted_failures: 0 }]);
    expect((await read(jobId)).status).toBe("processing");
  });

  it("is asked about once, however often its end is told", async () => {
    const bytes = await fileOf(photo(40, 30), "jpeg");
    const spec = { outputs: [imageOutput("a.webp")], probe: probeImage(bytes, bytes.length) };
    await submit({ createdAtMs: Date.now(), tasks: [{ spec }] });
    const { claimed } = await claim(Date.now());
    if (!claimed) throw new Error("nothing to claim");
    const refusal = new MediaError("corrupt_image", REFUSED, { isDoubtful: true });
    await concludeFailed(QUIET, claimed, refusal);
    await concludeFailed(QUIET, claimed, refusal);
    expect(await rowsOf("tasks")).toMatchObject([{ state: "ready", lane: SHORT, attempt: 1 }]);
    expect((await claim(Date.now())).claimed).toBeUndefined();
    // In the container it is no doubt any more, whatever it says of itself.
    const there = await claim(Date.now(), SHORT);
    if (!there.claimed) throw new Error("nothing to claim there");
    await concludeFailed(QUIET, there.claimed, refusal);
    expect(await rowsOf("tasks")).toMatchObject([{ state: "failed", lane: SHORT, attempt: 2 }]);
  });

  it("stays with the container when its job is tried again", async () => {
    const { jobId } = await runAtTheEdge(withBadTable);
    await runInContainer(() => failed("corrupt_image"));
    const retry = new Request<unknown, IncomingRequestCfProperties>(`${ORIGIN}/v1/jobs/${jobId}/retry`, {
      method: "POST",
      headers: key,
    });
    const context = createExecutionContext();
    expect((await worker.fetch(retry, QUIET, context)).status).toBe(202);
    await waitOnExecutionContext(context);
    const { requests } = await runInContainer(() => made("a.webp"));
    expect(requests).toMatchObject([{ strict: true }]);
    expect((await read(jobId)).status).toBe("completed");
  });

  it("is told of each output that is lost, where some may be", async () => {
    const { jobId } = await runAtTheEdge(withBadTable, { allowPartial: true, names: ["a.webp", "b.webp"] });
    expect(await rowsOf("tasks")).toMatchObject([{ state: "ready", lane: SHORT }]);
    await runInContainer(async () => {
      const event = await made("a.webp");
      if (event.type !== "done" || event.result.kind !== "files") throw new Error("not done");
      const lost = { name: "b.webp", code: "corrupt_image", message: "The image is damaged or incomplete." };
      return { ...event, result: { ...event.result, failed: [lost] } };
    });
    expect(await read(jobId)).toMatchObject({
      status: "completed",
      outputs: [{ name: "a.webp" }],
      outputs_failed: [{ name: "b.webp", error: { message: expect.stringContaining(REFUSED) } }],
    });
  });

  it("is refused at once when others would only make grey of what is missing", async () => {
    for (const spoil of [withHole, (jpeg: Uint8Array) => jpeg.subarray(0, -2)]) {
      const { jobId } = await runAtTheEdge(spoil);
      expect(await read(jobId)).toMatchObject({ status: "failed", error: { code: "corrupt_image" } });
      expect(await rowsOf("tasks", `job_id = '${jobId}'`)).toMatchObject([{ lane: "edge", attempt: 1 }]);
    }
  });
});
