// The few calls of the C library that Node does not offer. The only file that touches node:ffi, which is experimental:
// the runtime is pinned and shipped along, and a runtime without it is refused at the start.

export interface Libc {
  /** The bytes of a socket option, at most `maxBytes`; undefined when the kernel says no. */
  socketOption(fd: number, level: number, name: number, maxBytes: number): Buffer | undefined;
  /** Sends one datagram to a Unix address (a path, or `@name` in the abstract space); false when it could not. */
  sendDatagram(address: string, message: string): boolean;
  /** Connects a Unix stream socket, never waiting; undefined when nobody takes the connection. The caller closes it. */
  connectStream(address: string): number | undefined;
  /** Waits until there is something to read, or an end or an error to be read; false when the time is over. -1 only waits. */
  readable(fd: number, withinMs: number): boolean;
  /** Keeps a file descriptor from being inherited by programs that are started; false for a descriptor that is not open. */
  closeOnExec(fd: number): boolean;
  /** Milliseconds since the boot, suspension included (CLOCK_BOOTTIME); undefined where the system has no such clock. */
  sinceBootMs(): number | undefined;
}

/** Throws an error that says what is missing, for the start of the program to print. */
export function loadLibc(): Libc {
  const ffi = process.getBuiltinModule("node:ffi");
  if (ffi === undefined)
    throw new Error(
      `this Node (${process.version}) has no node:ffi; use the runtime that comes with Nightlatch (Node 26.10 or newer)`,
    );
  const { functions: c } = ffi.dlopen(null, {
    getsockopt: { arguments: ["i32", "i32", "i32", "buffer", "buffer"], return: "i32" },
    socket: { arguments: ["i32", "i32", "i32"], return: "i32" },
    sendto: { arguments: ["i32", "buffer", "u64", "i32", "buffer", "u32"], return: "i64" },
    connect: { arguments: ["i32", "buffer", "u32"], return: "i32" },
    poll: { arguments: ["buffer", "u64", "i32"], return: "i32" },
    close: { arguments: ["i32"], return: "i32" },
    fcntl: { arguments: ["i32", "i32", "i32"], return: "i32" },
    clock_gettime: { arguments: ["i32", "buffer"], return: "i32" },
  });
  const timespec = Buffer.alloc(16);
  return {
    socketOption(fd, level, name, maxBytes) {
      const value = Buffer.alloc(maxBytes);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(maxBytes);
      if (c.getsockopt(fd, level, name, value, length) !== 0) return undefined;
      return value.subarray(0, Math.min(length.readUInt32LE(0), maxBytes));
    },
    sendDatagram(address, message) {
      const to = unixAddress(address);
      if (to === undefined) return false;
      const fd = c.socket(unixFamily, datagram | closeOnExecFlag, 0);
      if (fd < 0) return false;
      const bytes = Buffer.from(message, "utf8");
      const sent = c.sendto(fd, bytes, BigInt(bytes.length), dontWait | noSignal, to, to.length);
      c.close(fd);
      return Number(sent) === bytes.length;
    },
    connectStream(address) {
      const to = unixAddress(address);
      if (to === undefined) return undefined;
      const fd = c.socket(unixFamily, stream | closeOnExecFlag | nonBlocking, 0);
      if (fd < 0) return undefined;
      if (c.connect(fd, to, to.length) === 0) return fd;
      c.close(fd);
      return undefined;
    },
    readable(fd, withinMs) {
      const waiting = Buffer.alloc(8);
      waiting.writeInt32LE(fd);
      waiting.writeInt16LE(readableEvent, 4);
      return c.poll(waiting, 1n, Math.max(0, Math.ceil(withinMs))) > 0;
    },
    closeOnExec: (fd) => c.fcntl(fd, setDescriptorFlags, 1) === 0,
    sinceBootMs() {
      if (process.platform !== "linux" || c.clock_gettime(bootClock, timespec) !== 0) return undefined;
      return (
        Number(timespec.readBigInt64LE(0)) * 1_000 + Math.floor(Number(timespec.readBigInt64LE(8)) / 1e6)
      );
    },
  };
}

const unixFamily = 1;
const stream = 1;
const datagram = 2;
const closeOnExecFlag = 0o2000000;
const nonBlocking = 0o4000;
const readableEvent = 1;
const dontWait = 0x40;
const noSignal = 0x4000;
const setDescriptorFlags = 2;
const bootClock = 7;
const pathBytes = 108;

/** A sockaddr_un of Linux. Undefined for an address that does not fit or is of another family. */
function unixAddress(address: string): Buffer | undefined {
  const path = Buffer.from(address, "utf8");
  const abstract = address.startsWith("@");
  if ((!abstract && !address.startsWith("/")) || path.includes(0)) return undefined;
  if (path.length < 2 || path.length >= pathBytes) return undefined;
  if (abstract) path[0] = 0;
  const family = Buffer.alloc(2);
  family.writeUInt16LE(unixFamily);
  return Buffer.concat([family, path, Buffer.alloc(abstract ? 0 : 1)]);
}
