/** What every activity of an operation is told: whose work it does, and for whom. */
export type Occasion = {
  readonly namespace: string;
  readonly operation: string;
  /** `user:…` or `service:…` who asked for it. */
  readonly actor: string;
  /** As whom: the platform's own advanced requests need no approval. Default: as a member of a team. */
  readonly asker?: "team" | "platform";
  /** How often the step was retried by somebody after its budget was used up. Default: 0. */
  readonly round?: number;
  /** The W3C `traceparent` of the call that asked for it. */
  readonly trace?: string;
};
