/** `npm run deploy`: makes what the account lacks, applies the migrations, deploys. Needs `wrangler login` or a token. */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runMain } from "./main.ts";
import { StackError } from "./stack-error.ts";
import { accountParts, readWranglerConfig } from "./wrangler-config.ts";
import { ROOT, WRANGLER } from "./wrangler-dev.ts";

const SECRETS = ["BOOTSTRAP_ADMIN_KEY", "TOKEN_SECRET"];
const CONFIG = join(ROOT, "wrangler.toml");
const NO_DATABASE = "00000000-0000-0000-0000-000000000000";
const { buckets, databases, queues } = accountParts(readWranglerConfig(CONFIG));
const [database = ""] = databases;

await runMain(async () => {
  // Without `--json` it is content with nobody.
  if (!ask("whoami", "--json").ok)
    throw new StackError("wrangler is not signed in; run `npx wrangler login` first.");
  const missing = missingSecrets();
  // Bundle and image first: where they cannot be built, the account and its database stay as they are.
  must("deploy", "--dry-run");
  for (const bucket of buckets) {
    if (!ask("r2", "bucket", "info", bucket).ok) must("r2", "bucket", "create", bucket);
  }
  for (const queue of queues) {
    if (!ask("queues", "info", queue).ok) must("queues", "create", queue);
  }
  ensureDatabase();
  must("d1", "migrations", "apply", database, "--remote");
  deployWithSecrets(missing);
});

/** Finds or creates the database, and writes its id into `wrangler.toml` where the placeholder stands. */
function ensureDatabase(): void {
  const config = readFileSync(CONFIG, "utf8");
  if (!config.includes(NO_DATABASE)) return;
  if (!databaseId()) must("d1", "create", database);
  const id = databaseId();
  if (!id)
    throw new StackError(
      "The D1 database was created, but wrangler does not list it; try again in a minute.",
    );
  writeFileSync(CONFIG, config.replace(NO_DATABASE, id));
  console.log(`wrangler.toml now names the database ${id}; commit it.`);
}

function databaseId(): string | undefined {
  const databases = JSON.parse(ask("d1", "list", "--json").output) as { name: string; uuid: string }[];
  return databases.find(({ name }) => name === database)?.uuid;
}

/**
 * Secrets that the worker lacks. All of them where there is no worker yet; but one whose secrets cannot be listed may
 * have them, and new ones would lock everybody out.
 */
function missingSecrets(): string[] {
  const listed = ask("secret", "list", "--format", "json");
  if (!listed.ok && !/Worker ".+" not found/.test(listed.complaint))
    throw new StackError(`The secrets of the worker cannot be listed; try again. ${listed.complaint.trim()}`);
  const known = listed.ok ? (JSON.parse(listed.output) as { name: string }[]).map(({ name }) => name) : [];
  return SECRETS.filter((name) => !known.includes(name));
}

/** Missing secrets are made and go along with the deployment; the admin key is shown this once. */
function deployWithSecrets(missing: readonly string[]): void {
  if (missing.length === 0) {
    must("deploy");
    return;
  }
  const made = Object.fromEntries(
    missing.map((name) => [name, `dr_${randomBytes(32).toString("base64url")}`]),
  );
  const dir = mkdtempSync(join(tmpdir(), "darkroom-deploy-"));
  try {
    const file = join(dir, "secrets.json");
    writeFileSync(file, JSON.stringify(made), { mode: 0o600 });
    must("deploy", "--secrets-file", file);
  } finally {
    rmSync(dir, { recursive: true });
  }
  if (made.BOOTSTRAP_ADMIN_KEY) console.log(`The admin key, shown only now: ${made.BOOTSTRAP_ADMIN_KEY}`);
}

/** Runs wrangler quietly, to learn something. */
function ask(...args: string[]): { ok: boolean; output: string; complaint: string } {
  const run = spawnSync(process.execPath, [WRANGLER, ...args], { cwd: ROOT, encoding: "utf8" });
  return { ok: run.status === 0, output: run.stdout, complaint: run.stderr };
}

/** Runs wrangler for the person to see; throws a {@link StackError} when it fails. */
function must(...args: string[]): void {
  console.log(`wrangler ${args.join(" ")}`);
  const run = spawnSync(process.execPath, [WRANGLER, ...args], { cwd: ROOT, stdio: "inherit" });
  if (run.status !== 0)
    throw new StackError(`wrangler ${args[0]} failed; what was made stays, run it again.`);
}
