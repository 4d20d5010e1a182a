import type { Command } from "commander";
import type { Logger } from "pino";
import type { ServiceManager } from "../../platform/notify.ts";
import { publicIdentity, serverFingerprint } from "../../protocol/crypto/keys.ts";
import { toBase32 } from "../../words/base32.ts";
import { keys, logLevels } from "../configuration/keys.ts";
import type { Resolved } from "../configuration/resolve.ts";
import { isLoopback, parseListenAddress } from "../listen/address.ts";
import type { Way } from "../serving/transport.ts";
import { type CommandParts, configured, withNewServer, withServerForAll } from "./command-parts.ts";
import { UsageError } from "./terminal.ts";

export interface ServeParts extends CommandParts {
  makeLog(level: string): Logger;
  /** Resolves when the process is asked to end. Only what goes on by itself waits for that: other commands are cut short as usual. */
  askedToEnd(): Promise<void>;
  /** systemd, where it started the program. */
  readonly service?: ServiceManager | undefined;
  /** Calls back at every SIGHUP, once somebody listens. */
  readonly onHangUp?: ((reload: () => void) => void) | undefined;
}

/** What is only said at the command line: ways to try things out, and the wish for a new server. */
interface ServeOptions {
  devCa?: boolean;
  insecureHttpLoopback?: boolean;
  init?: boolean;
}

export function addServeCommand(program: Command, parts: ServeParts): void {
  program
    .command("serve")
    .description("answer machines over HTTPS until told to end (SIGTERM, SIGINT)")
    .option("--listen <address:port>", `where; port 0 = any free one (default: ${keys.listen.whenUnset})`)
    .option("--tls-cert <file>", "certificate chain, PEM")
    .option("--tls-key <file>", "its private key, PEM")
    .option("--dev-ca", "make a development CA and a certificate in DIR/tls; not for production")
    .option("--insecure-http-loopback", "plain http, on a loopback address only; not for production")
    .option("--metrics <address:port>", "metrics and health over plain http, at an address of their own")
    .option(
      "--requests-per-minute <number>",
      `most requests of one address, 0 = no limit (default: ${keys.requestsPerMinute.whenUnset})`,
    )
    .option(
      "--trusted-proxies <addresses>",
      "proxies whose X-Forwarded-For is believed: addresses and ranges, joined by commas",
    )
    .option("--init", "make a new server first where the folder is empty or not there yet")
    .option(
      "--sync-minutes <number>",
      `minutes between two syncs of a machine (default: ${keys.syncMinutes.whenUnset})`,
    )
    .option(
      "--log-level <level>",
      `what goes to the log on standard error: ${logLevels.join(", ")} (default: ${keys.logLevel.whenUnset})`,
    )
    .action((given: ServeOptions, command: Command) => serve(command, parts, given));
}

async function serve(command: Command, parts: ServeParts, given: ServeOptions): Promise<void> {
  const resolved = configured(command, parts);
  const { configuration } = resolved;
  const address = parseListenAddress(configuration.listen);
  if (!address.ok) throw new UsageError(`--listen: ${address.error}`);
  const way = transportOf(given, resolved, address.value.host);
  const withThe = given.init === true ? withNewServer : withServerForAll;
  await withThe(command, parts, async (server, options) => {
    const { clock, random, service, onHangUp } = parts;
    // Loaded here: half of the program is behind it, and no other command waits for that.
    const { startServing } = await import("../serving/serve.ts");
    const askedToEnd = parts.askedToEnd();
    const log = parts.makeLog(configuration.logLevel);
    const serving = await startServing({
      ...{ server, configuration, address: address.value, way },
      ...{ clock, random, log, service, onHangUp },
    });
    const { url, metricsUrl, caPath } = serving;
    const fingerprint = toBase32(serverFingerprint(publicIdentity(server.identity)));
    const lines = [`listening on ${url}`, `fingerprint ${fingerprint}`];
    if (metricsUrl !== undefined) lines.push(`metrics at ${metricsUrl}`);
    if (caPath !== undefined) lines.push(`development CA ${caPath}`);
    // One line, unlike other commands: whoever starts the server reads a line and knows that it listens.
    const json = JSON.stringify({ url, fingerprint, ca: caPath ?? null, metrics: metricsUrl ?? null });
    parts.terminal.out(options.json ? `${json}\n` : `${lines.join("\n")}\n`);
    log.info({ url, fingerprint }, "listening");
    await askedToEnd;
    log.info("ending");
    await serving.end();
    log.info("ended");
  });
}

/** @throws UsageError unless exactly one way to listen was chosen, and a safe one. */
function transportOf(given: ServeOptions, { configuration, from }: Resolved, host: string): Way {
  const { tlsCert: cert, tlsKey: key } = configuration;
  const trial = [given.devCa === true, given.insecureHttpLoopback === true].filter(Boolean).length;
  const typed = from.tlsCert === "command line" || from.tlsKey === "command line";
  const choose = "say how to listen: --tls-cert FILE --tls-key FILE (or --dev-ca to try things out)";
  // At the command line a trial stands for itself; it wins over files that are configured elsewhere.
  if (trial > 1 || (trial === 1 && typed)) throw new UsageError(choose);
  if (given.insecureHttpLoopback === true && !isLoopback(host))
    throw new UsageError(`plain http is refused on ${host}: it is no loopback address`);
  if (given.devCa === true) return { kind: "dev-ca" };
  if (given.insecureHttpLoopback === true) return { kind: "plain" };
  if (cert === undefined || key === undefined) throw new UsageError(choose);
  return { kind: "files", cert, key };
}
