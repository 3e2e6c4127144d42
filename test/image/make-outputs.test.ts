import { describe, expect, it } from "vitest";
import { MediaError } from "../../src/errors.ts";
import { makeOutputs } from "../../src/image/make-outputs.ts";

const OUTPUTS = [{ name: "a" }, { name: "bad" }, { name: "c" }];

/** Makes names, and fails when asked for what is bad. */
function maker(error: () => unknown) {
  const orders: string[][] = [];
  const make = async (outputs: { name: string }[]) => {
    orders.push(outputs.map(({ name }) => name));
    if (outputs.some(({ name }) => name === "bad")) throw error();
    return outputs.map(({ name }) => name.toUpperCase());
  };
  return { make, orders };
}

const impossible = () => new MediaError("impossible_output", "Nothing is left.");

describe("outputs that are made together", () => {
  it("are made at once when nothing fails", async () => {
    const { make, orders } = maker(impossible);
    const good = OUTPUTS.filter(({ name }) => name !== "bad");
    expect(await makeOutputs(good, ["input"], make)).toEqual({ made: ["A", "C"], failed: [] });
    expect(orders).toEqual([["a", "c"]]);
  });

  it("are made one by one after a tolerated failure, and only the guilty is lost", async () => {
    const { make } = maker(impossible);
    const result = await makeOutputs(OUTPUTS, ["configuration"], make);
    expect(result.made).toEqual(["A", "C"]);
    expect(result.failed.map(({ name, error }) => [name, error.code])).toEqual([
      ["bad", "impossible_output"],
    ]);
  });

  it("all fail with what is not tolerated, whenever it happens", async () => {
    await expect(makeOutputs(OUTPUTS, [], maker(impossible).make)).rejects.toThrow("Nothing is left.");
    let calls = 0;
    const worsening = maker(() => (calls++ === 0 ? impossible() : new Error("gone")));
    await expect(makeOutputs(OUTPUTS, ["configuration"], worsening.make)).rejects.toThrow("gone");
  });

  it("fail with the first failure when none can be made", async () => {
    const bad = [{ name: "bad" }, { name: "bad" }];
    await expect(makeOutputs(bad, ["configuration"], maker(impossible).make)).rejects.toThrow(
      "Nothing is left.",
    );
  });
});
