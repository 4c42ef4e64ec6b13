import type { Specification } from "./explore.ts";

/**
 * Taking access away (`design.md` §8). Two proxies hold leases, messages take their time and
 * get lost, proxies are cut off, paused, stopped and restarted; then somebody is to be told that the
 * access is gone, and from that moment on no proxy may accept a request under it.
 *
 * Time comes in ticks. Nothing here looks at a clock: what is left of a lease is counted down.
 */
export type RevokeBug =
  | "ack before apply"
  | "expiry from answering"
  | "skips an absent proxy"
  | "renews what has run out"
  | "looks before it counts"
  | "renews who does not obey"
  | "keeps its copy after a goodbye"
  | "hears a goodbye of long ago";

const leaseTicks = 1;
const staleTicks = 1;
// How far below zero a lease is counted: longer overdue than the stale limit makes no difference.
const longAgo = -staleTicks;

type Proxy = {
  /** What it obeys, and what it would obey again after a restart. */
  readonly inForce: "old" | "new";
  readonly onDisk: "old" | "new";
  /** What is left of its lease, as it counts itself. */
  readonly lease: number;
  /** The same, as the control plane counts it. */
  readonly granted: number;
  readonly acknowledged: boolean;
  /** Whether it has been told of the change; a cut connection forgets what was on its way. */
  readonly told: boolean;
  /** `joined`: has said hello; `given`: has a snapshot to put into force; `open`: it has done so. */
  readonly link: "cut" | "joined" | "given" | "open";
  /** Counted after its lease had run out, and obeys something older than what was found then. */
  readonly owes: boolean;
  readonly status: Status | null;
  /** A goodbye is on its way, also when the proxy has long begun again; a later renewal is another process's. */
  readonly goodbye: boolean;
};

/** On its way to the control plane, there, or on its way back as a lease. */
type Status = {
  /** How many ticks ago it was sent. */
  readonly age: number;
  readonly acknowledges: boolean;
  readonly at: "sent" | "counted" | "answered";
};

export type RevokeState = {
  /** `apply` puts the change into the directory, `register` reports it. */
  readonly change: "none" | "applied" | "registered";
  /** Ticks since it was applied, as long as it is not reported. */
  readonly waited: number;
  readonly proxies: readonly Proxy[];
};

const fresh: Proxy = {
  inForce: "old",
  onDisk: "old",
  lease: leaseTicks,
  granted: leaseTicks,
  acknowledged: false,
  told: false,
  link: "open",
  owes: false,
  status: null,
  goodbye: false,
};

/** It renews until it is a lease late, its lease then runs out, then the stale limit. */
const longestWait = leaseTicks + leaseTicks + staleTicks + 1;

export function revoke(bug?: RevokeBug): Specification<RevokeState> {
  return {
    identity,
    initial: { change: "none", waited: 0, proxies: [fresh, fresh] },
    next: (state) => [
      ...directory(state, bug),
      ...tick(state),
      ...state.proxies.flatMap((proxy, at) =>
        ofProxy(proxy, state, bug).map(
          ([name, next]) => [`${name} ${"ab"[at]}`, put(state, at, next)] as const,
        ),
      ),
    ],
    invariants: {
      "no request is accepted once its revoke was reported": ({ change, proxies }) =>
        change !== "registered" || !proxies.some(accepts),
      "a revoke is reported within two leases and the stale limit": ({ waited }) => waited <= longestWait,
      "what a proxy has acknowledged survives its restart": ({ proxies }) =>
        proxies.every(({ acknowledged, onDisk }) => !acknowledged || onDisk === "new"),
    },
  };
}

/** Whether a request under the old access would be served there now. */
const accepts = ({ inForce, lease }: Proxy): boolean => inForce === "old" && lease > longAgo;

type Named<State> = readonly (readonly [string, State])[];

function directory(state: RevokeState, bug: RevokeBug | undefined): Named<RevokeState> {
  if (state.change === "none") return [["apply", { ...state, change: "applied" }]];
  return mayReport(state, bug) ? [["register", { ...state, change: "registered", waited: 0 }]] : [];
}

const mayReport = ({ change, proxies }: RevokeState, bug: RevokeBug | undefined): boolean =>
  change === "applied" &&
  proxies.every(({ acknowledged, granted }) =>
    bug === "skips an absent proxy" ? acknowledged || granted <= 0 : acknowledged || granted <= longAgo,
  );

