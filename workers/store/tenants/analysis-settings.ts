/** What a domain allows of analyses; also for domains that are served without being configured. */
import { eq } from "drizzle-orm";
import { domains } from "../../../drizzle/schema.ts";
import type { AnalysisSettings, AnalysisSettingsInput } from "../../schemas/api/domains.ts";
import { type AuditActor, auditInsert } from "../admin/audit.ts";
import { type DatabaseConfig, withPrimary, withWriter } from "../db/db.ts";

/** The settings of a domain that is configured or seen; null where it is unknown. */
export async function readAnalysisSettings(
  config: DatabaseConfig,
  name: string,
): Promise<AnalysisSettings | null> {
  const [row] = await withPrimary(config, (db) =>
    db
      .select({
        domain: domains.name,
        analysisEnabled: domains.analysisEnabled,
        analysisAutomatic: domains.analysisAutomatic,
      })
      .from(domains)
      .where(eq(domains.name, name)),
  );
  return row ?? null;
}

/** Changes them without configuring the domain; `isServed`: also for a domain that no request has named yet. False if it is unknown. */
export async function putAnalysisSettings(
  config: DatabaseConfig,
  name: string,
  change: AnalysisSettingsInput,
  by: AuditActor,
  isServed: boolean,
): Promise<boolean> {
  return withWriter(config, (db) =>
    db.transaction(async (tx) => {
      if (isServed) await tx.insert(domains).values({ name }).onConflictDoNothing();
      const changed = await tx
        .update(domains)
        .set({ ...analysisChange(change), updatedAt: by.now })
        .where(eq(domains.name, name))
        .returning({ id: domains.id });
      if (changed.length === 0) return false;
      const details = analysisChange(change);
      await auditInsert(tx, { ...by, action: "domain.analysis", target: name, details });
      return true;
    }),
  );
}

/** What a change says, without absent fields. */
export function analysisChange({ analysisEnabled, analysisAutomatic }: AnalysisSettingsInput) {
  return {
    ...(analysisEnabled === undefined ? {} : { analysisEnabled }),
    ...(analysisAutomatic === undefined ? {} : { analysisAutomatic }),
  };
}
