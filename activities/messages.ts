/**
 * What people tell an operation that is under way, as Temporal updates on `namespace/<name>`: by the API,
 * or by an operator with `temporal workflow update execute --name cancel --workflow-id namespace/orders`.
 * Each is decided on the stream before it is answered; a refusal fails the update, its type is Prism's code.
 */
export type Messages = {
  /** Before the pivot: unwinds everything. */
  readonly cancel: Told;
  /** Of a parked operation: tries the step again. */
  readonly retry: Told;
  /** Of a parked operation: unwinds everything. */
  readonly abandon: Told;
  /** Of the plan that waits, by its hash. */
  readonly approve: Told & { readonly plan_hash: string; readonly comment?: string };
  readonly reject: Told & { readonly plan_hash: string; readonly reason: string };
};

/** Who tells it to which operation: another one of the same name must not take it. */
export type Told = { readonly operation: string; readonly by: string };