/** Time passes, unless something is due at once: what may be reported is reported. */
function tick(state: RevokeState): Named<RevokeState> {
  if (mayReport(state, undefined)) return [];
  const proxies = state.proxies.map((proxy) => ({
    ...proxy,
    lease: Math.max(longAgo, proxy.lease - 1),
    granted: Math.max(longAgo, proxy.granted - 1),
    // An answer that is older than its lease grants nothing any more.
    status: proxy.status && { ...proxy.status, age: Math.min(leaseTicks - longAgo, proxy.status.age + 1) },
  }));
  const waited = state.change === "applied" ? state.waited + 1 : 0;
  return [["tick", { ...state, proxies, waited }]];
}

function ofProxy(proxy: Proxy, state: RevokeState, bug: RevokeBug | undefined): Named<Proxy> {
  const next: [string, Proxy][] = [];
  const may = (name: string, enabled: boolean, after: Partial<Proxy>): void => {
    if (enabled) next.push([name, { ...proxy, ...after }]);
  };
  byItself(proxy, bug, may);
  talking(proxy, state, bug, may);
  leaving(proxy, bug, may);
  return next;
}

type May = (name: string, enabled: boolean, after: Partial<Proxy>) => void;

/** First in force, then on disk, then acknowledged. */
function byItself(
  { inForce, onDisk, status, link, told }: Proxy,
  bug: RevokeBug | undefined,
  may: May,
): void {
  may("put-into-force", told && inForce === "old", { inForce: "new" });
  may("save", inForce === "new" && onDisk === "old", {
    onDisk: "new",
    link: link === "given" ? "open" : link,
  });
  const acknowledges = bug === "ack before apply" ? told : onDisk === "new";
  may("send-status", link === "open" && status === null, {
    status: { age: 0, acknowledges, at: "sent" },
  });
  may("restart", inForce !== onDisk, { inForce: onDisk, ...cut });
}

const cut = { link: "cut", status: null, told: false, owes: false } as const;

/** It stops: what a restart would serve is void before the lease is given back. */
function leaving({ lease, link, goodbye }: Proxy, bug: RevokeBug | undefined, may: May): void {
  const left = bug === "keeps its copy after a goodbye" ? Math.min(0, lease) : longAgo;
  may("goodbye", link !== "cut", { ...cut, lease: left, goodbye: true });
  may("hear goodbye", goodbye, { granted: longAgo, goodbye: false });
}

/** What passes between it and the control plane. */
function talking(proxy: Proxy, state: RevokeState, bug: RevokeBug | undefined, may: May): void {
  const { inForce, onDisk, status, link } = proxy;
  const changed = state.change !== "none";
  may("cut off", link !== "cut", cut);
  may("hello", link === "cut", { link: "joined" });
  may("snapshot", link === "joined", { told: changed, link: changed && onDisk === "old" ? "given" : "open" });
  may("change", link === "open" && changed && inForce === "old", { told: true });
  if (status?.at === "answered") {
    const left = bug === "expiry from answering" ? leaseTicks : leaseTicks - status.age;
    may("take lease", true, { lease: Math.max(proxy.lease, left), status: null });
  } else if (status !== null) renewing(proxy, status, state, bug, may);
}

function renewing(
  proxy: Proxy,
  status: Status,
  state: RevokeState,
  bug: RevokeBug | undefined,
  may: May,
): void {
  const acknowledged = proxy.acknowledged || status.acknowledges;
  const goodbye = proxy.goodbye && bug === "hears a goodbye of long ago";
  const answer = { granted: leaseTicks, acknowledged, owes: false, goodbye } as const;
  const answered = { ...answer, status: { ...status, at: "answered" } } as const;
  const current = status.acknowledges || state.change === "none";
  // Who is a lease late with a version gets none: it has to begin again, with a snapshot.
  const late = state.waited > leaseTicks && !status.acknowledges && bug !== "renews who does not obey";
  if (status.at === "counted") {
    may("renew", current || bug === "looks before it counts", answered);
    may("not yet", !current, { status: null, owes: true });
  } else if (proxy.granted > 0 || bug === "renews what has run out") {
    may("renew", !late && (current || !proxy.owes), answered);
    may("not yet", !late && proxy.owes && !current, { ...answer, owes: true, status: null });
  } else {
    // Nobody waits for it: first it is counted, and only then looked whether what it obeys is still so.
    const counted = { status: { ...status, at: "counted" } } as const;
    if (bug === "looks before it counts") may("count", current, counted);
    else may("count", !late, { ...answer, ...counted });
  }
}

function put(state: RevokeState, at: number, proxy: Proxy): RevokeState {
  return { ...state, proxies: state.proxies.map((each, index) => (index === at ? proxy : each)) };
}

const identity = ({ change, waited, proxies }: RevokeState): string =>
  `${change} ${waited} ${proxies.map((proxy) => JSON.stringify(proxy)).sort()}`;
