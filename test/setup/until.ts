/** Waits until something is so; for places where `expect.poll` is not to be had. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  patienceMs = 30_000,
  everyMs = 50,
): Promise<void> {
  for (const deadline = Date.now() + patienceMs; !(await isSo()); ) {
    if (Date.now() > deadline) throw new Error(`it did not become so within ${patienceMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
