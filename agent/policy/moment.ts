/** When something is judged: always handed in, never looked up. */
export interface Moment {
  /** Trusted time, milliseconds since 1970: see trusted-time.ts. */
  readonly nowMs: number;
  /** Milliseconds since this boot, suspension included. */
  readonly sinceBootMs: number;
  /** Names this boot; another boot has another one. */
  readonly bootId: string;
}
