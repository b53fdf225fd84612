/** Every recorded response of test/fixtures/dashboard matches the schema of its route. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { AccountList, AccountView, PendingLogin } from "../../workers/schemas/api/accounts.ts";
import {
  AnalysisList,
  AnalysisPlan,
  AnalysisReader,
  AnalysisTrends,
  AnalysisView,
} from "../../workers/schemas/api/analyses.ts";
import { AuditList } from "../../workers/schemas/api/audit.ts";
import { FilterOptions } from "../../workers/schemas/api/filter-options.ts";
import {
  ConversationDetail,
  ConversationList,
  ConversationTree,
  LinkingQuality,
  Transcript,
  TranscriptMessage,
} from "../../workers/schemas/api/conversations.ts";
import { DomainDetail, DomainList } from "../../workers/schemas/api/domains.ts";
import { ApiErrorBody } from "../../workers/schemas/api/error.ts";
import { Errors } from "../../workers/schemas/api/failures.ts";
import { RequestDetail, RequestList } from "../../workers/schemas/api/requests.ts";
import { PendingAlerts, Environment } from "../../workers/schemas/api/settings.ts";
import { Overview } from "../../workers/schemas/api/overview.ts";
import { Status } from "../../workers/schemas/api/status.ts";
import { WindowDetail, WindowList } from "../../workers/schemas/api/windows.ts";
import { PromptList, PromptSyncStatus, PromptView } from "../../workers/schemas/api/prompts.ts";
import { SparkBatch } from "../../workers/schemas/api/spark.ts";
import type { Recording } from "../support/recording.ts";

/** By the path below /api; null: bytes. */
const SCHEMAS: readonly (readonly [RegExp, z.ZodType | null])[] = [
  [/^accounts$/, AccountList],
  [/^accounts\/[^/]+$/, AccountView],
  [/^accounts\/[^/]+\/oauth\/login$/, PendingLogin],
  [/^alerts$/, PendingAlerts],
  [/^analyses$/, AnalysisList],
  [/^analyses\/reader$/, AnalysisReader],
  [/^analyses\/trends$/, AnalysisTrends],
  [/^analyses\/[^/]+\/[^/]+$/, AnalysisView],
  [/^analyses\/[^/]+\/[^/]+\/plan$/, AnalysisPlan],
  [/^audit$/, AuditList],
  [/^choices$/, FilterOptions],
  [/^mcp\/prompts$/, PromptList],
  [/^mcp\/prompts\/[^/]+$/, PromptView],
  [/^mcp\/sync\/status$/, PromptSyncStatus],
  [/^conversations$/, ConversationList],
  [/^conversations\/[^/]+$/, ConversationDetail],
  [/^conversations\/[^/]+\/messages$/, Transcript],
  [
    /^conversations\/[^/]+\/messages\/\d+$/,
    TranscriptMessage.pick({ position: true, role: true, content: true, bytes: true }),
  ],
  [/^conversations\/[^/]+\/tree$/, ConversationTree],
  [/^domains$/, DomainList],
  [/^domains\/[^/]+$/, DomainDetail],
  [/^environment$/, Environment],
  [/^errors$/, Errors],
  [/^overview$/, Overview],
  [/^quality\/linking$/, LinkingQuality],
  [/^requests$/, RequestList],
  [/^requests\/[^/]+$/, RequestDetail],
  [/^requests\/[^/]+\/(body|response)$/, null],
  [/^spark\/feedback\/batch$/, SparkBatch],
  [/^status$/, Status],
  [/^windows$/, WindowList],
  [/^windows\/[^/]+$/, WindowDetail],
];

describe.each(["recorded", "empty"])("the recording %s", (name) => {
  const file = join(import.meta.dirname, `../fixtures/dashboard/${name}.json`);
  const { responses } = JSON.parse(readFileSync(file, "utf8")) as Recording;

  it.each(Object.entries(responses))("%s fits its schema", (key, { status, body }) => {
    const path = /^(?:GET|POST) \/api\/([^?]*)/.exec(key)?.[1] ?? key;
    const schema = status >= 400 ? ApiErrorBody : SCHEMAS.find(([pattern]) => pattern.test(path))?.[1];
    if (schema === null) return expect(typeof body).toBe("string");
    expect(schema, `a schema of ${path}`).toBeDefined();
    expect(schema?.safeParse(body).error?.issues ?? []).toEqual([]);
  });
});
