export type Check = () => Promise<void>;

export type Readiness = {
  readonly ready: boolean;
  /** Per dependency `ok`, or why not. */
  readonly checks: Readonly<Record<string, string>>;
};

const patienceMs = 2_000;

/** Asks every dependency at once; one that does not answer in time counts as down. */
export async function readiness(checks: Readonly<Record<string, Check>>): Promise<Readiness> {
  const answers = await Promise.all(
    Object.entries(checks).map(async ([name, check]): Promise<[string, string]> => {
      try {
        await within(patienceMs, check());
        return [name, "ok"];
      } catch (error) {
        return [name, error instanceof Error ? error.message : String(error)];
      }
    }),
  );
  return { ready: answers.every(([, answer]) => answer === "ok"), checks: Object.fromEntries(answers) };
}

async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
