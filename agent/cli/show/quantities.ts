// Times and numbers as people say them.

/** `2026-11-20 13:05`, by the clock on the wall where this runs. */
export function localTime(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return "at no time";
  const two = (part: number): string => String(part).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `6 days and 20 sign-ins left`. */
export function leftOver(daysLeft: number, signInsLeft: number | null): string {
  const days = counted(Math.max(0, daysLeft), "day");
  return signInsLeft === null
    ? `${days} left`
    : `${days} and ${counted(Math.max(0, signInsLeft), "sign-in")} left`;
}

/** With why, where that says more: `unreachable (dns)`. */
export function unreachable(lastFailure: string | null): string {
  return lastFailure === null || lastFailure === "unreachable"
    ? "unreachable"
    : `unreachable (${lastFailure})`;
}
