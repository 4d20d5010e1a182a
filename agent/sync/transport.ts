/** What the network looks like from here. None of these is a word of the server's; nothing follows from them. */
export type Weather =
  | "unreachable"
  | "timed-out"
  | "certificate-refused"
  /** Refused for its dates: the certificate is out of date, or this machine's clock is. */
  | "certificate-dated"
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

/** One POST, bounded in size, ended by `stop`. */
export interface Post {
  /** @throws TransportFailure for everything that is not a whole HTTP reply. */
  post(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    maxReplyBytes: number,
    stop: AbortSignal,
  ): Promise<Reply>;
}

/** The way to the server. */
export interface Transport extends Post {
  /** To whoever is there: nothing that is secret may be sent so, and the configured headers are not. */
  readonly unverified: Post;
  close(): void;
}
