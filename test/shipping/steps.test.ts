import { Webhook } from "standardwebhooks";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { sha256Hex } from "../../src/digest.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { fileOf, paint, photo } from "../fixtures/images.ts";
import { rowsOf } from "../fixtures/jobs.ts";
import { whenEnded } from "../fixtures/watching.ts";
import { file, outputs, problemOf, send } from "../submission/sending.ts";
import { BUCKET, destination, HTTP, hurry, type Shipped, spend, takeIn } from "./shipping.ts";
import { problemOfSignature } from "./signature-v4.ts";

let anna: { Authorization: string };
let picture: Uint8Array<ArrayBuffer>;
let logo: string;

beforeAll(async () => {
  await prepareDatabase();
  anna = await keyFor("anna");
  picture = await fileOf(photo(120, 80), "jpeg");
});
beforeEach(async () => {
  await emptyStorage();
  const red = await fileOf(
    paint(20, 10, () => [255, 0, 0, 255]),
    "png",
  );
  const response = await send(anna, [file(red, "logo.png", "image/png"), outputs([{ width: 4 }])]);
  const stored = (await response.json()) as { job_id: string; media_id: string };
  await whenEnded(stored.job_id, anna);
  logo = stored.media_id;
  await testEnv.DB.prepare("DELETE FROM activity").run();
});
afterEach(() => vi.restoreAllMocks());

async function submit(
  steps: unknown,
  specifications: unknown = [{ name: "photo.jpg", format: "jpeg", width: 60 }],
) {
  const parts = [file(picture), outputs(specifications), { name: "steps", body: JSON.stringify(steps) }];
  return await send(anna, parts);
}

async function accepted(response: Response): Promise<string> {
  expect(response.status, await response.clone().text()).toBe(201);
  return ((await response.json()) as { job_id: string }).job_id;
}

async function fieldsOf({ headers, body }: Shipped): Promise<Record<string, string | File>> {
  const form = await new Response(body, {
    headers: { "Content-Type": headers.get("Content-Type") ?? "" },
  }).formData();
  return Object.fromEntries(form) as Record<string, string | File>;
}

