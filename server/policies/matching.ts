// Which of several policies holds: the first in their order whose condition fits. Pure.

/** Whom a policy is for: users in any of these groups, on machines with any of these tags. An empty list fits everybody, or every machine. */
export interface Condition {
  readonly groups: readonly string[];
  readonly tags: readonly string[];
}

export interface Conditional {
  readonly condition: Condition;
}

export const everywhere: Condition = { groups: [], tags: [] };

/** A user in no group, or no machine at all, has only what is for everybody, or for every machine. */
export function fits({ groups, tags }: Condition, ofUser: readonly string[], ofMachine: readonly string[]) {
  return anyOf(groups, ofUser) && anyOf(tags, ofMachine);
}

/** The policies that can hold on such a machine, in order: behind the first that fits every user none can. */
export function onMachine<P extends Conditional>(policies: readonly P[], ofMachine: readonly string[]): P[] {
  const found = policies.filter(({ condition }) => anyOf(condition.tags, ofMachine));
  const last = found.findIndex(({ condition }) => condition.groups.length === 0);
  return last === -1 ? found : found.slice(0, last + 1);
}

/** Those that can hold for such a user on some machine, in order: behind the first that fits every machine none can. */
export function forUser<P extends Conditional>(policies: readonly P[], ofUser: readonly string[]): P[] {
  const found = policies.filter(({ condition }) => anyOf(condition.groups, ofUser));
  const last = found.findIndex(({ condition }) => condition.tags.length === 0);
  return last === -1 ? found : found.slice(0, last + 1);
}

/** @throws Error for a list that doesn't end with a policy for everybody. */
export function firstFor<P extends Conditional>(here: readonly P[], ofUser: readonly string[]): P {
  const found = here.find(({ condition }) => anyOf(condition.groups, ofUser));
  if (found === undefined) throw new Error("no policy is for everybody");
  return found;
}

function anyOf(wanted: readonly string[], present: readonly string[]): boolean {
  return wanted.length === 0 || wanted.some((one) => present.includes(one));
}
