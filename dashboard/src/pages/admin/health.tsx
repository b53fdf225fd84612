/** /settings: whether the machine is well (queue, journal, failures, counters, versions). */
import { allChecks } from "../../api/health.ts";
import type { LinkingQuality } from "../../../../workers/schemas/api/conversations.ts";
import type { PendingAlerts, Environment } from "../../../../workers/schemas/api/settings.ts";
import type { Status } from "../../../../workers/schemas/api/status.ts";
import { EnvironmentTable, LinkingTable } from "../../components/admin/health-tables.tsx";
import { FailedRows } from "../../components/requests/failed-rows.tsx";
import type { Result } from "../../api/client.ts";
import { Icon } from "../../components/ui/icon.tsx";
import { ProblemCard } from "../../components/ui/problem.tsx";
import { Copyable, Time, UntrustedText } from "../../components/ui/values.tsx";
import { formatExact } from "../../format/number.ts";
import type { View } from "../../context/view.ts";
import { WideTable } from "../../components/ui/table.tsx";
import { CardTitle } from "../../components/ui/controls.tsx";

interface Props {
  view: View;
  status: Result<Status>;
  alerts: Result<PendingAlerts>;
  /** Null unless requested. */
  linking: Result<LinkingQuality> | null;
  /** Null for viewers. */
  environment: Result<Environment> | null;
}

const COUNTER_LABELS: Readonly<Record<string, string>> = {
  refused_unauthenticated: "Rejected: no valid client key",
  refused_path: "Rejected: path not allowed",
  refused_endpoint: "Rejected: endpoint not allowed",
  refused_other_site: "Rejected: page of another site",
  no_credential: "Rejected: no usable Claude credential",
  tenants_unavailable: "Failed: domains and keys unavailable (KV)",
  request_cut: "Request cut off by the client",
  wrong_dashboard_key: "Rejected: wrong dashboard key",
  unrecorded: "Bodies not accepted by R2",
  lost: "Not recorded (the Worker was killed)",
  facts_lost: "Not recorded (archive and queue unavailable)",
  bell_failed: "Recovered by the sweep (queue unavailable)",
  recorder_failed: "Body not written to the journal",
};

export function HealthPage({ view, status, alerts, linking, environment }: Props) {
  return (
    <>
      {status.ok ? (
        <SystemHealth view={view} status={status.data} alerts={alerts} linking={linking} />
      ) : (
        <ProblemCard problem={status.problem} what="the system health" view={view} />
      )}
      {environment && <EnvironmentTable environment={environment} view={view} />}
    </>
  );
}

const TONE_ICONS = { good: "good", warning: "warning", error: "cross", mute: "alert" } as const;

function SystemHealth({
  view,
  status,
  alerts,
  linking,
}: {
  view: View;
  status: Status;
  alerts: Result<PendingAlerts>;
  linking: Result<LinkingQuality> | null;
}) {
  const counters = Object.entries(status.counters ?? {}).filter(([, value]) => value > 0);
  return (
    <>
      <ul class="checks">
        {allChecks(status, alerts, view.now).map((check) => (
          <li class={`card check ${check.tone}`}>
            <h2>
              <Icon name={TONE_ICONS[check.tone]} label={check.tone} />
              {check.name}
            </h2>
            <p class="check-value number">{check.value}</p>
            <p class="mute">{check.description}</p>
          </li>
        ))}
      </ul>
      <IngestFailures status={status} view={view} />
      <div class="pair">
        <section class="card">
          <CardTitle title="Rejected or dropped" note="last 24 hours" />
          {status.counters === null ? (
            <p class="mute">Unknown while the database is unavailable.</p>
          ) : counters.length === 0 ? (
            <p class="mute">None</p>
          ) : (
            <dl class="plain-list">
              {counters.map(([name, value]) => (
                <div>
                  <dt>{COUNTER_LABELS[name] ?? name.replaceAll("_", " ")}</dt>
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
              <dt>Latest stored request</dt>
              <dd>
                <Time at={status.newestRequestAt} view={view} />
              </dd>
            </div>
            <div>
              <dt>Postgres</dt>
              <dd>
                <UntrustedText text={status.versions.database} length={60} />
              </dd>
            </div>
          </dl>
        </section>
      </div>
      <LinkingTable linking={linking} view={view} />
      <RecentFailures status={status} view={view} />
    </>
  );
}

function IngestFailures({ status, view }: { status: Status; view: View }) {
  const failures = status.ingestFailures?.newest ?? [];
  if (failures.length === 0) return null;
  return (
    <section class="card">
      <h2>Requests that could not be stored</h2>
      <WideTable
        rows={failures}
        columns={[
          {
            label: "Request ID",
            cell: ({ exchangeId }) => <Copyable text={exchangeId} label="request ID" isShort />,
          },
          { label: "Domain", cell: ({ domain }) => <UntrustedText text={domain} length={60} /> },
          { label: "Error", cell: ({ error }) => <UntrustedText text={error} length={200} /> },
          { label: "Attempts", isNumber: true, cell: ({ attempts }) => formatExact(attempts) },
          { label: "Last attempt", cell: ({ lastAt }) => <Time at={lastAt} view={view} /> },
        ]}
      />
    </section>
  );
}

function RecentFailures({ status, view }: { status: Status; view: View }) {
  const errors = status.lastErrors ?? [];
  if (errors.length === 0) return null;
  return (
    <section class="card">
      <CardTitle title="Recent failures" note="last 24 hours, newest first" />
      <FailedRows rows={errors} view={view} />
    </section>
  );
}
