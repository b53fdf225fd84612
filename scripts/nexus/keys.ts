/** `nexus keys create|list|revoke`: client keys of a domain. */
import type { Command } from "commander";
import { DomainDetail, NewClientKey } from "../../workers/schemas/api/domains.ts";
import { apiOf, domainPath } from "./api.ts";
import { columns, show } from "./output.ts";

export function addKeys(program: Command): void {
  const keys = program.command("keys").description("create, list and revoke the client keys of a domain");
  keys
    .command("create")
    .argument("<domain>", "the host name that clients use")
    .argument("[name]", "person or program that uses the key", "command line")
    .description("create a client key; it is shown only once")
    .action(async (domain: string, name: string, _options: object, command: Command) => {
      const body = { name };
      const made = await apiOf(command).call(`${domainPath(domain)}/client-keys`, NewClientKey, {
        method: "POST",
        body,
      });
      show(command, made, ({ key }) => [key]);
    });
  keys
    .command("list")
    .argument("<domain>", "the host name that clients use")
    .description("list the client keys of a domain, including revoked ones")
    .action(async (domain: string, _options: object, command: Command) => {
      const { clientKeys } = await apiOf(command).call(domainPath(domain), DomainDetail);
      show(command, { clientKeys }, () =>
        clientKeys.length === 0
          ? [`${domain} has no client keys. Create one with "nexus keys create ${domain}".`]
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
      await apiOf(command).run(`${domainPath(domain)}/client-keys/${encodeURIComponent(id)}`, {
        method: "DELETE",
      });
      show(command, { id, revoked: true }, () => [`${id} is revoked and stops working within two minutes.`]);
    });
}
