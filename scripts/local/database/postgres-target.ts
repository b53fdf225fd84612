/**
 * The address and TLS mode of a Postgres connection string, and a byte stream to the server. The client of the stream
 * authenticates; the password is not needed here.
 */
import { once } from "node:events";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { parseIntoClientConfig } from "pg-connection-string";

/**
 * The same connection string with its TLS mode written out: `pg` verifies the certificate for `prefer`, `require` and
 * `verify-ca` too, but warns at length that it will not always do so.
 */
export function withExplicitTls(databaseUrl: string): string {
  return databaseUrl.replace(/([?&]sslmode=)(prefer|require|verify-ca)(?=&|#|$)/, "$1verify-full");
}

/** Without Neon's pooler, which migrations must not use: they hold locks of a session. */
export const directUrl = (databaseUrl: string): string =>
  databaseUrl.replace(/^(postgres(?:ql)?:\/\/[^/]*@[^./]+)-pooler\./, "$1.");

export interface PostgresTarget {
  host: string;
  port: number;
  /** False: no TLS. `sslmode=require` verifies the certificate, `no-verify` does not. */
  tls: false | ConnectionOptions;
}

const CONNECT_TIMEOUT_MS = 10_000;

/** Parses a connection string. Throws an error for the operator, without the password, when it is unusable. */
export function postgresTarget(databaseUrl: string): PostgresTarget {
  if (!/^postgres(ql)?:\/\//.test(databaseUrl)) {
    throw new Error("it must look like postgresql://user:password@host:5432/database");
  }
  let config: ReturnType<typeof parseIntoClientConfig>;
  try {
    config = parseIntoClientConfig(withExplicitTls(databaseUrl));
  } catch {
    throw new Error("it is not a valid URL (special characters in the password must be percent-encoded)");
  }
  if (!config.host) throw new Error("it has no host");
  if (config.host.startsWith("/")) {
    throw new Error("it names a Unix socket; use a TCP address such as 127.0.0.1:5432");
  }
  const tls = config.ssl === true ? {} : config.ssl || false;
  return { host: config.host.replace(/^\[|\]$/g, ""), port: config.port ?? 5432, tls };
}

/** `host:port`, the name by which the Worker selects a target of the bridge. */
export function addressOf(target: { host: string; port: number }): string {
  return `${target.host}:${target.port}`;
}

/** A connection ready for the Postgres protocol: TCP, with TLS if the target requires it. */
export async function openTarget(target: PostgresTarget): Promise<Socket> {
  const socket = connectTcp({ host: target.host, port: target.port, noDelay: true });
  const timer = setTimeout(() => socket.destroy(new Error("no connection within 10 s")), CONNECT_TIMEOUT_MS);
  try {
    await once(socket, "connect");
    if (!target.tls) return socket;
    socket.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]));
    const [response] = (await once(socket, "data")) as [Buffer];
    if (response.toString("latin1") !== "S") throw new Error("the server does not support TLS");
    const secure = connectTls({
      ...target.tls,
      socket,
      // SNI does not allow addresses, although a certificate may be for one.
      ...(isIP(target.host) ? { host: target.host } : { servername: target.host }),
    });
    await once(secure, "secureConnect");
    return secure;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
