// The admin API from the other side.

import { type IncomingMessage, request } from "node:http";
import * as v from "valibot";
import type { Explanation, JoinReport, RotationReport, Status, SyncReport } from "../admin/actions.ts";
import { exitCodes } from "./exit-codes.ts";
import { type Io, Stop } from "./io.ts";
import {
  errorReply,
  explainReply,
  forgetReply,
  joinReply,
  rotationReply,
  statusReply,
  syncReply,
} from "./replies.ts";
import { connectTrusted } from "./trusted-socket.ts";

export interface AdminClient {
  status(): Promise<Status>;
  sync(): Promise<SyncReport>;
  join(url: string, token: string): Promise<JoinReport>;
  rotateKeys(protector: string): Promise<RotationReport>;
  explain(user: string, kind: string): Promise<Explanation>;
  forget(user: string): Promise<{ forgotten: boolean }>;
}

const longestReply = 4_000_000;
/** A sync with a slow server may take a while; the agent bounds its own network time. */
const patienceMs = 60_000;

/** Every method throws a Stop that says what to do. */
export function adminClient(io: Io, path: string): AdminClient {
  async function call<T>(
    method: "GET" | "POST",
    target: string,
    schema: v.GenericSchema<unknown, T>,
    body?: object,
  ): Promise<T> {
    const { status, value } = await exchange(io, path, method, target, body);
    if (status !== 200) throw refusal(status, value);
    const reply = v.safeParse(schema, value);
    if (!reply.success) throw strange();
    return reply.output;
  }
  return {
    status: () => call("GET", "/v1/status", statusReply),
    sync: () => call("POST", "/v1/sync", syncReply),
    join: (url, token) => call("POST", "/v1/join", joinReply, { url, token }),
    rotateKeys: (protector) => call("POST", "/v1/rotate-keys", rotationReply, { protector }),
    explain: (user, kind) =>
      call("GET", `/v1/explain?${new URLSearchParams({ user, kind }).toString()}`, explainReply),
    forget: (user) => call("POST", "/v1/forget", forgetReply, { user }),
  };
}

function refusal(status: number, value: unknown): Stop {
  const reply = v.safeParse(errorReply, value);
  if (!reply.success) return strange();
  const { code, message } = reply.output.error;
  const exit = status === 403 ? exitCodes.unreachable.code : exitCodes.failed.code;
  return new Stop(exit, code, message);
}

function strange(): Stop {
  return new Stop(
    exitCodes.unreachable.code,
    "strange-reply",
    "the agent answers in a way this command does not know: are both of the same version?",
  );
}

async function exchange(
  io: Io,
  path: string,
  method: string,
  target: string,
  body: object | undefined,
): Promise<{ status: number; value: unknown }> {
  const socket = await connectTrusted(io, path);
  const done = new AbortController();
  io.clock.sleep(patienceMs, done.signal).then(
    () => socket.destroy(new Error("the agent does not answer")),
    () => undefined,
  );
  try {
    const sent = body === undefined ? "" : JSON.stringify(body);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const asking = request({
        createConnection: () => socket,
        method,
        path: target,
        headers: {
          host: "nightlatch",
          connection: "close",
          ...(body === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(sent) }),
        },
      });
      asking.once("response", resolve);
      asking.once("error", reject);
      asking.end(sent);
    });
    return { status: response.statusCode ?? 0, value: await json(response) };
  } catch {
    throw new Stop(exitCodes.unreachable.code, "agent-unreachable", "the agent broke the connection off");
  } finally {
    done.abort();
    socket.destroy();
  }
}

async function json(response: IncomingMessage): Promise<unknown> {
  let text = "";
  response.setEncoding("utf8");
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > longestReply) throw new Error("the reply is too long");
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
