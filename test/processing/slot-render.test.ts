import { beforeAll, beforeEach, expect, it } from "vitest";
import { createRenderer } from "../../src/processing/slot-render.ts";
import type { TaskEvent } from "../../src/video/protocol.ts";
import { emptyStorage, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { mediaRow } from "../fixtures/jobs.ts";
import { eventStream, openTranscoder } from "./transcoder-stand-in.ts";

beforeAll(prepareDatabase);
beforeEach(emptyStorage);

const ORDER = {
  media: mediaRow("med_printed"),
  objectKey: "derived/med_printed/1/width=100.webp",
  output: {
    name: "image.webp",
    format: "webp" as const,
    resizeMode: "fit" as const,
    allowEnlarge: false,
    position: { x: 0.5, y: 0.5 },
    background: [255, 255, 255, 255] as [number, number, number, number],
    quality: 80,
  },
};
const FILE = { name: "image.webp", path: "image.webp", type: "image/webp", bytes: 4, sha256: "0".repeat(64) };
const DONE: TaskEvent = { type: "done", result: { kind: "files", files: [FILE], notes: [] } };

it("makes two images at a time beside the slot's tasks, the others in turn, and refuses a crowd", async () => {
  const answers: (() => void)[] = [];
  const { fetchTranscoder, world } = openTranscoder(
    () => new Promise((resolve) => answers.push(() => resolve(eventStream([DONE])))),
  );
  const { render } = createRenderer(testEnv, fetchTranscoder);
  const asked = Array.from({ length: 30 }, () => render(ORDER));
  const refused = await Promise.race(asked.slice(18));
  expect(refused).toMatchObject({ code: "derivative_pending" });
  let open = 0;
  for (let made = 0; made < 18; made++) {
    await expect.poll(() => answers.length).toBeGreaterThan(made);
    open = Math.max(open, world.requests.length - made);
    answers[made]?.();
  }
  const results = await Promise.all(asked);
  expect(open).toBeLessThanOrEqual(2);
  expect(results.filter((result) => "file" in result)).toHaveLength(18);
  expect(results.filter((result) => "code" in result)).toHaveLength(12);
});
