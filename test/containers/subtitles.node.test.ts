import { describe, expect, it } from "vitest";
import { makeClip, withWords } from "../fixtures/video.ts";
import { useStudio } from "./studio.ts";
import { runTask } from "./transcoder-process.ts";

const studio = useStudio();
const line = (at: number, text: string) =>
  `${at + 1}\n00:00:0${at},500 --> 00:00:0${at + 1},000\n${text}\n\n`;
const srt = line(0, "One <b>&</b> two") + line(1, "<script>no</script>");

async function wordsOf(clip: Buffer) {
  const source = await studio.probe(clip);
  const task = studio.task(clip);
  const result = await runTask(studio.transcoder, { kind: "subtitles", ...task, source }, "tracks");
  const { subtitles = [], notes } = result;
  return {
    source,
    notes,
    subtitles,
    texts: subtitles.map(({ path }) => studio.output(task, path).toString()),
  };
}

describe("tracks of words", () => {
  it.each([
    ["SubRip", "srt", "mkv"],
    ["ASS", "ass", "mkv"],
    ["WebVTT", "webvtt", "mkv"],
    ["timed text", "mov_text", "mp4"],
  ])("of %s become WebVTT", async (_, codec, extension) => {
    const clip = await withWords(
      await makeClip({ sound: false }),
      [{ srt, codec, language: "deu" }],
      extension,
    );
    const { texts, subtitles } = await wordsOf(clip);
    expect(subtitles).toMatchObject([{ id: "subtitles", language: "deu", cues: 2 }]);
    expect(texts[0]).toMatch(/^WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n/);
    expect(texts[0]).toContain("00:00:00.500 --> 00:00:01.000\nOne ");
    expect(texts[0]).toContain("00:00:01.500 --> 00:00:02.000\n");
    expect(texts[0]).not.toContain("<script");
  });

  it("are kept apart by their languages, and what is in no language has none", async () => {
    const clip = await withWords(await makeClip({ sound: false }), [
      { srt, language: "eng" },
      { srt: line(0, "Zwei"), language: "deu" },
      { srt: line(0, "Trois"), language: 'x",URI="//evil' },
    ]);
    const { subtitles, texts } = await wordsOf(clip);
    expect(subtitles.map(({ id, language }) => [id, language])).toEqual([
      ["subtitles", "eng"],
      ["subtitles-2", "deu"],
      ["subtitles-3", undefined],
    ]);
    expect(texts[1]).toContain("Zwei");
  });

  it("without a word are left out, and that is said", async () => {
    const clip = await withWords(await makeClip({ sound: false }), [
      { srt: "1\n00:00:00,500 --> 00:00:01,000\n{\\an8}\n" },
    ]);
    const { subtitles, notes } = await wordsOf(clip);
    expect([subtitles, notes]).toEqual([[], ["The track subtitles has no words in it."]]);
  });
});
