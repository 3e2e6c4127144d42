import { describe, expect, it } from "vitest";
import { parseColor } from "../../src/image/color.ts";

describe("parseColor", () => {
  it.each([
    ["#fff", [255, 255, 255, 255]],
    ["#F008", [255, 0, 0, 136]],
    ["#102030", [16, 32, 48, 255]],
    ["#10203040", [16, 32, 48, 64]],
    ["rgb(1, 2, 3)", [1, 2, 3, 255]],
    ["rgb(1 2 3 / 40%)", [1, 2, 3, 102]],
    ["rgba(300, -5, 7.6, 0.5)", [255, 0, 8, 128]],
    ["rgb(100%, 0%, 20%)", [255, 0, 51, 255]],
    [" White ", [255, 255, 255, 255]],
    ["transparent", [0, 0, 0, 0]],
  ])("reads %s", (text, color) => {
    expect(parseColor(text)).toEqual(color);
  });

  it.each([
    "",
    "#12",
    "#12345",
    "#ggg",
    "rgb(1,2)",
    "rgb(1,2,3,4,5)",
    "rgb(a,b,c)",
    "constructor",
    "x".repeat(10_000),
  ])("refuses %s", (text) => {
    expect(() => parseColor(text)).toThrow(expect.objectContaining({ code: "invalid_request" }));
  });
});
