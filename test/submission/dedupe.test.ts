import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { endJob } from "../../src/jobs/store/end-job.ts";
import { removeJob } from "../../src/processing/cancel-job.ts";
import { contentHash } from "../../src/submission/content-hash.ts";
import { jobFields } from "../../src/submission/job-fields.ts";
import type { OutputSpecification } from "../../src/submission/output-specification.ts";
import { resolveOutputs } from "../../src/submission/resolve-outputs.ts";
import {
  ask,
  emptyStorage,
  keyFor,
  prepareDatabase,
  rowCounts,
  storedKeys,
  testEnv,
} from "../fixtures/app.ts";
import { fileOf, photo } from "../fixtures/images.ts";
import { rowsOf } from "../fixtures/jobs.ts";
import { whenEnded } from "../fixtures/watching.ts";
import { file, outputs, problemOf, send, sendJson } from "./sending.ts";

const DB = testEnv.DB;
const HOUR_MS = 3_600_000;

let anna: Record<string, string>;
let bert: Record<string, string>;
let jpeg: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  await prepareDatabase();
  anna = await keyFor("anna");
  bert = await keyFor("bert");
  jpeg = await fileOf(photo(64, 48), "jpeg");
});
beforeEach(emptyStorage);

interface Accepted {
  job_id: string;
  media_id: string;
  status: string;
  deduplicated: boolean;
  watch_token: string;
}

const small = () => outputs([{ preset: "small" }]);
const forced = { name: "force_new", body: "true" };

async function accepted(answer: Response | Promise<Response>, status = 201): Promise<Accepted> {
  const response = await answer;
  const text = await response.text();
  expect({ status: response.status, text }).toMatchObject({ status });
  return JSON.parse(text) as Accepted;
}

describe("a file that is submitted again", () => {
  it("gets the job that is there, and leaves nothing behind", async () => {
    const first = await accepted(send(anna, [file(jpeg), small()]));
    expect(first.deduplicated).toBe(false);
    const again = await accepted(send(anna, [small(), file(jpeg, "other-name.jpg")]), 200);
    expect(again).toMatchObject({ job_id: first.job_id, media_id: first.media_id, deduplicated: true });
    expect((await ask(`/v1/jobs/${first.job_id}/progress?token=${again.watch_token}`)).status).toBe(200);
    expect(await rowCounts()).toMatchObject({ jobs: 1, media: 1 });
    expect(await storedKeys("media/")).toHaveLength(1);
    expect(await rowsOf("uploads")).toEqual([]);
  });

  it("gets it when it has completed too", async () => {
    const { job_id } = await accepted(send(anna, [file(jpeg), small()]));
    expect((await whenEnded(job_id, anna)).status).toBe("completed");
    expect(await accepted(send(anna, [file(jpeg), small()]), 200)).toMatchObject({
      job_id,
      status: "completed",
    });
  });

  it("is one job when twenty arrive at once", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(anna, [file(jpeg), small()])));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(19);
    const bodies = (await Promise.all(answers.map((answer) => answer.json()))) as Accepted[];
    expect(new Set(bodies.map(({ job_id }) => job_id)).size).toBe(1);
    expect(await rowCounts()).toMatchObject({ jobs: 1, media: 1, tasks: 1 });
    expect(await storedKeys("media/")).toHaveLength(1);
    expect(await rowsOf("uploads")).toEqual([]);
  });

  it("is made again with force_new, and then that one is the answer", async () => {
    const first = await accepted(send(anna, [file(jpeg), small()]));
    const second = await accepted(send(anna, [forced, file(jpeg), small()]));
    expect(second.job_id).not.toBe(first.job_id);
    expect((await accepted(send(anna, [file(jpeg), small()]), 200)).job_id).toBe(second.job_id);
    const word = { name: "force_new", body: "yes" };
    await problemOf(await send(anna, [word, file(jpeg), small()]), 422, "invalid_request");
  });

  it.each([
    ["another file", async () => [file(await fileOf(photo(65, 48), "jpeg")), small()]],
    ["another output", async () => [file(jpeg), outputs([{ preset: "small", quality: 10 }])]],
    ["one output more", async () => [file(jpeg), outputs([{ preset: "small" }, { preset: "medium" }])]],
  ])("is a job of its own with %s", async (_, parts) => {
    await accepted(send(anna, [file(jpeg), small()]));
    await accepted(send(anna, await parts()));
  });

  it("is the same whatever its priority, and with outputs in another order", async () => {
    const both = [{ preset: "small" }, { preset: "medium", name: "m.webp" }];
    const first = await accepted(send(anna, [file(jpeg), outputs(both)]));
    const again = [{ name: "priority", body: "urgent" }, file(jpeg), outputs(both.toReversed())];
    expect((await accepted(send(anna, again), 200)).job_id).toBe(first.job_id);
  });

  it("is each owner's own", async () => {
    const own = await accepted(send(anna, [file(jpeg), small()]));
    const other = await accepted(send(bert, [file(jpeg), small()]));
    expect(other.job_id).not.toBe(own.job_id);
  });

  it("is the same on stored media", async () => {
    const { job_id, media_id } = await accepted(send(anna, [file(jpeg), small()]));
    const request = { media_id, output_specifications: [{ preset: "small" }] };
    expect(await accepted(sendJson(anna, request), 200)).toMatchObject({ job_id, deduplicated: true });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        sendJson(anna, { media_id, output_specifications: [{ preset: "large" }] }),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    await accepted(sendJson(anna, { ...request, force_new: true }));
  });

  it("is replayed as it was answered under an Idempotency-Key", async () => {
    await accepted(send(anna, [file(jpeg), small()]));
    const keyed = { ...anna, "Idempotency-Key": "k" };
    const found = await (await send(keyed, [file(jpeg), small()])).text();
    const again = await send(keyed, [file(jpeg), small()]);
    expect({ status: again.status, body: await again.text() }).toEqual({ status: 200, body: found });
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
  });
});

