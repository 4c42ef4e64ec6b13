type Page<Item> = { readonly items: readonly Item[]; readonly next_cursor: string | null };

/** A list of the API as a whole: its first page, with the items of all that follow. */
export async function everyPage<Item, Listed extends Page<Item>>(
  list: (query: { readonly cursor?: string }) => Promise<Listed & Page<Item>>,
): Promise<Listed> {
  const first = await list({});
  const items = [...first.items];
  for (let cursor = first.next_cursor; cursor !== null; ) {
    const page = await list({ cursor });
    items.push(...page.items);
    cursor = page.next_cursor;
  }
  return { ...first, items, next_cursor: null };
}
