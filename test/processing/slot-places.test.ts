import { describe, expect, it } from "vitest";
import { createPlaces } from "../../src/processing/slot-places.ts";

describe("the places of a lane", () => {
  it("are as many as there are, and come back", () => {
    const places = createPlaces(2);
    const first = places.take();
    expect(places.take()).toBeDefined();
    expect(places.take()).toBeUndefined();
    first?.release();
    expect(places.take()).toBeDefined();
  });

  it("remember an offer that found none, once: its ticket is spent", () => {
    const places = createPlaces(1);
    const held = places.take();
    expect(places.take()).toBeUndefined();
    expect(held?.release()).toBe(true);
    expect(places.take()?.release()).toBe(false);
  });
});
