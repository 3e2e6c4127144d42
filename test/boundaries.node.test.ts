import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = new URL("..", import.meta.url).pathname;

interface Import {
  from: string;
  to: string;
  /** Only types: nothing of it is left when the program runs. */
  isType: boolean;
}

function sourcesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.tsx?$/.test(path) && !path.includes("node_modules"))
    .map((path) => join(folder, path));
}

const FILES = [...sourcesBelow("src"), ...sourcesBelow("containers")];

const IMPORT = /^(?:import|export)\s+(type\s+)?(?:[^;'"]*?\sfrom\s+)?["']([^"']+)["']/gm;
const DYNAMIC = /\bimport\(\s*["']([^"']+)["']/g;

/** What a file imports, relative paths resolved to paths from the root. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const resolve = (to: string) => (to.startsWith(".") ? normalize(join(dirname(file), to)) : to);
  return [
    ...Array.from(text.matchAll(IMPORT), ([, type, to = ""]) => ({
      from: file,
      to: resolve(to),
      isType: !!type,
    })),
    ...Array.from(text.matchAll(DYNAMIC), ([, to = ""]) => ({ from: file, to: resolve(to), isType: false })),
  ];
}

const IMPORTS = FILES.flatMap(importsOf);
const inHouse = IMPORTS.filter(({ to }) => FILES.includes(to));

/** Which room a file is in: a folder of `src/`, or a file of its top level by its own name. */
function roomOf(file: string): string {
  const [top = "", room = "", ...rest] = relative(".", file).split("/");
  if (top === "containers") return "containers";
  return rest.length === 0 ? room.replace(/\.tsx?$/, "") : room;
}

/** Pure: no HTTP, no database, no jobs. Of `image-url/` everything but what serves it. */
const SERVES_IMAGES =
  /image-url\/(analysis|delivery|describe|find-derivative|make-once|miss-budget|produce|producer|purge|remote-image|([a-z]+-)?routes)\.ts$/;
function isPure(file: string): boolean {
  const room = roomOf(file);
  return ["errors", "image", "video"].includes(room) || (room === "image-url" && !SERVES_IMAGES.test(file));
}

/** What a room may know besides itself; `stores` are what only the room that owns them, and rank 3, may touch. */
const FOUNDATION = new Set([
  "errors",
  "schema",
  "config",
  "id",
  "log",
  "digest",
  "canonical-json",
  "request-context",
  "create-routes",
  "problem",
  "problem-answers",
  "field-errors",
  "outbox",
  "breaker",
]);
const STORES = new Set(["media", "jobs", "progress", "webhooks", "access", "idempotency"]);
const COMBINES = new Set([
  "submission",
  "processing",
  "delivery",
  "retention",
  "shipping",
  "activity",
  "receipts",
  "health",
  "pages",
  "openapi",
  "unknown-route",
  "aliases",
  "uploads",
  "admin",
]);
const WIRING = new Set(["app", "worker"]);
const TOOLS = new Set(["client", "local"]);

/** Files of one store room that another may use: pure ones, and the middleware that says who asks. */
const SHARED = [
  "src/access/authenticate.ts",
  "src/access/watch-token.ts",
  "src/access/token.ts",
  "src/progress/event.ts",
  "src/progress/farewell.ts",
  "src/progress/live-feed.ts",
  "src/progress/outline.ts",
  "src/progress/snapshot.ts",
  "src/progress/stages.ts",
];

function sentences(forbidden: readonly Import[]): string[] {
  return forbidden.map(({ from, to }) => `${from} imports ${to}`);
}

describe("what may import what", () => {
  it("finds the imports that it judges", () => {
    expect(FILES.length).toBeGreaterThan(150);
    expect(inHouse.length).toBeGreaterThan(400);
    expect(sentences(inHouse)).toContain("src/worker.ts imports src/app.ts");
  });

  it("every room has a rank", () => {
    const known = new Set([...FOUNDATION, ...STORES, ...COMBINES, ...WIRING, ...TOOLS]);
    const rooms = new Set(FILES.filter((file) => !isPure(file)).map(roomOf));
    const unranked = [...rooms].filter(
      (room) => !known.has(room) && room !== "containers" && room !== "image-url",
    );
    expect(unranked).toEqual([]);
  });

  it("pictures, videos and image URLs know nothing of HTTP, the database or jobs", () => {
    const own = IMPORTS.filter(({ from, to }) => isPure(from) && FILES.includes(to) && !isPure(to));
    expect(sentences(own)).toEqual([]);
    const foreign = /^(hono|@hono\/zod-openapi|drizzle-orm|cloudflare:|@cloudflare\/)/;
    expect(sentences(IMPORTS.filter(({ from, to }) => isPure(from) && foreign.test(to)))).toEqual([]);
  });

  it("the foundation knows no room but by type", () => {
    const forbidden = inHouse.filter(
      ({ from, to, isType }) =>
        FOUNDATION.has(roomOf(from)) && !isPure(to) && !FOUNDATION.has(roomOf(to)) && !isType,
    );
    expect(sentences(forbidden)).toEqual([]);
  });

  it("rooms with a store stand on the foundation, and never on each other's stores", () => {
    const forbidden = inHouse.filter(({ from, to, isType }) => {
      const [room, other] = [roomOf(from), roomOf(to)];
      if (!STORES.has(room) || room === other || isType) return false;
      return !isPure(to) && !FOUNDATION.has(other) && !SHARED.includes(to);
    });
    expect(sentences(forbidden)).toEqual([]);
  });

  it("what rooms share touches no database", () => {
    const touched = IMPORTS.filter(
      ({ from, to }) => SHARED.includes(from) && /^drizzle-orm|\/store(\/|\.ts)|keys\.ts$/.test(to),
    );
    expect(sentences(touched)).toEqual([]);
  });

  it("nobody imports the wiring", () => {
    const forbidden = inHouse.filter(({ from, to }) => WIRING.has(roomOf(to)) && !WIRING.has(roomOf(from)));
    expect(sentences(forbidden)).toEqual([]);
  });

  it("containers and the worker share only what is pure", () => {
    const into = inHouse.filter(
      ({ from, to }) => roomOf(from) === "containers" && roomOf(to) !== "containers",
    );
    expect(sentences(into.filter(({ to }) => !/^src\/(video|image)\/|^src\/errors\.ts$/.test(to)))).toEqual(
      [],
    );
    const outOf = inHouse.filter(
      ({ from, to }) => roomOf(to) === "containers" && roomOf(from) !== "containers",
    );
    expect(sentences(outOf.filter(({ from }) => roomOf(from) !== "local"))).toEqual([]);
  });

  it("clients and tools know the server only by type, and the server does not know them", () => {
    const into = inHouse.filter(
      ({ from, to, isType }) => TOOLS.has(roomOf(from)) && !TOOLS.has(roomOf(to)) && !isType,
    );
    expect(sentences(into)).toEqual([]);
    const outOf = inHouse.filter(({ from, to }) => TOOLS.has(roomOf(to)) && !TOOLS.has(roomOf(from)));
    expect(sentences(outOf.filter(({ from }) => roomOf(from) !== "pages"))).toEqual([]);
  });

  it("no drawer holds what has no name of its own", () => {
    const drawers = /(^|\/)(utils?|helpers?|common|services|lib|types|misc|shared)(\/|\.tsx?$)/;
    expect(FILES.filter((file) => drawers.test(file))).toEqual([]);
  });
});
