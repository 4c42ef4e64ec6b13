/** What a backend is told of whose resource it is: a life of a namespace that means to have it. */
export const callOf = (namespace: string, incarnation = 1) => ({
  owner: { namespace, incarnation },
  claim: { intended: true },
  signal: new AbortController().signal,
});
