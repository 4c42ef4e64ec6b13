/**
 * Refusals of who asks for more than is reserved are answered late, and only so many a second: a caller that
 * waits for answers is slowed down to what it may have, and refusing takes a small, fixed part of the process
 * whatever is asked.
 */
export interface LateRefusals {
  /** Calls `answer` when it is time; at once where too many wait already. */
  refuse(namespace: string, answer: () => void): void;
  /** All that wait are answered now. */
  flush(): void;
}

export type LateRefusalsOptions = {
  /** Of a namespace. */
  readonly perSecond?: number;
  /** How many of a namespace wait at most. */
  readonly most?: number;
};

const everyMs = 20;

export function lateRefusals({ perSecond = 1_000, most = 2_000 }: LateRefusalsOptions = {}): LateRefusals {
  const waiting = new Map<string, (() => void)[]>();
  const each = Math.max(1, Math.round((perSecond * everyMs) / 1_000));
  let ticking: NodeJS.Timeout | undefined;

  const tick = (): void => {
    ticking = undefined;
    for (const [namespace, answers] of waiting) {
      for (const answer of answers.splice(0, each)) answer();
      if (answers.length === 0) waiting.delete(namespace);
    }
    begin();
  };

  const begin = (): void => {
    if (waiting.size > 0) ticking ??= setTimeout(tick, everyMs);
  };

  return {
    refuse(namespace, answer) {
      const answers = waiting.get(namespace) ?? [];
      if (answers.length >= most) return answer();
      waiting.set(namespace, answers);
      answers.push(answer);
      begin();
    },
    flush() {
      clearTimeout(ticking);
      ticking = undefined;
      const all = [...waiting.values()].flat();
      waiting.clear();
      for (const answer of all) answer();
    },
  };
}
