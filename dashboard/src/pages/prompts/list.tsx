/** /prompts: what is served, where it comes from, and how clients get it. */
import type {
  PromptList,
  PromptSyncResult,
  PromptSyncStatus,
} from "../../../../workers/schemas/api/prompts.ts";
import { PROMPTS_FOLDER } from "../../../../workers/schemas/prompt.ts";
import type { Problem, Result } from "../../api/client.ts";
import { CardTitle, Callout, SubmitButton } from "../../components/ui/controls.tsx";
import { DefinitionList } from "../../components/ui/definition-list.tsx";
import { FilterInput } from "../../components/ui/filter-bar.tsx";
import { EmptyState, ProblemCard } from "../../components/ui/problem.tsx";
import { Table } from "../../components/ui/table.tsx";
import { FormError } from "../../components/ui/text-field.tsx";
import { Time, UntrustedText } from "../../components/ui/values.tsx";
import { linkTo } from "../../context/filters.ts";
import { canAdminister, type View } from "../../context/view.ts";
import { formatCount, formatExact } from "../../format/number.ts";
import { CsrfField } from "../../layout/frame.tsx";
import { InstallLines } from "./install.tsx";

interface Props {
  view: View;
  search: string;
  list: Result<PromptList>;
  sync: Result<PromptSyncStatus>;
  /** The result of a sync that was just requested. */
  synced: PromptSyncResult["result"] | undefined;
  /** Why it could not be requested. */
  problem: Problem | null;
  domain: string | undefined;
}

/** So many rows that what stands below them is not found. */
const MANY = 15;

type Summary = PromptList["prompts"][number];

export function PromptsPage({ view, search, list, sync, synced, problem, domain }: Props) {
  return (
    <>
      {problem && <FormError problem={problem} />}
      {(synced === "changed" || synced === "unchanged") && <SyncedNote result={synced} sync={sync} />}
      <form method="get" action="/prompts" class="filters prompt-search" data-filters>
        <FilterInput name="search" label="Search" value={search} placeholder="Search name or description" />
        <button type="submit">Search</button>
        {search !== "" && (
          <a class="clear" href="/prompts">
            Clear search
          </a>
        )}
        {list.ok && list.data.prompts.length > MANY && (
          <a class="clear" href="#install">
            Add to a client
          </a>
        )}
        {sync.ok && (sync.data.status === "error" || hasOnlyFileErrors(sync.data)) && (
          <a class="clear" href="#live-prompt-sync">
            Repository {hasOnlyFileErrors(sync.data) ? "with errors" : "failing"}
          </a>
        )}
      </form>
      {!list.ok ? (
        <ProblemCard problem={list.problem} what="prompts" view={view} />
      ) : list.data.prompts.length > 0 ? (
        <PromptTable prompts={list.data.prompts} view={view} />
      ) : search !== "" ? (
        <EmptyState title="No prompt matches this search." />
      ) : (
        <EmptyState title="No prompts yet">
          <p>
            A prompt is a YAML file in the folder <code>prompts/</code> of this project or in a GitHub
            repository. Clients offer it as a command.
          </p>
        </EmptyState>
      )}
      <SyncCard sync={sync} view={view} />
      <section class="card" id="install">
        <h2>Add to a client</h2>
        <InstallLines view={view} domain={domain} />
      </section>
    </>
  );
}

const errorsOf = ({ problems }: PromptSyncStatus): number =>
  problems.filter(({ severity }) => severity === "error").length;

function SyncedNote({ result, sync }: { result: "changed" | "unchanged"; sync: Result<PromptSyncStatus> }) {
  const errors = sync.ok ? errorsOf(sync.data) : 0;
  // A broken file leaves its last good version, so that nothing changes.
  if (errors > 0)
    return (
      <Callout
        tone="error"
        text={`Synced, but files have ${formatCount(errors, "error")}: see Repository below.`}
      />
    );
  const text =
    result === "changed"
      ? "Synced: the prompts of the repository are served."
      : "Synced: nothing has changed.";
  return <Callout tone="good" text={text} />;
}

function PromptTable({ prompts, view }: { prompts: readonly Summary[]; view: View }) {
  return (
    <Table
      kind="prompts"
      caption="Prompts"
      rows={prompts}
      isStacked
      isNavigable
      columns={[
        {
          label: "Prompt",
          class: "cell-name",
          cell: ({ name, title }) => (
            <>
              <a class="row-link" href={linkTo(promptPath(name), view.filters)}>
                <UntrustedText text={name} length={80} />
              </a>
              {title !== null && (
                <span class="mute prompt-title">
                  <UntrustedText text={title} length={80} />
                </span>
              )}
            </>
          ),
        },
        {
          label: "Description",
          class: "cell-text",
          cell: ({ description }) => <UntrustedText text={description} length={160} />,
        },
        {
          label: "Arguments",
          class: "cell-arguments",
          cell: (prompt) =>
            prompt.arguments.length === 0 ? (
              <span class="mute">None</span>
            ) : (
              prompt.arguments.map(({ name, required }) => <code>{required ? name : `[${name}]`} </code>)
            ),
        },
        { label: "Source", class: "cell-source", cell: ({ source }) => SOURCES[source] },
        {
          label: "Uses, 30 days",
          isNumber: true,
          class: "cell-count",
          help: "How often a client got the prompt. Previews in the dashboard are not counted.",
          cell: ({ usesLast30Days }) => formatExact(usesLast30Days),
          title: ({ uses, lastUsedOn }) =>
            lastUsedOn === null
              ? "Never used"
              : `${formatCount(uses, "use")} in all, last on ${lastUsedOn} (UTC)`,
        },
      ]}
    />
  );
}

