/** How a client gets the prompts: lines to copy, with a placeholder for the client key. */
import { baseUrl, LocalNameNote } from "../../components/admin/client-setup.tsx";
import { CodeBlock } from "../../components/ui/code-block.tsx";
import type { View } from "../../context/view.ts";

const KEY = "YOUR-CLIENT-KEY";

export function InstallLines({ view, domain }: { view: View; domain: string | undefined }) {
  const url = `${baseUrl(view, domain)}/mcp`;
  // `localhost` of the local stack, where no domain is configured.
  const key = domain === undefined && view.localProxyUrl !== null ? null : KEY;
  return (
    <div class="install">
      <p>
        {key === null ? (
          <>This address needs no client key.</>
        ) : (
          <>
            Replace <code>{key}</code> with a client key of the domain; <a href="/domains">Domains</a> creates
            them.
          </>
        )}
      </p>
      <h3>Claude Code</h3>
      <p class="mute">
        Prompts are then commands, such as <code>/mcp__nexus__review main security</code>.
      </p>
      <CodeBlock text={claudeCodeLine(url, key)} label="command for Claude Code" />
      <h3>Claude Desktop</h3>
      <p class="mute">
        In <code>claude_desktop_config.json</code>, under Settings → Developer, beside the servers that are
        there; restart it afterwards. It needs Node.
      </p>
      <CodeBlock text={claudeDesktopConfig(url, key)} label="configuration for Claude Desktop" />
      <h3>Cursor</h3>
      <p class="mute">
        In <code>~/.cursor/mcp.json</code>, or in <code>.cursor/mcp.json</code> of one project, beside the
        servers that are there.
      </p>
      <CodeBlock text={cursorConfig(url, key)} label="configuration for Cursor" />
      <LocalNameNote view={view} {...(domain === undefined ? {} : { domain })} />
    </div>
  );
}

const claudeCodeLine = (url: string, key: string | null): string =>
  `claude mcp add --scope user --transport http nexus ${url}${key === null ? "" : ` --header "Authorization: Bearer ${key}"`}`;

/** Lists of texts stand on one line. */
const configuration = (server: object): string =>
  JSON.stringify({ mcpServers: { nexus: server } }, null, 2).replaceAll(
    /\[\s*([^[\]]*?)\s*\]/g,
    (_, list: string) => `[${list.replaceAll(/\n\s*/g, " ")}]`,
  );

/** Claude Desktop starts programs only. The header has no blank, which it does not pass on Windows. */
function claudeDesktopConfig(url: string, key: string | null): string {
  const isPlain = /^http:\/\/(?!(?:localhost|127\.0\.0\.1)[:/])/.test(url);
  return configuration({
    command: "npx",
    args: [
      "-y",
      "mcp-remote",
      url,
      ...(key === null ? [] : ["--header", "Authorization:${NEXUS_KEY}"]),
      ...(isPlain ? ["--allow-http"] : []),
    ],
    ...(key !== null && { env: { NEXUS_KEY: `Bearer ${key}` } }),
  });
}

const cursorConfig = (url: string, key: string | null): string =>
  configuration({ url, ...(key !== null && { headers: { Authorization: `Bearer ${key}` } }) });
