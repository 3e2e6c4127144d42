import { beforeAll, describe, expect, it } from "vitest";
import { createWatchToken } from "../../src/access/watch-token.ts";
import { finishTask } from "../../src/jobs/store/finish-task.ts";
import { ask, keyFor, prepareDatabase, storedKeys, testEnv } from "../fixtures/app.ts";
import { claimOne, finished, outputOf, rowsOf, submit } from "../fixtures/jobs.ts";
import { problemOf } from "../submission/sending.ts";

let anna: { Authorization: string };
let ben: { Authorization: string };
let jobId: string;
let mediaId: string;

/** A finished job of Anna's with a file and a stream. */
beforeAll(async () => {
  await prepareDatabase();
  [anna, ben] = [await keyFor("anna"), await keyFor("ben")];
  const { job } = await submit({ createdAtMs: Date.now() });
  const claimed = await claimOne(Date.now());
  const folder = `${claimed.lease.taskId}.1`;
  const still = outputOf(claimed, "still.webp");
  const stream = {
    ...outputOf(claimed, "stream"),
    type: "application/vnd.apple.mpegurl",
    tree: [folder, "tsk_s.1"],
  };
  await testEnv.MEDIA.put(still.objectKey, "0123456789");
  await testEnv.MEDIA.put(
    `outputs/${job.id}/${folder}/master.m3u8`,
    "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n720p.m3u8\n",
  );
  const map = '#EXTM3U\n#EXT-X-MAP:URI="tsk_s.1/init.mp4"\n#EXTINF:6,\ntsk_s.1/1.m4s\n';
  await testEnv.MEDIA.put(`outputs/${job.id}/${folder}/720p.m3u8`, map);
  await testEnv.MEDIA.put(`outputs/${job.id}/tsk_s.1/1.m4s`, "segment");
  await testEnv.MEDIA.put(`outputs/${job.id}/tsk_s.2/1.m4s`, "another attempt");
  await testEnv.MEDIA.put(`media/${job.mediaId}/original`, "original");
  await finishTask(testEnv.DB, claimed.lease, finished([still, stream]), Date.now());
  [jobId, mediaId] = [job.id, job.mediaId];
});

function routes(): [string, string][] {
  return [
    ["GET", `/v1/jobs/${jobId}`],
    ["GET", `/v1/jobs/${jobId}/progress`],
    ["GET", `/v1/jobs/${jobId}/events`],
    ["DELETE", `/v1/jobs/${jobId}`],
    ["DELETE", `/v1/jobs/${jobId}?force=true`],
    ["GET", `/v1/media/${mediaId}`],
    ["GET", `/v1/media/${mediaId}/original`],
    ["DELETE", `/v1/media/${mediaId}`],
    ["GET", `/outputs/${jobId}/still.webp`],
    ["GET", `/play/${jobId}/master.m3u8`],
    ["GET", `/play/${jobId}/tsk_s.1/1.m4s`],
  ];
}

describe("what is another's", () => {
  it("is not there, and stays as it was", async () => {
    const before = [await rowsOf("jobs"), await rowsOf("media"), await storedKeys()];
    for (const [method, path] of routes()) {
      await problemOf(await ask(path, { method, headers: ben }), 404, "not_found");
    }
    for (const path of ["/v1/jobs", "/v1/media"]) {
      const page = JSON.stringify(await (await ask(path, { headers: ben })).json());
      expect(page).not.toMatch(new RegExp(`${jobId}|${mediaId}`));
    }
    expect([await rowsOf("jobs"), await rowsOf("media"), await storedKeys()]).toEqual(before);
  });

  it("needs a key at all", async () => {
    for (const headers of [{}, { Authorization: "Bearer dr_wrong" }, { Authorization: "Basic abc" }]) {
      for (const [method, path] of [...routes(), ["POST", "/v1/jobs"], ["GET", "/v1/jobs"]] as const) {
        const response = await ask(path, { method, headers: headers as Record<string, string> });
        expect(response.headers.get("WWW-Authenticate")).toBe("Bearer");
        await problemOf(response, 401, "unauthenticated");
      }
    }
  });

  it("cannot be changed by a key that may only read", async () => {
    const reader = await keyFor("anna", ["read"]);
    for (const [method, path] of [
      ...routes().filter(([each]) => each === "DELETE"),
      ["POST", "/v1/jobs"],
    ] as const) {
      const { detail } = await problemOf(await ask(path, { method, headers: reader }), 403, "forbidden");
      expect(detail).toContain("write");
    }
  });
});

