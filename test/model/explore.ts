/** A protocol as a specification: where it begins, what may happen next, and what is always so. */
export type Specification<State> = {
  readonly initial: State;
  /** Everything that may happen now, each with its name and the state it leads to. */
  readonly next: (state: State) => readonly (readonly [action: string, state: State])[];
  readonly invariants: Readonly<Record<string, (state: State) => boolean>>;
  /** What makes it another state; default: all of it. Where it makes no difference which proxy is which, half is enough. */
  readonly identity?: (state: State) => string;
};

export type Exploration = {
  readonly states: number;
  /** Every action that was possible somewhere. */
  readonly actions: ReadonlySet<string>;
  /** The shortest way to a state in which an invariant does not hold; `undefined`: there is none. */
  readonly broken: { readonly invariant: string; readonly actions: readonly string[] } | undefined;
};

type Node<State> = {
  readonly state: State;
  readonly action: string;
  readonly before: Node<State> | undefined;
};

/** Looks at every state that can be reached, the nearest first: what it finds is a shortest counterexample. */
export function explore<State>(specification: Specification<State>): Exploration {
  const { initial, next, invariants, identity = JSON.stringify } = specification;
  const judge = Object.entries(invariants);
  const first: Node<State> = { state: initial, action: "", before: undefined };
  const seen = new Set([identity(initial)]);
  const actions = new Set<string>();
  // Grows while it is gone through.
  const found = [first];
  for (const node of found) {
    const violated = judge.find(([, holds]) => !holds(node.state));
    if (violated !== undefined)
      return { states: seen.size, actions, broken: { invariant: violated[0], actions: wayTo(node) } };
    for (const [action, state] of next(node.state)) {
      actions.add(action);
      const key = identity(state);
      if (seen.has(key)) continue;
      seen.add(key);
      found.push({ state, action, before: node });
    }
  }
  return { states: seen.size, actions, broken: undefined };
}

function wayTo<State>(end: Node<State>): readonly string[] {
  const way: string[] = [];
  for (let node = end; node.before !== undefined; node = node.before) way.unshift(node.action);
  return way;
}

/** For people: a step a line. */
export const told = ({ broken, states }: Exploration): string =>
  broken === undefined
    ? `${states} states, every invariant holds in all of them`
    : [`not so: ${broken.invariant}`, ...broken.actions.map((action, at) => `  ${at + 1}. ${action}`)].join(
        "\n",
      );
