import { readFileSync } from "node:fs";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { buildKernels } from "../src/local/build-kernels.ts";

const root = new URL("..", import.meta.url).pathname;

buildKernels();

/** In workerd a `.wasm?module` import is a compiled module; Node is given the same. */
const wasmModules = {
  name: "wasm-modules",
  enforce: "pre" as const,
  load(id: string) {
    if (!id.endsWith(".wasm?module")) return undefined;
    const bytes = readFileSync(id.slice(0, -"?module".length)).toString("base64");
    return `export default new WebAssembly.Module(Buffer.from("${bytes}", "base64"));`;
  },
};

/**
 * Three kinds of test. `workerd`: everything that ships in the worker, run in the real runtime with real D1, R2,
 * Queues and Durable Objects. `node`: the transcoder and the tools, with real ffmpeg and real processes. `e2e`: the
 * whole service under `wrangler dev`, spoken to only over HTTP and WebSocket.
 */
export default defineConfig({
  root,
  test: {
    // Two pictures that differ would fill a log.
    diff: { truncateThreshold: 40 },
    projects: [
      {
        root,
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                TEST_MIGRATIONS: await readD1Migrations(`${root}migrations`),
                BOOTSTRAP_ADMIN_KEY: "dr_test_bootstrap_admin_key_0123456789",
                TOKEN_SECRET: "test-token-secret-0123456789abcdef",
                IMAGE_URL_POLICY: "open",
                IMAGE_URL_MISSES_PER_MINUTE: "100000",
                TRANSCODER_URL: "http://127.0.0.1:9",
                LOCAL_ORIGIN: "http://127.0.0.1:9",
                ...fuzzing(),
                WEBHOOK_RESOLVER_URL: "",
              },
            },
          })),
        ],
        test: {
          name: "workerd",
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.node.test.ts", "test/e2e/**", "test/bench/**"],
          // Far above what any of them takes: a busy machine is no failure.
          testTimeout: 30_000,
          expect: { poll: { timeout: 20_000 } },
        },
      },
      {
        root,
        plugins: [wasmModules],
        test: {
          name: "node",
          server: { deps: { inline: [/@jsquash/] } },
          include: ["test/**/*.node.test.ts"],
          exclude: ["test/e2e/**"],
          testTimeout: 60_000,
          expect: { poll: { timeout: 20_000 } },
        },
      },
      {
        root,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: ["test/e2e/global-setup.ts"],
          // Not beside the others: it shares the machine with a whole instance.
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});

/** How much and what the tests by chance try (`kernels/fuzz`, `jobs/interleavings`), where the caller says so. */
function fuzzing(): Record<string, string> {
  const names = ["FUZZ_FILES", "FUZZ_SEED", "MODEL_RUNS", "MODEL_SEED"];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
