/**
 * A bearer token, or a function that is asked before each call: for tokens that are renewed. A proxy
 * ends a stream with its token; then it is asked again, and what is under way goes on.
 */
export type Token = string | (() => string | Promise<string>);

export const tokenOf = async (token: Token): Promise<string> => (typeof token === "string" ? token : token());
