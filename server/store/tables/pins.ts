export interface PinTables {
  pins: PinTable;
}

/** A user without a row has no PIN. */
export interface PinTable {
  userId: string;
  /** Sealed JSON: the lock, the key that the PIN opens, the PIN's length. */
  sealed: string;
  /** Wrong PINs in a row, each with a right code. */
  failures: number;
  /** Until it is reset, nothing is right. */
  lockedAtMs: number | null;
  /** Somebody else has set it: 1 until the user has. */
  mustChange: number;
  setAtMs: number;
}
