import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { signToken } from "../../src/access/token.ts";
import { configOf } from "../../src/config.ts";
import { endJob } from "../../src/jobs/store/end-job.ts";
import { STORAGE_PATH, serveStorage, storageUrls } from "../../src/processing/storage-access.ts";
import { ask, emptyStorage, prepareDatabase, storedKeys, testEnv } from "../fixtures/app.ts";
import { claimOne, submit } from "../fixtures/jobs.ts";

const PREFIX = "outputs/job_x/tsk_x.1/";
const ORIGINAL = "media/med_x/original";

beforeAll(prepareDatabase);
beforeEach(async () => {
  await emptyStorage();
  await testEnv.MEDIA.put(ORIGINAL, "0123456789");
  await testEnv.MEDIA.put("media/med_other/original", "secret");
});

/** The URLs of a running task, as paths of this service. */
async function urlsOf(lease?: { taskId: string; token: string }, expiresAtMs = Date.now() + 60_000) {
  const urls = await storageUrls(testEnv, { readKey: ORIGINAL, writePrefix: PREFIX, lease }, expiresAtMs);
  const path = (url: string) => new URL(url).pathname;
  return { input: path(urls.inputUrl), files: path(urls.outputBaseUrl) };
}

async function statusOf(path: string, init?: RequestInit): Promise<number> {
  const response = await ask(path, init);
  await response.arrayBuffer();
  return response.status;
}

const put = (body = "made") => ({ method: "PUT", body, headers: { "Content-Type": "video/mp4" } });

describe("the transcoder's way to storage", () => {
  it("reads its original, whole and in ranges", async () => {
    const { input } = await urlsOf();
    expect(await (await ask(input)).text()).toBe("0123456789");
    const part = await ask(input, { headers: { Range: "bytes=2-4" } });
    expect([part.status, await part.text()]).toEqual([206, "234"]);
  });

  it("writes below its own prefix, in folders too", async () => {
    const { files } = await urlsOf();
    expect(await (await ask(`${files}/720p/seg_1.m4s`, put())).json()).toEqual({ bytes: 4 });
    expect(await storedKeys("outputs/")).toEqual([`${PREFIX}720p/seg_1.m4s`]);
  });

  it.each(["..", "%2e%2e", "..%2f..%2fmedia", "a%00b", ".hidden", "a//b", "", "a%5cb", "ü"])(
    "writes nothing to %j",
    async (path) => {
      const { files } = await urlsOf();
      expect(await statusOf(`${files}/${path}`, put())).toBeGreaterThanOrEqual(400);
      expect(await storedKeys("outputs/")).toEqual([]);
    },
  );

  it("does nothing else: no deleting, no listing, no reading what it wrote, no writing its original", async () => {
    const { input, files } = await urlsOf();
    await ask(`${files}/a.mp4`, put());
    for (const [path, method] of [
      [input, "PUT"],
      [input, "DELETE"],
      [`${files}/a.mp4`, "GET"],
      [`${files}/a.mp4`, "DELETE"],
      [files, "GET"],
      [`${input}/more`, "GET"],
    ] as const) {
      expect(await statusOf(path, { method, ...(method === "PUT" && { body: "x" }) })).toBe(404);
    }
    expect(await (await testEnv.MEDIA.get(ORIGINAL))?.text()).toBe("0123456789");
  });

  it("reads the parts of its own job only where it is given their folder", async () => {
    await testEnv.MEDIA.put("outputs/job_x/tsk_a.1/video/00001.m4s", "part");
    await testEnv.MEDIA.put("outputs/job_other/tsk_b.1/video/00001.m4s", "secret");
    const claims = { readKey: ORIGINAL, writePrefix: PREFIX };
    const given = await storageUrls(
      testEnv,
      { ...claims, partsPrefix: "outputs/job_x/" },
      Date.now() + 60_000,
    );
    const parts = new URL(given.partsUrl).pathname;
    expect(await (await ask(`${parts}/tsk_a.1/video/00001.m4s`)).text()).toBe("part");
    const ways = ["..", "%2e%2e", "..%2fjob_other", "%2e%2e%2fjob_other", ""];
    for (const way of ways) expect(await statusOf(`${parts}/${way}/tsk_b.1/video/00001.m4s`)).toBe(404);
    expect(await statusOf(`${parts}/tsk_a.1/video/00001.m4s`, put())).toBe(404);
    const none = await storageUrls(testEnv, claims, Date.now() + 60_000);
    expect(await statusOf(`${new URL(none.partsUrl).pathname}/tsk_a.1/video/00001.m4s`)).toBe(404);
  });

  it("is closed to tokens that expired, were changed, or were made for something else", async () => {
    const expired = await urlsOf(undefined, Date.now() - 1);
    expect(await statusOf(expired.input)).toBe(404);
    const { input } = await urlsOf();
    expect(await statusOf(input.replace("/input", "AA/input"))).toBe(404);
    const claims = { readKey: ORIGINAL, writePrefix: PREFIX };
    const token = await signToken(configOf(testEnv).tokenSecret, "watch", claims, Date.now() + 60_000);
    expect(await statusOf(`${STORAGE_PATH}/${token}/input`)).toBe(404);
    expect(await statusOf(`${STORAGE_PATH}/x/input`)).toBe(404);
    expect(await statusOf(`${STORAGE_PATH}/`)).toBe(404);
  });

  it("is closed for writing once the lease is lost", async () => {
    const { job } = await submit();
    const { taskId, token } = (await claimOne()).lease;
    const { input, files } = await urlsOf({ taskId, token });
    expect(await statusOf(`${files}/a.mp4`, put())).toBe(200);
    await endJob(testEnv.DB, job.id, "processing", Date.now());
    expect(await statusOf(`${files}/b.mp4`, put())).toBe(409);
    expect(await statusOf(input)).toBe(200);
    expect(await storedKeys("outputs/")).toEqual([`${PREFIX}a.mp4`]);
  });

  it("keeps nothing of a file whose lease is lost while it arrives", async () => {
    const { job } = await submit();
    const { taskId, token } = (await claimOne()).lease;
    const { files } = await urlsOf({ taskId, token });
    let pulls = 0;
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
      // The second byte is asked for once storage has taken the first.
      if (pulls++ > 0) await endJob(testEnv.DB, job.id, "processing", Date.now());
      controller.enqueue(new Uint8Array(1));
      if (pulls === 2) controller.close();
    };
    const body = new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 });
    const request = new Request(`https://darkroom.test${files}/late.mp4`, {
      method: "PUT",
      body: body.pipeThrough(new FixedLengthStream(2)),
    });
    await expect(serveStorage(request, testEnv)).rejects.toMatchObject({ code: "conflict" });
    expect(await storedKeys("outputs/")).toEqual([]);
  });
});
