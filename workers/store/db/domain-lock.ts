/** Advisory locks that serialise the writers of one domain. */
import { eq, sql } from "drizzle-orm";
import { domains } from "../../../drizzle/schema.ts";
import type { WriterTransaction } from "./db.ts";

/** First key of the locks; the second is the domain's id. */
const DOMAIN_LOCK = 7_263_116;

/** Locks the domain and returns its id: no other transaction writes its exchanges until this one ends. */
export async function lockDomain(tx: WriterTransaction, domain: string): Promise<number> {
  const lock = tx
    .select({ id: domains.id, lock: sql`pg_advisory_xact_lock(${DOMAIN_LOCK}::int, ${domains.id})` })
    .from(domains)
    .where(eq(domains.name, domain));
  let [locked] = await lock;
  if (!locked) {
    await tx.insert(domains).values({ name: domain }).onConflictDoNothing();
    [locked] = await lock;
  }
  return locked!.id;
}

/** Locks the domain: no other transaction writes its exchanges or rollups until this one ends. */
export async function lockDomainById(tx: WriterTransaction, domainId: number): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${DOMAIN_LOCK}::int, ${domainId}::int)`);
}
