export type Step = {
  readonly name: string;
  readonly state: string;
  readonly attempts: number;
  readonly last_error: { readonly code: string; readonly message: string } | null;
  readonly started_at: string | null;
  readonly ended_at: string | null;
};

/** What waits for a platform member's word, and why it has to. */
export type PendingApproval = {
  readonly plan_hash: string;
  readonly fields: readonly { readonly field: string; readonly because: string }[];
  readonly requested_by: string;
  readonly expires_at: string;
};

/** What one event has changed about an operation. */
export type OperationChange = {
  readonly operation: string;
  readonly namespace: string;
  readonly kind: string;
  readonly state: string;
  /** How it will end, once it is being undone. */
  readonly undoing: string | null;
  /** The steps that changed, as they are now. */
  readonly steps: readonly Step[];
  readonly plan_hash: string | null;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly details: Readonly<Record<string, unknown>>;
  } | null;
  readonly at: string;
  readonly check_after_ms: number;
};

export type Namespace = {
  readonly namespace: string;
  readonly status: string;
  readonly client_api: string;
  readonly endpoints: readonly string[];
  readonly team?: string;
  readonly version?: number;
  readonly shard?: string | null;
  readonly created_at?: string;
  /** What it keeps; owners see it. */
  readonly data?: {
    readonly data_bytes: number | null;
    readonly measured_at: string | null;
    readonly estimated: boolean;
    readonly by_backend: Readonly<Record<string, number>>;
    readonly alarm: boolean;
  };
  readonly warnings?: readonly { readonly field: string; readonly message: string }[];
  readonly operation?: { readonly id: string; readonly kind: string; readonly state: string } | null;
  readonly [more: string]: unknown;
};

export type Operation = {
  readonly id: string;
  readonly kind: string;
  readonly namespace: string;
  readonly state: string;
  readonly steps: readonly Step[];
  readonly plan_hash: string | null;
  readonly approval: PendingApproval | null;
  readonly error: Violation | null;
  readonly requested_by: string;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly workflow: { readonly id: string; readonly run_id: string; readonly url: string | null };
  readonly [more: string]: unknown;
};

export type HistoryEvent = {
  readonly position: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly recorded_at: string;
  readonly actor: string;
  readonly [more: string]: unknown;
};

export type ArchivedHistory = {
  readonly items: readonly HistoryEvent[];
  readonly archives: readonly {
    readonly incarnation: number;
    readonly bucket: string;
    readonly key: string;
    readonly digest: string;
    readonly intact: boolean;
    readonly wrong: string | null;
  }[];
};

export type Endpoint = {
  readonly address: string;
  readonly region: string;
  readonly health: string;
  readonly load: number;
};

export type PlanAnswer = {
  readonly plan: {
    readonly patterns: readonly { readonly type: string }[];
    readonly backend: { readonly type: string; readonly config: Readonly<Record<string, unknown>> };
    readonly resources: readonly { readonly backend: string; readonly kind: string; readonly name: string }[];
    readonly policies: readonly {
      readonly policy: string;
      readonly enforced: boolean;
      readonly because: string;
    }[];
    readonly [more: string]: unknown;
  };
  readonly hash: string;
  readonly trace: Trace;
  readonly warnings: readonly { readonly field: string; readonly message: string }[];
  readonly not_enforced_yet: readonly string[];
  readonly [more: string]: unknown;
};

export type Amounts = {
  readonly write_rps: number;
  readonly read_rps: number;
  readonly data_size: string;
  readonly namespaces: number;
};

export type Team = {
  readonly team: string;
  readonly quota: Amounts;
  readonly reserved: Amounts;
  readonly remaining: Amounts;
  /** The amounts of which more is reserved than the quota is: until none is, nothing of the team grows. */
  readonly over_quota: readonly string[];
};

export type Trace = {
  readonly rules: readonly { readonly rule: string; readonly fired: boolean; readonly because: string }[];
  readonly backends: readonly {
    readonly backend: string;
    readonly chosen: boolean;
    readonly because: string;
  }[];
  readonly flips: readonly {
    readonly need: string;
    readonly from: unknown;
    readonly to: unknown;
    readonly backend: string;
  }[];
};

export type Violation = {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
};

export type Replay = {
  readonly equal: boolean;
  readonly events: number;
  readonly digest: string;
  readonly chain: { readonly intact: boolean; readonly broken_at: string | null };
  readonly served: unknown;
  readonly replayed: unknown;
};

export type Page<Item> = { readonly items: readonly Item[]; readonly next_cursor: string | null };
