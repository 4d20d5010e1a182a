import { readFileSync } from "node:fs";
import { type Command, Option } from "commander";
import type { Logger } from "pino";
import { publicIdentity, serverFingerprint } from "../../protocol/crypto/keys.ts";
import { toBase32 } from "../../words/base32.ts";
import { makeApp } from "../api/app.ts";
import { isLoopback, parseListenAddress, urlOf } from "../listen/address.ts";
import { makeDevCertificate } from "../listen/dev-ca.ts";
import { listen, type Tls } from "../listen/listen.ts";
import { type CommandParts, wholeNumberOption, withNewServer, withServer } from "./command-parts.ts";
import { UsageError } from "./terminal.ts";

export interface ServeParts extends CommandParts {
  makeLog(level: string): Logger;
  /** Resolves when the process is asked to end. Only `serve` waits for that: other commands are cut short as usual. */
  askedToEnd(): Promise<void>;
}

interface ServeOptions {
  listen: string;
  tlsCert?: string;
  tlsKey?: string;
  devCa?: boolean;
  insecureHttpLoopback?: boolean;
  init?: boolean;
  syncMinutes: number;
  logLevel: string;
}

const levels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];
const patienceMs = 5_000;

export function addServeCommand(program: Command, parts: ServeParts): void {
  program
    .command("serve")
    .description("answer machines over HTTPS until told to end (SIGTERM, SIGINT)")
    .option("--listen <address:port>", "where; port 0 = any free one", "127.0.0.1:8443")
    .option("--tls-cert <file>", "certificate chain, PEM")
    .option("--tls-key <file>", "its private key, PEM")
    .option("--dev-ca", "make a development CA and a certificate in DIR/tls; not for production")
    .option("--insecure-http-loopback", "plain http, on a loopback address only; not for production")
    .option("--init", "make a new server first where the folder is empty or not there yet")
    .option(
      "--sync-minutes <number>",
      "minutes between two syncs of a machine",
      wholeNumberOption(1, 10_080),
      60,
    )
    .addOption(
      new Option("--log-level <level>", "what goes to the log on standard error")
        .choices(levels)
        .default("info"),
    )
    .action((given: ServeOptions, command: Command) => serve(command, parts, given));
}

async function serve(command: Command, parts: ServeParts, given: ServeOptions): Promise<void> {
  const address = parseListenAddress(given.listen);
  if (!address.ok) throw new UsageError(`--listen: ${address.error}`);
  checkTransport(given, address.value.host);
  const withThe = given.init === true ? withNewServer : withServer;
  await withThe(command, parts, async ({ folder, store, identity, vault }, options) => {
    const { tls, caPath } = await transport(given, folder.tlsFolder, address.value.host);
    const { clock, random } = parts;
    const askedToEnd = parts.askedToEnd();
    const log = parts.makeLog(given.logLevel);
    const app = makeApp({ store, identity, vault, clock, random, log, syncMinutes: given.syncMinutes });
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

/** @throws UsageError unless exactly one way to listen was chosen, and a safe one. */
function checkTransport(given: ServeOptions, host: string): void {
  const files = given.tlsCert !== undefined || given.tlsKey !== undefined;
  const ways = [files, given.devCa === true, given.insecureHttpLoopback === true].filter(Boolean).length;
  if (ways !== 1)
    throw new UsageError("say how to listen: --tls-cert FILE --tls-key FILE (or --dev-ca to try things out)");
  if (files && (given.tlsCert === undefined || given.tlsKey === undefined))
    throw new UsageError("--tls-cert and --tls-key go together");
  if (given.insecureHttpLoopback === true && !isLoopback(host))
    throw new UsageError(`plain http is refused on ${host}: it is no loopback address`);
}

async function transport(
  given: ServeOptions,
  tlsFolder: string,
  host: string,
): Promise<{ tls: Tls | undefined; caPath: string | undefined }> {
  if (given.devCa === true) {
    const { caPath, ...tls } = await makeDevCertificate(tlsFolder, host);
    return { tls, caPath };
  }
  if (given.tlsCert === undefined || given.tlsKey === undefined) return { tls: undefined, caPath: undefined };
  return { tls: { cert: readFileSync(given.tlsCert), key: readFileSync(given.tlsKey) }, caPath: undefined };
}
