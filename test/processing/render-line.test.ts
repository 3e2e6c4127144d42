import { describe, expect, it } from "vitest";
import { createRenderLine } from "../../src/processing/render-line.ts";

/** Resolves when whoever has been given a turn knows. */
async function told(): Promise<void> {
  for (let n = 0; n < 8; n++) await Promise.resolve();
}

/** A line, and what has had its turn so far. */
function openLine() {
  const line = createRenderLine();
  const turns: string[] = [];
  const join = async (name: string, isPatient = false) => {
    await line.takeTurn(name, isPatient);
    turns.push(name);
  };
  const pass = async () => {
    line.passTurn();
    await told();
  };
  return { line, turns, join, pass };
}

describe("the line for images by URL", () => {
  it("lets what somebody waits for go before what nobody waits for", async () => {
    const { turns, join, pass } = openLine();
    await join("asked 1");
    void join("patient 1", true);
    void join("patient 2", true);
    await join("asked 2");
    void join("asked 3");
    await pass();
    expect(turns).toEqual(["asked 1", "asked 2", "asked 3"]);
    await pass();
    expect(turns).toHaveLength(3);
    await pass();
    expect(turns).toHaveLength(4);
    await pass();
    expect(turns).toEqual(["asked 1", "asked 2", "asked 3", "patient 1", "patient 2"]);
  });

  it("keeps room beside what nobody waits for, and goes on when all have gone", async () => {
    const { turns, join, pass } = openLine();
    await join("patient 1", true);
    void join("patient 2", true);
    await join("asked");
    expect(turns).toEqual(["patient 1", "asked"]);
    for (let n = 0; n < 3; n++) await pass();
    await join("patient 3", true);
    expect(turns).toEqual(["patient 1", "asked", "patient 2", "patient 3"]);
  });

  it("hurries what somebody has begun to wait for, once", async () => {
    const { line, turns, join, pass } = openLine();
    await join("asked");
    void join("patient 1", true);
    void join("patient 2", true);
    line.hurry("patient 2");
    line.hurry("patient 2");
    line.hurry("unknown");
    await told();
    expect(turns).toEqual(["asked", "patient 2"]);
    await pass();
    await pass();
    expect(turns).toEqual(["asked", "patient 2", "patient 1"]);
    await pass();
    await join("next", true);
  });

  it("forgets nobody who waits for what another waits for, too", async () => {
    const { line, turns, join, pass } = openLine();
    await join("asked");
    void join("same", true);
    void join("same", true);
    line.hurry("same");
    await told();
    expect(turns).toEqual(["asked", "same"]);
    await pass();
    await pass();
    expect(turns).toEqual(["asked", "same", "same"]);
  });

  it("never makes more than two at once, and refuses crowds", async () => {
    const { line, turns, join } = openLine();
    const asked = Array.from({ length: 20 }, (_, n) => join(`asked ${n}`).catch((error) => error.code));
    const patient = Array.from({ length: 501 }, (_, n) =>
      join(`patient ${n}`, true).catch((e) => e.code as string),
    );
    expect(await asked[19]).toBe("derivative_pending");
    expect(await patient[500]).toBe("derivative_pending");
    line.hurry("patient 7");
    expect(turns).toEqual(["asked 0", "asked 1"]);
  });
});