describe("an output", () => {
  const output = (headers: Record<string, string> = {}, method = "GET") =>
    ask(`/outputs/${jobId}/still.webp`, { method, headers: { ...anna, ...headers } });

  it("is read whole, for ever the same", async () => {
    const response = await output();
    expect(await response.text()).toBe("0123456789");
    expect(response.headers.get("Content-Type")).toBe("image/webp");
    expect(response.headers.get("Content-Length")).toBe("10");
    expect(response.headers.get("X-Request-Id")).toMatch(/^req_/);
    expect(response.headers.get("Cache-Control")).toContain("immutable");
    expect(response.headers.get("Cache-Control")).toContain("private");
    expect((await output({ "If-None-Match": String(response.headers.get("ETag")) })).status).toBe(304);
    expect((await output({ "If-None-Match": '"other"' })).status).toBe(200);
  });

  it("answers HEAD", async () => {
    const head = await output({}, "HEAD");
    expect([head.status, head.headers.get("Content-Length"), await head.text()]).toEqual([200, "10", ""]);
  });

  it.each([
    ["bytes=0-3", "0123", "bytes 0-3/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=-2", "89", "bytes 8-9/10"],
    ["bytes=5-999", "56789", "bytes 5-9/10"],
    ["bytes=-999", "0123456789", "bytes 0-9/10"],
  ])("gives the range %s", async (range, text, contentRange) => {
    const response = await output({ Range: range });
    expect([response.status, response.headers.get("Content-Range"), await response.text()]).toEqual([
      206,
      contentRange,
      text,
    ]);
  });

  it.each(["bytes=10-", "bytes=5-2", "bytes=-0", "bytes=-", "bytes=a-b"])(
    "refuses the range %s",
    async (range) => {
      const response = await output({ Range: range });
      expect(response.headers.get("Content-Range")).toBe("bytes */10");
      const { detail } = await problemOf(response, 416, "range_not_satisfiable");
      expect(detail).toContain("10 bytes");
    },
  );

  it("ignores a range of what it is not any more, and several ranges", async () => {
    expect((await output({ Range: "bytes=0-1", "If-Range": '"old"' })).status).toBe(200);
    expect((await output({ Range: "bytes=0-1,4-5" })).status).toBe(200);
    const whole = await output({ Range: "pixels=0-1" });
    expect([whole.status, await whole.text()]).toEqual([200, "0123456789"]);
  });
});

describe("a stream", () => {
  it("plays by key, and by a token that its playlists pass on", async () => {
    const master = await ask(`/play/${jobId}/master.m3u8`, { headers: anna });
    expect(master.headers.get("Content-Type")).toBe("application/vnd.apple.mpegurl");
    expect(await master.text()).toContain("\n720p.m3u8\n");
    const segment = await ask(`/play/${jobId}/tsk_s.1/1.m4s`, { headers: anna });
    expect([segment.headers.get("Content-Type"), await segment.text()]).toEqual([
      "video/iso.segment",
      "segment",
    ]);
  });

  it("answers with the whole of a manifest that passes a token on, whatever part is asked for", async () => {
    const token = await createWatchToken(String(testEnv.TOKEN_SECRET), jobId, "anna", Date.now());
    const signed = `/play/${jobId}/master.m3u8?token=${token}`;
    const text = await (await ask(signed)).text();
    expect(text).toContain("720p.m3u8?token=");
    const stored = await ask(`/play/${jobId}/master.m3u8`, { headers: anna });
    const etag = String(stored.headers.get("ETag"));
    for (const [name, value] of [
      ["Range", "bytes=0-3"],
      ["If-None-Match", etag],
    ] as const) {
      const answer = await ask(signed, { headers: { [name]: value } });
      expect([answer.status, answer.headers.get("Content-Range"), await answer.text()]).toEqual([
        200,
        null,
        text,
      ]);
    }
  });

  it("shows nothing that is not of it", async () => {
    const paths = [
      "tsk_s.2/1.m4s",
      "tsk_s.1/none.m4s",
      "../../../media/x",
      "%2e%2e%2f%2e%2e%2fmedia%2fx.mp4",
      "a%00b.mp4",
      "x.exe",
      `${"a/".repeat(600)}x.mp4`,
    ];
    for (const path of paths) {
      await problemOf(await ask(`/play/${jobId}/${path}`, { headers: anna }), 404, "not_found");
    }
    for (const name of ["none.webp", "..%2f..%2fx", "%00", "a".repeat(2000)]) {
      await problemOf(await ask(`/outputs/${jobId}/${name}`, { headers: anna }), 404, "not_found");
    }
    for (const id of ["job_x", "%00", `job_${"0".repeat(26)}`, "..", "a".repeat(2000)]) {
      await problemOf(await ask(`/v1/jobs/x${id}`, { headers: anna }), 404, "not_found");
    }
  });
});
