import type { Specification } from "./explore.ts";

/**
 * Taking a namespace out of service (`design.md` §6, §9). Two proxies publish into its log and
 * take turns at relaying it; a delete stops traffic, puts up the fence, waits until the log is
 * relayed, and removes what there is; until the drain is done it may be cancelled. Everybody may
 * be paused for any time between two of their steps: a proxy that believes it leads may not.
 */
export type DeleteBug = "epoch not checked" | "fence after drain" | "cancel after the pivot";

const messages = 2;

type Proxy = {
  /** Whether it takes publishes, as far as it has heard. */
  readonly serves: boolean;
  /** A publish that was let in and is not in the log yet. */
  readonly inFlight: boolean;
  /** The term in which it believes it leads: its epoch, and up to where it has sent. */
  readonly term: { readonly epoch: number; readonly sent: number } | null;
};

export type DeleteState = {
  readonly operation: "none" | "begun" | "stopped" | "drained" | "removed" | "cancelled";
  readonly fence: "open" | "closed";
  readonly published: number;
  /** Acknowledged to publishers: what the log holds. */
  readonly head: number;
  /** What the broker has. */
  readonly delivered: number;
  readonly relayed: number;
  /** Up to where it ever was: segments below may have been dropped. */
  readonly furthest: number;
  readonly epoch: number;
  /** Who holds the lock; a proxy may lose it and not know. */
  readonly lock: number | null;
  /** What the drain gave up, counted and told. */
  readonly aborted: number;
  readonly proxies: readonly Proxy[];
};

const idle: Proxy = { serves: true, inFlight: false, term: null };

export function deletion(bug?: DeleteBug): Specification<DeleteState> {
  return {
    initial: {
      operation: "none",
      fence: "open",
      published: 0,
      head: 0,
      delivered: 0,
      relayed: 0,
      furthest: 0,
      epoch: 0,
      lock: null,
      aborted: 0,
      proxies: [idle, idle],
    },
    next: (state) => [
      ...operation(state, bug),
      ...state.proxies.flatMap((_, at) =>
        ofProxy(state, at, bug).map(([name, next]) => [`${name} ${"ab"[at]}`, next] as const),
      ),
    ],
    invariants: {
      "what was acknowledged reaches the broker, or is counted as given up": ({ operation: at, ...state }) =>
        at !== "removed" || state.head <= state.delivered + state.aborted,
      "what is relayed stays relayed": ({ relayed, furthest }) => relayed === furthest,
      "only what is in the broker counts as relayed": ({ relayed, delivered }) => relayed <= delivered,
      "who cancels keeps the namespace": ({ operation: at, aborted }) => at !== "cancelled" || aborted === 0,
      "what was cancelled takes publishes again": ({ operation: at, fence }) =>
        at !== "cancelled" || fence === "open",
    },
  };
}

type Named = readonly (readonly [string, DeleteState])[];

/** The workflow's steps, by the names of its failpoints. */
function operation(state: DeleteState, bug: DeleteBug | undefined): Named {
  const { operation: at, head, relayed, proxies } = state;
  const next: [string, DeleteState][] = [];
  const may = (name: string, enabled: boolean, after: Partial<DeleteState>): void => {
    if (enabled) next.push([name, { ...state, ...after }]);
  };
  may("begin", at === "none", { operation: "begun" });
  // Every proxy has heard, or was silent for its stale limit: what either has let in may still come.
  may("stop-traffic", at === "begun" && proxies.every(({ serves }) => !serves), {
    operation: "stopped",
    fence: bug === "fence after drain" ? "open" : "closed",
  });
  // The pivot. What is not relayed by the end of its time is given up, and said.
  may("drain", at === "stopped", { operation: "drained", aborted: head - relayed });
  may("remove", at === "drained", { operation: "removed", fence: "closed" });
  const cancellable =
    at === "begun" || at === "stopped" || (bug === "cancel after the pivot" && at === "drained");
  may("cancel", cancellable, {
    operation: "cancelled",
    fence: "open",
    proxies: proxies.map((proxy) => ({ ...proxy, serves: true })),
  });
  return next;
}

function ofProxy(state: DeleteState, at: number, bug: DeleteBug | undefined): Named {
  const proxy = state.proxies[at] ?? idle;
  const next: [string, DeleteState][] = [];
  const may = (
    name: string,
    enabled: boolean,
    own: Partial<Proxy>,
    after: Partial<DeleteState> = {},
  ): void => {
    const proxies = state.proxies.map((each, index) => (index === at ? { ...each, ...own } : each));
    if (enabled) next.push([name, { ...state, ...after, proxies }]);
  };
  publishing(state, proxy, may);
  relaying(state, proxy, at, bug, may);
  return next;
}

type May = (name: string, enabled: boolean, own: Partial<Proxy>, after?: Partial<DeleteState>) => void;

function publishing({ operation: at, fence, head, published }: DeleteState, proxy: Proxy, may: May): void {
  may(
    "publish",
    proxy.serves && !proxy.inFlight && published < messages,
    { inFlight: true },
    {
      published: published + 1,
    },
  );
  // Under the lock that every publish takes, the log's state is looked at.
  may("append", proxy.inFlight && fence === "open", { inFlight: false }, { head: head + 1 });
  may("refuse", proxy.inFlight && fence === "closed", { inFlight: false });
  may("stop serving", proxy.serves && at === "begun", { serves: false });
}

function relaying(
  state: DeleteState,
  { term }: Proxy,
  at: number,
  bug: DeleteBug | undefined,
  may: May,
): void {
  const { head, delivered, relayed, furthest, epoch, lock } = state;
  if (state.operation === "removed") return;
  may(
    "lead",
    term === null && lock === null && epoch < 3,
    { term: { epoch: epoch + 1, sent: relayed } },
    {
      lock: at,
      epoch: epoch + 1,
    },
  );
  may("lose lock", lock === at, {}, { lock: null });
  if (term === null) return;
  const { sent } = term;
  may(
    "relay",
    sent < head,
    { term: { ...term, sent: sent + 1 } },
    { delivered: Math.max(delivered, sent + 1) },
  );
  const mine = term.epoch === epoch || bug === "epoch not checked";
  may("move", mine && sent !== relayed, {}, { relayed: sent, furthest: Math.max(furthest, sent) });
  may("resign", !mine, { term: null }, lock === at ? { lock: null } : {});
}
