import { describe, expect, it } from "vitest";
import { fromSources, makeClip } from "../fixtures/video.ts";
import { useStudio } from "./studio.ts";
import { runTask } from "./transcoder-process.ts";

const studio = useStudio();
const output = { format: "analysis", name: "found.json" };

async function analyse(input: Buffer) {
  const source = await studio.probe(input);
  const task = studio.task(input);
  const { files } = await runTask(studio.transcoder, { kind: "analysis", ...task, source, output }, "files");
  const text = (name: string) => studio.output(task, name).toString();
  return { files, found: JSON.parse(text("found.json")), text };
}

describe("what is in a file", () => {
  it("is told by shots, black and silence", async () => {
    const size = "size=96x64:rate=20";
    const film = await fromSources(
      [
        `testsrc2=${size}:duration=2[a];color=black:${size}:duration=1[b];smptebars=${size}:duration=2[c]`,
        "[a][b][c]concat=n=3[out0]",
        "aevalsrc='if(between(t,1,3),0,0.5*sin(2764*t))':s=48000:d=5[out1]",
      ],
      ["-c:a", "aac"],
    );
    const { found, text } = await analyse(film);
    expect(found.shots.map(({ start }: { start: number }) => Math.round(start))).toEqual([0, 2, 3]);
    expect(found.black).toHaveLength(1);
    expect(found.black[0].start).toBeCloseTo(2, 1);
    expect(found.audio.silent).toHaveLength(1);
    expect(found.audio.silent[0].end).toBeCloseTo(3, 1);
    expect(found.source.video.codec).toBe("h264");
    expect(text("found-shots.vtt")).toMatch(/^WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nShot 1\n/);
  });

  it("is classed by how much it moves", async () => {
    const still = await fromSources([
      "color=white:size=160x90:rate=20:duration=3,drawbox=x=20:y=20:w=30:h=8:c=black:t=fill:enable='gt(t,1.5)'",
    ]);
    expect((await analyse(still)).found.content.class).toBe("screencast");
    const wild = await fromSources(["nullsrc=size=160x90:rate=20:duration=2,geq=random(1)*255:128:128"]);
    expect((await analyse(wild)).found.content.class).toBe("motion");
    const calm = await fromSources([
      "color=gray:size=160x90:rate=20:duration=2,drawbox=x='70+8*sin(3*t)':y=30:w=24:h=30:c=white:t=fill",
    ]);
    expect((await analyse(calm)).found.content.class).not.toBe("motion");
  });

  it("is classed by how it sounds", async () => {
    const words = "The quick brown fox jumps over the lazy dog. Then it rests, and looks around.";
    const speech = await fromSources(
      [`flite=text='${words.replaceAll(",", "\\\\,")}'`],
      ["-c:a", "aac"],
      "m4a",
    );
    const { found, files } = await analyse(speech);
    expect(found.audio.class).toBe("speech");
    expect(files).toHaveLength(1);
    const chord = "aevalsrc='0.2*sin(2764*t)+0.2*sin(3483*t)+0.2*sin(4147*t)':s=48000:d=4";
    expect((await analyse(await fromSources([chord], ["-c:a", "aac"], "m4a"))).found.audio.class).toBe(
      "music",
    );
    const nothing = await makeClip({ sound: false, seconds: 1 });
    expect((await analyse(nothing)).found).not.toHaveProperty("audio");
  });
});
