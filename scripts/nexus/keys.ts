/** `nexus keys create|list|revoke`: the keys of a domain's clients. */
import type { Command } from "commander";
import { DomainDetail, NewClientKey } from "../../workers/schemas/api/domains.ts";
import { apiOf } from "./api.ts";
import { columns, show } from "./output.ts";

const pathOf = (domain: string) => `/api/domains/${encodeURIComponent(domain)}`;

export function addKeys(program: Command): void {
  const keys = program
    .command("keys")
    .description("make, list and revoke the keys that clients of a domain use");
  keys
    .command("create")
    .argument("<domain>", "the host name that clients use")
    .argument("[name]", "whom or what the key is for", "command line")
    .description("make a client key; it is shown this once")
    .action(async (domain: string, name: string, _options: object, command: Command) => {
      const body = { name };
      const made = await apiOf(command).call(`${pathOf(domain)}/client-keys`, NewClientKey, {
        method: "POST",
        body,
      });
      show(command, made, ({ key }) => [key]);
    });
  keys
    .command("list")
    .argument("<domain>", "the host name that clients use")
    .description("list the keys of a domain, revoked ones included")
    .action(async (domain: string, _options: object, command: Command) => {
      const { clientKeys } = await apiOf(command).call(pathOf(domain), DomainDetail);
      show(command, { clientKeys }, () =>
        clientKeys.length === 0
          ? [`${domain} has no client keys. "nexus keys create ${domain}" makes one.`]
          : columns([
              ["ID", "CREATED", "REVOKED", "NAME"],
              ...clientKeys.map(({ id, createdAt, revokedAt, name }) => [
                id,
                createdAt,
                revokedAt ?? "-",
                name,
              ]),
            ]),
      );
    });
  keys
    .command("revoke")
    .argument("<domain>", "the host name that clients use")
    .argument("<id>", "the key's id, as `keys list` shows it")
    .description("revoke a key; it stops working within two minutes")
    .action(async (domain: string, id: string, _options: object, command: Command) => {
      await apiOf(command).run(`${pathOf(domain)}/client-keys/${encodeURIComponent(id)}`, {
        method: "DELETE",
      });
      show(command, { id, revoked: true }, () => [`${id} is revoked and stops working within two minutes.`]);
    });
}
