/** What the network looks like from here. None of these is a word of the server's; nothing follows from them. */
export type Weather =
  | "unreachable"
  | "timed-out"
  | "certificate-refused"
  | "not-the-server"
  | "status"
  | "sequence-used"
  | "too-large"
  | "preempted";

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

export class TransportFailure extends Error {
  readonly code = "TRANSPORT_FAILURE";
  readonly weather: Weather;

  constructor(weather: Weather, cause?: unknown) {
    super(`no answer: ${weather}`, { cause });
    this.weather = weather;
  }
}

/** The way to the server: one POST, bounded in size, ended by `stop`. */
export interface Transport {
  /** @throws TransportFailure for everything that is not a whole HTTP reply. */
  post(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    maxReplyBytes: number,
    stop: AbortSignal,
  ): Promise<Reply>;
  close(): void;
}
