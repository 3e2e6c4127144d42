import { expect, it } from "vitest";
import { clientNetwork } from "../../src/image-url/client-network.ts";

it.each([
  ["192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:1:2::ffff", "2001:db8:1:2::/64"],
  ["2001:db8:1:3::1", "2001:db8:1:3::/64"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["::1", "0:0:0:0::/64"],
  ["not an address", "unknown"],
  ["", "unknown"],
  [undefined, "unknown"],
])("the budget of %s is that of %s", (address, network) => {
  expect(clientNetwork(address)).toBe(network);
});
