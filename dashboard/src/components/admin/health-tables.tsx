/** Tables of the page Health: linked follow-ups by client version, and the configuration of the deployment. */
import type { LinkingQuality } from "../../../../workers/schemas/api/conversations.ts";
import type { Environment } from "../../../../workers/schemas/api/settings.ts";
import type { Result } from "../../api/client.ts";
import { linkTo } from "../../context/filters.ts";
import { formatExact, formatShare } from "../../format/number.ts";
import type { View } from "../../context/view.ts";
import { ProblemCard } from "../ui/problem.tsx";
import { UntrustedText } from "../ui/values.tsx";
import { type Column, WideTable } from "../ui/table.tsx";
import { ButtonLink, CardTitle } from "../ui/controls.tsx";

/** Weeks that are shown beside the sums. */
const WEEKS = 4;
const CLIENTS = 12;
const number = { isNumber: true, class: "number" };

export function LinkingTable({ linking, view }: { linking: Result<LinkingQuality> | null; view: View }) {
  if (linking === null)
    return (
      <section class="card" id="linking">
        <h2>Conversation linking</h2>
        <p class="mute table-intro">
          How reliably the requests of each client version are matched to the conversation they continue. The
          report reads all requests of eight weeks, so it runs on demand.
        </p>
        <ButtonLink
          href={`${linkTo("/settings", view.filters, { show: "linking" })}#linking`}
          label="Show by client version"
        />
      </section>
    );
  if (!linking.ok)
    return (
      <section class="card">
        <h2>Conversation linking</h2>
        <ProblemCard problem={linking.problem} what="the linking report" view={view} />
      </section>
    );
  const { clients, weeks } = linking.data;
  if (clients.length === 0)
    return (
      <section class="card" id="linking">
        <h2>Conversation linking</h2>
        <p class="mute">No conversation requests in the last 8 weeks.</p>
      </section>
    );
  const newest = [...new Set(weeks.map(({ week }) => week))].sort().slice(-WEEKS);
  const shareOf = (client: string | null, week: string) =>
    weeks.find((one) => one.client === client && one.week === week);
  return (
    <section class="card" id="linking">
      <CardTitle title="Conversation linking" note="by client version, last 8 weeks" />
      <p class="mute table-intro">
        Share of follow-up requests that were matched to their conversation. A client version below its
        neighbors has probably changed its request format. Unmatched requests are stored as well. Kept branch
        is the share of turns that stayed on the branch of the turn before, where nothing else continued it.
      </p>
      <WideTable
        caption="Conversation linking by client version"
        rows={clients.slice(0, CLIENTS)}
        columns={[
          {
            label: "Client",
            cell: ({ client }) =>
              client === null ? (
                <span class="mute">Unknown</span>
              ) : (
                <UntrustedText text={client} length={60} />
              ),
          },
          { ...number, label: "Follow-ups", cell: (one) => formatExact(one.continuations) },
          { ...number, label: "Matched", cell: (one) => formatShare(one.linkedShare) },
          { ...number, label: "Kept branch", cell: (one) => formatShare(one.keptBranchShare) },
          { ...number, label: "Unmatched", cell: (one) => formatExact(one.orphans) },
          { ...number, label: "Low confidence", cell: (one) => formatExact(one.lowConfidence) },
          ...newest.map((week): Column<LinkingQuality["clients"][number]> => ({
            ...number,
            label: week.slice(5),
            cell: ({ client }) => formatShare(shareOf(client, week)?.linkedShare ?? null),
          })),
        ]}
      />
    </section>
  );
}

export function EnvironmentTable({ environment, view }: { environment: Result<Environment>; view: View }) {
  if (!environment.ok)
    return <ProblemCard problem={environment.problem} what="the configuration" view={view} />;
  const { variables } = environment.data;
  const changed = variables.filter(({ isDefault }) => !isDefault);
  const others = variables.filter(({ isDefault }) => isDefault);
  return (
    <section class="card">
      <CardTitle title="Configuration" note="effective settings, secrets hidden" />
      <Variables variables={changed} />
      <details class="inner-fold">
        <summary>{others.length} settings at their default</summary>
        <Variables variables={others} />
      </details>
    </section>
  );
}

function Variables({ variables }: { variables: Environment["variables"] }) {
  return (
    <dl class="variables">
      {variables.map(({ name, value, isSet, description }) => (
        <div>
          <dt>
            <code>{name}</code>
          </dt>
          <dd>
            {value === null ? (
              <span class="mute">{isSet ? "set (hidden)" : "not set"}</span>
            ) : (
              <code>
                <UntrustedText text={value} length={120} />
              </code>
            )}
            <small class="mute">{description}</small>
          </dd>
        </div>
      ))}
    </dl>
  );
}
