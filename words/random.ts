/** Chance as an argument: cryptographically strong bytes from the system. */
export interface Random {
  bytes(count: number): Uint8Array;
}
