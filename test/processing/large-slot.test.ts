import { beforeAll, beforeEach, expect, it } from "vitest";
import { createSlot } from "../../src/processing/slot.ts";
import { slotBehind, slotsOf } from "../../src/processing/slots.ts";
import type { SlotSize } from "../../src/schema/tasks.ts";
import type { TaskRequest } from "../../src/video/protocol.ts";
import { emptyStorage, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { rowsOf, submit } from "../fixtures/jobs.ts";
import { eventStream, openTranscoder } from "./transcoder-stand-in.ts";

const LONG = "container-long";
const SOURCE = { container: "mov", durationSeconds: 3, startSeconds: 0, audio: [], subtitles: [] };
const OUTPUT = {
  format: "mp4",
  name: "a.mp4",
  allowEnlarge: false,
  crf: 23,
  audioKbps: 128,
  encoderPreset: "fast",
};

beforeAll(prepareDatabase);
beforeEach(emptyStorage);

/** A slot of a size whose encoder always ends with the same error. */
function openSlot(size: SlotSize, code: string) {
  const running: Promise<unknown>[] = [];
  const { fetchTranscoder, world } = openTranscoder(() =>
    eventStream([{ type: "error", code, message: "No." }]),
  );
  const name = size === "large" ? "large-1" : "slot-1";
  const slot = createSlot({
    env: testEnv,
    name,
    size,
    fetchTranscoder,
    waitUntil: (work) => running.push(work),
  });
  async function work(): Promise<string> {
    await testEnv.DB.prepare("UPDATE tasks SET available_at = 0 WHERE state = 'ready'").run();
    const { answer } = await slot.offer(LONG);
    for (let at = 0; at < running.length; at++) await running[at];
    return answer;
  }
  return { work, requests: world.requests as Extract<TaskRequest, { kind: "transcode" }>[] };
}

async function submitEncode() {
  const spec = { source: SOURCE, output: OUTPUT };
  await submit({ kind: "video", createdAtMs: Date.now(), tasks: [{ kind: "transcode", lane: LONG, spec }] });
}

it("what runs out of memory goes to the large slot, and is asked for less only when that is not enough", async () => {
  await submitEncode();
  const standard = openSlot("standard", "out_of_memory");
  const large = openSlot("large", "out_of_memory");
  expect(await large.work()).toBe("empty");
  expect(await standard.work()).toBe("taken");
  expect(await rowsOf("tasks")).toMatchObject([
    { slot_size: "large", retry_class: "resource", state: "ready" },
  ]);

  expect(await standard.work()).toBe("empty");
  expect(await large.work()).toBe("taken");
  expect(await large.work()).toBe("taken");
  const asked = [...standard.requests, ...large.requests];
  expect(asked.map(({ threads, output }) => [threads, output.encoderPreset])).toEqual([
    [undefined, "fast"],
    [undefined, "fast"],
    [2, "veryfast"],
  ]);
  expect(await rowsOf("jobs")).toMatchObject([{ status: "failed" }]);
  expect(await rowsOf("attempts", "1 ORDER BY number")).toMatchObject([
    { worker_id: "slot-1" },
    { worker_id: "large-1" },
    { worker_id: "large-1" },
  ]);
});

it("an encoder that fails is asked for less each time, where it is", async () => {
  await submitEncode();
  const { work, requests } = openSlot("standard", "encoder_failed");
  for (let n = 0; n < 3; n++) await work();
  expect(requests.map(({ threads, output }) => [threads, output.encoderPreset])).toEqual([
    [undefined, "fast"],
    [2, "veryfast"],
    [1, "ultrafast"],
  ]);
  expect(await rowsOf("tasks")).toMatchObject([{ slot_size: "standard", state: "failed" }]);
});

it("a large slot is an object of its own, offered its work after the others", async () => {
  const slots = slotsOf(testEnv);
  expect(slots.map(({ name }) => name)).toEqual(["slot-1", "slot-2", "large-1"]);
  const large = slots.find(({ size }) => size === "large");
  if (!large) throw new Error("there is no large slot");
  // Nothing listens behind it in these tests; it answers for itself.
  expect(await slotBehind(testEnv, large).report(large.name, false)).toMatchObject({
    state: "idle",
    tasks: [],
  });
});
