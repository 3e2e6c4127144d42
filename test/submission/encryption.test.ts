import { beforeAll, describe, expect, it } from "vitest";
import { toMediaError } from "../../src/errors.ts";
import { resolveOutputs } from "../../src/submission/resolve-outputs.ts";
import { resolveSteps } from "../../src/submission/steps.ts";
import { ask, keyFor, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { HTTP } from "../shipping/shipping.ts";

beforeAll(prepareDatabase);

const encrypted = () => resolveOutputs([{ format: "hls", encryption: "aes-128" }], "video");
const pathsOf = (error: unknown) => toMediaError(error).errors.map(({ path }) => path);

describe("a stream that is to be encrypted", () => {
  it("changes its key every ten segments, or as often as asked", () => {
    const [output] = encrypted().outputs;
    expect(output).toMatchObject({ encryption: { method: "aes-128", rotateEverySegments: 10 } });
    const often = { method: "aes-128", rotate_every: 1 } as const;
    const [other] = resolveOutputs([{ format: "hls", encryption: often }], "video").outputs;
    expect(other).toMatchObject({ encryption: { rotateEverySegments: 1 } });
  });

  it.each(["dash", "adaptive", "mp4"] as const)("is HLS, and not %s", (format) => {
    const resolve = () => resolveOutputs([{ format, encryption: "aes-128" }], "video");
    expect(resolve).toThrow();
    try {
      resolve();
    } catch (error) {
      expect(pathsOf(error)).toContain("output_specifications.0.encryption");
    }
  });

  it("is not shipped to where its keys are not", async () => {
    const headers = { ...(await keyFor("anna")), "Content-Type": "application/json" };
    const body = JSON.stringify({ ...HTTP, name: "shop" });
    expect((await ask("/v1/destinations", { method: "POST", headers, body })).status).toBe(201);
    const error = await resolveSteps(testEnv, "anna", [{ ship: { destination: "shop" } }], encrypted()).catch(
      (reason) => reason,
    );
    expect(pathsOf(error)).toEqual(["steps.0.ship"]);
  });
});
