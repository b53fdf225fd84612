/**
 * A tenant at the edge: the KV projection of the domains, accounts and client_keys tables.
 * Written by workers/store/tenants after each administrative change, read on the hot path.
 */
import { z } from "zod";
import { CredentialType } from "./exchange.ts";

/** AES-256-GCM ciphertext; `keyId` names the entry of CREDENTIAL_KEYS that sealed it. */
export const Sealed = z.object({ keyId: z.string(), iv: z.string(), data: z.string() });
export type Sealed = z.infer<typeof Sealed>;

/** KV value under `domain:<domain>`. */
export const DomainRecord = z.looseObject({
  v: z.literal(1),
  domain: z.string(),
  accountId: z.string().nullable(),
  credentialType: CredentialType,
  /** Sealed with domain and account as additional data; null for passthrough and oauth (the OAuthAccount object holds those). */
  credential: Sealed.nullable(),
  /** Epoch milliseconds of the credential's last change by an administrator; invalidates copies in isolates. */
  credentialVersion: z.number().optional(),
  /** Path patterns allowed ("/v1/messages", "/v1/messages/*"); null = all of /v1/ except organizations and oauth. */
  endpoints: z.array(z.string()).nullable(),
});
export type DomainRecord = z.infer<typeof DomainRecord>;

/** Metadata of a KV entry, which a listing returns: what comparing the projection with Postgres needs. */
export const EntryMetadata = z.object({ digest: z.string(), keyId: z.string().nullable() });
export type EntryMetadata = z.infer<typeof EntryMetadata>;

/** KV value under `key:<hex SHA-256 of the client key>`. A revoked key's entry is deleted. */
export const ClientKeyRecord = z.looseObject({ v: z.literal(1), id: z.uuid(), domain: z.string() });
export type ClientKeyRecord = z.infer<typeof ClientKeyRecord>;
