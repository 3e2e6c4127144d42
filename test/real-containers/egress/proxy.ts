/**
 * Stands between a container and the local runtime, which starts it first and lets the container join its network.
 * It does what the image `cloudflare/proxy-everything` does for a container that may reach names over plain HTTP and
 * nothing else, which is what Darkroom's transcoder may. It runs as root and the container does not: the rules below
 * tell them apart by that.
 */
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { listenForRuntime } from "./inbound.ts";
import { answerNames } from "./names.ts";
import { listenForContainer } from "./outbound.ts";

const NAMES_PORT = 5353;
const HTTP_PORT = 41280;

const { values } = parseArgs({
  options: { "http-egress-port": { type: "string" }, "http-ingress-address": { type: "string" } },
  // The runtime gives others too, which are for what is not done here.
  strict: false,
});

const egress = { port: Number(values["http-egress-port"] ?? 0), allowedNames: [] as string[] };

redirectTheContainer();
answerNames(NAMES_PORT, egress);
listenForContainer(HTTP_PORT, egress);
listenForRuntime(String(values["http-ingress-address"] ?? "0.0.0.0:39001"), egress);

/** Names and HTTP come here, and nothing else leaves. */
function redirectTheContainer(): void {
  const container = "-m owner ! --uid-owner 0";
  iptables(`-t nat -I OUTPUT -p udp --dport 53 ${container} -j REDIRECT --to-ports ${NAMES_PORT}`);
  iptables(
    `-t nat -A OUTPUT -p tcp --dport 80 ! -d 127.0.0.0/8 ${container} -j REDIRECT --to-ports ${HTTP_PORT}`,
  );
  // By address: what was redirected still has the interface that it was meant for.
  iptables("-A OUTPUT -d 127.0.0.0/8 -j ACCEPT");
  iptables("-A OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT");
  iptables(`-A OUTPUT ${container} -j REJECT`);
}

function iptables(rule: string): void {
  execFileSync("iptables", rule.split(" "), { stdio: "inherit" });
}
