import { type FfmpegSetting, globalArgs, inputArgs } from "./ffmpeg-args.ts";
import type { WaveformOutput } from "./sound-output.ts";

/**
 * Peaks as `audiowaveform` writes them, version 2 with 8 bits
 * (https://github.com/bbc/audiowaveform/blob/master/doc/DataFormat.md): `data` is minimum, maximum, minimum, … from
 * −128 to 127, one pair for each `samples_per_pixel` samples.
 */
export interface WaveformData {
  version: 2;
  channels: 1;
  sample_rate: number;
  samples_per_pixel: number;
  bits: 8;
  /** Pairs. */
  length: number;
  data: number[];
}

/** Takes signed 16-bit samples in pieces of any size and keeps the peaks of each pixel. */
export interface PeakMeter {
  push: (bytes: Uint8Array) => void;
  finish: () => WaveformData;
}

/** @param sampleRate Hz of the mono sound that comes */
export function createPeakMeter(sampleRate: number, durationSeconds: number, points: number): PeakMeter {
  const samplesPerPixel = Math.max(1, Math.ceil((sampleRate * durationSeconds) / points));
  const data: number[] = [];
  let [low, high, seen] = [0, 0, 0];
  let oddByte: number | undefined;
  const keep = () => {
    data.push(low >> 8, high >> 8);
    [low, high, seen] = [0, 0, 0];
  };
  const take = (sample: number) => {
    if (seen === 0) [low, high] = [sample, sample];
    if (sample < low) low = sample;
    if (sample > high) high = sample;
    seen += 1;
    if (seen === samplesPerPixel) keep();
  };
  return {
    push(bytes) {
      let at = 0;
      if (oddByte !== undefined && bytes.length > 0) {
        take(signed(oddByte, bytes[0] ?? 0));
        oddByte = undefined;
        at = 1;
      }
      for (; at + 1 < bytes.length; at += 2) take(signed(bytes[at] ?? 0, bytes[at + 1] ?? 0));
      if (at < bytes.length) oddByte = bytes[at];
    },
    finish() {
      if (seen > 0) keep();
      const shape = { version: 2, channels: 1, sample_rate: sampleRate, bits: 8 } as const;
      return { ...shape, samples_per_pixel: samplesPerPixel, length: data.length / 2, data };
    },
  };
}

/** Decodes the sound as mono 16-bit samples to `pipe:3`. */
export function samplesArgs(trackIndex: number, sampleRate: number, setting: FfmpegSetting): string[] {
  return [
    ...[...globalArgs(setting), ...inputArgs(setting)],
    ...["-vn", "-map", `0:a:${trackIndex}`, "-af", `aresample=${sampleRate}:async=1:first_pts=0`],
    ...["-ac", "1", "-ar", String(sampleRate), "-c:a", "pcm_s16le", "-f", "s16le", "pipe:3"],
  ];
}

/** One closed outline: along the maxima to the end and back along the minima. */
export function drawWaveform({ data, length }: WaveformData, output: WaveformOutput): string {
  const { width, height } = output;
  const x = (i: number) => fixed((i / Math.max(1, length - 1)) * width);
  const y = (value: number) => fixed(height / 2 - (value / 128) * (height / 2));
  const along = (i: number, side: 0 | 1) => `${x(i)} ${y(data[i * 2 + side] ?? 0)}`;
  const there = Array.from({ length }, (_, i) => along(i, 1));
  const back = Array.from({ length }, (_, i) => along(length - 1 - i, 0));
  const outline = length === 0 ? `M0 ${height / 2}H${width}` : `M${[...there, ...back].join("L")}Z`;
  const color = cssOf(output.color);
  const ground = output.background && `<rect width="100%" height="100%" fill="${cssOf(output.background)}"/>`;
  const view = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none"`;
  const path = `<path d="${outline}" fill="${color}" stroke="${color}" stroke-width="0.5"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${view}>${ground ?? ""}${path}</svg>\n`;
}

function signed(low: number, high: number): number {
  return ((high << 24) >> 16) | low;
}

function fixed(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function cssOf([r, g, b, a]: readonly [number, number, number, number]): string {
  return `rgba(${r},${g},${b},${Math.round((a / 255) * 1000) / 1000})`;
}
