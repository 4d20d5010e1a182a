// Numbers of the TPM 2.0 Library specification, under the names it gives them. Only what is used here.

/** Part 2 §6.5.2 */
export const TPM_CC = {
  NV_UndefineSpace: 0x122,
  NV_DefineSpace: 0x12a,
  CreatePrimary: 0x131,
  NV_Increment: 0x134,
  NV_Read: 0x14e,
  Create: 0x153,
  Load: 0x157,
  Unseal: 0x15e,
  FlushContext: 0x165,
  NV_ReadPublic: 0x169,
  StartAuthSession: 0x176,
  GetCapability: 0x17a,
} as const;

export type CommandCode = (typeof TPM_CC)[keyof typeof TPM_CC];

/** Part 2 §6.9 */
export const TPM_ST = { NO_SESSIONS: 0x8001, SESSIONS: 0x8002 } as const;

/** Part 2 §6.3 */
export const TPM_ALG = {
  AES: 0x0006,
  KEYEDHASH: 0x0008,
  SHA256: 0x000b,
  NULL: 0x0010,
  ECC: 0x0023,
  CFB: 0x0043,
} as const;

/** Part 2 §6.4 */
export const TPM_ECC_NIST_P256 = 0x0003;

/** Part 2 §7.4: handles that every TPM has. */
export const TPM_RH = { OWNER: 0x40000001, NULL: 0x40000007, PW: 0x40000009 } as const;

/** Part 2 §8.3 */
export const TPMA_OBJECT = {
  fixedTPM: 1 << 1,
  fixedParent: 1 << 4,
  sensitiveDataOrigin: 1 << 5,
  userWithAuth: 1 << 6,
  noDA: 1 << 10,
  restricted: 1 << 16,
  decrypt: 1 << 17,
} as const;

/** Part 2 §8.4 */
export const TPMA_SESSION = { continueSession: 0x01, decrypt: 0x20, encrypt: 0x40 } as const;

/** Part 2 §13.4; `COUNTER` is the value TPM_NT_COUNTER in its field. */
export const TPMA_NV = {
  OWNERWRITE: 1 << 1,
  AUTHWRITE: 1 << 2,
  COUNTER: 1 << 4,
  OWNERREAD: 1 << 17,
  AUTHREAD: 1 << 18,
  NO_DA: 1 << 25,
  WRITTEN: 1 << 29,
} as const;

/** Part 2 §6.12 */
export const TPM_CAP_HANDLES = 1;
