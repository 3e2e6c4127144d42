import { describe, expect, it } from "vitest";
import { correctingFilter, isSilent, readLoudness } from "../../src/video/loudness.ts";
import { createPeakMeter, drawWaveform } from "../../src/video/waveform.ts";

/** What ffmpeg 5.1 prints for a tone, between other words. */
const PRINTED = `Stream mapping:
  Stream #0:0 -> #0:0 (aac (native) -> pcm_s16le (native))
[Parsed_loudnorm_1 @ 0x5615c1c2dc40]
{
	"input_i" : "-21.75",
	"input_tp" : "-18.06",
	"input_lra" : "0.00",
	"input_thresh" : "-31.75",
	"output_i" : "-15.91",
	"output_tp" : "-12.06",
	"output_lra" : "0.00",
	"output_thresh" : "-25.91",
	"normalization_type" : "dynamic",
	"target_offset" : "-0.09"
}`;

describe("loudness", () => {
  it("is read from what the meter prints, and given to the second pass", () => {
    const { before, after } = readLoudness(PRINTED);
    expect(before).toEqual({
      integrated: -21.75,
      truePeak: -18.06,
      range: 0,
      threshold: -31.75,
      offset: -0.09,
    });
    expect(after).toEqual({ integrated: -15.91, truePeak: -12.06 });
    expect(correctingFilter({ integrated: -16, truePeak: -1.5 }, before)).toBe(
      "loudnorm=I=-16:TP=-1.5:LRA=11:measured_I=-21.75:measured_TP=-18.06:measured_LRA=0:measured_thresh=-31.75:offset=-0.09:linear=true:print_format=json",
    );
  });

  it("of silence is no loudness", () => {
    const { before } = readLoudness(PRINTED.replace('"-21.75"', '"-inf"').replace('"-18.06"', '"-inf"'));
    expect(isSilent(before)).toBe(true);
    expect(() => readLoudness("nothing")).toThrow(/could not be measured/);
  });
});

describe("peaks", () => {
  const samples = Int16Array.from({ length: 1000 }, (_, i) => Math.round(Math.sin(i / 20) * 20_000));
  const bytes = new Uint8Array(samples.buffer);

  it("are the same however the samples come in", () => {
    const whole = createPeakMeter(1000, 1, 100);
    whole.push(bytes);
    const pieces = createPeakMeter(1000, 1, 100);
    for (let at = 0; at < bytes.length; at += 7) pieces.push(bytes.subarray(at, at + 7));
    const found = whole.finish();
    expect(pieces.finish()).toEqual(found);
    expect(found).toMatchObject({
      version: 2,
      channels: 1,
      sample_rate: 1000,
      samples_per_pixel: 10,
      bits: 8,
    });
    expect(found.length).toBe(100);
    expect(found.data).toHaveLength(200);
    expect(Math.max(...found.data)).toBe(78);
    expect(Math.min(...found.data)).toBe(-79);
  });

  it("are drawn as one outline, even of nothing", () => {
    const output = {
      format: "waveform",
      name: "wave.svg",
      as: "svg",
      points: 100,
      width: 200,
      height: 50,
      color: [0, 0, 0, 255],
    } as const;
    const image = { ...output, color: [0, 0, 0, 255] as [number, number, number, number] };
    const meter = createPeakMeter(1000, 1, 100);
    expect(drawWaveform(meter.finish(), image)).toContain("M0 25H200");
    meter.push(bytes);
    expect(drawWaveform(meter.finish(), image)).toMatch(/<path d="M0 [\d.]+L.*Z" fill="rgba\(0,0,0,1\)"/);
  });
});
