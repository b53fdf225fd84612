/** The repository that prompts are synced from, by the configuration. */
import type { Config } from "../../runtime/config.ts";

export type PromptSourceConfig = Pick<
  Config,
  | "GITHUB_API_URL"
  | "MCP_GITHUB_OWNER"
  | "MCP_GITHUB_REPO"
  | "MCP_GITHUB_BRANCH"
  | "MCP_GITHUB_PATH"
  | "MCP_GITHUB_TOKEN"
>;

export interface PromptSource {
  /** Without a slash at its end. */
  apiUrl: string;
  owner: string;
  repository: string;
  branch: string;
  /** Empty: the root. */
  folder: string;
  token: string | null;
  /** Names the stored prompts: those of another repository, branch or folder are others. */
  key: string;
}

/** `null` where no repository is configured. */
export function promptSource(config: PromptSourceConfig): PromptSource | null {
  const { MCP_GITHUB_OWNER: owner, MCP_GITHUB_REPO: repository } = config;
  if (owner === undefined || repository === undefined) return null;
  const apiUrl = config.GITHUB_API_URL.replace(/\/+$/, "");
  const { MCP_GITHUB_BRANCH: branch, MCP_GITHUB_PATH: folder } = config;
  const key = `${apiUrl}/repos/${owner}/${repository}/${branch}:${folder}`;
  return { apiUrl, owner, repository, branch, folder, token: config.MCP_GITHUB_TOKEN ?? null, key };
}