describe("watermark, then ship", () => {
  it("delivers the marked outputs as multipart, signed, and writes down who did what", async () => {
    await destination({ ...HTTP, authorization: "Bearer open-sesame" });
    const taken = takeIn(() => new Response("thanks"));
    const steps = [{ watermark: { media_id: logo } }, { ship: { destination: "default" } }];
    const id = await accepted(await submit(steps));
    const job = await whenEnded(id, anna);
    expect(job).toMatchObject({ status: "completed", error: null, steps });
    expect(job.outputs.map(({ name }) => name)).toEqual(["photo.jpg", "watermarked_photo.jpg"]);
    expect(taken).toHaveLength(1);
    const [shipped] = taken as [Shipped];
    expect(shipped).toMatchObject({
      url: HTTP.url,
      method: "POST",
      redirect: "manual",
    });
    expect(shipped.headers.get("Authorization")).toBe("Bearer open-sesame");
    const fields = await fieldsOf(shipped);
    const bytes = new Uint8Array(await (fields.file as File).arrayBuffer());
    const output = job.outputs[1];
    expect({ ...fields, file: await sha256Hex(bytes) }).toMatchObject({
      worker_name: expect.stringMatching(/^io-/),
      job_id: id,
      path: "watermarked_photo.jpg",
      type: "image/jpeg",
      bytes: String(output?.bytes),
      sha256: output?.sha256,
      file: output?.sha256,
    });
    expect((fields.file as File).name).toBe("watermarked_photo.jpg");
    expect(shipped.headers.get("X-Delivery-Id")).toBe(fields.delivery_id);
    const [row] = await rowsOf<{ secret: string }>(
      "webhook_secrets",
      "owner = 'anna' AND endpoint_id IS NULL",
    );
    const verify = () =>
      new Webhook(row?.secret ?? "").verify(output?.sha256 ?? "", Object.fromEntries(shipped.headers));
    // The payload is a hash and no JSON: that the reader stumbles there says that the signature was right.
    expect(verify).toThrow(SyntaxError);
    const lines = await rowsOf<{ type: string; filename: string }>(
      "activity",
      "worker <> 'api' AND job_id IS NOT NULL ORDER BY id",
    );
    expect(lines.map(({ type, filename }) => `${type} ${filename}`)).toEqual([
      "stored photo.jpg",
      "stored watermarked_photo.jpg",
      "shipped watermarked_photo.jpg",
    ]);
  });

  it("puts files into a bucket, signed over their own hash", async () => {
    await destination(BUCKET);
    const taken = takeIn(() => new Response());
    const specifications = [{ name: "a.webp" }, { name: "b.png", format: "png" }];
    const job = await whenEnded(
      await accepted(await submit([{ ship: { destination: "archive" } }], specifications)),
      anna,
    );
    expect(job.status).toBe("completed");
    expect(new Set(taken.map(({ method, url }) => `${method} ${url}`))).toEqual(
      new Set([
        "PUT https://s3.eu-central-1.example.com/pictures/2026/autumn/a.webp",
        "PUT https://s3.eu-central-1.example.com/pictures/2026/autumn/b.png",
      ]),
    );
    for (const shipped of taken) {
      const secret = BUCKET.secret_access_key;
      expect(problemOfSignature(shipped, secret, "eu-central-1")).toBeUndefined();
      expect(problemOfSignature(shipped, `${secret}x`, "eu-central-1")).toBe("the signature is wrong");
      const output = job.outputs.find(({ name }) => shipped.url.endsWith(name));
      expect(await sha256Hex(shipped.body)).toBe(output?.sha256);
      expect(shipped.headers.get("content-type")).toBe(output?.type);
    }
  });
});

