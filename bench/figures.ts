// From samples to the figures that are published.

export interface Figures {
  readonly samples: number;
  /** Sign-ins with a good code that were not let in. */
  readonly refused: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

const round = (value: number): number => Math.round(value * 100) / 100;

/** The sample below which `part` of all lie (nearest rank). */
export function quantile(samples: readonly number[], part: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

export function figures(samples: readonly { readonly ms: number; readonly code: number }[]): Figures {
  const good = samples.filter(({ code }) => code === 0).map(({ ms }) => ms);
  return {
    samples: samples.length,
    refused: samples.length - good.length,
    medianMs: round(quantile(good, 0.5)),
    p99Ms: round(quantile(good, 0.99)),
  };
}

export const ratio = (ours: Figures, theirs: Figures): number => round(ours.medianMs / theirs.medianMs);
