/** Which directory versions a proxy was sent and has not put into force yet. */
export interface Acknowledgements {
  sent(version: bigint): void;
  /** Everything up to it is in force there. */
  acknowledged(version: bigint): void;
  /** The last version that was sent; 0 before the first. */
  readonly last: bigint;
  /** The oldest version that has waited for longer than a lease. */
  overdue(): bigint | undefined;
}

export function acknowledgements(
  leaseMs: number,
  clock: () => number = () => performance.now(),
): Acknowledgements {
  let last = 0n;
  let waiting: readonly { readonly version: bigint; readonly sentAt: number }[] = [];
  return {
    get last() {
      return last;
    },
    sent(version) {
      last = version;
      waiting = [...waiting, { version, sentAt: clock() }];
    },
    acknowledged(upTo) {
      waiting = waiting.filter(({ version }) => version > upTo);
    },
    overdue: () => waiting.find(({ sentAt }) => clock() - sentAt > leaseMs)?.version,
  };
}
