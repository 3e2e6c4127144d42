import { describe, expect, it } from "vitest";
import { checkAddress } from "../../src/webhooks/resolve.ts";
import { checkTarget, isLoopback, type TargetPolicy } from "../../src/webhooks/target.ts";
import { HOSTILE_HOSTS } from "./hostile-hosts.ts";

const POLICY: TargetPolicy = {
  allowLoopback: false,
  ports: [
    [80, 80],
    [443, 443],
    [1024, 65_535],
  ],
};
const LOCAL: TargetPolicy = { ...POLICY, allowLoopback: true };

const isAllowed = (url: string, policy = POLICY) => checkTarget(url, policy).allowed;

describe.each(Object.entries(HOSTILE_HOSTS))("a URL into %s", (_, hosts) => {
  it.each(hosts)("is refused: %s", (host) => {
    expect(isAllowed(`https://${host}/hook`)).toBe(false);
  });
});

describe("a URL", () => {
  it.each([
    "http://hooks.example.com/",
    "ftp://hooks.example.com/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:text/plain,x",
    "//hooks.example.com/",
    "/hook",
    "hooks.example.com",
    "",
    "https://",
    "https://user@hooks.example.com/",
    "https://user:word@hooks.example.com/",
    "https://:word@hooks.example.com/",
    "https://hooks.example.com@127.0.0.1/",
    "https://127.0.0.1#@hooks.example.com/",
    "https://127.0.0.1\\@hooks.example.com/",
    "https:\\\\127.0.0.1/",
    "https://127.0.\n0.1/",
    " https://hooks.example.com/",
    "https://hooks.example.com/\u0000",
    "https://hooks.example.com:22/",
    "https://hooks.example.com:25/",
    "https://hooks.example.com:1023/",
    "https://hooks.example.com:99999/",
    "https://[::1",
    "https://256.256.256.256/",
    "https://1.2.3.4.5/",
    `https://hooks.example.com/${"a".repeat(2_048)}`,
  ])("is refused: %j", (url) => {
    expect(isAllowed(url)).toBe(false);
    expect(isAllowed(url, LOCAL) && !isLoopback(new URL(url).hostname)).toBe(false);
  });

  it.each([
    "https://hooks.example.com/",
    "https://HOOKS.example.com/a?b=c",
    "https://hooks.example.com.:443/",
    "https://hooks.example.com:80/",
    "https://hooks.example.com:8443/",
    "https://bücher.example.com/",
    "https://8.8.8.8/hook",
    "https://172.32.0.1/",
    "https://[2606:4700:4700::1111]/",
    "https://localhost.example.com/",
    "https://internal-tools.example.com/",
  ])("is allowed: %s", (url) => {
    expect(isAllowed(url)).toBe(true);
  });
});

describe("on one's own machine", () => {
  it.each(["http://127.0.0.1:9000/", "http://localhost:1/", "https://[::1]:22/", "http://a.localhost/"])(
    "%s is allowed when the deployment says so",
    (url) => {
      expect(isAllowed(url, LOCAL)).toBe(true);
      expect(isAllowed(url)).toBe(false);
    },
  );

  it.each([
    "http://hooks.example.com/",
    "http://10.0.0.1/",
    "https://169.254.169.254/",
    "http://[::ffff:127.0.0.1]/",
    "http://user@127.0.0.1/",
    "ftp://127.0.0.1/",
  ])("%s is refused all the same", (url) => {
    expect(isAllowed(url, LOCAL)).toBe(false);
  });
});

describe("a name", () => {
  const url = new URL("https://hooks.example.com/");
  const lookUp = (...addresses: string[]) => checkAddress(url, POLICY, async () => addresses);

  it("is judged by all of its addresses", async () => {
    expect(await lookUp("93.184.216.34")).toBe("public");
    expect(await lookUp("93.184.216.34", "2606:2800:220:1::1")).toBe("public");
    expect(await lookUp("93.184.216.34", "10.0.0.1")).toBe("private");
    expect(await lookUp("::1")).toBe("private");
    expect(await lookUp("::ffff:93.184.216.34")).toBe("private");
    expect(await lookUp("169.254.169.254")).toBe("private");
    expect(await lookUp("not an address")).toBe("private");
  });

  it("that has none, or cannot be looked up, is not spoken to", async () => {
    expect(await lookUp()).toBe("unresolved");
    expect(
      await checkAddress(url, POLICY, async () => {
        throw new Error("resolver down");
      }),
    ).toBe("unresolved");
  });

  it("is taken at its word where there is no resolver", async () => {
    expect(await checkAddress(url, POLICY, undefined)).toBe("public");
  });
});
