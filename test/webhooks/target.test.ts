import { describe, expect, it } from "vitest";
import { checkAddress } from "../../src/webhooks/resolve.ts";
import { checkTarget, isLoopback, type TargetPolicy } from "../../src/webhooks/target.ts";

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

const HOSTS: Record<string, string[]> = {
  loopback: [
    ...["127.0.0.1", "127.0.0.2", "127.255.255.254", "127.1", "127.0.1", "2130706433", "0x7f000001"],
    ...["0x7f.1", "0177.0.0.1", "017700000001", "0x7f.0x0.0x0.0x1", "127.0.0.1.", "0x7F.00.0.01"],
    ...["[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "１２７.０.０.１", "①②⑦.0.0.1", "127。0。0。1"],
    ...["%31%32%37.0.0.1", "localhost", "LOCALHOST", "localhost.", "a.localhost", "ⓛocalhost"],
  ],
  unspecified: ["0.0.0.0", "0", "0x0", "[::]", "0.1.2.3"],
  private: [
    ...["10.0.0.1", "10.255.255.255", "167772161", "012.0.0.1", "0xa.0.0.1", "172.16.0.1", "172.31.255.255"],
    ...["192.168.0.1", "192.168.257", "0xc0a80001", "3232235521", "100.64.0.1", "100.127.255.255"],
    ...["[fc00::1]", "[fd12:3456:789a::1]", "[fec0::1]"],
  ],
  "link-local and metadata": [
    ...["169.254.0.1", "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518"],
    ...[
      "[fe80::1]",
      "[febf::1]",
      "[fd00:ec2::254]",
      "metadata",
      "metadata.google.internal",
      "100.100.100.200",
    ],
    ...["192.0.0.192", "instance-data.ec2.internal"],
  ],
  "wrapped IPv4": [
    ...["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]", "[::ffff:8.8.8.8]"],
    ...["[::127.0.0.1]", "[::7f00:1]", "[64:ff9b::7f00:1]", "[64:ff9b::10.0.0.1]", "[64:ff9b:1::7f00:1]"],
    ...["[2002:7f00:1::]", "[2001:0:7f00:1::]", "[::ffff:0:127.0.0.1]"],
  ],
  reserved: [
    ...["192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "192.88.99.1", "240.0.0.1"],
    ...["255.255.255.255", "224.0.0.1", "239.255.255.255", "[ff02::1]", "[2001:db8::1]", "[100::1]"],
    ...["[3fff::1]", "[4000::1]", "[5f00::1]"],
  ],
  "private names": [
    ...["router", "printer.local", "db.internal", "kubernetes.default.svc", "a.svc.cluster.local", "nas.lan"],
    ...["box.home.arpa", "x.localdomain", "site.test", "a.invalid", "a.example", "b.onion", "vault.consul"],
    ...["127.0.0.1.nip.io", "10-0-0-1.sslip.io", "app.localtest.me", "lvh.me", "1.0.0.127.in-addr.arpa"],
  ],
};

describe.each(Object.entries(HOSTS))("a URL into %s", (_, hosts) => {
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