export const SOURCES: Readonly<Record<Summary["source"], string>> = {
  bundled: "Bundled",
  repository: "Repository",
};

export const promptPath = (name: string) => `/prompts/${name.split("/").map(encodeURIComponent).join("/")}`;

const STATES: Readonly<Record<PromptSyncStatus["status"], string>> = {
  not_configured: "Not configured",
  never_synced: "Waiting for the first sync",
  syncing: "Running",
  success: "Up to date",
  error: "Failing",
};

/** Rows of a page. */
const MAX_PROBLEMS = 50;

const hasOnlyFileErrors = (sync: PromptSyncStatus): boolean =>
  sync.status === "success" && errorsOf(sync) > 0;

const folderOf = ({ folder }: PromptSyncStatus): string => folder || "/";

function SyncCard({ sync, view }: { sync: Result<PromptSyncStatus>; view: View }) {
  if (!sync.ok) return <ProblemCard problem={sync.problem} what="the state of the sync" view={view} />;
  const { status, error, note, problems, commit } = sync.data;
  if (status === "not_configured")
    return (
      <section class="card">
        <CardTitle title="Repository" note="not configured" />
        <p>
          Only the prompts that were deployed with the Worker are served. With <code>MCP_GITHUB_OWNER</code>{" "}
          and <code>MCP_GITHUB_REPO</code>, those of a GitHub repository are served too, without a deploy:
          docs/prompts.md says how.
        </p>
      </section>
    );
  return (
    <section class="card prompt-facts" id="live-prompt-sync" data-live>
      <CardTitle
        title="Repository"
        note={hasOnlyFileErrors(sync.data) ? "Up to date, with errors" : STATES[status]}
      />
      {error && <Callout tone="error" text={error.message} />}
      {note !== null && <Callout tone="error" text={note} />}
      <DefinitionList
        items={{
          Repository: (
            <>
              <UntrustedText text={sync.data.repository} length={120} />,{" "}
              <UntrustedText text={`${sync.data.branch}:${folderOf(sync.data)}`} length={120} />
            </>
          ),
          Prompts: formatExact(sync.data.prompts),
          Commit: commit !== null && <code title={commit}>{commit.slice(0, 10)}</code>,
          "Last success": <Time at={sync.data.lastSuccessAt} view={view} />,
          "Last change": sync.data.lastChangeAt !== null && <Time at={sync.data.lastChangeAt} view={view} />,
          "Last try": error && <Time at={sync.data.lastTryAt} view={view} />,
          "Failures in a row": sync.data.failuresInRow > 0 && formatExact(sync.data.failuresInRow),
          "Next try":
            sync.data.nextTryAt === null && status === "error"
              ? "When the token is replaced"
              : sync.data.nextTryAt !== null && <Time at={sync.data.nextTryAt} view={view} />,
          Webhook: sync.data.hasWebhook ? "Configured" : "None: pushes take effect at the next try",
          Token:
            !sync.data.hasToken && "None: GitHub allows 60 requests per hour, with MCP_GITHUB_TOKEN 5,000",
        }}
      />
      {problems.length > 0 && (
        <Table
          kind="prompt-problems"
          caption="Problems of files"
          rows={problems.slice(0, MAX_PROBLEMS)}
          isStacked
          columns={[
            {
              label: "File",
              class: "cell-name",
              cell: ({ file, line, column }) => (
                <code>
                  <UntrustedText
                    text={file === PROMPTS_FOLDER ? folderOf(sync.data) : `${file}:${line}:${column}`}
                    length={120}
                  />
                </code>
              ),
            },
            {
              label: "Problem",
              class: "cell-text",
              cell: ({ severity, message }) => (
                <>
                  {severity === "error" ? "Error: " : "Warning: "}
                  <UntrustedText text={message} length={500} />
                </>
              ),
            },
          ]}
        />
      )}
      {problems.length > MAX_PROBLEMS && (
        <p class="mute">
          The first {MAX_PROBLEMS} of {problems.length}; <code>GET /api/mcp/sync/status</code> has all.
        </p>
      )}
      {canAdminister(view) && (
        <form method="post" action="/prompts" class="actions">
          <CsrfField view={view} />
          <SubmitButton label="Sync now" tone="plain" />
        </form>
      )}
    </section>
  );
}
