import { expect, it } from "vitest";
import { signPlaylist } from "../../src/delivery/signed-playlist.ts";

it("a token goes behind the playlist's own URIs, and to no other host", () => {
  const playlist = [
    "#EXTM3U",
    '#EXT-X-MAP:URI="video/init.mp4"',
    "video/0.m4s",
    "http://elsewhere.example/v.m3u8",
    "//elsewhere.example/v.m3u8",
    '#EXT-X-MEDIA:TYPE=AUDIO,URI="HTTPS://elsewhere.example/a.m3u8"',
    "",
  ].join("\n");
  expect(signPlaylist(playlist, "a&b").split("\n")).toEqual([
    "#EXTM3U",
    '#EXT-X-MAP:URI="video/init.mp4?token=a%26b"',
    "video/0.m4s?token=a%26b",
    "http://elsewhere.example/v.m3u8",
    "//elsewhere.example/v.m3u8",
    '#EXT-X-MEDIA:TYPE=AUDIO,URI="HTTPS://elsewhere.example/a.m3u8"',
    "",
  ]);
});
