import type { DeliveryMetrics } from "./delivery-metrics.ts";

/**
 * What deliveries may keep in memory: messages that wait for a consumer, or for its acknowledgement.
 * Where the budget of a namespace or of the proxy is used up, the rest stays in the backend. Nothing is
 * dropped, and a group that holds nothing may always read: nobody waits for somebody else's consumers.
 */
export interface DeliveryMemory {
  open(namespace: string): NamespaceMemory;
}

export interface NamespaceMemory {
  /** `wake`: a refused group may ask again. */
  group(wake: () => void): GroupMemory;
  close(): void;
}

export interface GroupMemory {
  /** Whether more may be read now. */
  wants(): boolean;
  take(bytes: number): void;
  give(bytes: number): void;
  /** It reads no more, and has given back what it took. */
  close(): void;
}

export type DeliveryMemoryOptions = {
  /** Default: 64 MiB. */
  readonly namespaceBytes?: number | undefined;
  /** Default: 256 MiB. */
  readonly proxyBytes?: number | undefined;
  readonly metrics?: DeliveryMetrics;
};

type Of = { readonly namespace: string; bytes: number };
type Waiter = { readonly of: Of; readonly wake: () => void };

const mebibyte = 1024 * 1024;
// What one of them brings is known when it comes: many at once would read for nothing.
const wokenAtOnce = 4;
const wakeMs = 10;

export function deliveryMemory(options: DeliveryMemoryOptions = {}): DeliveryMemory {
  const { namespaceBytes = 64 * mebibyte, proxyBytes = 256 * mebibyte, metrics } = options;
  // Longest waiting first.
  const waiters = new Set<Waiter>();
  let held = 0;
  let waking = false;

  const lacking = ({ bytes }: Of): "namespace" | "proxy" | undefined => {
    if (bytes >= namespaceBytes) return "namespace";
    return held >= proxyBytes ? "proxy" : undefined;
  };

  const wakeSome = (): void => {
    waking = false;
    const ready = [...waiters].filter(({ of }) => lacking(of) === undefined);
    for (const waiter of ready.slice(0, wokenAtOnce)) {
      waiters.delete(waiter);
      waiter.wake();
    }
    if (ready.length > wokenAtOnce) wakeSoon();
  };

  const wakeSoon = (): void => {
    if (waking || waiters.size === 0 || held >= proxyBytes) return;
    waking = true;
    setTimeout(wakeSome, wakeMs).unref();
  };

  const group = (of: Of, wake: () => void): GroupMemory => {
    const waiter = { of, wake };
    let own = 0;
    const give = (bytes: number): void => {
      own -= bytes;
      of.bytes -= bytes;
      held -= bytes;
      metrics?.held(of.namespace, of.bytes);
      if (own === 0 && waiters.delete(waiter)) wake();
      wakeSoon();
    };
    return {
      wants() {
        const missing = own === 0 ? undefined : lacking(of);
        if (missing === undefined) return true;
        if (!waiters.has(waiter)) metrics?.paused(of.namespace, missing);
        waiters.add(waiter);
        return false;
      },
      take(bytes) {
        own += bytes;
        of.bytes += bytes;
        held += bytes;
        metrics?.held(of.namespace, of.bytes);
      },
      give,
      close: () => void waiters.delete(waiter),
    };
  };

  return {
    open(namespace) {
      const of = { namespace, bytes: 0 };
      metrics?.begin(namespace);
      return {
        group: (wake) => group(of, wake),
        close: () => metrics?.end(namespace),
      };
    },
  };
}
