/** A bearer token, or a function that is asked before each call: for tokens that are renewed. */
export type Token = string | (() => string | Promise<string>);

export const tokenOf = async (token: Token): Promise<string> => (typeof token === "string" ? token : token());
