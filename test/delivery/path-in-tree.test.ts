import { describe, expect, it } from "vitest";
import { pathInTree } from "../../src/delivery/path-in-tree.ts";
import { signMpd } from "../../src/delivery/signed-playlist.ts";

const TREE = ["tsk_p.1", "tsk_a.1", "tsk_b.2", "tsk_s.1"];
const INDEX = {
  manifests: ["master.m3u8", "manifest.mpd"],
  segments: {
    "720p": [
      [1, "tsk_a.1/720p"],
      [9, "tsk_b.2/720p"],
    ] as [number, string][],
    audio: [[1, "tsk_s.1/audio"]] as [number, string][],
  },
};

describe("a path of a stream", () => {
  it.each([
    ["master.m3u8", "tsk_p.1/master.m3u8"],
    ["tsk_b.2/720p/00001.m4s", "tsk_b.2/720p/00001.m4s"],
    ["720p/init.mp4", "tsk_a.1/720p/init.mp4"],
    ["720p/00001.m4s", "tsk_a.1/720p/00001.m4s"],
    ["720p/00008.m4s", "tsk_a.1/720p/00008.m4s"],
    ["720p/00009.m4s", "tsk_b.2/720p/00001.m4s"],
    ["720p/00017.m4s", "tsk_b.2/720p/00009.m4s"],
    ["audio/00100.m4s", "tsk_s.1/audio/00100.m4s"],
    ["720p-8/00001.m4s", "tsk_p.1/720p-8/00001.m4s"],
    ["constructor/00001.m4s", "tsk_p.1/constructor/00001.m4s"],
    ["720p/00000.m4s", "tsk_p.1/720p/00000.m4s"],
    ["tsk_other.1/720p/00001.m4s", "tsk_p.1/tsk_other.1/720p/00001.m4s"],
  ])("%s is %s", (path, key) => {
    expect(pathInTree(path, TREE, INDEX)).toBe(key);
  });

  it("of a stream without an index lies where it says", () => {
    expect(pathInTree("tsk_a.1/720p/00001.m4s", TREE, null)).toBe("tsk_a.1/720p/00001.m4s");
    expect(pathInTree("720p/00001.m4s", TREE, null)).toBe("tsk_p.1/720p/00001.m4s");
  });
});

it("puts the token behind every URL of a DASH manifest", () => {
  const text = '<SegmentTemplate initialization="$RepresentationID$/init.mp4" media="$Number%05d$.m4s"/>';
  expect(signMpd(text, "a+b")).toBe(
    '<SegmentTemplate initialization="$RepresentationID$/init.mp4?token=a%2Bb" media="$Number%05d$.m4s?token=a%2Bb"/>',
  );
});
