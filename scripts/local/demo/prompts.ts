/** The demo's repository of prompts, on a fake GitHub, and what its team has used. */
import type { FakeRepositoryScript } from "../fake-github.ts";

const OWNER = "acme";
const REPOSITORY = "prompts";
const TOKEN = "github_pat_demo";

const FILES = {
  "prompts/team/standup.yaml": `title: Standup
description: Sum up what changed since yesterday, as three lines for the standup.
arguments:
  - name: author
    description: Only commits of this person. Default is everybody.
template: |
  Read the commits since yesterday{{#if author}} by {{author}}{{/if}} and sum them up in three lines:
  what is done, what is in progress, what is in the way. Name no commit hashes.
`,
  "prompts/team/release-notes.yaml": `title: Release notes
description: Write release notes for the changes since a tag, for users.
arguments:
  - name: tag
    description: The last released tag.
    required: true
  - name: audience
    values: [users, operators, developers]
template: |
  Write release notes for the changes since {{tag}}{{#if audience}}, for {{audience}}{{/if}}.
  {{> team/style}}
`,
  "prompts/team/style.yaml": `description: The house style of texts; other prompts contain it.
template: |
  Present tense, one fact per sentence, no exclamation marks. The most important change comes first.
`,
  "prompts/team/migrate.yaml": `description: Plan a migration of the database.
template: {{table}}
`,
  "README.md": "Prompts of the team.",
};

export const DEMO_REPOSITORY: Record<string, FakeRepositoryScript> = {
  [`${OWNER}/${REPOSITORY}`]: { files: FILES, token: TOKEN },
};

/** Variables of the Worker that lead to the fake. */
export const demoRepositoryVariables = (gitHubUrl: string) => ({
  GITHUB_API_URL: gitHubUrl,
  MCP_GITHUB_OWNER: OWNER,
  MCP_GITHUB_REPO: REPOSITORY,
  MCP_GITHUB_TOKEN: TOKEN,
});

const USES: Record<string, number> = { review: 9, commit: 6, plan: 3, explain: 1 };

/** Gets prompts over MCP, as the team's clients do. What fails is not counted. */
export async function usePrompts(proxyUrl: string): Promise<void> {
  for (const [name, count] of Object.entries(USES))
    for (let id = 1; id <= count; id++) {
      const call = { jsonrpc: "2.0", id, method: "prompts/get", params: { name, arguments: {} } };
      const response = await fetch(`${proxyUrl}/mcp`, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
        body: JSON.stringify(call),
      });
      await response.body?.cancel();
    }
}
