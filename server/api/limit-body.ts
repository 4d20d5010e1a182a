// No request of a machine is read further than one may be long.

import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { maxRequestBytes } from "../../protocol/sync/exchanges.ts";
import { refuse } from "./signed-exchange.ts";

const whileRead = bodyLimit({ maxSize: maxRequestBytes, onError: () => refuse("too-large") });

/** Of a body that says how long it is, HTTP reads no more than that: only others need a stream that counts. */
export const limitBody: MiddlewareHandler = async (context, next) => {
  const length = context.req.header("content-length");
  if (length === undefined || context.req.header("transfer-encoding") !== undefined)
    return whileRead(context, next);
  // What is no number is too large, too.
  if (!(Number(length) <= maxRequestBytes)) return refuse("too-large");
  return next();
};
