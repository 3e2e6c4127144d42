import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import type { TranscoderHealth } from "../../src/video/protocol.ts";
import { image, useStudio } from "./studio.ts";
import { runTask } from "./transcoder-process.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const dockerfile = readFileSync(join(ROOT, "containers/transcoder/Dockerfile"), "utf8");
const ignore = readFileSync(join(ROOT, ".dockerignore"), "utf8").split("\n");
const copied = Array.from(dockerfile.matchAll(/^COPY (.+) \S+$/gm), ([, from = ""]) =>
  from.split(" "),
).flat();
const [program = "", ...args] = entrypoint();
/** What the image holds below `/app`, made without an engine. */
const app = mkdtempSync(join(tmpdir(), "darkroom-image-"));

for (const path of copied) cpSync(join(ROOT, path), join(app, path), { recursive: true });
execFileSync(process.execPath, ["-e", packageProgram()], { cwd: app });
const { dependencies } = JSON.parse(readFileSync(join(app, "package.json"), "utf8")) as Package;
for (const path of installed(Object.keys(dependencies ?? {})))
  cpSync(join(ROOT, path), join(app, path), { recursive: true });

const studio = useStudio({}, [...args.slice(0, -1), join(app, args.at(-1)?.replace("/app/", "") ?? "")]);
afterAll(() => rmSync(app, { recursive: true, force: true }));

interface Package {
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

describe("what the image of the transcoder holds", () => {
  it("is enough to start from: every import is there", async () => {
    const health = (await (await fetch(`${studio.transcoder.url}/health`)).json()) as TranscoderHealth;
    expect(health.state).toBe("ready");
  });

  it("is enough to make a picture, in the program that is started for it", async () => {
    const black = { create: { width: 64, height: 64, channels: 3, background: "#000" } } as const;
    const task = studio.task(await sharp(black).png().toBuffer());
    const { files } = await runTask(studio.transcoder, { kind: "image", ...task, outputs: [image] }, "files");
    expect(files.map(({ width }) => width)).toEqual([64]);
  });

  it("comes with the packages that package.json pins, and no others", () => {
    const pinned = (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Package).dependencies;
    expect(pinned).toMatchObject(dependencies ?? {});
    expect(Object.keys(dependencies ?? {})).toEqual(["sharp", "thumbhash", "zod"]);
  });

  it("reaches the engine: everything that is copied is let through, and nothing else", () => {
    expect(ignore).toContain("*");
    const letThrough = ignore.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
    expect(letThrough.sort()).toEqual([...copied].sort());
  });

  it("starts with an init that passes signals on, as nobody special", () => {
    expect(program).toBe("/usr/bin/tini");
    expect(dockerfile).toMatch(/^USER node$/m);
  });
});

/** Of the image: what is run, and what node is given. */
function entrypoint(): [program: string, ...args: string[]] {
  const parts = JSON.parse(/^ENTRYPOINT (.+)$/m.exec(dockerfile)?.[1] ?? "[]") as string[];
  return [parts[0] ?? "", ...parts.slice(parts.indexOf("node") + 1)];
}

/** The program that leaves in package.json only what the transcoder needs. */
function packageProgram(): string {
  const found = /^RUN node -e '([^']+)'/m.exec(dockerfile)?.[1] ?? "";
  return found.replaceAll("\\\n", "");
}

/** Folders of packages and of what they need in turn, where this machine has them. */
function installed(names: readonly string[], seen = new Set<string>()): string[] {
  for (const name of names) {
    const path = `node_modules/${name}`;
    if (seen.has(path) || !existsSync(join(ROOT, path))) continue;
    seen.add(path);
    const needs = JSON.parse(readFileSync(join(ROOT, path, "package.json"), "utf8")) as Package;
    installed(Object.keys({ ...needs.dependencies, ...needs.optionalDependencies }), seen);
  }
  return [...seen];
}
