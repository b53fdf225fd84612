/** Generated conversations as exchanges that the proxy recorded, and what Postgres made of them. */
import { loadConfig } from "../../workers/runtime/config.ts";
import { withWriter } from "../../workers/store/db/db.ts";
import { responseStream } from "./response-stream.ts";
import { makeExchange, type TestExchange } from "./exchanges.ts";
import { generateExchanges } from "./generated-conversations.ts";

export function generateMadeExchanges(seed: number, domain = "team.example"): TestExchange[] {
  return generateExchanges(seed).map(
    ({ at, exchange: { requestId, headers, body, messages, system, tools, response: answer } }) =>
      makeExchange({
        exchangeId: requestId,
        startedAt: at,
        domain,
        requestBody: {
          ...body,
          model: "m",
          max_tokens: 9,
          stream: true,
          messages: [...messages],
          system,
          tools: [...tools],
        },
        responseBody:
          answer === null
            ? '{"type":"error","error":{"type":"overloaded_error","message":"busy"}}'
            : responseStream(
                { content: answer as never },
                { id: "msg_1", model: "m", usage: { input_tokens: 10 + (at % 7) } },
              ),
        requestMetadata: { headers: { ...headers } },
        ...(answer === null && {
          responseMetadata: { status: 529, headers: { "content-type": "application/json" } },
        }),
      }),
  );
}

/** By domain, everything that must not depend on the order of arrival, as text. */
export async function databaseSnapshots(env: Env): Promise<Map<string, string[]>> {
  return withWriter(loadConfig(env), async (db) => {
    const databaseSnapshots = new Map<string, string[]>();
    for (const statement of STATEMENTS) {
      const { rows } = await db.$client.query<{ domain: string; row: unknown }>(statement);
      for (const { domain, row } of rows)
        databaseSnapshots.set(domain, [...(databaseSnapshots.get(domain) ?? []), JSON.stringify(row)]);
    }
    return databaseSnapshots;
  });
}

/** Ids of domains are given in order of arrival; histograms and sums are not. */
const STATEMENTS = [
  `SELECT d.name AS domain, jsonb_build_object('id', r.id, 'conversation', conversation_id, 'branch', branch_id,
      'key', branch_key, 'parent', parent_request_id, 'subtask', is_subtask, 'spawner', parent_task_request_id,
      'serves', serves_request_id, 'kind', link_kind, 'by', linked_by, 'confidence', link_confidence, 'outcome', outcome,
      'body', encode(body_sha256, 'hex')) AS row
    FROM requests r JOIN domains d ON d.id = r.domain_id ORDER BY d.name, r.id`,
  `SELECT d.name AS domain, jsonb_build_object('call', t.request_id, 'position', t.position, 'agent', t.agent_id,
      'subtask', t.subtask_request_id) AS row
    FROM task_invocations t JOIN domains d ON d.id = t.domain_id ORDER BY d.name, t.request_id, t.position`,
  `SELECT d.name AS domain, to_jsonb(c) - 'domain_id' AS row
    FROM conversations c JOIN domains d ON d.id = c.domain_id ORDER BY d.name, c.id`,
  `SELECT d.name AS domain, to_jsonb(s) - 'domain_id' AS row
    FROM rollups s JOIN domains d ON d.id = s.domain_id
    ORDER BY d.name, s.bucket, s.account_id, s.model, s.request_type, s.outcome`,
  `SELECT d.name AS domain, jsonb_build_object('contents', count(*), 'distinct', count(DISTINCT c.sha256),
      'bytes', (SELECT count(DISTINCT n.hash) || ' of ' || count(*) FROM nodes n WHERE n.domain_id = d.id)) AS row
    FROM contents c JOIN domains d ON d.id = c.domain_id GROUP BY d.id, d.name ORDER BY d.name`,
];
