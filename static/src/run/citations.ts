/** The sources that a tool names with its result: pages of the web, passages of documents. */

import { isObject, type Json, objectOf, textOf } from "../journal/entry";

export type Citation = { title: string; href: string; outside: boolean };

const UUID = /^[0-9a-f-]{36}$/;

/** What a result cites, as links; what is no proper address is left out. */
export function citationsOf(output: Json): Citation[] {
  const cited = objectOf(output)?.citations;
  const all = Array.isArray(cited) ? cited.filter(isObject) : [];
  return all.flatMap((one): Citation[] => {
    const title = textOf(one.title);
    const url = textOf(one.url);
    if (/^https?:\/\//i.test(url)) return [{ title: title || url, href: url, outside: true }];
    const id = textOf(one.document);
    if (!UUID.test(id)) return [];
    const passage = Number.isInteger(one.passage) ? one.passage : 1;
    const href = `/settings/documents/${id}/?passage=${passage}#passage-${passage}`;
    return [{ title: title || id, href, outside: false }];
  });
}
