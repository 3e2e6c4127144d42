import { parse as parseMpd } from "mpd-parser";
import { describe, expect, it } from "vitest";
import { packageStream } from "../../src/video/packaging.ts";
import { makeClip } from "../fixtures/video.ts";
import { encodeInChunks, encodeInOne, joinedBytes } from "./chunked.ts";
import { hls, useStudio } from "./studio.ts";

const studio = useStudio();

/** The tone twice, named as two languages. */
const TWO_LANGUAGES = [
  ...["-map", "0:v", "-map", "1:a", "-map", "1:a"],
  ...["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu"],
];

describe("a source with sound in two languages", () => {
  it.each(["one task", "chunks"])(
    "becomes two renditions, the first of them the default, in %s",
    async (way) => {
      const clip = await makeClip({ seconds: 8, options: TWO_LANGUAGES });
      const inOne = way === "one task";
      const stream = inOne
        ? await encodeInOne(studio, clip, hls)
        : await encodeInChunks(studio, clip, hls, 4.1);
      const sound = stream.tracks.filter(({ kind }) => kind === "audio");
      expect(stream.ranges).toHaveLength(inOne ? 0 : 2);
      expect(sound.map(({ id, language }) => [id, language])).toEqual([
        ["audio", "eng"],
        ["audio-2", "deu"],
      ]);
      for (const track of sound) expect(joinedBytes(studio, track).length).toBeGreaterThan(10_000);

      const texts = new Map(packageStream(stream.tracks, "adaptive").map(({ path, text }) => [path, text]));
      const media = (texts.get("master.m3u8") ?? "").match(/^#EXT-X-MEDIA:.*$/gm) ?? [];
      expect(media).toHaveLength(2);
      expect(media[0]).toMatch(/LANGUAGE="eng",DEFAULT=YES,.*URI="audio\.m3u8"/);
      expect(media[1]).toMatch(/LANGUAGE="deu",DEFAULT=NO,.*URI="audio-2\.m3u8"/);

      const mpd = texts.get("manifest.mpd") ?? "";
      expect([...mpd.matchAll(/contentType="audio"[^>]*lang="(\w+)"/g)].map(([, lang]) => lang)).toEqual([
        "eng",
        "deu",
      ]);
      expect(mpd.match(/value="(main|alternate)"/g)).toEqual(['value="main"', 'value="alternate"']);
      const { mediaGroups } = parseMpd(mpd, { manifestUri: "http://host/manifest.mpd" });
      expect(Object.keys(mediaGroups.AUDIO.audio ?? {})).toHaveLength(2);
    },
  );
});
