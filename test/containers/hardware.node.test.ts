import { expect, it } from "vitest";
import { benchmarkEncoder, findHardwareEncoders } from "../../containers/transcoder/hardware.ts";
import { transcoderHealth } from "../../src/video/protocol.ts";
import { useStudio } from "./studio.ts";

const studio = useStudio();

it("an encoder that works is given its speed, and one that does not is none", async () => {
  expect(await benchmarkEncoder("libx264")).toBeGreaterThan(0);
  expect(await benchmarkEncoder("h264_of_nobody")).toBeUndefined();
  // Compiled in, and without any device behind it.
  expect(await benchmarkEncoder("h264_vaapi", "/dev/null")).toBeUndefined();
});

it("a server tells which of them its machine has", async () => {
  const found = await findHardwareEncoders();
  await expect
    .poll(async () => {
      const answer = await fetch(`${studio.transcoder.url}/health`);
      return transcoderHealth.parse(await answer.json()).hardwareEncoders?.map(({ name }) => name);
    })
    .toEqual(found.map(({ name }) => name));
});
