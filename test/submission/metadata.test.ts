import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { derivedKey } from "../../src/image-url/settings.ts";
import { signImagePath } from "../../src/image-url/signature.ts";
import { resolveOutputs } from "../../src/submission/resolve-outputs.ts";
import { ask, emptyStorage, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { fileOf, photo } from "../fixtures/images.ts";
import { whenEnded } from "../fixtures/watching.ts";
import { findSecrets } from "../image/metadata/find-secrets.ts";
import { privateJpeg, privatePng, TECHNICAL } from "../image/metadata/private-photo.ts";
import { file, outputs, problemOf, send, sendJson } from "./sending.ts";

let key: { Authorization: string };

beforeAll(async () => {
  await prepareDatabase();
  key = await keyFor("anna");
});
beforeEach(emptyStorage);

const jpeg = async () => privateJpeg(await fileOf(photo(48, 32), "jpeg"));
const textOf = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);
const word = (body: string) => ({ name: "metadata_handling", body });

/** The outputs of a job once it has ended, by name. */
async function made(response: Response): Promise<Record<string, Uint8Array>> {
  expect(response.status).toBe(201);
  const { job_id } = (await response.json()) as { job_id: string };
  const job = await whenEnded(job_id, key);
  expect(job.status).toBe("completed");
  const files: Record<string, Uint8Array> = {};
  for (const { name, url } of job.outputs)
    files[name] = new Uint8Array(await (await ask(url, { headers: key })).arrayBuffer());
  return files;
}

function named(files: Record<string, Uint8Array>, name: string): Uint8Array {
  const file = files[name];
  if (!file) throw new Error(`no ${name}`);
  return file;
}

describe("a job's metadata", () => {
  it("is stripped, unless the job or one of its outputs says otherwise", async () => {
    const specifications = outputs([
      { name: "job.jpg", format: "jpeg" },
      { name: "own.webp", format: "webp", metadata: "strip_all" },
      { name: "all.png", format: "png", metadata: "preserve_all" },
    ]);
    const files = await made(
      await send(key, [file(await jpeg()), specifications, word("preserve_technical")]),
    );
    expect(findSecrets(named(files, "job.jpg"))).toEqual([]);
    expect(textOf(named(files, "job.jpg"))).toContain(TECHNICAL.copyright);
    expect(textOf(named(files, "own.webp"))).not.toMatch(/Dark|EXIF/);
    expect(findSecrets(named(files, "all.png"))).toContain("latitude");
  });

  it("is kept by name, in a form as JSON", async () => {
    const form = [file(await jpeg()), outputs([{ format: "jpeg" }]), word('{"keep":["artist"]}')];
    const [kept] = Object.values(await made(await send(key, form)));
    expect(findSecrets(kept ?? new Uint8Array())).toEqual(["artist"]);
  });

  it("is asked for in words that exist, and never of a video", async () => {
    const refused = async (body: Record<string, unknown>, path: string) => {
      const problem = await problemOf(
        await sendJson(key, { media_id: "med_x", ...body }),
        422,
        "invalid_request",
      );
      expect(JSON.stringify(problem)).toContain(path);
    };
    await refused({ metadata_handling: "keep_some" }, "metadata_handling");
    await refused({ output_specifications: [{ metadata: { keep: ["soul"] } }] }, "metadata");
    await refused({ output_specifications: [{ metadata: { keep: [] } }] }, "metadata");
    const ofVideo = () => resolveOutputs([{ format: "mp4" }], "video", { metadata: "preserve_all" });
    expect(ofVideo).toThrow(
      expect.objectContaining({
        errors: [expect.objectContaining({ path: "output_specifications.0.metadata" })],
      }),
    );
    expect(resolveOutputs([{ format: "mp4", metadata: "strip_all" }], "video").kind).toBe("video");
  });
});

describe("an image URL's metadata", () => {
  it.each(["jpeg", "png"])("of a %s is gone, or the copyright alone, in every format", async (source) => {
    const bytes = source === "jpeg" ? await jpeg() : privatePng(await fileOf(photo(48, 32), "png"));
    const response = await send(key, [file(bytes, `a.${source}`, `image/${source}`)]);
    const { media_id } = (await response.json()) as { media_id: string };
    const get = async (options: string) => {
      const answer = await ask(`/img/${options}/${media_id}`);
      expect(answer.status).toBe(200);
      return new Uint8Array(await answer.arrayBuffer());
    };
    for (const format of ["jpeg", "png", "webp", "avif"]) {
      const bare = await get(`w=24,f=${format}`);
      const marked = await get(`w=24,f=${format},metadata=copyright`);
      expect([findSecrets(bare), findSecrets(marked)]).toEqual([[], []]);
      expect(textOf(bare)).not.toContain("Dark");
      expect(textOf(marked)).toContain(TECHNICAL.copyright);
      expect(textOf(marked)).not.toContain(TECHNICAL.make);
    }
    const current = derivedKey(String(testEnv.TOKEN_SECRET));
    const path = await signImagePath({ options: "f=webp,metadata=keep", mediaId: media_id }, { current });
    const kept = new Uint8Array(await (await ask(path)).arrayBuffer());
    expect(findSecrets(kept)).toEqual(expect.arrayContaining(["latitude", "xmpLatitude"]));
  });
});
