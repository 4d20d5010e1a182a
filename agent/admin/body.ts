// A request's body, bounded before it is kept.

import type { IncomingMessage } from "node:http";

const mostBytes = 65_536;

export type Body =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: string; readonly tooLarge: boolean };

/** JSON, or undefined for no body at all. The error never repeats what was sent. */
export async function readBody(request: IncomingMessage): Promise<Body> {
  const tooLarge = { ok: false, error: `a body is at most ${mostBytes} bytes`, tooLarge: true } as const;
  if (Number(request.headers["content-length"] ?? 0) > mostBytes) return tooLarge;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    length += chunk.length;
    if (length > mostBytes) return tooLarge;
    chunks.push(chunk);
  }
  if (length === 0) return { ok: true, value: undefined };
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch {
    return { ok: false, error: "the body is not JSON in UTF-8", tooLarge: false };
  }
}
