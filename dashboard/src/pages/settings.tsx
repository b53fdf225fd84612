/** /settings: whether the machine is well (queue, journal, failures, counters, versions) and who changed what. */
import type { AuditList } from "../api/types.ts";
import { checksOf } from "../api/health.ts";
import type { Status } from "../../../workers/schemas/api-status.ts";
import { Status as Ended } from "../components/values.tsx";
import type { Result } from "../api/client.ts";
import { Icon } from "../components/icon.tsx";
import { ProblemCard } from "../components/problem.tsx";
import { Copyable, Time, Wire } from "../components/values.tsx";
import { formatExact } from "../format/number.ts";
import type { View } from "../view.ts";
import { linkTo } from "../filters.ts";

interface Props {
  view: View;
  status: Result<Status>;
  /** Null for viewers. */
  audit: Result<AuditList> | null;
}

const COUNTER_WORDS: Readonly<Record<string, string>> = {
  refused_unauthenticated: "Refused: no valid client key",
  refused_path: "Refused: path not allowed",
  unrecorded: "Recorded without bodies (archive down)",
  facts_lost: "Not recorded at all (archive and queue down)",
  bell_failed: "Found by the sweep (queue down)",
};

export function SettingsPage({ view, status, audit }: Props) {
  return (
    <>
      {status.ok ? (
        <Machine view={view} status={status.data} />
      ) : (
        <ProblemCard problem={status.problem} what="The state of the machine" view={view} />
      )}
      {audit && (
        <section class="card">
          <h2>Who did what</h2>
          {!audit.ok ? (
            <ProblemCard problem={audit.problem} what="The audit log" view={view} />
          ) : (
            <AuditTable list={audit.data} view={view} />
          )}
        </section>
      )}
    </>
  );
}

const TONE_ICONS = { good: "good", warning: "warning", error: "cross", mute: "alert" } as const;

function Machine({ view, status }: { view: View; status: Status }) {
  const counters = Object.entries(status.counters ?? {}).filter(([, value]) => value > 0);
  return (
    <>
      <ul class="checks">
        {checksOf(status).map((check) => (
          <li class={`card check ${check.tone}`}>
            <h2>
              <Icon name={TONE_ICONS[check.tone]} label={check.tone} />
              {check.name}
            </h2>
            <p class="check-value number">{check.value}</p>
            <p class="mute">{check.words}</p>
          </li>
        ))}
      </ul>
      <FailureTable status={status} view={view} />
      <div class="pair">
        <section class="card">
          <h2>
            Counted, not stored <span class="mute">last 24 hours</span>
          </h2>
          {status.counters === null ? (
            <p class="mute">Not known while the database is out of reach.</p>
          ) : counters.length === 0 ? (
            <p class="mute">Nothing was refused or lost.</p>
          ) : (
            <dl class="plain-list">
              {counters.map(([name, value]) => (
                <div>
                  <dt>{COUNTER_WORDS[name] ?? name.replaceAll("_", " ")}</dt>
                  <dd class="number">{formatExact(value)}</dd>
                </div>
              ))}
            </dl>
          )}
        </section>
        <section class="card">
          <h2>Versions</h2>
          <dl class="plain-list">
            <div>
              <dt>Nexus</dt>
              <dd>
                <code>{status.versions.nexus}</code>
              </dd>
            </div>
            <div>
              <dt>Migrations applied</dt>
              <dd class="number">{formatExact(status.versions.migrations)}</dd>
            </div>
            <div>
              <dt>Postgres</dt>
              <dd>
                <Wire text={status.versions.database} length={60} />
              </dd>
            </div>
          </dl>
        </section>
      </div>
      <LastErrors status={status} view={view} />
    </>
  );
}

function FailureTable({ status, view }: { status: Status; view: View }) {
  const failures = status.ingestFailures?.newest ?? [];
  if (failures.length === 0) return null;
  return (
    <section class="card">
      <h2>Exchanges that could not be stored</h2>
      <div class="scroll" tabindex={0}>
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">Exchange</th>
              <th scope="col">Domain</th>
              <th scope="col">Error</th>
              <th scope="col" class="right">
                Attempts
              </th>
              <th scope="col">Last</th>
            </tr>
          </thead>
          <tbody>
            {failures.map((failure) => (
              <tr>
                <td>
                  <Copyable text={failure.exchangeId} label="the id" isShort />
                </td>
                <td>
                  <Wire text={failure.domain} length={60} />
                </td>
                <td>
                  <Wire text={failure.error} length={200} />
                </td>
                <td class="right">{formatExact(failure.attempts)}</td>
                <td>
                  <Time at={failure.lastAt} view={view} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function LastErrors({ status, view }: { status: Status; view: View }) {
  const errors = status.lastErrors ?? [];
  if (errors.length === 0) return null;
  return (
    <section class="card">
      <h2>
        Ended badly <span class="mute">last 24 hours, newest first</span>
      </h2>
      <table class="rows last-errors" role="table" data-rows>
        <tbody role="rowgroup">
          {errors.map((error) => (
            <tr role="row" data-row>
              <td role="cell" class="cell-time">
                <a class="row-link" href={linkTo(`/requests/${error.requestId}`, view.filters)}>
                  <Time at={error.timestamp} view={view} />
                </a>
              </td>
              <td role="cell" class="cell-status">
                <Ended row={{ ...error, errorType: null }} />
              </td>
              <td role="cell" class="cell-domain">
                <Wire text={error.domain} length={40} />
              </td>
              <td role="cell" class="cell-error">
                <Wire text={error.error} length={160} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function AuditTable({ list, view }: { list: AuditList; view: View }) {
  if (list.entries.length === 0)
    return <p class="mute">Nothing was changed and no transcript was opened yet.</p>;
  return (
    <>
      <table class="rows audit" role="table">
        <caption class="unseen">Audit log, newest first</caption>
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">
              When
            </th>
            <th role="columnheader" scope="col">
              Who
            </th>
            <th role="columnheader" scope="col">
              What
            </th>
            <th role="columnheader" scope="col">
              On
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {list.entries.map((entry) => (
            <tr role="row">
              <td role="cell" class="cell-time">
                <Time at={entry.at} view={view} />
              </td>
              <td role="cell" class="cell-who">
                <Wire text={entry.actor} length={48} />
              </td>
              <td role="cell" class="cell-what">
                <Wire text={entry.action.replaceAll(/[._]/g, " ")} length={48} />
              </td>
              <td role="cell" class="cell-target">
                <Wire text={entry.target} length={80} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {list.nextCursor && (
        <nav class="pager" aria-label="Pages of the audit log">
          <span></span>
          <a class="button" href={linkTo("/settings", view.filters, { auditCursor: list.nextCursor })}>
            Older
          </a>
        </nav>
      )}
    </>
  );
}
