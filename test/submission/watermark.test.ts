import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { decodeImage } from "../../src/image/decode.ts";
import { planImage } from "../../src/image/plan.ts";
import { resolveOutputs } from "../../src/submission/resolve-outputs.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { fileOf, paint, pngHeader } from "../fixtures/images.ts";
import { mediaRow, rowsOf } from "../fixtures/jobs.ts";
import { whenEnded } from "../fixtures/watching.ts";
import { probed } from "../image/marking.ts";
import { file, outputs, problemOf, send, sendJson } from "./sending.ts";

let anna: { Authorization: string };
let ben: { Authorization: string };
let red: Uint8Array<ArrayBuffer>;
let black: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  await prepareDatabase();
  anna = await keyFor("anna");
  ben = await keyFor("ben");
  red = await fileOf(
    paint(20, 10, () => [255, 0, 0, 255]),
    "png",
  );
  black = await fileOf(
    paint(100, 50, () => [0, 0, 0, 255]),
    "png",
  );
});
beforeEach(emptyStorage);

/** Stores a logo of anna's by a job of its own. */
async function storedLogo(): Promise<string> {
  const response = await send(anna, [file(red, "logo.png", "image/png"), outputs([{ width: 4 }])]);
  const { job_id, media_id } = (await response.json()) as { job_id: string; media_id: string };
  await whenEnded(job_id, anna);
  return media_id;
}

describe("a job with a watermark", () => {
  it("marks the outputs that ask for it with a stored logo of the same owner", async () => {
    const media_id = await storedLogo();
    const specifications = outputs([
      { name: "plain.png", format: "png" },
      { name: "marked.png", format: "png", watermark: { media_id, position: "bottom_left", padding: 0 } },
    ]);
    const response = await send(anna, [file(black, "a.png", "image/png"), specifications]);
    const { job_id } = (await response.json()) as { job_id: string };
    const job = await whenEnded(job_id, anna);
    expect(job).toMatchObject({ status: "completed", error: null });
    const [marked, plain] = await Promise.all(
      job.outputs.map(async ({ url }) => {
        const bytes = new Uint8Array(await (await ask(url, { headers: anna })).arrayBuffer());
        return await decodeImage(bytes, probed(bytes));
      }),
    );
    const bottomLeft = (49 * 100 + 0) * 4;
    expect([...(marked?.data.subarray(bottomLeft, bottomLeft + 4) ?? [])]).toEqual([255, 0, 0, 255]);
    expect([...(plain?.data.subarray(bottomLeft, bottomLeft + 4) ?? [])]).toEqual([0, 0, 0, 255]);
  });

  it("is refused for another owner's logo, a video, what is not stored, and without a default", async () => {
    const logo = await storedLogo();
    await testEnv.DB.prepare(
      "INSERT INTO media SELECT ?1, owner, 'video', type, filename, size_bytes, sha256, object_key, status, version, metadata, created_at FROM media LIMIT 1",
    )
      .bind(`med_${"0".repeat(26)}`)
      .run();
    const ask = async (headers: Record<string, string>, watermark: unknown) =>
      await send(headers, [file(black, "a.png", "image/png"), outputs([{ preset: "small" }, { watermark }])]);
    for (const [headers, watermark] of [
      [ben, { media_id: logo }],
      [anna, { media_id: `med_${"0".repeat(26)}` }],
      [anna, { media_id: "med_none" }],
      [anna, {}],
    ] as const) {
      const problem = await problemOf(await ask(headers, watermark), 422, "invalid_request");
      expect(problem.errors).toMatchObject([{ path: "output_specifications.1.watermark.media_id" }]);
    }
    for (const watermark of [
      { media_id: logo, width: 0 },
      { media_id: logo, opacity: 2 },
      { media_id: logo, tile: true, position: "top" },
      { media_id: logo, gravity: "north" },
    ]) {
      const problem = await problemOf(await ask(anna, watermark), 422, "invalid_request");
      expect(problem.errors?.[0]?.path).toMatch(/^output_specifications\.1\.watermark\./);
    }
  });

  it("fails, and says why, when its logo is deleted before it runs", async () => {
    const media_id = await storedLogo();
    const specifications = [{ name: "marked.png", format: "png", watermark: { media_id } }];
    await testEnv.MEDIA.put("media/med_x/original", black);
    const input = { metadata: { ...probed(black) }, type: "image/png" };
    const row = mediaRow("med_x", input);
    await testEnv.DB.prepare(
      "INSERT INTO media (id, owner, kind, type, filename, size_bytes, sha256, object_key, status, metadata, created_at) VALUES (?, 'anna', 'image', ?, ?, ?, ?, ?, 'ready', ?, 0)",
    )
      .bind(
        row.id,
        row.type,
        row.filename,
        black.length,
        row.sha256,
        row.objectKey,
        JSON.stringify(row.metadata),
      )
      .run();
    const response = await sendJson(anna, { media_id: "med_x", output_specifications: specifications });
    expect(response.status).toBe(201);
    // The queue's turn comes after the answer; by then the logo is gone.
    await testEnv.DB.prepare("DELETE FROM media WHERE id = ?").bind(media_id).run();
    const { job_id } = (await response.json()) as { job_id: string };
    const job = await whenEnded(job_id, anna);
    expect(job).toMatchObject({ status: "failed", error: { code: "unusable_logo", class: "input" } });
    expect(await rowsOf("attempts", `job_id = '${job_id}'`)).toHaveLength(1);
  });
});

describe("the deployment's own logo", () => {
  it("is what watermarks use that name none, with every default filled in", () => {
    const resolved = resolveOutputs([{ watermark: { media_id: "default" } }], "image", { logo: "med_house" });
    const [output] = resolved.kind === "image" ? resolved.outputs : [];
    expect(output?.watermark).toEqual({
      mediaId: "med_house",
      width: 0.2,
      position: { x: 1, y: 0 },
      padding: 10,
      opacity: 1,
      tile: false,
    });
    const logos = new Map([["med_house", { probe: probed(pngHeader(30, 30)), bytes: 99 }]]);
    expect(planImage(probed(black), output ? [output] : [], { logos }).lane).toBe("edge");
  });
});
