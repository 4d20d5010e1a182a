// A mail server in a process of its own, over TLS, STARTTLS or neither. What it makes of a mail is said by the recipient's
// name; each thing that happens is a line of JSON on standard output.
//
//   node smtp-peer.ts '{"security":"starttls","cert":FILE,"key":FILE,"user":…,"password":…,"behaviour":…}'

import { readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { SMTPServer } from "smtp-server";

interface Peer {
  readonly security: "starttls" | "tls" | "none";
  readonly cert?: string;
  readonly key?: string;
  readonly user?: string;
  readonly password?: string;
  readonly port?: number;
  /** `honest` is a real mail server; the others are peers that no mail may be told to. */
  readonly behaviour: "honest" | "no-starttls" | "refuses-starttls" | "silent" | "greets-554" | "shuts-door";
}

const peer: Peer = JSON.parse(process.argv[2] ?? "");
const tell = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`);
/** Recipients that hang once: a second try is answered. */
const hung = new Set<string>();

function failure(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode });
}

function honest(): void {
  const server = new SMTPServer({
    secure: peer.security === "tls",
    ...(peer.cert === undefined ? {} : { cert: readFileSync(peer.cert), key: readFileSync(peer.key ?? "") }),
    disabledCommands: [
      ...(peer.security === "starttls" ? [] : ["STARTTLS"]),
      ...(peer.user === undefined ? ["AUTH"] : []),
    ],
    authOptional: peer.user === undefined,
    allowInsecureAuth: false,
    disableReverseLookup: true,
    logger: false,
    onClose: () => tell({ event: "closed" }),
    onAuth(auth, _session, done) {
      const right = auth.username === peer.user && auth.password === peer.password;
      tell({ event: "auth", right });
      if (right) done(null, { user: peer.user });
      else done(failure(535, `5.7.8 no: ${auth.password}`));
    },
    onRcptTo({ address }, _session, done) {
      tell({ event: "recipient", address });
      if (address.startsWith("unknown@")) done(failure(550, `5.1.1 no ${address}`));
      else if (address.startsWith("later@")) done(failure(451, "4.3.0 try later"));
      else done();
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      const [to = { address: "" }] = session.envelope.rcptTo;
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const raw = Buffer.concat(chunks).toString("latin1");
        const secure = session.secure || peer.security === "tls";
        const hangs = to.address.startsWith("hang@") && !hung.has(to.address);
        const taken = !hangs && !to.address.startsWith("too-big@");
        tell({
          event: taken ? "mail" : "not-taken",
          to: to.address,
          secure,
          user: session.user ?? null,
          raw,
        });
        if (hangs) hung.add(to.address);
        else if (to.address.startsWith("too-big@")) done(failure(552, "5.3.4 too big"));
        else done();
      });
    },
  });
  server.on("error", (error) => tell({ event: "error", message: error.message }));
  const listening = server.listen(peer.port ?? 0, "127.0.0.1", () => {
    tell({ event: "listening", port: (listening.address() as AddressInfo).port });
  });
  listening.on("connection", (socket: Socket) => socket.on("close", () => tell({ event: "closed" })));
}

/** Speaks just as much SMTP as the lie takes, and tells everything it hears. */
function liar(socket: Socket): void {
  const write = (line: string) => socket.write(`${line}\r\n`);
  socket.on("error", () => undefined);
  socket.on("close", () => tell({ event: "closed" }));
  socket.on("data", (chunk) => {
    tell({ event: "heard", text: chunk.toString("latin1") });
    const word = chunk.toString("latin1").slice(0, 8).toUpperCase();
    if (word.startsWith("EHLO"))
      for (const line of [
        "250-liar",
        ...(peer.behaviour === "no-starttls" ? [] : ["250-STARTTLS"]),
        "250 AUTH PLAIN LOGIN",
      ])
        write(line);
    else if (word.startsWith("STARTTLS")) write("454 4.7.0 not now, go on without");
    else if (word.startsWith("DATA")) write("354 go on");
    else write("250 fine");
  });
  if (peer.behaviour === "silent") return;
  if (peer.behaviour === "shuts-door") socket.destroy();
  else write(peer.behaviour === "greets-554" ? "554 no mail here" : "220 liar ESMTP");
}

if (peer.behaviour === "honest") honest();
else {
  const server = createServer(liar);
  server.listen(peer.port ?? 0, "127.0.0.1", () => {
    tell({ event: "listening", port: (server.address() as AddressInfo).port });
  });
}
