/** Reads exchanges from the journal in workerd tests, alone or in a bundle. */
import type { QueueMessage } from "../../workers/schemas/exchange.ts";
import { readJournalBundle } from "../../workers/store/journal/bundles.ts";
import { type JournalEntry, listJournal, readJournal } from "../../workers/store/journal/objects.ts";

/** Its parts, null where absent. */
export async function findEntry(bucket: R2Bucket, id: string): Promise<JournalEntry> {
  const alone = await readJournal(bucket, id);
  if (alone.request || alone.response) return alone;
  return (await bundled(bucket)).get(id) ?? alone;
}

/** Ids of all exchanges, oldest first. */
export async function entryIds(bucket: R2Bucket): Promise<string[]> {
  const { entries } = await listJournal(bucket, { limit: 500 });
  const alone = entries.filter(({ exchanges }) => exchanges === undefined).map(({ id }) => id);
  return [...alone, ...(await bundled(bucket)).keys()].sort();
}

/** One message per exchange of a bundle; any other message as it is. */
export async function unbundledMessages(bucket: R2Bucket, message: QueueMessage): Promise<QueueMessage[]> {
  if (message.kind !== "exchange" || !message.exchanges) return [message];
  const exchanges = (await readJournalBundle(bucket, message.id, message.exchanges)) ?? [];
  return exchanges.map(({ id, read }) => ({
    ...message,
    id,
    domain: read().request?.metadata.domain ?? "",
  }));
}

async function bundled(bucket: R2Bucket): Promise<Map<string, JournalEntry>> {
  const { entries } = await listJournal(bucket, { limit: 500 });
  const found = new Map<string, JournalEntry>();
  for (const { id, exchanges } of entries)
    for (const each of (exchanges && (await readJournalBundle(bucket, id, exchanges))) || [])
      found.set(each.id, each.read());
  return found;
}