describe("a destination that does not take the file", () => {
  const ship = [{ ship: { destination: "default" } }];
  const taskOf = async (id: string) =>
    (
      await rowsOf<{ state: string; available_at: number; attempt: number }>(
        "tasks",
        `job_id = '${id}' AND kind = 'ship'`,
      )
    )[0];

  /** Waits until the ship task has made so many runs, and is at rest. */
  async function afterRuns(id: string, runs: number) {
    await vi.waitFor(async () => {
      const task = await taskOf(id);
      expect([task?.attempt, task?.state]).toEqual([runs, expect.stringMatching(/ready|failed|done/)]);
    }, 5_000);
    return await taskOf(id);
  }

  it("is asked five times, ten seconds further apart each time, under one delivery id; then the job fails", async () => {
    await destination(HTTP);
    const taken = takeIn(() => new Response("not now", { status: 500 }));
    const id = await accepted(await submit(ship));
    for (let run = 1; run <= 4; run++) {
      const task = await afterRuns(id, run);
      const waitMs = (task?.available_at ?? 0) - Date.now();
      expect(waitMs).toBeGreaterThan(run * 7_500 - 2_000);
      expect(waitMs).toBeLessThanOrEqual(run * 12_500);
      await hurry();
      await spend("io");
    }
    const job = await whenEnded(id, anna);
    expect(job).toMatchObject({
      status: "failed",
      error: { code: "ship_failed", class: "dependency", failed_stage: "finalization", retry_eligible: true },
    });
    // What was made stays.
    expect(job.outputs).toHaveLength(1);
    expect(taken).toHaveLength(5);
    expect(new Set(taken.map(({ headers }) => headers.get("X-Delivery-Id"))).size).toBe(1);
  });

  it("is left alone as long as it asks for", async () => {
    await destination({ ...HTTP, url: "https://busy.example.com/" });
    takeIn((_, count) =>
      count === 1 ? new Response("", { status: 429, headers: { "Retry-After": "120" } }) : new Response(),
    );
    const id = await accepted(await submit(ship));
    const task = await afterRuns(id, 1);
    const waitMs = (task?.available_at ?? 0) - Date.now();
    expect(waitMs).toBeGreaterThan(115_000);
    await hurry();
    await spend("io");
    expect((await whenEnded(id, anna)).status).toBe("completed");
  });

  it.each([301, 400, 401, 403, 404, 410, 422])("is not asked again after %i", async (status) => {
    await destination({ ...HTTP, url: `https://no-${status}.example.com/` });
    const taken = takeIn(() => new Response("no", { status, headers: { Location: "https://127.0.0.1/" } }));
    const job = await whenEnded(await accepted(await submit(ship)), anna);
    expect(job).toMatchObject({ status: "failed", error: { code: "ship_refused", class: "configuration" } });
    expect(taken).toHaveLength(1);
  });

  it("is not spoken to when it has come to be a private place, and fails when it was deleted", async () => {
    const taken = takeIn(() => new Response());
    await destination({ ...HTTP, url: "https://10.0.0.1/in" });
    const refused = await whenEnded(await accepted(await submit(ship)), anna);
    expect(refused).toMatchObject({ status: "failed", error: { code: "ship_refused" } });
    await testEnv.DB.prepare("DELETE FROM destinations").run();
    await destination({ ...HTTP, name: "doomed", url: "https://doomed.example.com/" });
    const id = await accepted(await submit([{ ship: { destination: "doomed" } }], [{ name: "other.webp" }]));
    await testEnv.DB.prepare("DELETE FROM destinations").run();
    expect(await whenEnded(id, anna)).toMatchObject({
      status: "failed",
      error: { code: "destination_missing" },
    });
    expect(taken).toEqual([]);
    await destination({ ...HTTP, name: "doomed", url: "https://doomed.example.com/" });
    const retried = await ask(`/v1/jobs/${id}/retry`, { method: "POST", headers: anna });
    expect(retried.ok, await retried.clone().text()).toBe(true);
    await vi.waitFor(() => expect(taken).toHaveLength(1), 5_000);
    expect(await whenEnded(id, anna)).toMatchObject({ status: "completed" });
  });
});

describe("steps that cannot be done", () => {
  it("are refused with the step named", async () => {
    await destination(HTTP);
    await destination({ ...HTTP, name: "bens" }, "ben");
    const mark = { watermark: { media_id: logo } };
    for (const [steps, path, specifications] of [
      [[{ ship: { destination: "nowhere" } }], "steps.0.ship.destination"],
      [[mark, { ship: { destination: "bens" } }], "steps.1.ship.destination"],
      [[{ watermark: { media_id: "med_none" } }], "steps.0.watermark.media_id"],
      [[{ watermark: {} }], "steps.0.watermark.media_id"],
      [[mark, mark], "steps.1.watermark"],
      [
        [mark],
        "steps.0.watermark",
        [
          { name: "a.png", format: "png" },
          { name: "watermarked_a.png", format: "png" },
        ],
      ],
      [[{ ship: { destination: "default", when: "now" } }], "steps.0"],
      [[{ sing: {} }], "steps.0"],
      [Array(6).fill({ ship: { destination: "default" } }), "steps"],
    ] as const) {
      const problem = await problemOf(await submit(steps, specifications), 422, "invalid_request");
      expect(problem.errors?.map((error) => error.path)).toEqual([expect.stringContaining(path)]);
    }
  });

  it("come with a preset, which ships to the destination named default", async () => {
    const preset = [{ preset: "watermark_and_ship", watermark: { media_id: logo } }];
    const parts = [file(picture), outputs(preset)];
    const problem = await problemOf(await send(anna, parts), 422, "invalid_request");
    expect(problem.errors).toMatchObject([{ path: "steps.1.ship.destination" }]);
    const listed = await (await ask("/v1/presets", { headers: anna })).json();
    expect(JSON.stringify(listed)).toContain('"steps":[{"watermark":{"media_id":"default"}},{"ship":');
  });
});
