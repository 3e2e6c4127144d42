import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { accountParts, readWranglerConfig } from "../../src/local/wrangler-config.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const config = readWranglerConfig(join(ROOT, "wrangler.toml"));
const worker = readFileSync(join(ROOT, "src/worker.ts"), "utf8");
const exported = (/^export \{([^}]+)\};/m.exec(worker)?.[1] ?? "").split(",").map((name) => name.trim());

describe("wrangler.toml as it is deployed", () => {
  const consumers = config.queues.consumers;
  const consumed = consumers.map(({ queue }) => queue);
  const produced = config.queues.producers.map(({ queue }) => queue);

  it("consumes every queue that it fills, and what died of it, once each", () => {
    expect(produced).toHaveLength(5);
    expect([...consumed].sort()).toEqual([...produced, ...produced.map((queue) => `${queue}-dead`)].sort());
    for (const { queue, dead_letter_queue } of consumers) {
      expect([queue, dead_letter_queue]).toEqual([
        queue,
        produced.includes(queue) ? `${queue}-dead` : undefined,
      ]);
    }
  });

  it("names what an account needs, every queue once", () => {
    const { queues, buckets, databases } = accountParts(config);
    expect([...queues].sort()).toEqual([...consumed].sort());
    expect({ buckets, databases }).toEqual({ buckets: ["darkroom-media"], databases: ["darkroom"] });
  });

  it("makes the class of every durable object in one migration, and exports it", () => {
    const bound = config.durable_objects.bindings.map(({ class_name }) => class_name);
    const made = config.migrations.flatMap(({ new_sqlite_classes = [] }) => new_sqlite_classes);
    expect([...made].sort()).toEqual([...bound].sort());
    expect(exported).toEqual(expect.arrayContaining([...bound, "ContainerProxy"]));
    const tags = config.migrations.map(({ tag }) => tag);
    expect(new Set(tags).size).toBe(tags.length);
  });

  it("gives each kind of slot as many containers as there are slots", () => {
    const instances = config.containers.map(({ class_name, max_instances }) => [class_name, max_instances]);
    expect(Object.fromEntries(instances)).toEqual({
      Transcoder: Number(config.vars.TRANSCODER_SLOTS),
      TranscoderLarge: Number(config.vars.TRANSCODER_LARGE_SLOTS),
    });
    for (const { image } of config.containers) expect(existsSync(image)).toBe(true);
  });

  it("sweeps every minute, and keeps objects alive while they wait for a container", () => {
    expect(config.triggers.crons).toEqual(["* * * * *"]);
    // From this date on, pending work keeps an object from being evicted.
    expect(config.compatibility_date >= "2026-10-01").toBe(true);
    expect(config.compatibility_flags).toContain("nodejs_compat");
  });
});
