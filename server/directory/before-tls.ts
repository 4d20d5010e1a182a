// Before TLS begins a directory says one thing, its answer to StartTLS. What somebody on the line puts behind it would wait
// in the client and be read as if it had come over TLS: half a message of theirs swallows what the directory says next.

import type { Socket } from "node:net";
import { Failure } from "../failure.ts";

/** An answer to StartTLS has some twenty bytes, and perhaps a text. */
const mostBytes = 4_096;

export class BeforeTls {
  #said = Buffer.alloc(0);

  hear(socket: Socket): void {
    socket.on("data", (chunk: Buffer) => {
      if (this.#said.length <= mostBytes) this.#said = Buffer.concat([this.#said, chunk]);
    });
  }

  /** To be asked as soon as TLS has begun, before anything is said over it. @throws Failure */
  checkOneMessage(): void {
    if (this.#said.length === 0 || lengthOfMessage(this.#said) !== this.#said.length)
      throw new Failure("unsafe", "the directory, or somebody on the way, said something before TLS began");
  }
}

/** Of the first message (BER, RFC 4511 section 5.1), with its head; undefined when that is not all there. */
function lengthOfMessage(bytes: Buffer): number | undefined {
  const [, first = 0] = bytes;
  if (first < 0x80) return 2 + first;
  const size = first & 0x7f;
  if (size === 0 || size > 4 || bytes.length < 2 + size) return undefined;
  return 2 + size + bytes.readUIntBE(2, size);
}
