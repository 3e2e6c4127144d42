import { encode } from "./encode.ts";

/** A file of sound alone, one second of it. */
export interface Sound {
  file: string;
  make: () => Promise<Buffer>;
  codec: string;
}

const scene = { picture: false };

export const SOUNDS: readonly Sound[] = [
  { file: "talk.mp3", make: () => encode(scene, ["-c:a", "libmp3lame"], "mp3"), codec: "mp3" },
  { file: "talk.m4a", make: () => encode(scene, ["-c:a", "aac"], "m4a"), codec: "aac" },
  { file: "film-without-picture.mp4", make: () => encode(scene, ["-c:a", "aac"], "mp4"), codec: "aac" },
  { file: "talk.wav", make: () => encode(scene, ["-c:a", "pcm_s16le"], "wav"), codec: "pcm_s16le" },
  { file: "talk.flac", make: () => encode(scene, ["-c:a", "flac"], "flac"), codec: "flac" },
  { file: "talk.ogg", make: () => encode(scene, ["-c:a", "libvorbis"], "ogg"), codec: "vorbis" },
  { file: "talk.opus", make: () => encode(scene, ["-c:a", "libopus"], "opus"), codec: "opus" },
  { file: "talk.aiff", make: () => encode(scene, [], "aiff"), codec: "pcm_s16be" },
];