describe("a job is no answer any more", () => {
  async function nextIsNew(jobId: string): Promise<void> {
    const answers = await Promise.all(Array.from({ length: 5 }, () => send(anna, [file(jpeg), small()])));
    const bodies = (await Promise.all(answers.map((answer) => answer.json()))) as Accepted[];
    expect(bodies.filter(({ deduplicated }) => !deduplicated)).toHaveLength(1);
    expect(new Set(bodies.map(({ job_id }) => job_id)).size).toBe(1);
    expect(bodies[0]?.job_id).not.toBe(jobId);
  }

  it("after the window", async () => {
    const { job_id } = await accepted(send(anna, [file(jpeg), small()]));
    await DB.prepare("UPDATE jobs SET created_at = ?")
      .bind(Date.now() - HOUR_MS + 60_000)
      .run();
    expect((await accepted(send(anna, [file(jpeg), small()]), 200)).job_id).toBe(job_id);
    await DB.prepare("UPDATE jobs SET created_at = ?")
      .bind(Date.now() - HOUR_MS)
      .run();
    await nextIsNew(job_id);
  });

  it("when it was cancelled or failed", async () => {
    const one = await accepted(send(anna, [file(jpeg), small()]));
    await DB.prepare("UPDATE jobs SET status = 'pending'").run();
    expect(await endJob(DB, one.job_id, "pending", Date.now())).toMatchObject({ ended: true });
    await nextIsNew(one.job_id);
    const [other] = await rowsOf<{ id: string }>("jobs", "content_hash IS NOT NULL");
    await DB.prepare("UPDATE jobs SET status = 'failed' WHERE id = ?").bind(other?.id).run();
    await nextIsNew(other?.id ?? "");
  });

  it("when it was deleted, or its media is about to be", async () => {
    const one = await accepted(send(anna, [file(jpeg), small()]));
    await removeJob(testEnv, one.job_id);
    await nextIsNew(one.job_id);
    const [other] = await rowsOf<{ id: string; media_id: string }>("jobs");
    await DB.prepare("UPDATE media SET status = 'deleted' WHERE id = ?").bind(other?.media_id).run();
    await nextIsNew(other?.id ?? "");
  });
});

describe("the content of a job", () => {
  const hashOf = async (specifications: OutputSpecification[], more: Record<string, unknown> = {}) => {
    const fields = jobFields.parse({ output_specifications: specifications, ...more });
    return await contentHash("0".repeat(64), resolveOutputs(specifications, "image"), {
      ...fields,
      steps: [],
    });
  };

  it("is the same by a preset and by what it stands for, and by a default and by its value", async () => {
    const spelled = {
      name: "thumbnail.webp",
      format: "webp",
      width: 150,
      height: 150,
      resize_mode: "crop",
    } as const;
    expect(await hashOf([{ preset: "thumbnail", name: "thumbnail.webp" }])).toBe(await hashOf([spelled]));
    expect(await hashOf([{ ...spelled, crop_position: "center" }])).toBe(await hashOf([spelled]));
    expect(await hashOf([spelled], { priority: "low", force_new: true })).toBe(await hashOf([spelled]));
  });

  it("is another one for whoever wants to be told elsewhere", async () => {
    const told = await hashOf([{ preset: "small" }], { webhook_url: "https://hooks.example.com/" });
    expect(told).not.toBe(await hashOf([{ preset: "small" }]));
  });

  it("does not depend on the order of outputs or fields, and on every value", async () => {
    const side = fc.integer({ min: 1, max: 4000 });
    const shape = fc.record({ width: side, height: side, quality: fc.integer({ min: 1, max: 100 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(shape, { minLength: 1, maxLength: 5, selector: JSON.stringify }),
        async (shapes) => {
          const named = shapes.map((fields, at) => ({
            name: `o${at}.webp`,
            format: "webp" as const,
            ...fields,
          }));
          const turned = named.toReversed().map(({ name, ...rest }) => ({ ...rest, name }));
          expect(await hashOf(turned)).toBe(await hashOf(named));
          const [first, ...others] = named;
          if (!first) return;
          expect(await hashOf([{ ...first, width: first.width + 1 }, ...others])).not.toBe(
            await hashOf(named),
          );
        },
      ),
      { numRuns: 50 },
    );
  });
});
