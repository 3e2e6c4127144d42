import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { MAX_TURN_MS, withTurn } from "../../src/image/turn.ts";
import { testEnv } from "../fixtures/app.ts";

afterEach(() => {
  vi.useRealTimers();
});

describe("withTurn", () => {
  it("runs one at a time, people before jobs, first come first served", async () => {
    const order: string[] = [];
    let running = 0;
    const work = (name: string) => async () => {
      running += 1;
      expect(running).toBe(1);
      await Promise.resolve();
      order.push(name);
      running -= 1;
    };
    const all = [
      withTurn("job", work("first")),
      withTurn("job", work("job 1")),
      withTurn("job", work("job 2")),
      withTurn("interactive", work("person 1")),
      withTurn("interactive", work("person 2")),
    ];
    await Promise.all(all);
    expect(order).toEqual(["first", "person 1", "person 2", "job 1", "job 2"]);
  });

  it("passes the turn on when the work fails", async () => {
    await expect(withTurn("job", () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(await withTurn("job", () => Promise.resolve("next"))).toBe("next");
  });

  it("is passed on between Durable Objects of one isolate, none of which may wake another", async () => {
    const objects = Array.from({ length: 6 }, (_, i) => testEnv.DERIVATIVES.getByName(`turn-${i}`));
    let running = 0;
    const ran = objects.map((object) =>
      runInDurableObject(object, () =>
        withTurn("interactive", async () => {
          expect(++running).toBe(1);
          await scheduler.wait(2);
          running--;
          return "done";
        }),
      ),
    );
    expect(await Promise.all(ran)).toEqual(objects.map(() => "done"));
  });

  it("does not wait for ever for work that was ended in the middle", async () => {
    vi.useFakeTimers();
    let finishLost = () => {};
    const lost = withTurn("job", () => new Promise<void>((resolve) => (finishLost = resolve)));
    const next = withTurn("job", () => Promise.resolve("next"));
    vi.setSystemTime(Date.now() + MAX_TURN_MS * 2);
    await vi.advanceTimersByTimeAsync(10);
    expect(await next).toBe("next");
    finishLost();
    await lost;
    expect(await withTurn("job", () => Promise.resolve("after"))).toBe("after");
  });
});
