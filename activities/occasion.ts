/** What every activity of an operation is told: whose work it does, and for whom. */
export type Occasion = {
  readonly namespace: string;
  readonly operation: string;
  /** `user:…` or `service:…` who asked for it. */
  readonly actor: string;
  /** As whom: the platform's own advanced requests need no approval. Default: as a member of a team. */
  readonly asker?: "team" | "platform";
  /**
   * One more each time somebody retries the step after its budget was used up. Default: 0; where another
   * workflow goes on for one that was lost, from a number on that the lost one has not reached.
   */
  readonly round?: number;
  /** The W3C `traceparent` of the call that asked for it. */
  readonly trace?: string;
};
