/** `nexus reseal`: seals secrets again with the first key of CREDENTIAL_KEYS, in Postgres, the logins and KV. */
import type { Command } from "commander";
import { Status } from "../../workers/schemas/api/status.ts";
import { ResealResult } from "../../workers/schemas/api/upkeep.ts";
import { apiOf, type Api, type CommonOptions } from "./api.ts";
import { resumable, runBatches } from "./batches.ts";
import { columns, show } from "./output.ts";
import { projectAll, RUN_AGAIN } from "./project.ts";
import { sealingRows } from "./status.ts";

interface Resealed {
  fields: { field: string; resealed: number; unreadable: number }[];
  /** Entries of KV that were written. */
  projected: number;
  sealing: Status["sealing"];
}

export function addReseal(program: Command): void {
  program
    .command("reseal")
    .description(
      "seal secrets again with the first key of CREDENTIAL_KEYS, so that older keys can be removed",
    )
    .addHelpText("after", "\nSafe to run at any time, and to run again; no secret has to be entered.")
    .action(async (_options: object, command: Command) => {
      const { json } = command.optsWithGlobals<CommonOptions>();
      const resealed = await resealAll(apiOf(command), json === true);
      show(command, resealed, lines);
      if (resealed.fields.some(({ unreadable }) => unreadable > 0)) process.exitCode = 1;
    });
}

async function resealAll(api: Api, quiet: boolean): Promise<Resealed> {
  const fields = new Map<string, Resealed["fields"][number]>();
  await resumable(
    () => (fields.size > 0 ? RUN_AGAIN : null),
    () =>
      runBatches(
        null,
        async (cursor) => {
          const result = await api.call("/api/admin/reseal", ResealResult, {
            method: "POST",
            body: { cursor },
          });
          const { field, resealed, unreadable } = result;
          const sum = fields.get(field) ?? { field, resealed: 0, unreadable: 0 };
          fields.set(field, {
            field,
            resealed: sum.resealed + resealed,
            unreadable: sum.unreadable + unreadable,
          });
          return result;
        },
        ({ field, nextCursor }) =>
          quiet || nextCursor === null
            ? null
            : `nexus: ${field}: ${fields.get(field)?.resealed ?? 0} sealed again`,
      ),
  );
  const { missing, stale } = await projectAll(api, { dryRun: false, quiet });
  const { sealing } = await api.call("/api/status", Status);
  return { fields: [...fields.values()], projected: missing + stale, sealing };
}

function lines({ fields, projected, sealing }: Resealed): string[] {
  return columns([
    ...fields.map(({ field, resealed, unreadable }) => [
      field,
      `${resealed} sealed again${unreadable > 0 ? `, ${unreadable} cannot be opened` : ""}`,
    ]),
    ["TENANTS.domain", `${projected} written`],
    ...sealingRows(sealing),
  ]);
}
