import { docker, expect } from "./docker.ts";

const OUTSIDE = ["http://1.1.1.1", "http://example.com", "https://1.1.1.1", "http://host.docker.internal:22"];
/** Its own folder, and those where every user may write. */
const PLACES_TO_WRITE = /^\/(work|tmp|var\/tmp|run\/lock|home\/node)(\/|$)/;

/** The container runs as nobody special, changes nothing of itself, and reaches storage alone. */
export async function inspectContainer(id: string): Promise<void> {
  const inside = (script: string) => docker("exec", id, "node", "-e", script);
  const user = await inside("console.log(process.getuid())");
  expect(user !== "0", "the transcoder runs as root");
  expect((await docker("exec", id, "cat", "/proc/1/comm")) === "tini", "its first process is not tini");
  const writable = await docker("exec", id, "sh", "-c", "find / -xdev -type d -writable 2>/dev/null || true");
  const places = writable.split("\n").filter((path) => !PLACES_TO_WRITE.test(path));
  expect(places.length === 0, `the transcoder may write in ${places.join(", ")}`);
  for (const url of OUTSIDE) {
    const reach = `fetch("${url}",{signal:AbortSignal.timeout(5000)}).then(()=>"out",()=>"shut").then(console.log)`;
    expect((await inside(reach)) === "shut", `the container reaches ${url}`);
  }
  const refused = await inside('fetch("http://media.storage/").then((r)=>console.log(r.status))');
  expect(refused.startsWith("4"), `storage without a signature answers ${refused}`);
  const health = await inside('fetch("http://127.0.0.1:8080/health").then((r)=>r.text()).then(console.log)');
  const { ffmpegVersion, heic, faces } = JSON.parse(health) as Record<string, unknown>;
  expect(heic === true && faces === true, `its image lacks programs: ${health}`);
  const megabytes = Number(await docker("inspect", "--size", "--format", "{{.SizeRootFs}}", id)) / 1e6;
  console.log(
    `  ${id}: user ${user}, no way out, storage without a signature answers ${refused}, ffmpeg ${ffmpegVersion}, ${Math.round(megabytes)} MB`,
  );
}

/** Asked to stop while it has nothing to do, it leaves at once and in good order. */
export async function stopContainer(id: string): Promise<void> {
  const startedMs = performance.now();
  const code = docker("wait", id);
  await docker("kill", "--signal", "TERM", id);
  expect((await code) === "0", `on SIGTERM the transcoder ended with ${await code}`);
  console.log(`  ${id} left on SIGTERM after ${Math.round(performance.now() - startedMs)} ms`);
}
