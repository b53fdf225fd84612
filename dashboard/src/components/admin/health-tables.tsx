/** The tables of the page of health: how well requests find what they continue, and how the deployment is configured. */
import type { LinkingQuality } from "../../../../workers/schemas/api/conversations.ts";
import type { Environment } from "../../../../workers/schemas/api/settings.ts";
import type { Result } from "../../api/client.ts";
import { linkTo } from "../../context/filters.ts";
import { formatExact, formatShare } from "../../format/number.ts";
import type { View } from "../../context/view.ts";
import { ProblemCard } from "../ui/problem.tsx";
import { UntrustedText } from "../ui/values.tsx";
import { ColumnHead, TableHead } from "../ui/table-head.tsx";

/** Weeks that are shown beside the sums. */
const WEEKS = 4;
const CLIENTS = 12;

export function LinkingTable({ linking, view }: { linking: Result<LinkingQuality> | null; view: View }) {
  if (linking === null)
    return (
      <section class="card" id="linking">
        <h2>Linking</h2>
        <p class="mute table-words">
          How well the requests of each client version find what they continue. Counting it reads every
          request of eight weeks, so it is done when asked for.
        </p>
        <a class="button" href={`${linkTo("/settings", view.filters, { show: "linking" })}#linking`}>
          Show by client version
        </a>
      </section>
    );
  if (!linking.ok)
    return (
      <section class="card">
        <h2>Linking</h2>
        <ProblemCard problem={linking.problem} what="the linking report" view={view} />
      </section>
    );
  const { clients, weeks } = linking.data;
  if (clients.length === 0)
    return (
      <section class="card" id="linking">
        <h2>Linking</h2>
        <p class="mute">No request of the last 8 weeks belongs to a conversation.</p>
      </section>
    );
  const newest = [...new Set(weeks.map(({ week }) => week))].sort().slice(-WEEKS);
  const shareOf = (client: string | null, week: string) =>
    weeks.find((one) => one.client === client && one.week === week);
  return (
    <section class="card" id="linking">
      <h2>
        Linking <span class="mute">by client version, last 8 weeks</span>
      </h2>
      <p class="mute table-words">
        Of the requests that continue something, the share that found what. A client version that is worse
        than its neighbours has changed something; its requests are stored all the same.
      </p>
      <div class="scroll" tabindex={0}>
        <table class="rows">
          <caption class="unseen">Linking by client version</caption>
          <TableHead>
            <ColumnHead label="Client" />
            <ColumnHead label="Continue" isNumber />
            <ColumnHead label="Found" isNumber />
            <ColumnHead label="Not found" isNumber />
            <ColumnHead label="Unsure" isNumber />
            {newest.map((week) => (
              <ColumnHead label={week.slice(5)} isNumber />
            ))}
          </TableHead>
          <tbody>
            {clients.slice(0, CLIENTS).map((one) => (
              <tr>
                <td>
                  {one.client === null ? (
                    <span class="mute">not named</span>
                  ) : (
                    <UntrustedText text={one.client} length={60} />
                  )}
                </td>
                <td class="right number">{formatExact(one.continuations)}</td>
                <td class="right number">{formatShare(one.linkedShare)}</td>
                <td class="right number">{formatExact(one.orphans)}</td>
                <td class="right number">{formatExact(one.lowConfidence)}</td>
                {newest.map((week) => (
                  <td class="right number">{formatShare(shareOf(one.client, week)?.linkedShare ?? null)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
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
      <h2>
        Configuration <span class="mute">as the Worker reads it; secrets are only said to be set</span>
      </h2>
      <Variables variables={changed} />
      <details class="inner-fold">
        <summary>{others.length} more, as they are by default</summary>
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
              <span class="mute">{isSet ? "set, not shown" : "not set"}</span>
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
