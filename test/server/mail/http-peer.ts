// A gateway in a process of its own. What it does with a message is said by the path; each request is a line of JSON on
// standard output.
//
//   node http-peer.ts '{"cert":FILE,"key":FILE}'

import { createServer as createHttp, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";

const { cert, key } = JSON.parse(process.argv[2] ?? "{}");
const tell = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`);

function answer(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { method, url = "", headers } = request;
    tell({ event: "request", method, url, headers, raw: Buffer.concat(chunks).toString("utf8") });
    const [, what = ""] = url.split(/[/?]/);
    if (what === "silent") return;
    if (what === "endless") {
      response.writeHead(200);
      const more = () => response.write("x".repeat(65_536), more);
      more();
    } else if (what === "away") response.writeHead(307, { location: "/taken" }).end();
    else if (what === "taken") response.writeHead(202).end("echo: secret things");
    else response.writeHead(Number(what)).end("echo: secret things");
  });
  response.on("error", () => undefined);
}

const server =
  cert === undefined
    ? createHttp(answer)
    : createHttps({ cert: readFileSync(cert), key: readFileSync(key) }, answer);
server.listen(0, "127.0.0.1", () => {
  tell({ event: "listening", port: (server.address() as AddressInfo).port });
});
