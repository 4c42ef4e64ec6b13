/** One call of the control plane, or what came of one later. */
export type AuditRow = {
  readonly position: string;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly outcome: string;
  readonly namespace: string | null;
  readonly team: string | null;
  readonly operation: string | null;
  /** `event`: what came of a call later. */
  readonly kind: "change" | "read" | "event";
  readonly call: {
    readonly method: string;
    readonly route: string | null;
    readonly from: string;
    readonly status: number | null;
    readonly code: string | null;
    /** So many alike, within a second. */
    readonly times: number;
  } | null;
  readonly hash: string;
};

export type AuditQuery = {
  readonly namespace?: string;
  readonly actor?: string;
  readonly outcome?: string;
  readonly kind?: string;
  readonly after?: string;
  readonly cursor?: string;
  readonly limit?: string;
};

/** `next`: where the next part begins; null at the end of the log. */
export type Verified = {
  readonly position: string;
  readonly head: string;
  readonly events: number;
  readonly streams: number;
  readonly findings: readonly VerifyFinding[];
  /** Where the log ends before it once did. */
  readonly missing: VerifyFinding | null;
  readonly anchors: {
    readonly checked: number;
    readonly last: { readonly position: string; readonly at: string } | null;
  };
  /** The next part wants it. */
  readonly digest: string | null;
  readonly next: string | null;
};

/** Without a stream: of the log as a whole. */
export type VerifyFinding = {
  readonly stream: string | null;
  readonly revision: string | null;
  readonly position: string;
  readonly wrong: string;
};
