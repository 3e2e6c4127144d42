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
  });

  it("is a talking head where little moves all the time, and nobody cuts away", async () => {
    const head = "color=0xd0a080:size=24x30:rate=20:duration=3[head];[room][head]";
    const room = "color=0x405060:size=160x90:rate=20:duration=3[room]";
    const speaker = `${room};${head}overlay=x='68+8*sin(5*t)':y='30+4*sin(9*t)',noise=alls=4:allf=t`;
    // Fine enough to keep the noise of the camera.
    const fine = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "10"];
    const { found } = await analyse(await fromSources([speaker], fine));
    expect(found.content.class).toBe("talking_head");
    expect(found.content.figures.still_share).toBeLessThan(0.6);
    expect(found.shots).toHaveLength(1);
    const cuts = Array.from(
      { length: 6 },
      (_, i) => `color=${i % 2 ? "black" : "white"}:size=160x90:rate=20:duration=0.5`,
    );
    const flicker = `${cuts.map((cut, i) => `${cut}[c${i}]`).join(";")};${cuts.map((_, i) => `[c${i}]`).join("")}concat=n=6[cuts]`;
    const busy = `${flicker};${head.replace("[room]", "[cuts]")}overlay=x='68+20*sin(5*t)':y=30`;
    const cut = (await analyse(await fromSources([busy], fine))).found.content;
    expect(cut.class).toBe("motion");
  });

  it("has its shots as chapters that players show, one after the other from the start to the end", async () => {
    const scenes = ["testsrc2", "smptebars", "rgbtestsrc"];
    const graph = scenes.map((scene, i) => `${scene}=size=96x64:rate=20:duration=${1 + i}[s${i}]`).join(";");
    const film = await fromSources([`${graph};[s0][s1][s2]concat=n=3`]);
    const { text, found } = await analyse(film);
    const [head, ...cues] = text("found-shots.vtt").trimEnd().split("\n\n");
    expect(head).toBe("WEBVTT");
    expect(cues).toEqual([
      "00:00:00.000 --> 00:00:01.000\nShot 1",
      "00:00:01.000 --> 00:00:03.000\nShot 2",
      "00:00:03.000 --> 00:00:06.000\nShot 3",
    ]);
    expect(found.shots).toHaveLength(cues.length);
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
