/** Advisory locks that serialise the writers of one domain. */
import { eq, type SQL, sql } from "drizzle-orm";
import { domains } from "../../../drizzle/schema.ts";
import type { WriterTransaction } from "./db.ts";

/** First key of the locks; the second is the domain's id. */
const DOMAIN_LOCK = 7_263_116;

/** Of a domain, or an expression for it. */
export type DomainId = number | SQL<number>;

/** The id of the domain with this name, for statements that are sent together with its lock. */
export const idOfDomain = (domain: string): SQL<number> =>
  sql<number>`(select ${domains.id} from ${domains} where ${domains.name} = ${domain})`;

export interface LockedDomain {
  id: number;
  /** There was no such domain: statements that were sent together with this one ran before the lock. */
  isNew: boolean;
}

/** Locks the domain: no other transaction writes its exchanges until this one ends. */
export async function lockDomain(tx: WriterTransaction, domain: string): Promise<LockedDomain> {
  const lock = tx
    .select({ id: domains.id, lock: sql`pg_advisory_xact_lock(${DOMAIN_LOCK}::int, ${domains.id})` })
    .from(domains)
    .where(eq(domains.name, domain));
  const [locked] = await lock;
  if (locked) return { id: locked.id, isNew: false };
  await tx.insert(domains).values({ name: domain }).onConflictDoNothing();
  const [added] = await lock;
  return { id: added!.id, isNew: true };
}

/** Locks the domain: no other transaction writes its exchanges or rollups until this one ends. */
export async function lockDomainById(tx: WriterTransaction, domainId: number): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${DOMAIN_LOCK}::int, ${domainId}::int)`);
}
