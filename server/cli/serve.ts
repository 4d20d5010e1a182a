import type { Command } from "commander";
import type { Logger } from "pino";
import { publicIdentity, serverFingerprint } from "../../protocol/crypto/keys.ts";
import { toBase32 } from "../../words/base32.ts";
import { makeApp } from "../api/app.ts";
import { keys, logLevels } from "../configuration/keys.ts";
import type { Resolved } from "../configuration/resolve.ts";
import { isLoopback, parseListenAddress, urlOf } from "../listen/address.ts";
import { makeDevCertificate } from "../listen/dev-ca.ts";
import { listen } from "../listen/listen.ts";
import { readTls, type Tls } from "../listen/tls.ts";
import { type CommandParts, configured, withNewServer, withServer } from "./command-parts.ts";
import { UsageError } from "./terminal.ts";

export interface ServeParts extends CommandParts {
  makeLog(level: string): Logger;
  /** Resolves when the process is asked to end. Only `serve` waits for that: other commands are cut short as usual. */
  askedToEnd(): Promise<void>;
}

/** What is only said at the command line: ways to try things out, and the wish for a new server. */
interface ServeOptions {
  devCa?: boolean;
  insecureHttpLoopback?: boolean;
  init?: boolean;
}

const patienceMs = 5_000;

export function addServeCommand(program: Command, parts: ServeParts): void {
  program
    .command("serve")
    .description("answer machines over HTTPS until told to end (SIGTERM, SIGINT)")
    .option("--listen <address:port>", `where; port 0 = any free one (default: ${keys.listen.whenUnset})`)
    .option("--tls-cert <file>", "certificate chain, PEM")
    .option("--tls-key <file>", "its private key, PEM")
    .option("--dev-ca", "make a development CA and a certificate in DIR/tls; not for production")
    .option("--insecure-http-loopback", "plain http, on a loopback address only; not for production")
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
  const withThe = given.init === true ? withNewServer : withServer;
  await withThe(command, parts, async ({ folder, store, identity, vault }, options) => {
    const { tls, caPath } = await transport(way, folder.tlsFolder, address.value.host);
    const { clock, random } = parts;
    const { syncMinutes } = configuration;
    const askedToEnd = parts.askedToEnd();
    const log = parts.makeLog(configuration.logLevel);
    const app = makeApp({ store, identity, vault, clock, random, log, syncMinutes });
    const listening = await listen(app.fetch, address.value, tls);
    const url = urlOf(tls === undefined ? "http" : "https", listening.address);
    const fingerprint = toBase32(serverFingerprint(publicIdentity(identity)));
    const lines = [`listening on ${url}`, `fingerprint ${fingerprint}`];
    if (caPath !== undefined) lines.push(`development CA ${caPath}`);
    // One line, unlike other commands: whoever starts the server reads a line and knows that it listens.
    const json = JSON.stringify({ url, fingerprint, ca: caPath ?? null });
    parts.terminal.out(options.json ? `${json}\n` : `${lines.join("\n")}\n`);
    log.info({ url, fingerprint }, "listening");
    await askedToEnd;
    log.info("ending");
    const patience = new AbortController();
    const cut = clock.sleep(patienceMs, patience.signal).catch(() => undefined);
    const over = new AbortController();
    void cut.then(() => over.abort());
    await listening.close(over.signal);
    patience.abort();
  });
}

type Way =
  | { readonly kind: "files"; readonly cert: string; readonly key: string }
  | { readonly kind: "dev-ca" }
  | { readonly kind: "plain" };

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
  if (cert === undefined || key === undefined) throw new UsageError("--tls-cert and --tls-key go together");
  if (cert === undefined || key === undefined) throw new UsageError(choose);
  return { kind: "files", cert, key };
}

async function transport(
  way: Way,
  tlsFolder: string,
  host: string,
): Promise<{ tls: Tls | undefined; caPath: string | undefined }> {
  switch (way.kind) {
    case "dev-ca": {
      const { caPath, ...tls } = await makeDevCertificate(tlsFolder, host);
      return { tls, caPath };
    }
    case "plain":
      return { tls: undefined, caPath: undefined };
    case "files":
      return { tls: readTls(way.cert, way.key), caPath: undefined };
  }
}
